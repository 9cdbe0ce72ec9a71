"""What an import gives artists to hold: a steadied camera, the plate, the voice's loudness, lamps."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from tests.blender.test_world_light import gentle_light, white_ball
from tests.data.clips import talking_clip
from tests.data.sequences import make_codes, write_wav
from xtalker_addon.blender.envelope import drive_by_envelope
from xtalker_addon.blender.importer import ImportOptions, import_sequence
from xtalker_addon.core.light.spherical_harmonics import sh_shading
from xtalker_addon.core.motion.cuts import find_cuts
from xtalker_addon.core.motion.smoothing import smoothed
from xtalker_addon.core.speech.envelope import envelope_per_frame


def clip_of(**fields):
    return talking_clip(np.random.default_rng(7), 40, **fields)


@pytest.fixture
def voiced(tmp_path):
    codes, sound = make_codes(40, 3)
    write_wav(tmp_path / "voice.wav", sound)
    return clip_of(audio=tmp_path / "voice.wav", envelope=codes["envelope"])


def shown(result, frames, read) -> np.ndarray:
    found = []
    for frame in frames:
        bpy.context.scene.frame_set(int(result.frame_start) + frame)
        found.append(read())
    return np.array(found)


def test_loudness_is_keyed_and_drives(model, voiced):
    result = import_sequence(voiced, model)
    lamp = bpy.data.lights.new("lamp", "POINT")
    drive_by_envelope(lamp, "energy", result.rig, "2 + 100 * envelope")
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("lamp", lamp))
    expected = envelope_per_frame(voiced.envelope, 16000, 25, 40)
    assert expected.max() > 0.05
    assert np.allclose(shown(result, range(40), lambda: result.rig["envelope"]), expected, atol=1e-6)
    graph = bpy.context.evaluated_depsgraph_get
    energies = shown(result, range(40), lambda: lamp.evaluated_get(graph()).energy)
    assert np.allclose(energies, 2 + 100 * expected, atol=1e-3)
    assert not [warning for warning in result.warnings if "envelope" in warning]


def test_loudness_of_the_sound_where_there_is_no_envelope(model, voiced, tmp_path):
    from dataclasses import replace

    result = import_sequence(replace(voiced, envelope=None), model)
    expected = envelope_per_frame(voiced.envelope, 16000, 25, 40)
    assert np.allclose(shown(result, [5, 20], lambda: result.rig["envelope"]), expected[[5, 20]], atol=1e-3)
    assert "envelope" not in import_sequence(clip_of(), model).rig
    other = replace(voiced, envelope=voiced.envelope[::-1])
    assert any("envelope differs" in warning for warning in import_sequence(other, model).warnings)


def test_crop_camera_of_each_frame_smoothed_and_steady(model):
    rng = np.random.default_rng(0)
    camera = np.array([8.0, 0.01, 0.02]) + rng.normal(0, (0.2, 0.004, 0.004), (40, 3))
    clip = clip_of(camera=camera)

    def scales(mode):
        bpy.ops.wm.read_factory_settings(use_empty=True)
        result = import_sequence(clip, model, ImportOptions(camera="CROP", crop=mode))
        return shown(result, range(40), lambda: result.camera.data.ortho_scale)

    assert np.allclose(scales("each"), 2 / camera[:, 0], rtol=1e-5)
    assert np.allclose(scales("steady"), 2 / np.median(camera[:, 0]), rtol=1e-5)
    smooth = scales("smooth")
    assert np.allclose(smooth, 2 / smoothed(camera, find_cuts(clip), 12)[:, 0], rtol=1e-5)
    assert np.abs(np.diff(smooth)).mean() < 0.1 * np.abs(np.diff(2 / camera[:, 0])).mean()


def test_smoothing_keeps_lines_and_jumps():
    values = np.concatenate([np.full((30, 2), 3.0), np.full((25, 2), -1.0)])
    assert np.allclose(smoothed(values, np.array([30]), 8), values)
    line = np.arange(60.0)[:, None]
    assert np.allclose(smoothed(line, np.zeros(0, int), 8)[8:-8], line[8:-8], atol=1e-5)


@pytest.mark.parametrize(("depth", "opacity"), [("BACK", 0.5), ("FRONT", 0.3)])
def test_plate_behind_or_in_front(model, depth, opacity):
    picture = np.zeros((224, 224, 3))
    picture[:100, :, 0] = 1
    options = ImportOptions(camera="CROP", plate_depth=depth, plate_opacity=opacity)
    result = import_sequence(clip_of(reference_image=picture), model, options)
    plate = result.camera.data.background_images[0]
    assert (plate.display_depth, plate.alpha) == (depth, pytest.approx(opacity))
    scene = bpy.context.scene
    for width, height, method in ((1920, 1080, "FIT"), (500, 500, "FIT"), (1080, 1920, "CROP")):
        scene.render.resolution_x, scene.render.resolution_y = width, height
        camera = result.camera.evaluated_get(bpy.context.evaluated_depsgraph_get())
        # As high as the picture, as the head in it is.
        assert (camera.data.background_images[0].frame_method, camera.data.sensor_fit) == (method, "VERTICAL")
    assert tuple(plate.image.size) == (224, 224)
    assert plate.image.pixels[0] == 0  # Blender's first row is the lowest
    assert result.camera.data.show_background_images


def test_lamps_come_near_the_light_of_the_codes(tmp_path, model):
    light = np.repeat(gentle_light()[None] * 0.8, 4, 0)
    light[3] *= 0.5
    clip = talking_clip(np.random.default_rng(1), 4, light=light)
    result = import_sequence(clip, model, ImportOptions(lamps=True, camera="NONE"))
    suns = [item for item in result.collection.objects if item.type == "LIGHT"]
    assert {sun.name.split()[-1] for sun in suns} == {"Key", "Fill"}
    for part in (result.head, result.rig):
        part.hide_render = True
    ball = {}
    for index in (0, 3):
        bpy.context.scene.frame_set(int(result.frame_start) + index)
        ball[index], normals = white_ball(tmp_path / f"{index}.exr")
    found = np.where(ball[0] <= 0.0031308, 12.92 * ball[0], 1.055 * ball[0] ** (1 / 2.4) - 0.055)
    expected = sh_shading(normals, light[0])
    print(f"lamps: mean difference {255 * np.abs(found - expected).mean():.1f} of 255")
    assert np.abs(found - expected).mean() < 0.06
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.9
    assert ball[3].mean() < 0.5 * ball[0].mean()  # keyed frame by frame
