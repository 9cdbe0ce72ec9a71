"""Lit by the world that is made of the codes, a white diffuse ball looks as DECA shades it."""

from __future__ import annotations

from pathlib import Path

import bmesh
import bpy
import numpy as np
import pytest

from tests.data.clips import talking_clip
from xtalker_addon.blender import compat
from xtalker_addon.blender.importer import ImportOptions, import_sequence
from xtalker_addon.blender.light import BACKDROP, build_world
from xtalker_addon.blender.material import set_light
from xtalker_addon.core.light.radiance import DIRECTIONS, linear_from_display, linear_light, negative_share, radiance
from xtalker_addon.core.light.spherical_harmonics import sh_shading
from xtalker_addon.render.gpu.graphics import renderer_name
from xtalker_addon.render.settings import RenderSettings

SIZE = 40
SAMPLES = 64
NOISE = 0.015  # at most, relative: the standard deviation of a pixel at so many samples


def white_ball(path: Path, engine: str = "CYCLES") -> tuple[np.ndarray, np.ndarray]:
    """Linear pixels (N, 3) of a white diffuse ball seen from the front, and their normals in FLAME axes."""
    scene = bpy.context.scene
    scene.render.engine = engine
    scene.eevee.taa_render_samples = 1  # lit by the world alone, it has no noise
    scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.use_adaptive_sampling = SAMPLES, False, False
    scene.cycles.pixel_filter_type, scene.cycles.max_bounces = "BOX", 1
    scene.render.resolution_x = scene.render.resolution_y = SIZE
    scene.render.image_settings.file_format, scene.render.image_settings.color_depth = "OPEN_EXR", "32"
    mesh = bpy.data.meshes.new("ball")
    ball = bpy.data.objects.new("ball", mesh)
    scene.collection.objects.link(ball)
    made = bmesh.new()
    bmesh.ops.create_icosphere(made, subdivisions=6, radius=1.0)
    made.to_mesh(mesh)
    made.free()
    for polygon in mesh.polygons:
        polygon.use_smooth = True
    material = bpy.data.materials.new("white")
    tree = compat.node_tree(material)
    nodes = tree.nodes
    nodes.clear()
    diffuse, output = nodes.new("ShaderNodeBsdfDiffuse"), nodes.new("ShaderNodeOutputMaterial")
    diffuse.inputs["Color"].default_value = (1, 1, 1, 1)
    tree.links.new(diffuse.outputs[0], output.inputs[0])
    mesh.materials.append(material)
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.data.type, camera.data.ortho_scale = "ORTHO", 2.2
    camera.location, camera.rotation_euler = (0, -5, 0), (np.pi / 2, 0, 0)
    scene.collection.objects.link(camera)
    scene.camera = camera
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(str(path))
    pixels = np.empty(SIZE * SIZE * 4, np.float32)
    image.pixels.foreach_get(pixels)
    pixels = pixels.reshape(SIZE, SIZE, 4)[..., :3]
    at = (np.arange(SIZE) + 0.5) / SIZE * 2.2 - 1.1
    x, y = np.meshgrid(at, at)
    inside = x * x + y * y < 0.9
    normals = np.stack([x, y, np.sqrt(np.maximum(1 - x * x - y * y, 0))], -1)
    return pixels[inside], normals[inside]


def gentle_light() -> np.ndarray:
    """Strongly coloured and directed, but with radiance that is nowhere negative."""
    rng = np.random.default_rng(5)
    light = rng.normal(0, 1, (9, 3)) * np.array([0, *[0.16] * 3, *[0.05] * 5])[:, None]
    light[0] = (2.6, 2.4, 2.2)
    assert radiance(DIRECTIONS, light).min() > 0
    return light


@pytest.fixture
def world():
    bpy.context.scene.world, node = build_world("light")
    return node


def test_a_white_ball_is_shaded_as_the_coefficients_say(tmp_path, world):
    light = gentle_light()
    set_light(world, light)
    pixels, normals = white_ball(tmp_path / "ball.exr")
    expected = sh_shading(normals, light)
    error = pixels / expected - 1
    print(f"mean error {error.mean():+.4f}, deviation {error.std():.4f}")
    assert np.abs(error.mean()) < 0.003
    assert error.std() < NOISE
    # It would show a light that is mirrored, upside down or from behind.
    for axes in ((-1, 1, 1), (1, -1, 1), (1, 1, -1)):
        assert np.std(pixels / sh_shading(normals * axes, light) - 1) > 4 * error.std()


