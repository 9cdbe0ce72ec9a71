"""Files that other programs read hold the face that Blender shows."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from tests.data.clips import talking_clip
from xtalker_addon.blender.evaluated import own_vertices, world_vertices
from xtalker_addon.blender.export import SUFFIXES, cache_steps, can_export, export, write_cache
from xtalker_addon.blender.head import head_of
from xtalker_addon.blender.importer import ImportOptions, import_sequence
from xtalker_addon.blender.motion import set_amount

FRAMES = range(1, 9)


@pytest.fixture
def head(model):
    clip = talking_clip(np.random.default_rng(7), frames=len(FRAMES))
    head = head_of(import_sequence(clip, model, ImportOptions(camera="NONE")).rig, bpy.context.scene)
    set_amount(head, "jaw", 1.3)  # what the artist made of it is what goes out
    return head


def each_frame(read, frames=FRAMES):
    shown = []
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        shown.append(read())
    return np.array(shown)


def test_a_numpy_cache_is_exact(head, tmp_path):
    expected = each_frame(lambda: own_vertices(head.face))
    write_cache(head, tmp_path / "head.npy", "NPY", FRAMES)
    stored = np.load(tmp_path / "head.npy", allow_pickle=False)
    assert stored.dtype == np.float32
    assert np.array_equal(stored, expected)
    assert [path.name for path in tmp_path.iterdir()] == ["head.npy"]


def test_a_point_cache_plays_in_blender_exactly(head, tmp_path):
    expected = each_frame(lambda: own_vertices(head.face))
    write_cache(head, tmp_path / "head.pc2", "PC2", FRAMES)
    mesh = head.face.data.copy()
    still = bpy.data.objects.new("Still", mesh)
    still.shape_key_clear()
    bpy.context.scene.collection.objects.link(still)
    modifier = still.modifiers.new("Cache", "MESH_CACHE")
    modifier.cache_format, modifier.filepath = "PC2", str(tmp_path / "head.pc2")
    modifier.frame_start = FRAMES[0]
    assert np.array_equal(each_frame(lambda: own_vertices(still)), expected)


def test_a_cache_that_cannot_be_written_leaves_nothing(head, tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        write_cache(head, tmp_path / "nowhere" / "head.npy", "NPY", FRAMES)


@pytest.mark.parametrize("kind", ["NPY", "PC2"])
def test_a_cache_that_is_cancelled_at_any_frame_leaves_nothing(head, tmp_path, kind):
    scene = head.scene
    scene.frame_set(3)
    for frames_done in np.random.default_rng(0).integers(1, len(FRAMES), 3):
        steps = cache_steps(head, tmp_path / f"head{SUFFIXES[kind]}", kind, FRAMES)
        shares = [next(steps) for _ in range(frames_done)]
        assert shares[-1] == frames_done / len(FRAMES)
        steps.close()
        assert list(tmp_path.iterdir()) == []
        assert scene.frame_current == 3


READ_BACK = {
    "GLTF": lambda path: bpy.ops.import_scene.gltf(filepath=path),
    "FBX": lambda path: bpy.ops.import_scene.fbx(filepath=path, anim_offset=0.0),
    "ALEMBIC": lambda path: bpy.ops.wm.alembic_import(filepath=path, as_background_job=False),
    "USD": lambda path: bpy.ops.wm.usd_import(filepath=path),
}


@pytest.mark.filterwarnings("default::DeprecationWarning")  # Blender's own readers are behind its own numpy
@pytest.mark.parametrize("kind", READ_BACK)
def test_an_exported_head_is_the_same_when_read_back(head, tmp_path, kind):
    if not can_export(kind):
        pytest.skip(f"this Blender has no {kind} exporter")
    expected = each_frame(lambda: world_vertices(head.face)).astype(np.float64)
    path = tmp_path / f"head{SUFFIXES[kind]}"
    export(head, path, kind)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = 25
    READ_BACK[kind](str(path))
    found = max((o for o in bpy.data.objects if o.type == "MESH"), key=lambda o: len(o.data.vertices))
    keys = found.data.shape_keys.key_blocks if found.data.shape_keys else ()
    for key in keys:  # Blender's reader of glTF widens sliders to the first key only
        key.slider_min, key.slider_max = -10.0, 10.0
    shown = each_frame(lambda: world_vertices(found), range(len(FRAMES))).astype(np.float64)
    # Formats may split vertices at seams: each must move as the one that it was.
    origin = np.linalg.norm(shown[0][:, None] - expected[0][None], axis=-1).argmin(1)
    assert np.abs(shown - expected[:, origin]).max() < 1e-5
    assert set(origin.tolist()) == set(range(expected.shape[1]))


def test_exporting_leaves_selection_and_frame(head, tmp_path):
    other = bpy.data.objects.new("Other", None)
    bpy.context.scene.collection.objects.link(other)
    for item in bpy.context.selected_objects:
        item.select_set(False)
    other.select_set(True)
    bpy.context.view_layer.objects.active = other
    bpy.context.scene.frame_set(5)
    export(head, tmp_path / "head.abc", "ALEMBIC")
    assert bpy.context.selected_objects == [other]
    assert bpy.context.view_layer.objects.active == other
    assert bpy.context.scene.frame_current == 5


def test_alembic_holds_no_attribute_that_only_our_material_reads(head, tmp_path):
    export(head, tmp_path / "head.abc", "ALEMBIC")
    written = (tmp_path / "head.abc").read_bytes()
    assert b"flame_normal" not in written
    assert all(modifier.show_viewport and modifier.show_render for modifier in head.face.modifiers)
