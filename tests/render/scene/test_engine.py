"""The review engine in Blender: F12 shows what the batch writes, from the scene's own data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="this Python has no Blender module")

from tests.data.ridges import Ridges  # noqa: E402
from tests.render.conftest import needs_rasteriser  # noqa: E402
from tests.render.review.test_review import CROP, SIZE, pictures  # noqa: E402
from xtalker_addon.blender import compare  # noqa: E402
from xtalker_addon.blender.head import head_of  # noqa: E402
from xtalker_addon.blender.importer import ImportOptions, import_sequence  # noqa: E402
from xtalker_addon.blender.presence import mute  # noqa: E402
from xtalker_addon.render.cpu.device import Cpu  # noqa: E402
from xtalker_addon.render.gpu.device import Gpu  # noqa: E402
from xtalker_addon.render.gpu.graphics import renderer_name  # noqa: E402
from xtalker_addon.render.review import detail_look  # noqa: E402
from xtalker_addon.render.scene import engine as review_engine  # noqa: E402
from xtalker_addon.render.scene.mesh import own_normals, triangles_of  # noqa: E402

pytestmark = pytest.mark.skipif(not renderer_name(), reason="this machine has no graphics, not even Mesa's")


@pytest.fixture(autouse=True)
def engine():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    review_engine.register()
    scene = bpy.context.scene
    scene.render.engine = "XTALKER_REVIEW"
    scene.render.resolution_x = scene.render.resolution_y = SIZE
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGBA"
    scene.render.dither_intensity = 0.0
    yield
    bpy.ops.wm.read_factory_settings(use_empty=True)
    review_engine.unregister()


def f12(path, frame: int | None = None) -> np.ndarray:
    """(H, W, 4) 0..255 of a frame as it is saved, first row on top."""
    scene = bpy.context.scene
    if frame is not None:
        scene.frame_set(frame)
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(str(path))
    image.colorspace_settings.name, image.alpha_mode = "Non-Color", "CHANNEL_PACKED"
    width, height = image.size
    pixels = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    return np.round(pixels.reshape(height, width, 4)[::-1] * 255)


@pytest.mark.parametrize("look", ["SH", "STUDIO"])
@pytest.mark.parametrize("skin", [False, True])
def test_f12_shows_what_the_batch_writes(tmp_path, model, painted_model, clip, look, skin):
    shown = painted_model if skin else model
    result = import_sequence(clip, shown, ImportOptions(camera="CROP", look=look))
    expected = pictures(clip, shown, replace(CROP, look=look.lower()), [3])[0].astype(float)
    bpy.context.scene.render.engine = "XTALKER_REVIEW"
    picture = f12(tmp_path / "a.png", int(result.frame_start) + 3)
    assert picture.shape == (SIZE, SIZE, 4)
    assert (np.abs(picture - expected).max(-1) <= 2).mean() > 0.995
    before = f12(tmp_path / "b.png", int(result.frame_start) + 2)
    assert (np.abs(before - expected).max(-1) <= 2).mean() < 0.95


@needs_rasteriser
@pytest.mark.parametrize("look", ["SH", "STUDIO"])
def test_the_rasteriser_and_the_graphics_driver_show_the_same_scene(tmp_path, painted_model, clip, look, monkeypatch):
    """Two heads in perspective, one partly behind the other."""
    for place in (0.0, 0.08):
        result = import_sequence(clip, painted_model, ImportOptions(camera="FRAMING", look=look))
        result.rig.location = (place, 2 * place, 0.0)
    scene = bpy.context.scene
    scene.camera.data.type, scene.camera.data.lens = "PERSP", 85.0
    scene.render.engine = "XTALKER_REVIEW"
    drawn = []
    for device in (Cpu, Gpu):
        monkeypatch.setattr(review_engine, "device_in_blender", device)
        drawn.append(f12(tmp_path / f"{device.__name__}.png", int(result.frame_start) + 3))
    assert np.ptp(drawn[0][..., :3]) > 100
    assert (np.abs(drawn[0] - drawn[1]).max(-1) <= 2).mean() > 0.995
    assert (np.abs(drawn[0] - drawn[1][:, ::-1]).max(-1) <= 2).mean() < 0.95


@pytest.mark.parametrize("size", [(SIZE * 16 // 9, SIZE), (SIZE, SIZE * 16 // 9)])
def test_a_crop_in_a_wide_or_a_high_picture_is_that_of_the_batch(tmp_path, model, clip, size):
    """As high as the picture, so that a wide one has chin and forehead."""
    render = bpy.context.scene.render
    result = import_sequence(clip, model, ImportOptions(camera="CROP"))
    render.resolution_x, render.resolution_y = size
    render.engine = "XTALKER_REVIEW"
    expected = pictures(clip, model, replace(CROP, look="sh", size=size), [3])[0].astype(float)
    picture = f12(tmp_path / "a.png", int(result.frame_start) + 3)
    assert (np.abs(picture - expected).max(-1) <= 2).mean() > 0.995


@pytest.mark.parametrize("kept", [False, True])
def test_f12_shows_the_wrinkles_of_the_material(tmp_path, model, clip, monkeypatch, kept):
    detail = np.zeros((clip.frames, 128), np.float32)
    detail[:, 0] = np.linspace(0.2, 1.2, clip.frames)
    wrinkled = replace(clip, detail=detail)
    monkeypatch.setattr(detail_look, "_decoder", lambda *_: Ridges())
    settings = replace(CROP, look="detail", detail=tmp_path / "deca_model.tar")
    expected = pictures(wrinkled, model, settings, [3])[0].astype(float)
    smooth = pictures(wrinkled, model, replace(settings, look="studio"), [3])[0].astype(float)
    options = ImportOptions(
        camera="CROP", look="STUDIO", detail=Ridges(), pictures=tmp_path / "pictures" if kept else None
    )
    result = import_sequence(wrinkled, model, options)
    bpy.context.scene.render.engine = "XTALKER_REVIEW"
    if not kept:  # the clip's mean code, which the strength turns into the frame's
        strength = result.material.node_tree.nodes["Wrinkle Strength"].outputs[0]
        strength.default_value = detail[3, 0] / detail[:, 0].mean()
    picture = f12(tmp_path / "a.png", int(result.frame_start) + 3)
    assert (np.abs(picture - expected).max(-1) <= 2).mean() > 0.995
    assert (np.abs(smooth - expected).max(-1) <= 2).mean() < 0.95
    result.material.node_tree.nodes["Wrinkle Strength"].outputs[0].default_value = 0
    assert (np.abs(f12(tmp_path / "b.png") - smooth).max(-1) <= 4).mean() > 0.995


def test_f12_shows_the_skin_of_each_frame(tmp_path, painted_model, clip):
    albedo = painted_model.albedo
    basis = np.zeros((1, *albedo.mean.shape), np.float32)
    basis[..., 1] = 0.1
    model = replace(painted_model, albedo=replace(albedo, basis=basis, names=("green",)))
    coloured = replace(clip, texture=np.linspace(-2, 2, clip.frames, dtype=np.float32)[:, None])
    options = ImportOptions(camera="CROP", look="SH", skin="per_frame", pictures=tmp_path / "pictures")
    result = import_sequence(coloured, model, options)
    bpy.context.scene.render.engine = "XTALKER_REVIEW"
    for index in (1, 4):
        one = replace(coloured, texture=coloured.texture[index].repeat(clip.frames)[:, None])
        expected = pictures(one, model, CROP, [index])[0].astype(float)
        picture = f12(tmp_path / "a.png", int(result.frame_start) + index)
        assert (np.abs(picture - expected).max(-1) <= 2).mean() > 0.995


def test_edits_and_cameras_of_the_artist_are_shown(tmp_path, model, clip):
    result = import_sequence(clip, model, ImportOptions(camera="CROP", look="STUDIO"))
    scene = bpy.context.scene
    first = f12(tmp_path / "a.png", int(result.frame_start))
    result.rig.pose.bones["jaw"].location.z += 0.03
    result.rig.location.x += 0.01
    moved = f12(tmp_path / "b.png")
    assert np.abs(moved - first).mean() > 1
    scene.camera.animation_data_clear()
    scene.camera.data.animation_data_clear()
    scene.camera.data.type = "PERSP"
    scene.camera.location = (0.3, -0.6, 0.0)
    scene.camera.rotation_euler = (np.pi / 2, 0.0, 0.45)
    scene.render.resolution_x = 2 * SIZE
    perspective = f12(tmp_path / "c.png")
    assert perspective.shape == (SIZE, 2 * SIZE, 4)
    head = np.abs(perspective[..., :3] - perspective[0, 0, :3]).max(-1) > 3
    assert 0.1 < head.mean() < 0.7
    assert not head[:, [0, -1]].any()


def test_film_transparent(tmp_path, model, clip):
    result = import_sequence(clip, model, ImportOptions(camera="CROP", look="STUDIO"))
    bpy.context.scene.render.film_transparent = True
    picture = f12(tmp_path / "a.png", int(result.frame_start))
    expected = pictures(clip, model, replace(CROP, look="studio", backdrop="transparent"), [0])[0]
    assert np.abs(picture[..., 3] - expected[..., 3]).max() <= 1
    solid = expected[..., 3] == 255
    assert np.abs(picture - expected)[solid].max() <= 2


def test_the_nearer_of_two_heads_hides_the_other(tmp_path, model, clip):
    """Drawn one by one, they must still cover each other, and their looks must not mix."""
    far = import_sequence(clip, model, ImportOptions(camera="CROP", look="STUDIO"))
    alone = f12(tmp_path / "a.png", int(far.frame_start))
    near = import_sequence(clip, model, ImportOptions(camera="NONE", look="SH"))
    near.rig.location = (0.05, -0.4, 0.0)
    bpy.context.scene.camera = far.camera
    both = f12(tmp_path / "b.png", int(far.frame_start))
    far.rig.location.x = 5.0
    only_near = f12(tmp_path / "c.png", int(far.frame_start))
    covered = np.abs(only_near[..., :3] - only_near[0, 0, :3]).max(-1) > 3
    assert 0.1 < covered.mean() < 0.9
    assert (np.abs(both - only_near).max(-1)[covered] <= 2).mean() > 0.97
    assert (np.abs(both - alone).max(-1)[~covered] <= 2).mean() > 0.97


def test_heads_beside_each_other_and_beyond_the_edge_are_as_if_alone(tmp_path, model, clip):
    """Each is drawn in its own part of the picture only."""
    results = [import_sequence(clip, model, ImportOptions(camera="CROP", look=look)) for look in ("STUDIO", "SH")]
    frame = int(results[0].frame_start)
    bpy.context.scene.camera = results[0].camera
    width = results[0].camera.data.ortho_scale

    def picture(name, *places):
        for result, place in zip(results, places, strict=True):
            result.rig.location.x = place * width
        return f12(tmp_path / f"{name}.png", frame)

    both = picture("both", -0.6, 0.6)
    left, right = picture("left", -0.6, 9.0), picture("right", -9.0, 0.6)
    expected = np.where((np.abs(left - left[0, SIZE // 2]) > 3).any(-1, keepdims=True), left, right)
    assert (np.abs(expected - right).max(-1) > 3).mean() > 0.03  # both are there
    assert (np.abs(expected - left).max(-1) > 3).mean() > 0.03
    assert np.abs(both - expected).max() <= 3


def test_a_skewed_head_gets_normals_of_its_own(model, clip):
    result = import_sequence(clip, model, ImportOptions(camera="NONE"))
    mesh = result.head.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    turned = np.diag([2.0, 2.0, 2.0, 1.0])
    normals = own_normals(mesh, turned)
    assert np.allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    assert own_normals(mesh, np.diag([1.0, 2.0, 1.0, 1.0])) is None
    assert own_normals(mesh, np.diag([-1.0, 1.0, 1.0, 1.0])) is None
    faces, corners = triangles_of(mesh)
    assert np.array_equal(corners.ravel(), np.arange(len(mesh.loops)))
    mesh.calc_loop_triangles()
    assert [tuple(triangle.vertices) for triangle in mesh.loop_triangles] == [tuple(face) for face in faces.tolist()]


def test_other_objects_are_shown_too(tmp_path):
    bpy.ops.mesh.primitive_cube_add(size=0.5)
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.location, camera.rotation_euler = (0.0, -3.0, 0.0), (np.pi / 2, 0.0, 0.0)
    bpy.context.scene.collection.objects.link(camera)
    bpy.context.scene.camera = camera
    bpy.context.scene.view_settings.view_transform = "Standard"
    picture = f12(tmp_path / "a.png")
    assert np.abs(picture[SIZE // 2, SIZE // 2, :3] - picture[0, 0, :3]).min() > 20


def test_a_scene_without_a_camera_is_told_so(tmp_path):
    with pytest.raises(RuntimeError, match="camera"):
        f12(tmp_path / "a.png")


def test_switching_off_leaves_nothing():
    """Blender's own panels forget the engine too."""
    review_engine.unregister()
    panels = [panel for panel in bpy.types.Panel.__subclasses__() if hasattr(panel, "COMPAT_ENGINES")]
    assert not any("XTALKER_REVIEW" in panel.COMPAT_ENGINES for panel in panels)
    assert not hasattr(bpy.types, "XTALKER_RE_review")
    review_engine.register()
    assert any("XTALKER_REVIEW" in panel.COMPAT_ENGINES for panel in panels)


