"""A rendered pixel is albedo times shading, and the camera is DECA's."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector

from tests.data.clips import talking_clip
from tests.data.rasteriser import interior, rasterise
from xtalker_addon.blender.evaluated import vertices_in_flame_axes, world_vertices
from xtalker_addon.blender.importer import ImportOptions, import_sequence
from xtalker_addon.core.light.spherical_harmonics import STUDIO_ALBEDO, sh_shading, studio_shading
from xtalker_addon.core.model.normals import vertex_normals
from xtalker_addon.core.motion.camera import crop_view, project

SIZE = 160


def cycles_frame(path: Path, frame: int, samples: int = 16) -> np.ndarray:
    """(H, W, 3) 0..255 of a frame as it is saved, first row on top."""
    scene = bpy.context.scene
    render = scene.render
    render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.use_adaptive_sampling = samples, False, False
    scene.cycles.pixel_filter_type = "BOX"
    render.resolution_x = render.resolution_y = SIZE
    render.dither_intensity = 0.0
    render.image_settings.file_format = "PNG"
    render.filepath = str(path)
    scene.frame_set(frame)
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(str(path))
    pixels = np.empty(SIZE * SIZE * 4, np.float32)
    image.colorspace_settings.name = "Non-Color"
    image.pixels.foreach_get(pixels)
    return pixels.reshape(SIZE, SIZE, 4)[::-1, :, :3] * 255


def expected_frame(clip, model, index: int, shading) -> tuple[np.ndarray, np.ndarray]:
    rows = slice(index, index + 1)
    vertices = model.evaluate(clip.shape, clip.expression[rows], clip.pose()[rows])[0]
    normals = vertex_normals(vertices, model.faces)
    picture, seen = rasterise(vertices, model.faces, normals, crop_view(clip.camera[index]), (SIZE, SIZE))
    values = np.clip(STUDIO_ALBEDO * shading(picture), 0, 1) * 255
    return values, interior(seen)


def agreement(picture: np.ndarray, expected: np.ndarray, inside: np.ndarray) -> float:
    """Share of interior pixels that agree within 2 of 255 in every channel."""
    return float((np.abs(picture - expected).max(-1)[inside] <= 2.0).mean())


@pytest.fixture
def coloured_clip():
    rng = np.random.default_rng(11)
    light = np.zeros((4, 9, 3)) + rng.normal(0, 0.25, (1, 9, 3))
    light[:, 0] += 2.6
    return talking_clip(rng, frames=4, light=light)


def test_sh_material_in_cycles(tmp_path, model, coloured_clip):
    result = import_sequence(coloured_clip, model, ImportOptions(camera="CROP", look="SH"))
    picture = cycles_frame(tmp_path / "sh.png", int(result.frame_start) + 2)
    expected, inside = expected_frame(coloured_clip, model, 2, lambda n: sh_shading(n, coloured_clip.light[2]))
    assert inside.sum() > 3000
    assert agreement(picture, expected, inside) >= 0.995
    # The tolerance sees a light that is mirrored, and one that turned with the head's neighbour frame would be.
    mirrored, _ = expected_frame(coloured_clip, model, 2, lambda n: sh_shading(n * (-1, 1, 1), coloured_clip.light[2]))
    assert agreement(picture, mirrored, inside) < 0.9


def test_studio_look_in_cycles(tmp_path, model, coloured_clip):
    result = import_sequence(coloured_clip, model, ImportOptions(camera="CROP", look="STUDIO"))
    picture = cycles_frame(tmp_path / "studio.png", int(result.frame_start) + 1)
    expected, inside = expected_frame(coloured_clip, model, 1, lambda n: studio_shading(n)[..., None])
    assert agreement(picture, expected, inside) >= 0.995
    assert abs(picture[inside].max() - 202) <= 1


def test_light_stays_with_the_camera_when_the_rig_is_turned_by_hand(tmp_path, model, coloured_clip):
    result = import_sequence(coloured_clip, model, ImportOptions(camera="CROP", look="SH"))
    result.rig.rotation_mode = "XYZ"
    result.rig.rotation_euler.z += 0.5
    picture = cycles_frame(tmp_path / "turned.png", int(result.frame_start))
    vertices = vertices_in_flame_axes(result.head)
    normals = vertex_normals(vertices, model.faces)
    values, seen = rasterise(vertices, model.faces, normals, crop_view(coloured_clip.camera[0]), (SIZE, SIZE))
    expected = np.clip(STUDIO_ALBEDO * sh_shading(values, coloured_clip.light[0]), 0, 1) * 255
    assert agreement(picture, expected, interior(seen)) >= 0.995


def test_crop_camera_projects_as_deca_does(model, clip):
    result = import_sequence(clip, model, ImportOptions(camera="CROP"))
    scene = bpy.context.scene
    scene.render.resolution_x = scene.render.resolution_y = 224
    for index in range(0, clip.frames, 7):
        scene.frame_set(int(result.frame_start) + index)
        world = world_vertices(result.head)
        pixels = np.array([world_to_camera_view(scene, result.camera, Vector(v))[:2] for v in world])
        pixels = np.stack([pixels[:, 0], 1 - pixels[:, 1]], axis=1) * 224
        vertices = model.evaluate(clip.shape, clip.expression[index : index + 1], clip.pose()[index : index + 1])
        assert np.abs(pixels - project(vertices[0], clip.camera[index])).max() < 0.05


def test_projection_of_a_known_point():
    assert np.allclose(project(np.array([[0.01, 0.0, 0.0]]), np.array([8.0, 0, 0])), [[120.96, 112.0]])
