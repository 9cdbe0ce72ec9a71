"""Buttons of the head panel, pressed."""

from __future__ import annotations

from types import SimpleNamespace

import bpy
import numpy as np
import pytest

from xtalker_addon.blender import compare
from xtalker_addon.blender.head import head_of, heads_in, selected_heads
from xtalker_addon.blender.presence import is_muted
from xtalker_addon.core.model.flame import load_model
from xtalker_addon.ui.compare_ui import XTALKER_OT_measure_heads
from xtalker_addon.ui.head_operators import active_head


@pytest.fixture
def heads(clip_files, model_file):
    bpy.ops.xtalker.import_sequence(
        directory=str(clip_files[0].parent), files=[{"name": f.name} for f in clip_files], model_path=str(model_file)
    )
    return [head_of(rig, bpy.context.scene) for rig in heads_in(bpy.context.scene)]


def activate(head):
    bpy.context.view_layer.objects.active = head.rig


def test_settings_show_and_set_what_lies_in_the_scene(heads):
    settings = heads[0].rig.xtalker
    assert (settings.look, settings.offset, settings.speed, settings.amount_jaw) == ("SH", 0.0, 1.0, 1.0)
    settings.look, settings.offset, settings.speed = "STUDIO", 5.0, 2.0
    settings.amount_expression, settings.freeze_eyes = 0.5, True
    assert (settings.look, settings.offset, settings.speed) == ("STUDIO", 5.0, 2.0)
    assert settings.amount_expression == pytest.approx(0.5)
    other = heads[1].rig.xtalker
    assert (other.look, other.offset, other.amount_expression) == ("SH", 0.0, 1.0)


def test_subdivision_is_set_but_not_under_a_comparison(heads):
    settings = heads[0].rig.xtalker
    settings.subdivision = 1
    assert settings.subdivision == 1
    settings.subdivision = 0
    compare.begin(heads[1], heads[0], 5.0)
    settings.subdivision = 2
    assert settings.subdivision == 0
    compare.end(heads[1])
    settings.subdivision = 2
    assert settings.subdivision == 2


def test_identity_and_camera_buttons(heads):
    activate(heads[0])
    assert bpy.ops.xtalker.set_identity(identity="first") == {"FINISHED"}
    assert heads[0].rig["xtalker_identity"] == "first"
    assert bpy.ops.xtalker.set_camera(kind="FRAMING") == {"FINISHED"}
    assert not heads[0].camera.animation_data or not heads[0].camera.animation_data.action
    assert bpy.ops.xtalker.look_through_camera() == {"FINISHED"}
    assert bpy.context.scene.camera == heads[0].camera
    assert bpy.ops.xtalker.light_scene() == {"FINISHED"}
    assert bpy.context.scene.world.node_tree.animation_data.action == heads[0].action


def test_solo_and_mute(heads):
    activate(heads[1])
    bpy.ops.xtalker.solo_head()
    assert [is_muted(head) for head in heads] == [True, False, True]
    bpy.ops.xtalker.solo_head()
    assert not any(is_muted(head) for head in heads)
    bpy.ops.xtalker.mute_head()
    assert [is_muted(head) for head in heads] == [False, True, False]


def test_swapping_by_file(heads, clip_files):
    activate(heads[0])
    before = len(bpy.data.objects), len(bpy.data.meshes), len(bpy.data.actions)
    assert bpy.ops.xtalker.swap_sequence(filepath=str(clip_files[2])) == {"FINISHED"}
    assert heads[0].name == "clip2"
    assert (len(bpy.data.objects), len(bpy.data.meshes), len(bpy.data.actions)) == before


def test_files_that_have_gone_are_told(heads, clip_files):
    activate(heads[0])
    clip_files[0].unlink()
    with pytest.raises(RuntimeError, match="does not exist"):
        bpy.ops.xtalker.set_identity(identity="first")


