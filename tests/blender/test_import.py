"""What an import leaves in the scene: native data in its place, and nothing of its neighbours disturbed."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np
import pytest
import soundfile

from tests.blender.test_same_face import TOLERANCE, worst_distance
from tests.data.clips import talking_clip
from tests.data.tars import STEMS, pack, write_unpacked
from xtalker_addon.blender import compat
from xtalker_addon.blender.importer import ImportOptions, import_sequence
from xtalker_addon.core.ffmpeg import find_ffmpeg
from xtalker_addon.core.files import storage
from xtalker_addon.core.formats import read_sequence
from xtalker_addon.errors import ModelError


@pytest.fixture
def speaking_clip(tmp_path):
    audio = tmp_path / "speech.wav"
    soundfile.write(audio, np.sin(np.arange(16000 * 40 // 25) * 0.1), 16000)
    return talking_clip(np.random.default_rng(1), audio=audio)


def test_the_scene_runs_at_the_rate_of_the_clip(model, speaking_clip):
    result = import_sequence(speaking_clip, model)
    scene = bpy.context.scene
    assert (scene.render.fps, scene.render.fps_base) == (25, 1.0)
    assert (scene.frame_start, scene.frame_end) == (1, 40) == (result.frame_start, result.frame_end)
    assert scene.sync_mode == "AUDIO_SYNC"
    assert scene.view_settings.view_transform == "Standard"
    assert scene.camera == result.camera


@pytest.mark.parametrize("fps", [23.976, 29.97, 60.0])
def test_rates_that_are_no_whole_number(model, fps):
    import_sequence(replace(talking_clip(np.random.default_rng(1), frames=5), fps=fps), model)
    render = bpy.context.scene.render
    assert render.fps / render.fps_base == pytest.approx(fps, rel=1e-6)


@pytest.mark.parametrize("start", [1, 1001, -10])
def test_first_sample_and_first_frame_are_together(model, speaking_clip, start):
    result = import_sequence(speaking_clip, model, ImportOptions(start_frame=start))
    assert compat.strip_start(result.strip) == start == result.frame_start
    assert compat.strip_end(result.strip) == start + 40
    curve = next(iter(result.action.layers[0].strips[0].channelbags[0].fcurves))
    assert curve.keyframe_points[0].co.x == start


def test_a_sound_is_named_by_the_link_that_led_to_it(model, speaking_clip, tmp_path):
    """A farm may know nothing but the mount point."""
    (tmp_path / "mount").symlink_to(speaking_clip.audio.parent, target_is_directory=True)
    audio = tmp_path / "mount" / speaking_clip.audio.name
    result = import_sequence(replace(speaking_clip, audio=audio), model)
    assert result.strip.sound.filepath == str(audio)


@pytest.mark.parametrize("suffix", [".m4a", ".opus", ".mp3"])
def test_sound_of_other_kinds_sounds_with_the_first_frame(model, tmp_path, suffix):
    audio = tmp_path / f"speech{suffix}"
    tone = ("-f", "lavfi", "-i", "sine=220:r=16000:d=1.6")
    subprocess.run([find_ffmpeg(), "-v", "error", *tone, str(audio)], check=True)
    strip = import_sequence(talking_clip(np.random.default_rng(1), audio=audio), model).strip
    assert compat.strip_start(strip) == 1
    assert compat.strip_end(strip) - 1 == pytest.approx(40, abs=2)


def test_keys_are_linear_and_native(model, speaking_clip):
    result = import_sequence(speaking_clip, model)
    owners = {slot.target_id_type for slot in result.action.slots}
    assert owners == {"OBJECT", "KEY", "NODETREE"}
    for bag in result.action.layers[0].strips[0].channelbags:
        for curve in bag.fcurves:
            assert len(curve.keyframe_points) == 40
            assert {point.interpolation for point in curve.keyframe_points} == {"LINEAR"}
            assert curve.is_valid
    assert not bpy.app.handlers.frame_change_pre
    assert not bpy.app.handlers.frame_change_post


def test_two_heads_do_not_disturb_each_other(model, speaking_clip):
    other = talking_clip(np.random.default_rng(2), 55, name="other", audio=speaking_clip.audio)
    first = import_sequence(speaking_clip, model)
    second = import_sequence(other, model, ImportOptions(offset=0.35))
    assert first.strip.channel != second.strip.channel
    assert (bpy.context.scene.frame_start, bpy.context.scene.frame_end) == (1, 55)
    assert (
        worst_distance(first, model.evaluate(speaking_clip.shape, speaking_clip.expression, speaking_clip.pose()))
        < TOLERANCE
    )
    expected = model.evaluate(other.shape, other.expression, other.pose()) + np.float32([0.35, 0, 0])
    assert worst_distance(second, expected) < TOLERANCE
    nodes = [result.material.node_tree for result in (first, second)]
    assert nodes[0] != nodes[1]
    assert nodes[0].animation_data.action != nodes[1].animation_data.action


def test_the_same_clip_twice(model, speaking_clip):
    results = [import_sequence(speaking_clip, model) for _ in range(2)]
    expected = model.evaluate(speaking_clip.shape, speaking_clip.expression, speaking_clip.pose())
    for result in results:
        assert worst_distance(result, expected) < TOLERANCE


def test_another_rate_beside_a_head_keeps_its_timing(model, speaking_clip):
    import_sequence(speaking_clip, model)
    slow = replace(talking_clip(np.random.default_rng(2), 11, name="slow"), fps=12.5)
    result = import_sequence(slow, model)
    assert bpy.context.scene.render.fps == 25
    assert (result.frame_start, result.frame_end) == (1, 21)
    assert any("12.5 frames a second" in warning for warning in result.warnings)


def test_a_scene_that_must_not_change(model, speaking_clip):
    scene = bpy.context.scene
    before = (scene.render.fps, scene.frame_end, scene.view_settings.view_transform, scene.camera)
    import_sequence(speaking_clip, model, ImportOptions(adapt_scene=False))
    assert before == (scene.render.fps, scene.frame_end, scene.view_settings.view_transform, scene.camera)


def test_named_columns_name_their_shape_keys(model, clip):
    result = import_sequence(clip, model)
    names = [key.name for key in result.head.data.shape_keys.key_blocks]
    assert names[:2] == ["Basis", "identity_001"]
    assert "expression_050" in names
    assert "expression_051" not in names
    assert "corrective_jaw_8" in names
    full = import_sequence(clip, model, ImportOptions(full_basis=True))
    assert len(full.head.data.shape_keys.key_blocks) == 1 + 300 + 100 + 36


def test_uvs_follow_the_model(model, clip):
    layer = import_sequence(clip, model).head.data.uv_layers["UVMap"]
    uv = np.empty(2 * len(layer.uv), np.float32)
    layer.uv.foreach_get("vector", uv)
    assert np.array_equal(uv.reshape(-1, 3, 2), model.uv[model.uv_faces])


def test_codes_that_do_not_fit_leave_nothing_behind(model):
    clip = talking_clip(np.random.default_rng(1), 4, expression=np.zeros((4, 101)))
    before = [len(kind) for kind in (bpy.data.objects, bpy.data.meshes, bpy.data.actions, bpy.data.collections)]
    with pytest.raises(ModelError, match="100 expression columns and the sequence 101 codes"):
        import_sequence(clip, model)
    after = [len(kind) for kind in (bpy.data.objects, bpy.data.meshes, bpy.data.actions, bpy.data.collections)]
    assert before == after


def test_a_saved_head_plays_without_the_add_on(tmp_path, model, clip):
    result = import_sequence(clip, model)
    expected = model.evaluate(clip.shape, clip.expression, clip.pose())[17]
    np.save(tmp_path / "expected.npy", np.stack([expected[:, 0], -expected[:, 2], expected[:, 1]], axis=1))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "head.blend"))
    script = f"""
import bpy, numpy as np
bpy.ops.wm.open_mainfile(filepath=r"{tmp_path / "head.blend"}")
bpy.context.scene.frame_set({int(result.frame_start) + 17})
head = bpy.data.objects[{result.head.name!r}].evaluated_get(bpy.context.evaluated_depsgraph_get())
found = np.array([head.matrix_world @ v.co for v in head.data.vertices])
print("distance", np.linalg.norm(found - np.load(r"{tmp_path / "expected.npy"}"), axis=1).max())
"""
    seen = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=Path(tmp_path))
    assert float(seen.stdout.split("distance")[1]) < TOLERANCE, seen.stderr


def test_sound_out_of_an_archive_is_kept_in_the_blender_file(model, tmp_path):
    packed = pack(write_unpacked(tmp_path / "loose", STEMS[:1]), tmp_path / "packed")
    clip = read_sequence(packed / STEMS[0])
    result = import_sequence(clip, model)
    assert result.strip.sound.packed_file
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
    (sound,) = bpy.data.sounds
    assert sound.packed_file.data == storage.open_file(clip.audio).read()
