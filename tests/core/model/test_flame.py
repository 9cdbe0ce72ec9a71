"""The face model: loading, and evaluation against an implementation of its own."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from tests.core.model.oracle import plain_flame
from tests.data import SHARED
from tests.data.clips import talking_clip
from tests.data.models import synthetic_model
from xtalker_addon.blender.oracles import ORACLES
from xtalker_addon.core.model.flame import load_model, save_model
from xtalker_addon.errors import ModelError


@pytest.fixture(scope="module")
def model():
    return synthetic_model(12, 16)


def test_a_batch_is_its_frames_one_by_one(model):
    clip = talking_clip(np.random.default_rng(0), 9)
    found = model.evaluate(clip.shape, clip.expression, clip.pose())
    for index in range(9):
        expected = plain_flame(model, clip.shape, clip.expression[index], clip.pose()[index].astype(float))
        assert np.abs(found[index] - expected).max() < 5e-7


@pytest.mark.parametrize("moving", [(0, 2), (1,), (0, 3), ()])
def test_joints_that_never_turn_change_nothing(model, moving):
    clip = talking_clip(np.random.default_rng(1), 3)
    pose = clip.pose().reshape(3, 5, 3) * np.isin(np.arange(5), moving)[None, :, None]
    found = model.evaluate(clip.shape, clip.expression, pose.reshape(3, 15))
    expected = plain_flame(model, clip.shape, clip.expression[2], pose[2].ravel().astype(float))
    assert np.abs(found[2] - expected).max() < 5e-7


def test_identity_per_frame_translation_and_chunks(model):
    rng = np.random.default_rng(2)
    clip = talking_clip(rng, 7, shape=rng.normal(0, 1, (7, 30)), translation=rng.normal(0, 0.1, (7, 3)))
    whole = model.evaluate(clip.shape, clip.expression, clip.pose(), clip.translation)
    pieces = list(model.evaluate_chunks(clip.shape, clip.expression, clip.pose(), clip.translation, chunk=3))
    assert [len(piece) for piece in pieces] == [3, 3, 1]
    assert np.abs(np.concatenate(pieces) - whole).max() < 1e-7
    expected = plain_flame(model, clip.shape[6], clip.expression[6], clip.pose()[6].astype(float))
    assert np.abs(whole[6] - expected - clip.translation[6]).max() < 5e-7


@pytest.mark.parametrize("oracle", ORACLES, ids=lambda oracle: oracle.name)
def test_against_independent_layers(model, oracle):
    if oracle.missing():
        pytest.skip(f"{', '.join(oracle.missing())} not installed")
    rng = np.random.default_rng(3)
    codes = rng.normal(0, 1, (40, 300)), rng.normal(0, 1, (40, 100)), rng.normal(0, 0.4, (40, 15))
    expected = np.concatenate(list(oracle.vertices(model, *codes)))
    assert np.linalg.norm(model.evaluate(*codes) - expected, axis=-1).max() < 1e-6


def test_missing_identity_is_the_mean_head(model):
    found = model.evaluate(None, np.zeros((1, 1)), np.zeros((1, 15)))
    assert np.abs(found[0] - model.template).max() < 1e-7


def test_more_codes_than_columns(model):
    with pytest.raises(ModelError, match="has 100 expression columns and the sequence 120 codes"):
        model.evaluate(None, np.zeros((1, 120)), np.zeros((1, 15)))


def equal(a, b) -> bool:
    arrays = (
        "template",
        "faces",
        "identity_basis",
        "expression_basis",
        "corrective_basis",
        "joint_regressor",
        "weights",
    )
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in arrays)


def test_a_saved_model_is_the_same(model, tmp_path):
    named = replace(
        model,
        identity_basis=model.identity_basis[:7],
        identity_names=tuple(f"id{i}" for i in range(7)),
        regions={"lips": np.array([1, 5, 9], np.int32)},
    )
    save_model(named, tmp_path / "model.npz")
    loaded = load_model(tmp_path / "model.npz")
    assert equal(named, loaded)
    assert loaded.identity_names == named.identity_names
    assert loaded.regions["lips"].tolist() == [1, 5, 9]
    assert np.array_equal(loaded.uv_faces, model.uv_faces)
    assert [path.name for path in tmp_path.iterdir()] == ["model.npz"]


def write_folder(model, folder, name="generic_model.pkl"):
    fields = {
        "v_template": model.template.astype(float),
        "f": model.faces.astype(np.uint32),
        "shapedirs": np.moveaxis(np.concatenate([model.identity_basis, model.expression_basis]), 0, -1),
        "posedirs": np.moveaxis(model.corrective_basis, 0, -1),
        "J_regressor": model.joint_regressor,
        "weights": model.weights,
        "kintree_table": np.array([[2**32 - 1, 0, 1, 1, 1], range(5)], np.uint32),
        "bs_style": "lbs",
    }
    (folder / name).write_bytes(pickle.dumps(fields, protocol=2))
    lines = [f"v {x} {y} {z}" for x, y, z in model.template + 1.5]
    lines += [f"vt {u} {v}" for u, v in model.uv]
    lines += [
        "f " + " ".join(f"{a + 1}/{b + 1}" for a, b in zip(face, corners, strict=True))
        for face, corners in zip(model.faces, model.uv_faces, strict=True)
    ]
    (folder / "head_template.obj").write_text("\n".join(lines))
    (folder / "FLAME_masks.pkl").write_bytes(pickle.dumps({"lips": np.array([3, 4])}, protocol=0))


def test_a_folder_as_users_have_it(model, tmp_path):
    write_folder(model, tmp_path)
    loaded = load_model(tmp_path)
    assert equal(model, loaded)
    assert np.allclose(loaded.uv[loaded.uv_faces], model.uv[model.uv_faces], atol=1e-6)
    assert loaded.regions["lips"].tolist() == [3, 4]


def test_a_template_of_another_mesh_gives_no_uvs(model, tmp_path):
    write_folder(model, tmp_path)
    text = (tmp_path / "head_template.obj").read_text().splitlines()
    (tmp_path / "head_template.obj").write_text("\n".join(text[:-1]))
    assert load_model(tmp_path).uv is None


@pytest.mark.parametrize("name", ["flame_layout_chumpy.pkl", "flame_layout_chumpy_select.pkl"])
def test_genuine_chumpy_files(name):
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not there")
    loaded = load_model(SHARED / name)
    assert (loaded.vertex_count, len(loaded.identity_basis), len(loaded.expression_basis)) == (162, 300, 100)
    assert np.allclose(loaded.weights.sum(1), 1, atol=1e-5)


def test_both_genuine_files_hold_one_model():
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not there")
    names = ("flame_layout_chumpy.pkl", "flame_layout_chumpy_select.pkl")
    first, second = (load_model(SHARED / name) for name in names)
    assert equal(first, second)


def broken(fields: dict, key: str, value) -> dict:
    return {name: content for name, content in {**fields, key: value}.items() if content is not None}


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("weights", None, "has no weights"),
        ("weights", np.zeros((5, 5)), r"weights is float64 \(5, 5\); expected numbers of shape \(194, 5\)"),
        ("posedirs", np.zeros((194, 3, 18)), r"expected numbers of shape \(194, 3, 36\)"),
        ("v_template", np.full((194, 3), np.nan), "v_template holds numbers that are not finite"),
        ("f", np.array([[0, 1, 194]]), "f refers to vertices beyond the 194"),
        ("kintree_table", np.array([[-1, 0, 0, 0, 0]]), "kintree_table is not FLAME's joint tree"),
        ("shapedirs", np.array([["a"]]), "shapedirs is <U1"),
    ],
)
def test_what_is_wrong_with_a_model_is_said(model, tmp_path, key, value, sentence):
    save_model(model, tmp_path / "good.npz")
    with np.load(tmp_path / "good.npz") as file:
        np.savez(tmp_path / "bad.npz", **broken(dict(file), key, value))
    with pytest.raises(ModelError, match=sentence) as error:
        load_model(tmp_path / "bad.npz")
    assert str(tmp_path / "bad.npz") in str(error.value)


def test_nothing_there(tmp_path):
    with pytest.raises(ModelError, match="no such file"):
        load_model(tmp_path / "nowhere.pkl")
    with pytest.raises(ModelError, match="expected one FLAME model"):
        load_model(tmp_path)
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 not a zip")
    with pytest.raises(ModelError, match=r"broken\.npz"):
        load_model(tmp_path / "broken.npz")


def test_two_models_in_a_folder_are_named(model, tmp_path):
    for name in ("a.npz", "b.npz"):
        save_model(model, tmp_path / name)
    with pytest.raises(ModelError, match=r"a\.npz, b\.npz"):
        load_model(tmp_path)


@pytest.mark.parametrize(("identity", "expression"), [(100, 50), (10, 10), (300, 100), (300, 50)])
def test_a_model_that_was_cut_to_what_trackers_fit(tmp_path, identity, expression):
    """Files of others do not say which columns are the expression's."""
    whole = synthetic_model(6, 8, identity=identity, expression=expression)
    save_model(whole, tmp_path / "whole.npz")
    with np.load(tmp_path / "whole.npz") as file:
        fields = {key: file[key] for key in file.files if key != "identity_columns"}
    np.savez(tmp_path / "cut.npz", **fields)
    read = load_model(tmp_path / "cut.npz")
    assert (len(read.identity_basis), len(read.expression_basis)) == (identity, expression)
    np.testing.assert_array_equal(read.expression_basis, whole.expression_basis)


def test_a_model_whose_columns_are_not_known(tmp_path):
    save_model(synthetic_model(6, 8, identity=70, expression=40), tmp_path / "whole.npz")
    with np.load(tmp_path / "whole.npz") as file:
        fields = {key: file[key] for key in file.files if key != "identity_columns"}
    np.savez(tmp_path / "cut.npz", **fields)
    with pytest.raises(
        ModelError, match=r"has 0 expression columns .*; say in its \.npz how many are identity_columns"
    ):
        load_model(tmp_path / "cut.npz").fit_codes(np.zeros(40), "expression")