def test_without_a_head_the_buttons_say_what_to_do():
    with pytest.raises(RuntimeError, match="Select an imported head"):
        bpy.ops.xtalker.mute_head()


def test_a_linked_head_is_left_alone(heads, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "heads.blend"))
    bpy.ops.wm.read_homefile(use_empty=True)
    with bpy.data.libraries.load(str(tmp_path / "heads.blend"), link=True) as (source, target):
        target.collections = source.collections[:1]
    bpy.context.scene.collection.children.link(target.collections[0])
    bpy.context.view_layer.objects.active = heads_in(bpy.context.scene)[0]
    with pytest.raises(RuntimeError, match="make it local first"):
        bpy.ops.xtalker.mute_head()


def test_an_appended_head_works_as_before(heads, tmp_path, clip_files):
    expected = np.array(heads[0].rig.pose.bones["jaw"].rotation_quaternion)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "heads.blend"))
    bpy.ops.wm.read_homefile(use_empty=True)
    with bpy.data.libraries.load(str(tmp_path / "heads.blend")) as (source, target):
        target.collections = [name for name in source.collections if name == "clip0"]
    bpy.context.scene.collection.children.link(target.collections[0])
    (rig,) = heads_in(bpy.context.scene)
    head = head_of(rig, bpy.context.scene)
    assert head.camera is not None
    assert head.action is not None
    bpy.context.scene.frame_set(1)
    assert np.allclose(rig.pose.bones["jaw"].rotation_quaternion, expected, atol=1e-6)
    bpy.context.view_layer.objects.active = rig
    assert bpy.ops.xtalker.swap_sequence(filepath=str(clip_files[1])) == {"FINISHED"}
    assert head_of(rig, bpy.context.scene).name == "clip1"


def test_a_head_of_another_scene_is_not_touched(heads):
    other = bpy.data.scenes.new("Other")
    bpy.context.window.scene = other
    assert heads_in(bpy.context.scene) == []
    assert head_of(heads[0].rig, heads[0].scene) == heads[0]


def test_an_edit_is_compared_with_its_own_file(heads):
    before = sorted(item.name for item in bpy.data.objects)
    bpy.ops.object.select_all(action="DESELECT")
    activate(heads[0])
    heads[0].rig.select_set(True)
    heads[0].rig.xtalker.amount_jaw = 0.5
    assert bpy.ops.xtalker.compare_heads() == {"FINISHED"}
    assert bpy.ops.xtalker.measure_heads() == {"FINISHED"}
    ((_, mean, largest, _),) = compare.numbers_of(compare.legend_of(heads[0]))
    assert 0 < mean < largest
    heads[0].rig.xtalker.amount_jaw = 1.0
    bpy.ops.xtalker.measure_heads()
    ((_, mean, largest, _),) = compare.numbers_of(compare.legend_of(heads[0]))
    assert largest < 1e-3
    heads[0].rig.xtalker.compare_maximum = 2.5
    assert heads[0].rig.xtalker.compare_maximum == 2.5
    bpy.ops.xtalker.end_compare()
    assert sorted(item.name for item in bpy.data.objects) == before


def test_a_muted_head_can_be_brought_back(heads):
    """A window says that no object is active where the active one is hidden."""
    activate(heads[0])
    bpy.ops.xtalker.mute_head()
    window = SimpleNamespace(
        active_object=None, selected_objects=[], view_layer=bpy.context.view_layer, scene=bpy.context.scene
    )
    assert active_head(window) == heads[0]
    assert selected_heads(window) == [heads[0]]
    bpy.ops.xtalker.mute_head()
    assert not is_muted(heads[0])


