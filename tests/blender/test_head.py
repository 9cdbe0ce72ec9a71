"""Working with an imported head: what an artist changes takes effect, and what is not asked for stays."""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np
import pytest
import soundfile

from tests.blender.test_same_face import TOLERANCE, worst_distance
from tests.data.clips import talking_clip
from tests.data.models import synthetic_model
from xtalker_addon.blender import compat
from xtalker_addon.blender.evaluated import vertices_in_flame_axes
from xtalker_addon.blender.head import head_of, heads_in
from xtalker_addon.blender.importer import ImportOptions, import_sequence
from xtalker_addon.blender.material import look_of, set_look
from xtalker_addon.blender.motion import LAYERS, amount_of, freeze, is_frozen, set_amount
from xtalker_addon.blender.subdivision import level_of, set_level
from xtalker_addon.blender.swap import crop_mode, replace_sequence, set_camera
from xtalker_addon.blender.timing import set_timing, timing_of
from xtalker_addon.errors import ModelError


@pytest.fixture
def sound(tmp_path):
    def write(name, seconds):
        path = tmp_path / f"{name}.wav"
        soundfile.write(path, np.sin(np.arange(int(16000 * seconds)) * 0.1), 16000)
        return path

    return write


def the_head(result=None):
    return head_of(result.rig if result else heads_in(bpy.context.scene)[0], bpy.context.scene)


def at(head, frame):
    bpy.context.scene.frame_set(int(np.floor(frame)), subframe=float(frame - np.floor(frame)))
    return vertices_in_flame_axes(head.face)


def exact(model, clip, identity="mean"):
    return model.evaluate(clip.identity(identity), clip.expression, clip.pose(), clip.translation)


def everything():
    return sorted((type(item).__name__, item.name) for item in bpy.data.user_map())


def test_a_head_is_found_from_each_of_its_parts_whatever_they_are_called(model, clip, sound):
    result = import_sequence(replace(clip, audio=sound("a", 1.6)), model)
    import_sequence(talking_clip(np.random.default_rng(3), name="other"), model)
    hat = bpy.data.objects.new("Hat", None)
    bpy.context.scene.collection.objects.link(hat)
    hat.parent, hat.parent_type, hat.parent_bone = result.rig, "BONE", "neck"
    for index, item in enumerate((result.rig, result.head, result.camera)):
        item.name = f"something {index}"
    for item in (result.rig, result.head, result.camera, hat):
        head = head_of(item, bpy.context.scene)
        assert (head.rig, head.face, head.camera, head.strip) == (
            result.rig, result.head, result.camera, result.strip,
        )  # fmt: skip
    bpy.data.collections.remove(result.collection)
    assert head_of(result.rig, bpy.context.scene) is None


def test_things_that_are_no_head_are_not_taken_for_one(model, clip):
    import_sequence(clip, model, ImportOptions(camera="NONE"))
    cube = bpy.data.objects.new("Cube", bpy.data.meshes.new("Cube"))
    bpy.context.scene.collection.objects.link(cube)
    assert head_of(cube, bpy.context.scene) is None
    assert head_of(None, bpy.context.scene) is None


def test_facts_stand_on_the_rig(model, clip):
    labelled = replace(clip, labels={"emotion": "happy", "transcript": "hello"}, warnings=("one", "two"))
    head = the_head(import_sequence(labelled, model))
    assert head.labels == {"emotion": "happy", "transcript": "hello"}
    assert head.warnings == ["one", "two"]
    assert (head.name, head.frames[0], len(head.frames)) == ("clip", 1.0, 40)


