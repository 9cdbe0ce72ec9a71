"""Every control of the panel on a head and its copy: each changes its own, after saving and opening too."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
import soundfile

from tests.data.clips import talking_clip
from xtalker_addon.blender import compat
from xtalker_addon.blender.evaluated import own_vertices
from xtalker_addon.blender.head import head_of, heads_in
from xtalker_addon.blender.presence import is_muted
from xtalker_addon.core.formats import read_sequence
from xtalker_addon.ui.preferences import current_model


@pytest.fixture
def source(tmp_path):
    """A clip with everything that a head can have."""
    clip = talking_clip(np.random.default_rng(3), frames=12)
    pose = np.concatenate([clip.global_rotation, clip.jaw], axis=1)
    path = tmp_path / "clip.npz"
    np.savez(path, exp=clip.expression, pose=pose, shape=clip.shape, light=clip.light, cam=clip.camera, fps=25)
    soundfile.write(path.with_suffix(".wav"), np.sin(np.arange(7680) * 0.1), 16000)
    return path


@pytest.fixture
def other_source(tmp_path):
    clip = talking_clip(np.random.default_rng(4), frames=15)
    path = tmp_path / "other.npz"
    np.savez(path, exp=clip.expression, pose=np.concatenate([clip.global_rotation, clip.jaw], axis=1), fps=25)
    return path


def imported(source, model_file):
    bpy.ops.xtalker.import_sequence(filepath=str(source), model_path=str(model_file), camera="CROP")
    return heads_in(bpy.context.scene)[0]


def duplicate(rig, linked):
    """As an artist does: the head and what hangs on it."""
    head = head_of(rig, bpy.context.scene)
    for item in bpy.context.scene.objects:
        item.select_set(item in (rig, head.face, head.camera))
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.duplicate(linked=linked)
    return bpy.context.view_layer.objects.active


def append(_rig, path):
    bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True)
    with bpy.data.libraries.load(str(path)) as (found, wanted):
        wanted.collections = list(found.collections)
    bpy.context.scene.collection.children.link(wanted.collections[0])
    return wanted.collections[0].objects["clip.001" if "clip.001" in wanted.collections[0].objects else "clip"]


COPY = {
    "duplicate": lambda rig, _path: duplicate(rig, linked=False),
    "linked duplicate": lambda rig, _path: duplicate(rig, linked=True),
    "append": append,
}


def shown(rig):
    """What a head shows and what its controls say."""
    head, panel = head_of(rig, bpy.context.scene), rig.xtalker
    names = ("look", "offset", "speed", "amount_expression", "amount_jaw", "amount_head", "freeze_expression")
    bpy.context.scene.frame_set(6)
    light = [tuple(socket.default_value) for socket in head.material.node_tree.nodes["SH Light"].inputs][1:]
    camera = (tuple(head.camera.location), head.camera.data.ortho_scale)
    values = [getattr(panel, name) for name in names]
    return own_vertices(head.face), np.ravel(light), [*values, head.name, is_muted(head)], camera


def same(first, second):
    return (
        np.abs(first[0] - second[0]).max() < 1e-6
        and np.abs(first[1] - second[1]).max() < 1e-5
        and first[2] == pytest.approx(second[2])
        and np.allclose(np.hstack(first[3]), np.hstack(second[3]), atol=1e-6)
    )


def set_panel(rig, name, value):
    setattr(rig.xtalker, name, value)


def controls(other_source):
    """Everything that the panels can do to a head."""
    ops = bpy.ops.xtalker
    values = {
        "look": "STUDIO", "offset": 2.0, "speed": 2.0, "amount_expression": 0.5, "amount_jaw": 0.0,
        "amount_head": 1.5, "amount_eyes": 0.5, "freeze_expression": True, "sound": False,
    }  # fmt: skip
    return {
        **{name: (lambda rig, n=name, v=value: set_panel(rig, n, v)) for name, value in values.items()},
        "steady camera": lambda _rig: ops.set_camera(kind="FRAMING"),
        "mute": lambda _rig: ops.mute_head(),
        "identity": lambda _rig: ops.set_identity(identity="first"),
        "swap": lambda _rig: ops.swap_sequence(filepath=str(other_source)),
    }


@pytest.mark.parametrize("kind", COPY)
@pytest.mark.parametrize("first_changed", ["original", "copy"])
def test_a_copy_and_its_original_are_changed_apart(kind, first_changed, source, other_source, model_file, tmp_path):
    rig = imported(source, model_file)
    copy = COPY[kind](rig, tmp_path / "heads.blend")
    fresh = shown(rig)
    assert same(shown(copy), fresh)
    order = (rig, copy) if first_changed == "original" else (copy, rig)
    for name, change in controls(other_source).items():
        for index, changed in enumerate(order):
            kept = shown(order[1 - index])
            bpy.context.view_layer.objects.active = changed
            change(changed)
            assert same(shown(order[1 - index]), kept), f"{name} of {changed.name} changed the other"
        if name == "amount_expression":
            assert not np.allclose(shown(rig)[0], fresh[0])
    # The two were treated alike, so they are alike; also in another session.
    names = [item.name for item in order]
    before = [shown(item) for item in order]
    assert same(*before)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
    for name, old in zip(names, before, strict=True):
        assert same(shown(bpy.data.objects[name]), old)


@pytest.mark.parametrize("kind", COPY)
def test_controls_of_a_copy_do_what_they_do_on_the_original(kind, source, model_file, tmp_path):
    rig = imported(source, model_file)
    copy = COPY[kind](rig, tmp_path / "heads.blend")
    clip, model = read_sequence(source), current_model(str(model_file))
    copy.xtalker.offset, copy.xtalker.amount_jaw = 2.0, 0.0
    pose = clip.pose()
    still_jaw = pose.copy()
    still_jaw[:, 6:9] = 0.0
    identity = clip.identity("mean")
    bpy.context.scene.frame_set(1 + 6)
    moved = model.evaluate(identity, clip.expression, still_jaw)[6 - 2]
    plain = model.evaluate(identity, clip.expression, pose)[6]
    faces = [head_of(item, bpy.context.scene).face for item in (copy, rig)]
    assert np.abs(own_vertices(faces[0]) - moved).max() < 2e-6
    assert np.abs(own_vertices(faces[1]) - plain).max() < 2e-6


def test_sound_belongs_to_the_original_alone(source, model_file):
    rig = imported(source, model_file)
    copy = duplicate(rig, linked=False)
    scene = bpy.context.scene
    strip = head_of(rig, scene).strip
    assert head_of(copy, scene).strip is None
    bpy.context.view_layer.objects.active = copy
    bpy.ops.xtalker.mute_head()
    copy.xtalker.offset = 7.0
    assert not strip.mute
    assert compat.strip_start(strip) == 1
    cameras = [head_of(item, scene).camera for item in (rig, copy)]
    assert cameras[0] != cameras[1]
    assert None not in cameras


def test_a_copied_scene_has_heads_and_sound_of_its_own(source, model_file):
    rig = imported(source, model_file)
    first = bpy.context.scene
    bpy.ops.scene.new(type="FULL_COPY")
    second = bpy.context.scene
    (copy,) = heads_in(second)
    strips = [head_of(item, scene).strip for item, scene in ((rig, first), (copy, second))]
    copy.xtalker.offset, copy.xtalker.look = 4.0, "STUDIO"
    bpy.context.view_layer.objects.active = copy
    bpy.ops.xtalker.mute_head()
    assert [strip.mute for strip in strips] == [False, True]
    bpy.context.window.scene = first
    assert (rig.xtalker.offset, rig.xtalker.look) == (0.0, "SH")


def test_a_head_that_two_scenes_show_takes_its_sound_along(source, model_file):
    rig = imported(source, model_file)
    strip = head_of(rig, bpy.context.scene).strip
    bpy.ops.scene.new(type="LINK_COPY")
    assert bpy.context.scene.sequence_editor is None
    rig.xtalker.offset = 4.0
    assert compat.strip_start(strip) == 5


@pytest.mark.parametrize("overridden", [False, True])
def test_a_head_of_another_file_is_read_only_and_says_so(overridden, source, other_source, model_file, tmp_path):
    imported(source, model_file)
    path = tmp_path / "heads.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.read_homefile(use_empty=True)
    with bpy.data.libraries.load(str(path), link=True) as (found, wanted):
        wanted.collections = found.collections[:1]
    scene, collection = bpy.context.scene, wanted.collections[0]
    scene.collection.children.link(collection)
    if overridden:
        collection.override_hierarchy_create(scene, bpy.context.view_layer, do_fully_editable=True)
    rig = next(item for item in heads_in(scene) if bool(item.override_library) == overridden)
    before, names = shown(rig), set(rig.xtalker.bl_rna.properties.keys())
    bpy.context.view_layer.objects.active = rig
    for name, change in controls(other_source).items():
        if name in names:
            change(rig)
        else:
            with pytest.raises(RuntimeError, match="make it local first"):
                change(rig)
        assert same(shown(rig), before), name
    assert bpy.ops.xtalker.export_head.poll()
    if overridden:
        for item in (rig, *rig.children_recursive, head_of(rig, scene).camera):
            item.select_set(True)
        bpy.ops.object.make_local(type="ALL")
        rig.xtalker.amount_expression = 0.5
        assert rig.xtalker.amount_expression == 0.5