def test_measuring_that_is_cancelled_at_any_frame_leaves_no_curves(heads):
    activate(heads[0])
    bpy.ops.xtalker.compare_heads()
    scene = bpy.context.scene
    scene.frame_set(4)
    before = sorted((type(item).__name__, item.name) for item in bpy.data.user_map())
    for frames_done in (1, 3, 7):
        steps = XTALKER_OT_measure_heads.act(None, bpy.context, heads[0])
        shares = [next(steps) for _ in range(frames_done)]
        assert 0 < shares[0] <= shares[-1] < 1
        steps.close()
        assert scene.frame_current == 4
        assert compare.numbers_of(compare.legend_of(heads[0])) == []
        assert sorted((type(item).__name__, item.name) for item in bpy.data.user_map()) == before


def test_two_selected_heads_are_compared_with_each_other(heads):
    bpy.ops.object.select_all(action="DESELECT")
    for head in heads[:2]:
        head.rig.select_set(True)
    activate(heads[0])
    bpy.ops.xtalker.compare_heads()
    assert compare.other_of(heads[0]) == heads[1].face


def test_lamps_and_loudness_follow_a_swap(clip_files, model_file):
    bpy.ops.xtalker.import_sequence(
        filepath=str(clip_files[0]), model_path=str(model_file), scene_light="LAMPS", camera="CROP"
    )
    before = sorted((type(item).__name__, item.name) for item in bpy.data.user_map())
    (rig,) = heads_in(bpy.context.scene)
    bpy.ops.xtalker.swap_sequence(filepath=str(clip_files[1]))
    assert len(bpy.data.actions) == 1
    assert len([item for item in bpy.context.scene.objects if item.type == "LIGHT"]) == 2
    rig.xtalker.offset = 4.0
    lamp = next(item for item in bpy.context.scene.objects if item.type == "LIGHT")
    assert lamp.data.animation_data.nla_tracks  # the light comes later too
    rig.xtalker.offset = 0.0
    bpy.ops.xtalker.swap_sequence(filepath=str(clip_files[0]))
    assert sorted((type(item).__name__, item.name) for item in bpy.data.user_map()) == before


def test_somebody_of_xtalkers_own_head_speaks_it_whatever_else_changes(clip_files):
    bpy.ops.xtalker.import_sequence(
        directory=str(clip_files[0].parent), files=[{"name": clip_files[0].name}], person="mei"
    )
    model = load_model()
    (head,) = (head_of(rig, bpy.context.scene) for rig in heads_in(bpy.context.scene))
    activate(head)

    def shows(name: str) -> bool:
        skin = np.empty(4 * 1024 * 1024, np.float32)
        head.material.node_tree.nodes["Albedo"].image.pixels.foreach_get(skin)
        away = np.abs(skin.reshape(1024, 1024, 4)[::-1, :, :3] - model.albedo.decode(model.people[name].texture)).max()
        sex = head.face.data.shape_keys.key_blocks["identity_sex"].value
        code = float(model.people[name].identity[model.identity_names.index("sex")])
        return away < 1 / 255 and sex == pytest.approx(code, abs=1e-5) and head.person == name

    assert shows("mei")
    assert bpy.ops.xtalker.set_person(person="walter") == {"FINISHED"}
    assert shows("walter")
    assert bpy.ops.xtalker.set_identity(identity="first") == {"FINISHED"}
    assert bpy.ops.xtalker.swap_sequence(filepath=str(clip_files[1])) == {"FINISHED"}
    assert shows("walter")
    assert bpy.ops.xtalker.set_person(person="NONE") == {"FINISHED"}
    assert head.person is None
    assert not shows("walter")


def test_people_are_of_xtalkers_own_head_alone(heads, model_file):
    activate(heads[0])
    with pytest.raises(RuntimeError, match="no person 'mei'; only XTalker's own head has people"):
        bpy.ops.xtalker.set_person(person="mei")
    bpy.ops.xtalker.relink_model(use_preferred=True)
    bpy.ops.xtalker.set_person(person="mei")
    bpy.ops.xtalker.relink_model(filepath=str(model_file))
    assert heads[0].person is None