def test_swapping_gives_the_same_head_the_other_clip_exactly(model, sound):
    first = talking_clip(np.random.default_rng(1), 40, "first", audio=sound("a", 1.6))
    second = talking_clip(np.random.default_rng(2), 55, "second", audio=sound("b", 2.2))
    result = import_sequence(first, model)
    before = (result.rig, result.head, result.camera, result.material, result.head.data)
    set_look(result.material, "STUDIO")
    assert replace_sequence(the_head(), second, model, "mean") == []
    head = the_head()
    assert (head.rig, head.face, head.camera, head.material, head.face.data) == before
    assert look_of(head.material) == "STUDIO"
    for index in (0, 20, 54):
        assert np.abs(at(head, 1 + index) - exact(model, second)[index]).max() < TOLERANCE
    assert bpy.context.scene.frame_end == 55
    assert (head.name, head.rig.name, head.face.name) == ("second", "second", "second Head")
    assert compat.strip_end(head.strip) == 56
    assert len(bpy.context.scene.sequence_editor.strips) == len(bpy.data.sounds) == len(bpy.data.actions) == 1


def test_swapping_away_and_back_leaves_what_was_there(model, sound):
    first = talking_clip(np.random.default_rng(1), 40, "first", audio=sound("a", 1.6))
    second = talking_clip(np.random.default_rng(2), 30, "second", shape=None, light=None, camera=None)
    import_sequence(first, model, ImportOptions(camera="CROP"))
    before = everything()
    replace_sequence(the_head(), second, model, "mean")
    assert the_head().strip is None
    assert np.abs(at(the_head(), 11) - exact(model, second)[10]).max() < TOLERANCE
    replace_sequence(the_head(), first, model, "mean")
    assert everything() == before
    assert np.abs(at(the_head(), 11) - exact(model, first)[10]).max() < TOLERANCE


def test_a_swap_keeps_what_the_artist_chose(model):
    clips = [talking_clip(np.random.default_rng(seed), 40, f"clip{seed}") for seed in (1, 2)]
    import_sequence(clips[0], model)
    head = the_head()
    head.rig.name, head.rig.location.x = "My Hero", 1.5
    set_amount(head, "jaw", 0.5)
    freeze(head, "eyes", True)
    set_timing(head, 12, 2.0)
    replace_sequence(head, clips[1], model, "first")
    head = the_head()
    assert head.rig.name == "My Hero"
    assert head.rig.location.x == 1.5
    assert amount_of(head, "jaw") == 0.5
    assert is_frozen(head, "eyes")
    assert timing_of(head) == (12.0, 2.0)


def test_a_swap_that_does_not_fit_changes_nothing(model, clip):
    import_sequence(clip, model)
    before = at(the_head(), 17)
    wide = talking_clip(np.random.default_rng(1), 4, expression=np.zeros((4, 101)))
    with pytest.raises(ModelError):
        replace_sequence(the_head(), wide, model, "mean")
    assert np.array_equal(at(the_head(), 17), before)


@pytest.mark.parametrize("identity", ["mean", "median", "first", "per_frame"])
def test_every_identity_mode_shows_its_own_head(model, identity):
    rng = np.random.default_rng(5)
    clip = talking_clip(rng, 30, shape=rng.normal(0, 1, (30, 100)))
    import_sequence(clip, model, ImportOptions(identity="per_frame" if identity == "mean" else "mean"))
    replace_sequence(the_head(), clip, model, identity)
    assert the_head().rig["xtalker_identity"] == identity
    assert np.abs(at(the_head(), 13) - exact(model, clip, identity)[12]).max() < TOLERANCE


def test_another_model_keeps_object_and_material(clip, model):
    result = import_sequence(clip, model)
    finer = replace(synthetic_model(rings=30, segments=40, seed=4), source="finer.npz", name="finer")
    replace_sequence(the_head(), clip, finer, "mean")
    head = the_head()
    assert (head.face, head.material) == (result.head, result.material)
    assert len(head.face.data.vertices) == finer.vertex_count
    assert np.abs(at(head, 21) - exact(finer, clip)[20]).max() < TOLERANCE
    assert len(bpy.data.meshes) == 1


