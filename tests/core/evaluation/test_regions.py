"""Vertex sets from a model or from files; a set of another mesh is told and not used."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from xtalker_addon.core.evaluation.regions import LIPS, UPPER_FACE, find_regions, read_ids
from xtalker_addon.core.model.flame import load_model
from xtalker_addon.errors import ModelError


@pytest.fixture(scope="module")
def model():
    return load_model()


def test_the_default_heads_own(model):
    regions = find_regions(model)
    assert regions.lips.tolist() == model.regions["lips"].tolist()
    assert len(regions.upper_face) == sum(
        len(model.regions[name]) for name in ("left_eye_region", "right_eye_region", "forehead", "nose")
    )
    upper, lower = model.template[list(regions.inner_lips)]
    assert abs(upper[0]) < 1e-6
    assert abs(lower[0]) < 1e-6
    assert np.linalg.norm(upper - lower) < 1e-3  # lips that touch
    assert upper.tolist() == model.template[regions.inner_lips[0]].tolist()
    assert f"{len(regions.lips)} vertices" in regions.sources["lips"]


@pytest.mark.parametrize("text", ["1, 5, 3", "1 5 3\n", "1,5\n3", "[1, 5, 3]"])
def test_ids_as_text(tmp_path, text):
    (tmp_path / "lve.txt").write_text(text)
    assert read_ids(tmp_path / "lve.txt", LIPS, 10).tolist() == [1, 5, 3]


def test_ids_as_npy_and_as_masks(tmp_path):
    np.save(tmp_path / "a.npy", np.array([4, 4, 2]))
    assert read_ids(tmp_path / "a.npy", LIPS, 10).tolist() == [4, 4, 2]
    masks = {
        "lips": np.array([7, 8]),
        "eye_region": np.array([1, 2]),
        "forehead": np.array([2, 3]),
        "nose": np.array([9]),
    }
    (tmp_path / "FLAME_masks.pkl").write_bytes(pickle.dumps(masks, protocol=2))
    assert read_ids(tmp_path / "FLAME_masks.pkl", LIPS, 10).tolist() == [7, 8]
    assert read_ids(tmp_path / "FLAME_masks.pkl", UPPER_FACE, 10).tolist() == [1, 2, 2, 3, 9]


def test_what_is_no_set_is_one_sentence(tmp_path, model):
    np.save(tmp_path / "biwi.npy", np.array([23369]))
    np.save(tmp_path / "floats.npy", np.array([1.5]))
    (tmp_path / "words.txt").write_text("lips and more")
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "masks.pkl").write_bytes(pickle.dumps({"nose": [1]}, protocol=2))
    for name, said in (
        ("biwi.npy", "names vertex 23369 and the model has 5023"),
        ("floats.npy", "expected vertex ids"),
        ("words.txt", "not a list of whole numbers"),
        ("empty.txt", "expected vertex ids"),
        ("masks.pkl", "has no region lips"),
        ("nowhere.txt", "cannot be read"),
    ):
        with pytest.raises(ModelError, match=said):
            read_ids(tmp_path / name, LIPS, model.vertex_count)
    regions = find_regions(model, tmp_path / "biwi.npy")
    assert regions.lips is None
    assert regions.inner_lips is None
    assert regions.upper_face is not None
    assert "another" not in regions.problems[0]
    assert len(regions.problems) == 1