def test_a_comparison_shows_the_colours_of_its_material(tmp_path, model, clip):
    """The face in its distances, and a legend that can be read, as Cycles draws the same nodes."""
    scene = bpy.context.scene
    results = [
        import_sequence(c, model, ImportOptions(camera="FRAMING")) for c in (clip, replace(clip, jaw=0 * clip.jaw))
    ]
    first, second = (head_of(result.rig, scene) for result in results)
    legend = compare.begin(first, second, 1.0)
    mute(second, True)
    scene.camera.data.ortho_scale *= 1.5
    scene.camera.location.x += 0.05
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = 4, False
    scene.render.film_transparent = True
    expected = f12(tmp_path / "cycles.png", 12)
    scene.render.engine = "XTALKER_REVIEW"
    shown = f12(tmp_path / "review.png", 12)
    solid = (expected[..., 3] == 255) & (shown[..., 3] == 255)
    assert (np.abs(shown - expected)[solid].max(-1) <= 8).mean() > 0.95
    colourful = np.ptp(shown[..., :3], axis=-1) > 100
    assert (colourful & solid).mean() > 0.02
    scene.camera.data.ortho_scale, scene.camera.location.x = 0.25, legend.location.x + 0.03
    scene.camera.location.z = legend.location.z + 0.07
    close = f12(tmp_path / "legend.png", 12)[..., :3].max(-1)
    plate, ink = (close < 50).mean(), (close > 235).mean()
    assert plate > 0.05
    assert ink > 0.002
