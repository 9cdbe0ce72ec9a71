"""Clips as ARKit's units: of XTalker's head exactly, of another model as near as can be, and what is lost told."""

from __future__ import annotations

import pickle
from dataclasses import replace
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest

from tests.data.other_heads import bent, other_head, push
from tests.data.sequences import write_wav
from tests.data.unit_tables import face, write_table
from xtalker_addon import cli
from xtalker_addon.core.arkit import carry
from xtalker_addon.core.arkit.coefficients import coefficients
from xtalker_addon.core.arkit.names import FLESH, JAW_OPEN, NAMES
from xtalker_addon.core.arkit.registration import nearest
from xtalker_addon.core.arkit.solve import shares
from xtalker_addon.core.arkit.units import units_of
from xtalker_addon.core.formats import read_sequence
from xtalker_addon.core.model.flame import load_model, save_model
from xtalker_addon.core.sequence import Sequence
from xtalker_addon.errors import ModelError, UsageError

UNITS = (*FLESH, JAW_OPEN)


@pytest.fixture(scope="module")
def model():
    return load_model()


def test_from_codes_to_a_table_and_back(tmp_path, model):
    rng = np.random.default_rng(0)
    units = units_of(model)
    codes = np.zeros((30, len(model.expression_basis)), np.float32)
    codes[:, units.columns] = rng.normal(0, 1, (30, 43))
    arrays = {"expression": codes, "jaw": np.pad(rng.uniform(0, 0.3, (30, 1)), ((0, 0), (0, 2)))}
    arrays |= {
        "global_rotation": rng.normal(0, 0.3, (30, 3)),
        "eyes": rng.normal(0, 0.3, (30, 6)),
        "fps": np.array(29.97),
    }
    np.savez(tmp_path / "clip.npz", **arrays)
    assert cli.main(["arkit", str(tmp_path / "clip.npz"), "--output", str(tmp_path / "clip.csv")]) == 0
    back = read_sequence(tmp_path / "clip.csv")
    assert back.fps == pytest.approx(29.97, abs=1e-3)
    assert back.frames == 30
    np.testing.assert_allclose(back.expression, codes[:, : back.expression.shape[1]], atol=1e-3)
    for name in ("jaw", "global_rotation", "eyes"):
        np.testing.assert_allclose(getattr(back, name), arrays[name], atol=1e-3, err_msg=name)


def test_a_take_comes_out_as_it_came_in(tmp_path):
    columns = face(np.random.default_rng(2), 20)
    take = write_table(tmp_path / "in.csv", columns)
    assert cli.main(["arkit", str(take), "--output", str(tmp_path / "out.csv")]) == 0
    header, *rows = [line.split(",") for line in (tmp_path / "out.csv").read_text().splitlines()]
    assert header == take.read_text().splitlines()[0].split(",")
    assert [row[0] for row in rows][1] == "00:00:00:01.000"
    for index, name in enumerate(header):
        if name in columns and not name.startswith("EyeLook"):
            np.testing.assert_allclose([float(row[index]) for row in rows], columns[name], atol=1e-6, err_msg=name)


def test_the_output_is_no_folder_nor_the_input_and_its_folder_is_made(tmp_path, capsys):
    take = write_table(tmp_path / "in.csv", face(np.random.default_rng(2), 5))
    before = take.read_bytes()
    (tmp_path / "there.csv").mkdir()
    for output, told in (("in.csv", "is the input itself"), ("there.csv", "is a folder"), ("", "is a folder")):
        assert cli.main(["arkit", str(take), "--output", str(tmp_path / output)]) == 2
        assert told in capsys.readouterr().err
    assert take.read_bytes() == before
    assert cli.main(["arkit", str(take), "--output", str(tmp_path / "in.csv" / "out.csv")]) == 2
    assert "in.csv: is a file" in capsys.readouterr().err
    assert cli.main(["arkit", str(take), "--output", str(tmp_path / "new" / "one" / "out.csv")]) == 0
    assert (tmp_path / "new" / "one" / "out.csv").is_file()


def test_codes_of_another_head_are_told_to_be_so(tmp_path, capsys):
    np.savez(tmp_path / "codes.npz", exp=np.ones((3, 50)))
    take = write_table(tmp_path / "take.csv", face(np.random.default_rng(2), 6))
    for path, told in ((tmp_path / "codes.npz", True), (take, False)):
        assert cli.main(["arkit", str(path), "--output", str(tmp_path / "out.csv")]) == 0
        assert ("FLAME's expression codes mean something else" in capsys.readouterr().out) == told