def test_a_hidden_head_can_be_swapped(model, clip):
    result = import_sequence(clip, model)
    result.rig.hide_viewport = True
    bpy.context.view_layer.layer_collection.children[result.collection.name].exclude = True
    other = talking_clip(np.random.default_rng(9), 20, "other")
    replace_sequence(head_of(result.rig, bpy.context.scene), other, model, "mean")
    bpy.context.view_layer.layer_collection.children[0].exclude = False
    assert result.rig.hide_viewport
    assert list(bpy.context.scene.collection.objects) == []
    assert np.abs(at(the_head(result), 8) - exact(model, other)[7]).max() < TOLERANCE


@pytest.mark.parametrize(("offset", "speed"), [(10.0, 1.0), (-3.0, 1.0), (0.0, 2.0), (7.0, 0.5)])
def test_offset_and_speed_move_the_head_and_leave_the_keys(model, clip, offset, speed):
    head = the_head(import_sequence(clip, model, ImportOptions(camera="CROP")))
    expected = exact(model, clip)
    set_timing(head, offset, speed)
    assert timing_of(head) == (offset, speed)
    for index in (0, 14, 39):
        found = at(head, 1 + offset + index / speed)
        assert np.abs(found - expected[index]).max() < 5e-6
    curve = head.action.layers[0].strips[0].channelbags[0].fcurves[0]
    assert curve.keyframe_points[0].co.x == 1.0
    set_timing(head, 0.0, 1.0)
    assert worst_distance_of(head, expected) < TOLERANCE
    assert not any(owner.animation_data.nla_tracks for owner in head.animated)


def worst_distance_of(head, expected):
    return max(np.abs(at(head, 1 + index) - expected[index]).max() for index in range(len(expected)))


def test_the_sound_goes_along(model, clip, sound):
    result = import_sequence(replace(clip, audio=sound("a", 1.6)), model)
    head = the_head(result)
    set_timing(head, 10, 1.0)
    assert (compat.strip_start(head.strip), compat.strip_end(head.strip)) == (11, 51)
    set_timing(head, 0, 2.0)
    assert head.strip.mute == (bpy.app.version < (5, 0, 0))
    if not head.strip.mute:
        assert (compat.strip_start(head.strip), compat.strip_end(head.strip)) == (1, 21)
    set_timing(head, 0, 1.0)
    assert (compat.strip_start(head.strip), compat.strip_end(head.strip)) == (1, 41)
    assert not head.strip.mute


@pytest.mark.parametrize("layer", LAYERS)
def test_none_of_a_motion_is_the_head_without_it(model, clip, layer):
    if layer == "expression":  # the whole head's place stays where the clip has it
        clip = replace(clip, global_rotation=None)
    head = the_head(import_sequence(clip, model))
    still = {
        "expression": {"expression": np.zeros_like(clip.expression)},
        "jaw": {"jaw": np.zeros_like(clip.jaw)},
        "head": {"global_rotation": np.zeros_like(clip.neck), "neck": np.zeros_like(clip.neck)},
        "eyes": {"eyes": np.zeros_like(clip.eyes)},
    }
    set_amount(head, layer, 0.0)
    assert np.abs(at(head, 20) - exact(model, replace(clip, **still[layer]))[19]).max() < 2e-6
    set_amount(head, layer, 1.0)
    assert worst_distance_of(head, exact(model, clip)) < TOLERANCE


def test_amounts_scale_codes_exactly_and_angles_nearly(model, clip):
    head = the_head(import_sequence(clip, model))
    set_amount(head, "expression", 1.4)
    key = head.face.data.shape_keys.key_blocks["expression_003"]
    at(head, 20)
    assert key.value == pytest.approx(1.4 * clip.expression[19, 2], abs=1e-5)
    set_amount(head, "jaw", 1.4)
    assert amount_of(head, "jaw") == pytest.approx(1.4)
    at(head, 20)
    angle = head.rig.pose.bones["jaw"].rotation_quaternion.angle
    assert angle == pytest.approx(1.4 * np.linalg.norm(clip.jaw[19]), rel=0.02)


