"""VOCASET's and FaceFormer's still faces: what upper-face motion of vertices is measured against."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

from tests.core.evaluation.oracle import oracle_metrics
from xtalker_addon import cli
from xtalker_addon.core.evaluation.regions import find_regions
from xtalker_addon.core.evaluation.templates import subject_template
from xtalker_addon.core.model.flame import load_model
from xtalker_addon.errors import ModelError

SUBJECT = "FaceTalk_170725_00137_TA"
STEM = f"{SUBJECT}_sentence21"


@pytest.fixture(scope="module")
def head():
    return load_model()


@pytest.fixture
def tree(tmp_path, head):
    """The truth as FaceFormer's VOCASET has it, and a prediction beside it; templates of two subjects."""
    rng = np.random.default_rng(0)
    still = head.template + rng.normal(0, 0.002, head.template.shape)
    wander = np.cumsum(rng.normal(0, 5e-4, (12, *head.template.shape)), 0)
    for folder, size, name in (("vertices_npy", 1.0, STEM), ("ours", 0.6, f"{STEM}_condition_{SUBJECT}")):
        (tmp_path / folder).mkdir()
        np.save(tmp_path / folder / f"{name}.npy", (still + size * wander).astype(np.float32).reshape(12, -1))
    write_templates(tmp_path, {SUBJECT: still, "FaceTalk_170725_0013": head.template.astype(np.float64)})
    return tmp_path, still


def write_templates(folder, faces):
    (folder / "templates.pkl").write_bytes(pickle.dumps(faces, protocol=2))


def evaluated(root, *options):
    command = ["evaluate", str(root / "vertices_npy"), str(root / "ours"), "--output", str(root / "out"), "--jobs", "1"]
    code = cli.main([*command, "--quiet", *options])
    return code, json.loads((root / "out" / "metrics.json").read_text("utf-8"))["clips"][0]


def test_motion_of_vertices_is_against_the_subjects_own_still_face(tree, head):
    root, still = tree
    code, clip = evaluated(root)
    assert code == 0
    assert not any("still face" in warning for warning in clip["warnings"])
    clips = [np.load(next((root / folder).iterdir())).reshape(12, -1, 3) for folder in ("vertices_npy", "ours")]
    regions = find_regions(head)
    sets = (regions.lips, regions.upper_face, regions.inner_lips)
    expected = oracle_metrics(*clips, *sets, still.astype(np.float32), head.template, 30.0)
    for name in ("fdd_codetalker", "fdd_artalk", "lve_max_squared", "mve"):
        assert clip["metrics"][name] == pytest.approx(expected[name], rel=1e-6), name
    (root / "elsewhere").mkdir()
    (root / "templates.pkl").rename(root / "elsewhere" / "templates.pkl")
    without = evaluated(root)[1]
    assert any("without the subject's still face" in warning for warning in without["warnings"])
    assert without["metrics"]["fdd_codetalker"] != clip["metrics"]["fdd_codetalker"]
    given = evaluated(root, "--templates", str(root / "elsewhere" / "templates.pkl"))[1]
    assert given["metrics"] == clip["metrics"]


def test_the_longest_name_that_begins_the_file_is_the_subject(tree, head):
    root, still = tree
    found = subject_template(root / "vertices_npy" / f"{STEM}.npy", head.vertex_count)
    np.testing.assert_array_equal(found, still.astype(np.float32))
    assert subject_template(root / "vertices_npy" / "FaceTalk_1707.npy", head.vertex_count) is None


@pytest.mark.parametrize(
    ("faces", "sentence"),
    [
        ({SUBJECT: np.zeros((400, 3))}, "has 400 vertices; expected 5023"),
        ({SUBJECT: np.zeros(5023)}, r"expected templates.pkl with a \(V, 3\) array each"),
        ([1, 2], "holds no still faces by subject"),
        ({SUBJECT: np.full((5023, 3), np.nan)}, "not finite"),
    ],
)
def test_broken_templates_are_told(tmp_path, head, faces, sentence):
    write_templates(tmp_path, faces)
    with pytest.raises(ModelError, match=sentence):
        subject_template(tmp_path / f"{STEM}.npy", head.vertex_count)