def test_arkit_tells_that_the_sound_is_not_in_the_table(tmp_path, capsys):
    write_wav(tmp_path / "in.wav", np.zeros(1600))
    take = write_table(tmp_path / "in.csv", face(np.random.default_rng(2), 6))
    assert cli.main(["arkit", str(take), "--output", str(tmp_path / "out.csv")]) == 0
    assert "in.wav: its sound is not in the CSV; beside it, as out.wav" in capsys.readouterr().out


@pytest.mark.parametrize("suffix", [".pkl", ".npz", ".csv"])
def test_a_text_is_told_to_be_no_model_by_both_commands(tmp_path, capsys, suffix):
    take = write_table(tmp_path / "in.csv", face(np.random.default_rng(2), 5))
    (tmp_path / f"face{suffix}").write_text("hello, here are words\n")
    model = ["--model", str(tmp_path / f"face{suffix}")]
    for command, output in (("arkit", "a.csv"), ("render", "out")):
        assert cli.main([command, str(take), "--output", str(tmp_path / output), *model]) == 2
        assert f"face{suffix}: is text and no FLAME model" in capsys.readouterr().err


def test_what_is_lost_is_told(model, capsys, tmp_path):
    names = list(model.expression_names)
    codes = np.zeros((3, len(names)), np.float32)
    codes[:, names.index("lips_part")] = 1.5
    codes[:, names.index("mouth_pucker")] = -2.0
    clip = Sequence("clip", tmp_path / "c.npz", 25.0, expression=codes, jaw=np.full((3, 3), 0.1), shape=np.ones(5))
    found = coefficients(clip, model)
    told = " ".join(found.remarks)
    assert "left out 1 column beyond ARKit's 52 units (lips_part), up to" in told
    assert "turns to the side" in told
    assert "the identity" in told
    assert "outside 0 to 1" in told
    assert found.units[0, NAMES.index("mouthPucker")] == pytest.approx(
        -2.0 * model.expression_amounts[names.index("mouth_pucker")]
    )
    vertices = Sequence("clip", tmp_path / "c.npy", 25.0, vertices=np.zeros((2, 5023, 3)))
    with pytest.raises(UsageError, match="xtalker fit"):
        coefficients(vertices, model)
    assert cli.main(["arkit", str(tmp_path / "none.npz"), "--output", str(tmp_path / "x.txt")]) == 2
    assert "ends in .csv" in capsys.readouterr().err


def test_shares_are_the_least_squares_between_0_and_1():
    rng = np.random.default_rng(3)
    units = rng.normal(size=(6, 200))
    truth = np.clip(rng.normal(0.4, 0.6, (50, 6)), 0, 1)
    found = shares(units @ units.T, truth @ units @ units.T)
    np.testing.assert_allclose(found, truth, atol=5e-3)
    beyond = shares(units @ units.T, np.array([[2.0, -1.0, 0.5, 0, 0, 0]]) @ units @ units.T)
    assert beyond.min() >= 0
    assert beyond.max() <= 1


@pytest.fixture(scope="module")
def other(model, tmp_path_factory):
    """A bent, shuffled, retriangulated head without names; its codes mix the units. A clip on it, and the truth."""
    rng = np.random.default_rng(4)
    width = len(units_of(model).column_names)
    mix = np.zeros((width, 100))
    mix[:, :width] = np.linalg.qr(rng.normal(size=(width, width)))[0]
    path = tmp_path_factory.mktemp("model") / "other.npz"
    head, order = other_head(model, rng, path, mix)
    truth = rng.uniform(0.2, 1, (24, 44)) * (rng.uniform(size=(24, 44)) < 0.12)
    for name in ("tongueOut", "mouthClose"):  # inside the mouth; or never without an open jaw
        truth[:, UNITS.index(name)] = 0
    codes = units_of(model).codes(dict(zip(FLESH, truth.T, strict=False)), 24)
    jaw = np.pad(truth[:, -1:] * model.jaw_open, ((0, 0), (0, 2)))
    clip = Sequence("clip", path, 30.0, expression=codes @ np.linalg.inv(mix[:, :width]), jaw=jaw)
    return head, order, clip, truth, np.linalg.inv(mix[:, :width])


