"""ARKit's units in Blender: what a take moves, keys that face-capture add-ons look for, and the way back to a table."""

from __future__ import annotations

import re

import bpy
import numpy as np
import pytest

from tests.data.other_heads import other_head
from tests.data.unit_tables import face, write_table
from xtalker_addon.blender.evaluated import own_vertices
from xtalker_addon.blender.head import head_of
from xtalker_addon.blender.importer import ImportOptions, import_sequence
from xtalker_addon.blender.steps import finish
from xtalker_addon.blender.swap import replace_sequence
from xtalker_addon.blender.unit_keys import export_steps
from xtalker_addon.core.arkit.carry import carried_units
from xtalker_addon.core.arkit.coefficients import coefficients
from xtalker_addon.core.arkit.names import FLESH, NAMES
from xtalker_addon.core.arkit.units import units_of
from xtalker_addon.core.formats import read_sequence
from xtalker_addon.core.model.clip import Clip
from xtalker_addon.core.model.flame import load_model
from xtalker_addon.core.sequence import Sequence
from xtalker_addon.errors import ModelError

FRAMES = 8


@pytest.fixture(scope="module")
def own():
    return load_model()


@pytest.fixture
def take(tmp_path):
    return write_table(tmp_path / "take.csv", face(np.random.default_rng(0), FRAMES))


def blocks(head):
    return head.data.shape_keys.key_blocks


@pytest.mark.parametrize("arkit", [False, True])
def test_a_take_is_shown_exactly_and_written_back(tmp_path, own, take, arkit):
    clip = read_sequence(take)
    made = import_sequence(clip, own, ImportOptions(arkit=arkit))
    scene = bpy.context.scene
    assert (scene.render.fps, scene.frame_end) == (60, FRAMES)
    vertices = np.concatenate(list(Clip(clip, own).vertices()))
    for index in (0, FRAMES - 1):
        scene.frame_set(scene.frame_start + index)
        assert np.linalg.norm(own_vertices(made.head) - vertices[index], axis=1).max() < 1e-6
    frames = range(scene.frame_start, scene.frame_end + 1)
    finish(export_steps(head_of(made.rig, scene), own, tmp_path / "back.csv", frames))
    back = read_sequence(tmp_path / "back.csv")
    assert (back.fps, back.frames) == (60, FRAMES)
    for name in ("expression", "jaw", "eyes", "global_rotation"):
        np.testing.assert_allclose(getattr(back, name), getattr(clip, name), atol=1e-3, err_msg=name)


def test_keys_have_arkits_names_and_its_values(own, take):
    clip = read_sequence(take)
    made = import_sequence(clip, own, ImportOptions(arkit=True))
    assert set(NAMES) <= set(blocks(made.head).keys())
    assert "mouth_smile_left" not in blocks(made.head)
    bpy.context.scene.frame_set(bpy.context.scene.frame_start + 3)
    columns = face(np.random.default_rng(0), FRAMES)
    for name in ("mouthSmileLeft", "browInnerUp", "cheekPuff", "mouthClose"):
        value = blocks(made.head)[name].value
        assert value == pytest.approx(columns[name[0].upper() + name[1:]][3], abs=1e-5)
    assert blocks(made.head)["jawOpen"].value == 0  # the jaw's bone does that


def test_add_ons_drive_the_head_by_its_keys(tmp_path, own, take):
    """Keys that another program turns move the face, and come out in the table."""
    made = import_sequence(read_sequence(take), own, ImportOptions(arkit=True))
    scene, before = bpy.context.scene, own_vertices(made.head)
    blocks(made.head)["jawOpen"].value = 0.5
    blocks(made.head)["eyeLookOutLeft"].value = 1.0
    moved = np.linalg.norm(own_vertices(made.head) - before, axis=1)
    assert moved[own.regions["lower_teeth"]].min() > 0.005
    assert moved[own.regions["left_eyeball"]].max() > 0.003
    assert moved[own.regions["right_eyeball"]].max() < 1e-6
    finish(export_steps(head_of(made.rig, scene), own, tmp_path / "back.csv", range(1, 3)))
    clip = read_sequence(take)
    back = read_sequence(tmp_path / "back.csv")
    np.testing.assert_allclose(back.jaw[:, 0], clip.jaw[:2, 0] + 0.5 * own.jaw_open, atol=1e-3)


def test_another_sequence_keeps_the_names(own, take, clip):
    made = import_sequence(read_sequence(take), own, ImportOptions(arkit=True, sound=False))
    count = len(blocks(made.head))
    replace_sequence(head_of(made.rig, bpy.context.scene), read_sequence(take), own, "mean")
    assert len(blocks(made.head)) == count
    clip_on_own = clip
    replace_sequence(head_of(made.rig, bpy.context.scene), clip_on_own, own, "mean")
    bpy.context.scene.frame_set(bpy.context.scene.frame_start + 5)
    shown = next(Clip(clip_on_own, own).vertices(np.array([5])))[0]
    assert np.linalg.norm(own_vertices(made.head) - shown, axis=1).max() < 1e-6
    assert "mouth_smile_left" not in blocks(made.head)


def test_a_take_does_not_fit_a_model_without_its_columns(model, take):
    with pytest.raises(ModelError, match="XTalker's own head"):
        import_sequence(read_sequence(take), model)
    assert not bpy.data.objects