@pytest.mark.slow
@pytest.mark.skipif(not renderer_name(), reason="this machine has no graphics, not even Mesa's")
def test_eevee_keeps_a_world_to_first_order(tmp_path, world):
    """It stores the light of a world for diffuse surfaces as four numbers a channel, whatever the settings.

    So the first order is exact, and the second is missing: 3.3 % of this light on average. A minute on software GL.
    """
    light = gentle_light()
    set_light(world, light)
    pixels, normals = white_ball(tmp_path / "ball.exr", compat.eevee_engine())
    first_order = light.copy()
    first_order[4:] = 0
    error, without = (np.abs(pixels / sh_shading(normals, part) - 1) for part in (light, first_order))
    print(f"mean error {error.mean():.4f}, largest {error.max():.3f}; of the first order {without.mean():.4f}")
    assert without.mean() < 0.015
    assert without.max() < 0.05
    assert 0.02 < error.mean() < 0.045
    for axes in ((-1, 1, 1), (1, -1, 1), (1, 1, -1)):
        assert np.abs(pixels / sh_shading(normals * axes, first_order) - 1).mean() > 5 * without.mean()


def test_an_imported_world_displays_as_deca_shades(tmp_path, model):
    light = np.repeat(gentle_light()[None] * 0.9, 4, 0)
    clip = talking_clip(np.random.default_rng(1), 4, light=light)
    result = import_sequence(clip, model, ImportOptions(world=True, camera="NONE"))
    bpy.context.scene.collection.children.unlink(result.collection)
    pixels, normals = white_ball(tmp_path / "ball.exr")
    expected = sh_shading(normals, light[2])
    shown = np.where(pixels <= 0.0031308, 12.92 * pixels, 1.055 * pixels ** (1 / 2.4) - 0.055)
    print(f"mean difference of display values {255 * np.abs(shown - expected).mean():.2f} of 255")
    assert np.abs(shown - expected).mean() < 3 / 255  # a least-squares fit by nine numbers, and noise
    assert not [warning for warning in result.warnings if "less than nothing" in warning]


@pytest.mark.parametrize("options", [ImportOptions(world=True), ImportOptions(lamps=True)])
def test_the_camera_sees_an_even_backdrop_behind_the_light(tmp_path, model, options):
    """Not the light's own dark and coloured surroundings."""
    clip = talking_clip(np.random.default_rng(1), 4, light=np.repeat(gentle_light()[None] * 0.2, 4, 0))
    import_sequence(clip, model, options)
    render = bpy.context.scene.render
    render.engine, render.filepath = "CYCLES", str(tmp_path / "a.png")
    render.resolution_x = render.resolution_y = 8
    bpy.context.scene.cycles.use_denoising, render.dither_intensity = False, 0.0
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(render.filepath)
    image.colorspace_settings.name = "Non-Color"
    assert np.allclose(image.pixels[:3], BACKDROP, atol=1.5 / 255)
    assert RenderSettings().background == BACKDROP


def test_negative_radiance_is_said(model):
    light = np.zeros((4, 9, 3))
    light[:, 0], light[2, 8] = 2.5, -3.0
    clip = talking_clip(np.random.default_rng(1), 4, light=light)
    warnings = import_sequence(clip, model, ImportOptions(world=True, camera="NONE")).warnings
    assert any("less than nothing" in warning and "frame 2" in warning for warning in warnings)


def test_fit_of_linear_light():
    light = gentle_light() * 0.9
    shading = sh_shading(DIRECTIONS, light)
    fitted = sh_shading(DIRECTIONS, linear_light(light))
    assert np.abs(fitted - linear_from_display(shading)).max() < 0.02
    assert negative_share(light) == 0
    even = np.zeros((9, 3))
    even[0] = 3.0
    assert np.allclose(linear_light(even)[1:], 0, atol=1e-4)
