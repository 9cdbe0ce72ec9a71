"""ARKit's units in Blender: what a take moves, keys that face-capture add-ons look for, and the way back to a table."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from tests.data.unit_tables import face, write_table
from xtalker_addon.blender.evaluated import own_vertices
from xtalker_addon.blender.head import head_of
from xtalker_addon.blender.importer import ImportOptions, import_sequence
from xtalker_addon.blender.steps import finish
from xtalker_addon.blender.swap import replace_sequence
from xtalker_addon.blender.unit_keys import export_steps
from xtalker_addon.core.arkit.names import NAMES
from xtalker_addon.core.formats import read_sequence
from xtalker_addon.core.model.clip import Clip
from xtalker_addon.core.model.flame import load_model
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