@pytest.fixture(scope="module")
def user(own, tmp_path_factory):
    """A head of other shape and topology without ARKit's columns, as a user's FLAME is."""
    rng, width = np.random.default_rng(4), len(units_of(own).column_names)
    mix = np.zeros((60, len(own.expression_basis)))
    mix[:, :width] = np.linalg.qr(rng.normal(size=(width, width)))[0][:60]
    return other_head(own, rng, tmp_path_factory.mktemp("model") / "user.npz", mix)[0]


@pytest.fixture(scope="module")
def fields(user):
    return carried_units(user)


@pytest.fixture(autouse=True)
def carried_once(monkeypatch, request):
    """The seconds that carrying takes are spent once."""
    if "user" in request.fixturenames:
        fields = request.getfixturevalue("fields")
        for place in ("blender.unit_keys", "core.arkit.coefficients"):
            monkeypatch.setattr(f"xtalker_addon.{place}.carried_units", lambda *_: fields)


def user_clip(user, seed=0, frames=FRAMES):
    rng = np.random.default_rng(seed)
    pose = {name: rng.normal(0, 0.1, (frames, width)) for name, width in (("global_rotation", 3), ("eyes", 6))}
    jaw = np.pad(rng.uniform(0, 0.3, (frames, 1)), ((0, 0), (0, 2)))
    codes = rng.normal(0, 1.5, (frames, 50))
    return Sequence(f"clip {seed}", user.source, 25.0, expression=codes, jaw=jaw, **pose)


def unit_values(head):
    return np.array([blocks(head)[name].value for name in FLESH])


def test_a_users_model_is_driven_by_arkits_keys_and_stays_exact(user):
    clip = user_clip(user)
    made = import_sequence(clip, user, ImportOptions(arkit=True))
    found, scene = coefficients(clip, user), bpy.context.scene
    vertices = np.concatenate(list(Clip(clip, user).vertices()))
    for index in (0, FRAMES - 1):
        scene.frame_set(scene.frame_start + index)
        assert np.linalg.norm(own_vertices(made.head) - vertices[index], axis=1).max() < 1e-6
        told = found.units[index, [NAMES.index(name) for name in FLESH]]
        np.testing.assert_allclose(unit_values(made.head), told, atol=1e-6)
        assert told.max() > 0.2
    jaw = blocks(made.head)["jawOpen"].value + clip.jaw[-1, 0] / units_of(load_model()).jaw_open
    assert jaw == pytest.approx(found.units[-1, NAMES.index("jawOpen")], abs=1e-6)  # with what the bone does


def test_units_alone_are_as_far_from_the_face_as_the_import_says(user, fields):
    clip = user_clip(user)
    clip = Sequence(clip.name, clip.source, 25.0, expression=clip.expression)
    made = import_sequence(clip, user, ImportOptions(arkit=True))
    told = next(float(found[1]) for text in made.warnings if (found := re.search(r"come within (\S+) mm", text)))
    for key in blocks(made.head)[1:]:
        key.mute = key.name not in NAMES
    shown = np.concatenate(list(Clip(clip, user).vertices()))
    moved = np.linalg.norm(fields, axis=2).max(0) > 1e-4
    apart = []
    for index in range(FRAMES):
        bpy.context.scene.frame_set(bpy.context.scene.frame_start + index)
        apart.append(np.linalg.norm(own_vertices(made.head) - shown[index], axis=1)[moved].mean())
    assert 1e3 * np.mean(apart) == pytest.approx(told, rel=0.1)


def test_keys_of_a_users_model_are_written_as_the_command_writes_them(tmp_path, user):
    clip = user_clip(user)
    made = import_sequence(clip, user, ImportOptions(arkit=True))
    scene, found = bpy.context.scene, coefficients(clip, user)
    frames = range(scene.frame_start, scene.frame_end + 1)
    finish(export_steps(head_of(made.rig, scene), user, tmp_path / "back.csv", frames))
    rows = np.loadtxt(tmp_path / "back.csv", delimiter=",", skiprows=1, usecols=range(2, 54))
    np.testing.assert_allclose(rows, found.units, atol=1e-5)
    curves = head_of(made.rig, scene).curves_of(made.head.data.shape_keys)
    curve = next(curve for curve in curves if '"cheekPuff"' in curve.data_path)
    for point in curve.keyframe_points:
        point.co.y = 0.7
    finish(export_steps(head_of(made.rig, scene), user, tmp_path / "edited.csv", frames))
    edited = np.loadtxt(tmp_path / "edited.csv", delimiter=",", skiprows=1, usecols=range(2, 54))
    rows[:, NAMES.index("cheekPuff")] = 0.7
    np.testing.assert_allclose(edited, rows, atol=1e-6)


def test_another_sequence_on_a_users_model_is_in_units_too(user):
    made = import_sequence(user_clip(user), user, ImportOptions(arkit=True))
    count, clip = len(blocks(made.head)), user_clip(user, 1, 6)
    replace_sequence(head_of(made.rig, bpy.context.scene), clip, user, "mean")
    bpy.context.scene.frame_set(bpy.context.scene.frame_start + 5)
    shown = next(Clip(clip, user).vertices(np.array([5])))[0]
    assert np.linalg.norm(own_vertices(made.head) - shown, axis=1).max() < 1e-6
    assert unit_values(made.head).max() > 0.2
    assert abs(len(blocks(made.head)) - count) < 12  # of units that one of the clips alone has