@pytest.fixture(scope="module")
def carried(other):
    return carry.carried_units(other[0])


def test_units_are_carried_to_a_head_of_other_shape_and_topology(model, other, carried):
    order, fields = other[1], carried
    truth = push(model.template, carry.unit_fields(model, units_of(model)))[:, order]
    inner = np.concatenate([model.regions[name] for name in carry._NOT_SKIN])
    skin = ~np.isin(order, inner)
    off = [
        np.linalg.norm((mine - theirs)[skin]) / np.linalg.norm(theirs[skin])
        for name, mine, theirs in zip(UNITS, fields, truth, strict=True)
        if name != "tongueOut"
    ]
    assert np.mean(off) < 0.15
    assert max(off) < 0.35


def test_a_face_of_other_proportions_keeps_its_lips_apart(monkeypatch, model, tmp_path):
    """Long and narrow, and nothing but joints and skin to tell by: neither lip goes with the other."""

    def long(points):
        x, y, z = np.moveaxis(np.asarray(points, np.float64), -1, 0)
        return np.stack([0.88 * x, 1.15 * y + 0.01, 1.02 * z + 0.1 * y], axis=-1)

    monkeypatch.setattr("tests.data.other_heads.bent", long)
    head, order = other_head(
        model, np.random.default_rng(5), tmp_path / "long.npz", np.eye(len(model.expression_basis))
    )
    fields = carry.carried_units(head)
    truth = push(model.template, carry.unit_fields(model, units_of(model)))[:, order]
    skin = ~np.isin(order, np.concatenate([model.regions[name] for name in carry._NOT_SKIN]))
    off, far = (np.linalg.norm(moved, axis=2) for moved in (fields - truth, truth))
    for lip in ("upper_lip", "lower_lip"):
        here = np.isin(order, model.regions[lip])
        for name in ("mouthClose", "mouthLowerDownLeft", "mouthRollLower"):
            unit = UNITS.index(name)
            assert off[unit, here].mean() < 0.35 * far[unit, here].mean(), (lip, name)
    assert off[(far > 1e-4) & skin].mean() < 0.0008


def test_the_jaw_opens_as_the_models_own_joint_does(model, other, carried):
    head = other[0]
    pose = np.zeros((1, 15), np.float32)
    pose[0, 6] = model.jaw_open
    opened = head.evaluate(None, np.zeros((1, 0), np.float32), pose)[0] - head.template
    np.testing.assert_allclose(carried[UNITS.index(JAW_OPEN)], opened, atol=1e-6)


def test_a_model_in_other_units_is_told(model):
    other = replace(model, template=model.template * 1000, expression_names=())
    with pytest.raises(ModelError, match="expected a FLAME head in metres"):
        carry.carried_units(other)


# The first is as it was.
SIGNED = [np.diag(signs)[list(order)] for order in permutations(range(3)) for signs in product((1, -1), repeat=3)]


@pytest.fixture(scope="module", params=range(3))
def somebody(request, model):
    """XTalker's head in disguise, of a random identity."""
    rng = np.random.default_rng(request.param)
    codes = rng.normal(size=(1, len(model.identity_basis)))
    face = model.evaluate(codes, np.zeros((1, 0), np.float32), np.zeros((1, 15)))[0]
    return other_head(replace(model, template=face), rng, Path("other.npz"), np.eye(3, len(model.expression_basis)))[0]


def test_exchanged_and_mirrored_axes_are_told(monkeypatch, model, somebody):
    monkeypatch.setattr(carry, "load_model", lambda: model)  # once for all of them
    for axes in SIGNED[1:]:
        turned = replace(somebody, template=(somebody.template @ axes.T).astype(np.float32))
        left, up, out = (("-" if way.sum() < 0 else "") + "xyz"[np.abs(way).argmax()] for way in axes.T)
        told = f"left lies along {left}, its top along {up}, its nose along {out}; expected x, y, z"
        with pytest.raises(ModelError, match=told):
            carry.carried_units(turned)


def test_triangles_wound_the_other_way_are_the_same_skin(somebody):
    wound = carry._skin(replace(somebody, faces=somebody.faces[:, ::-1]))
    np.testing.assert_allclose(wound.normals(), carry._skin(somebody).normals(), atol=1e-5)