def test_frozen_motion_stays_where_it_was(model, clip):
    head = the_head(import_sequence(clip, model))
    at(head, 10)
    freeze(head, "jaw", True)
    turned = head.rig.pose.bones["jaw"].rotation_quaternion[:]
    moved = head.rig.pose.bones["neck"].rotation_quaternion[:]
    at(head, 30)
    assert head.rig.pose.bones["jaw"].rotation_quaternion[:] == turned
    assert head.rig.pose.bones["neck"].rotation_quaternion[:] != moved
    assert is_frozen(head, "jaw")
    freeze(head, "jaw", False)
    assert np.abs(at(head, 30) - exact(model, clip)[29]).max() < TOLERANCE


def test_a_divided_surface_is_for_the_eye(model, clip):
    """More faces to see, the same vertices to measure and to write."""
    result = import_sequence(clip, model, ImportOptions(subdivision=2))
    head = the_head(result)
    evaluated = head.face.evaluated_get(bpy.context.evaluated_depsgraph_get())
    assert len(evaluated.data.polygons) > 8 * len(model.faces)
    assert "flame_normal" in evaluated.data.attributes
    assert worst_distance(result, exact(model, clip)) < TOLERANCE
    assert level_of(head.face) == 2
    assert any("rounder outline" in warning for warning in result.warnings)
    replace_sequence(head, replace(clip, jaw=0 * clip.jaw), model, "mean")
    assert level_of(head.face) == 2
    set_level(head.face, 0)
    assert [modifier.type for modifier in head.face.modifiers] == ["ARMATURE", "NODES"]


def test_the_camera_changes_its_kind(model, clip):
    head = the_head(import_sequence(clip, model))
    camera = head.camera
    framed = camera.data.ortho_scale
    assert crop_mode(head) is None
    set_camera(head, clip, model, "each", [])
    bpy.context.scene.frame_set(5)
    assert crop_mode(head) == "each"
    assert camera.data.ortho_scale == pytest.approx(2 / clip.camera[4, 0])
    set_camera(head, clip, model, "steady", [])
    assert crop_mode(head) == "steady"
    bpy.context.scene.frame_set(6)
    assert camera.data.ortho_scale == pytest.approx(2 / np.median(clip.camera[:, 0]))
    replace_sequence(head, replace(clip, camera=2 * clip.camera), model, "mean")
    assert crop_mode(head) == "steady"  # another sequence is seen the same way
    assert camera.data.ortho_scale == pytest.approx(1 / np.median(clip.camera[:, 0]))
    set_camera(head, clip, model, None, [])
    assert crop_mode(head) is None
    assert camera.data.ortho_scale == pytest.approx(framed)
    assert head.camera == camera
    bpy.data.objects.remove(camera)
    made = set_camera(the_head(), clip, model, "each", [])
    assert the_head().camera == made


@pytest.mark.parametrize("kind", ["FRAMING", "CROP"])
def test_what_blender_draws_of_the_camera_stands_behind_the_head(model, clip, kind):
    camera = import_sequence(clip, model, ImportOptions(camera=kind)).camera
    # An orthographic camera's frame is drawn as wide as the picture, `display_size` metres before the camera.
    depths = -exact(model, clip)[..., 2]  # FLAME's z out of the face is Blender's -y
    assert camera.location.y + camera.data.display_size > depths.max() + 0.1


def test_the_imported_head_is_untouched_by_looking_at_it(model, clip):
    result = import_sequence(clip, model)
    head = the_head(result)
    assert (timing_of(head), [amount_of(head, layer) for layer in LAYERS]) == ((0.0, 1.0), [1.0] * 4)
    assert worst_distance(result, exact(model, clip)) < TOLERANCE