def test_flames_axes_are_not_refused(monkeypatch, somebody):
    monkeypatch.setattr(carry, "register", lambda source, *_: source)
    assert np.isfinite(carry.carried_units(somebody)).all()


def test_units_of_another_model_are_found(monkeypatch, other, carried):
    head, _, clip, truth, _ = other
    monkeypatch.setattr("xtalker_addon.core.arkit.coefficients.carried_units", lambda *_: carried)
    found = coefficients(clip, head)
    mine = np.stack([found.units[:, NAMES.index(name)] for name in UNITS], axis=1)
    assert mine.min() >= 0
    assert mine.max() <= 1
    assert np.corrcoef(mine.ravel(), truth.ravel())[0, 1] > 0.9
    assert np.abs(mine - truth).mean() < 0.05
    np.testing.assert_allclose(mine[:, -1], truth[:, -1], atol=0.15)
    assert any("mm of the face on average" in remark for remark in found.remarks)
    assert any("tongueOut" in remark for remark in found.remarks)


def test_a_matrix_is_used_instead(tmp_path, model, other):
    head, _, clip, truth, to_codes = other
    width, units = len(head.expression_basis), units_of(model)
    rows = np.zeros((52, width + 3))
    for name, place, amount in zip(FLESH, units.columns, units.amounts, strict=True):
        rows[NAMES.index(name), :width] = to_codes[place] / amount
    rows[NAMES.index(JAW_OPEN), width] = model.jaw_open
    np.save(tmp_path / "units.npy", rows)
    found = coefficients(clip, head, tmp_path / "units.npy")
    mine = np.stack([found.units[:, NAMES.index(name)] for name in UNITS], axis=1)
    assert np.corrcoef(mine.ravel(), truth.ravel())[0, 1] > 0.97
    np.savez(tmp_path / "named.npz", matrix=rows[::-1], names=np.array(NAMES[::-1]))
    again = coefficients(clip, head, tmp_path / "named.npz")
    np.testing.assert_allclose(again.units, found.units, atol=1e-9)
    np.save(tmp_path / "51.npy", rows[:51])
    with pytest.raises(ModelError, match="a row for each of ARKit's 52 units"):
        coefficients(clip, head, tmp_path / "51.npy")
    (tmp_path / "notes.txt").write_text("no matrix")
    np.savez(tmp_path / "other.npz", a=1)
    for name, told in (("notes.txt", "is not an .npy array"), ("other.npz", "holds no array called matrix")):
        with pytest.raises(ModelError, match=told) as caught:
            coefficients(clip, head, tmp_path / name)
        assert str(caught.value).count(name) == 1


def test_the_models_own_landmarks_help(tmp_path, model, other):
    head = other[0]
    surface = carry._skin(head)
    points = bent(carry._own_marks(model))
    spots = nearest(surface, points, np.zeros_like(points))
    number = {tuple(sorted(face)): index for index, face in enumerate(head.faces.tolist())}
    faces, weights = np.zeros(51, int), np.full((51, 3), 1 / 3)
    for place, corners, share in zip(carry._MARKS, spots.corners.tolist(), spots.weights, strict=True):
        faces[place] = number[tuple(sorted(corners))]
        weights[place] = [share[corners.index(vertex)] for vertex in head.faces[faces[place]].tolist()]
    (tmp_path / carry.EMBEDDING).write_bytes(pickle.dumps({"lmk_face_idx": faces, "lmk_b_coords": weights}))
    np.testing.assert_allclose(carry._embedding(replace(head, source=tmp_path / "m.npz")), points, atol=2e-3)
    (tmp_path / carry.EMBEDDING).write_bytes(pickle.dumps({"lmk_face_idx": faces[:5]}))
    with pytest.raises(ModelError, match="expected FLAME's embedding"):
        carry._embedding(replace(head, source=tmp_path / "m.npz"))


def test_a_saved_head_keeps_its_units(tmp_path, model):
    save_model(model, tmp_path / "head.npz")
    again = units_of(load_model(tmp_path / "head.npz"))
    np.testing.assert_allclose(again.amounts, units_of(model).amounts)
    assert again.jaw_open == pytest.approx(model.jaw_open)
