"""The review engine's pictures: exact shading, what is behind, and a video that holds them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

bpy = pytest.importorskip("bpy", reason="this Python has no Blender module")

from tests.data.rasteriser import interior, rasterise  # noqa: E402
from tests.render.conftest import needs_rasteriser  # noqa: E402
from tests.render.video.test_writer import BLOCK, decoded, write_noise  # noqa: E402
from xtalker_addon.batch.renderer import WITHOUT_VULKAN  # noqa: E402
from xtalker_addon.core.light.spherical_harmonics import STUDIO_ALBEDO, sh_shading, studio_shading  # noqa: E402
from xtalker_addon.core.model.clip import Clip  # noqa: E402
from xtalker_addon.core.model.normals import vertex_normals  # noqa: E402
from xtalker_addon.core.motion.camera import crop_view, framing_view  # noqa: E402
from xtalker_addon.core.sequence import Sequence  # noqa: E402
from xtalker_addon.errors import RenderError  # noqa: E402
from xtalker_addon.render.colours import straight_alpha  # noqa: E402
from xtalker_addon.render.devices import choose_device  # noqa: E402
from xtalker_addon.render.gpu.graphics import renderer_name  # noqa: E402
from xtalker_addon.render.review.film import Film  # noqa: E402
from xtalker_addon.render.review.rendering import render_review  # noqa: E402
from xtalker_addon.render.settings import RenderSettings  # noqa: E402
from xtalker_addon.render.triangles import close_holes  # noqa: E402
from xtalker_addon.render.video.probe import probe_video  # noqa: E402

pytestmark = pytest.mark.skipif(not renderer_name(), reason="this machine has no graphics, not even Mesa's")

SIZE = 160
CROP = RenderSettings(size=(SIZE, SIZE), camera="crop")


def pictures(clip, model, settings, indices) -> np.ndarray:
    """(n, H, W, 4) of some array indices, premultiplied."""

    device = choose_device(settings.device)

    def draw():
        film = Film(device, clip, model, settings, 0, clip.frames - 1)
        return [film.canvas.rgba().copy() for _ in film.draw(np.array(indices))]

    return np.stack(device.run(draw))


def seam_split(model) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertex ids, faces and UVs of a mesh whose corners have one UV each."""
    pairs = np.stack([model.faces.ravel(), model.uv_faces.ravel()], 1)
    unique, inverse = np.unique(pairs, axis=0, return_inverse=True)
    return unique[:, 0], inverse.reshape(-1, 3), model.uv[unique[:, 1]]


def sampled(image: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Bilinear values at (..., 2) UVs of an image whose first row is at v = 1."""
    height, width = image.shape[:2]
    x = np.clip(uv[..., 0] * width - 0.5, 0, width - 1.001)
    y = np.clip((1 - uv[..., 1]) * height - 0.5, 0, height - 1.001)
    i, j = y.astype(int), x.astype(int)
    b, a = (y - i)[..., None], (x - j)[..., None]
    upper = (1 - a) * image[i, j] + a * image[i, j + 1]
    lower = (1 - a) * image[i + 1, j] + a * image[i + 1, j + 1]
    return (1 - b) * upper + b * lower


def expected(clip, model, index: int, look: str, light=None) -> tuple[np.ndarray, np.ndarray]:
    """(H, W, 3) 0..255 of albedo x shading at the pixels' centres, and which pixels are inside."""
    rows = slice(index, index + 1)
    vertices = model.evaluate(clip.shape, clip.expression[rows], clip.pose()[rows])[0]
    normals = vertex_normals(vertices, model.faces)
    ids, faces, uv = seam_split(model)
    values = np.concatenate([normals[ids], uv], axis=1)
    drawn, seen = rasterise(vertices[ids], faces, values, crop_view(clip.camera[index]), (SIZE, SIZE))
    normal, place = drawn[..., :3], drawn[..., 3:]
    albedo = STUDIO_ALBEDO if model.albedo is None else sampled(model.albedo.mean, place)
    light = clip.light[index] if light is None else light
    colour = {
        "sh": lambda: albedo * sh_shading(normal, light),
        "studio": lambda: STUDIO_ALBEDO * np.repeat(studio_shading(normal)[..., None], 3, -1),
        "albedo": lambda: np.broadcast_to(albedo, normal.shape),
        "normal": lambda: normal / 2 + 0.5,
    }[look]()
    return np.clip(colour, 0, 1) * 255, interior(seen)


def agreement(picture: np.ndarray, values: np.ndarray, inside: np.ndarray) -> float:
    """Share of interior pixels that agree within 2 of 255 in every channel."""
    return float((np.abs(picture[..., :3].astype(float) - values).max(-1)[inside] <= 2.0).mean())


@pytest.mark.parametrize("skin", [False, True])
@pytest.mark.parametrize("look", ["sh", "studio", "albedo", "normal"])
def test_pixels_are_albedo_times_shading(model, painted_model, clip, look, skin):
    shown = painted_model if skin else model
    picture = pictures(clip, shown, replace(CROP, look=look), [2])[0]
    values, inside = expected(clip, shown, 2, look)
    assert inside.sum() > 3000
    assert agreement(picture, values, inside) >= 0.995


def test_the_tolerance_sees_mistakes(painted_model, clip):
    """A light from elsewhere, a mirrored picture, a shifted one and the neighbour's frame all fail it."""
    picture = pictures(clip, painted_model, CROP, [2])[0]
    values, inside = expected(clip, painted_model, 2, "sh")
    mirrored_light = clip.light[2] * np.array([1, -1, 1, 1, -1, -1, 1, 1, 1])[:, None]
    assert agreement(picture, expected(clip, painted_model, 2, "sh", mirrored_light)[0], inside) < 0.9
    assert agreement(picture[:, ::-1], values, inside) < 0.9
    assert agreement(np.roll(picture, 3, axis=1), values, inside) < 0.9
    assert agreement(pictures(clip, painted_model, CROP, [3])[0], values, inside) < 0.9


def test_edges_are_smooth(model, clip):
    """Four samples a pixel: a silhouette has the quarters of coverage, and no others."""
    alpha = pictures(clip, model, replace(CROP, backdrop="transparent"), [0])[0][..., 3]
    assert set(np.unique(alpha)) == {0, 64, 128, 191, 255}


def test_depth_is_bright_where_near(model, clip):
    still = replace(clip, **dict.fromkeys(("global_rotation", "neck", "jaw", "eyes")))
    picture = pictures(still, model, replace(CROP, look="depth", backdrop="transparent"), [0])[0]
    inside = picture[..., 3] == 255
    rows, columns = np.nonzero(inside)
    centre = picture[int(rows.mean()), int(columns.mean()), 0]
    edge = picture[int(rows.mean()), columns[rows == int(rows.mean())].min() + 1, 0]
    assert centre > 200 > 100 > edge
    assert picture[inside][:, 0].max() <= 250
    around = pictures(still, model, replace(CROP, look="depth"), [0])[0]
    assert (around[picture[..., 3] == 0][:, :3] == 0).all()  # nothing is far away
    tinted = pictures(still, model, replace(CROP, look="depth", background=(0.0, 1.0, 0.0)), [0])[0]
    assert (tinted[picture[..., 3] == 0][:, :3] == (0, 255, 0)).all()


@pytest.mark.parametrize("size", [(96, 96), (160, 96), (96, 160)])
@pytest.mark.parametrize("layout", ["compare", "fit"])
def test_a_face_beside_the_reference_image_has_its_size(model, clip, layout, size):
    """The reference image is the crop of the first frame: what it shows there, the head shows beside it."""
    width, height = size
    side = min(size)
    seen = pictures(clip, model, replace(CROP, size=(side, side), backdrop="transparent"), [0])[0][..., 3] > 127
    reference = np.repeat(seen[..., None], 3, -1).astype(np.float32)  # white where the head is
    settings = RenderSettings(size=size, layout=layout, burn_in=False, backdrop="transparent")
    picture = pictures(replace(clip, reference_image=reference), model, settings, [0])[0]
    beside = picture[:, 2 * width :, 3] > 127
    rows = slice((height - side) // 2, (height - side) // 2 + side)
    columns = slice((width - side) // 2, (width - side) // 2 + side)
    below_label = slice(30, None)
    assert (beside[rows, columns] != seen)[below_label].mean() < 0.01


def test_wireframe_shows_edges(model, clip):
    wire = pictures(clip, model, replace(CROP, look="wireframe"), [0])[0][..., 0].astype(int)
    plain = pictures(clip, model, replace(CROP, look="studio"), [0])[0][..., 0].astype(int)
    assert np.abs(np.diff(wire[80])).sum() > 3 * np.abs(np.diff(plain[80])).sum()


@pytest.mark.parametrize("size", [(160, 160), (131, 97), (90, 200)])
def test_fixed_camera_holds_the_head_in_any_size(model, clip, size):
    """The background shows all round, and the head fills most of the picture in one direction."""
    background = RenderSettings().background
    for picture in pictures(clip, model, RenderSettings(size=size), range(clip.frames)):
        head = np.abs(picture[..., :3].astype(float) - np.multiply(background, 255)).max(-1) > 2
        assert picture.shape == (size[1], size[0], 4)
        border = np.concatenate([head[0], head[-1], head[:, 0], head[:, -1]])
        assert not border.any()
        rows, columns = np.nonzero(head)
        assert max(np.ptp(rows) / size[1], np.ptp(columns) / size[0]) > 0.5


def test_what_is_behind(model, clip):
    plain, clear, over = (
        pictures(clip, model, replace(CROP, backdrop=backdrop), [1])[0].astype(float)
        for backdrop in ("plain", "transparent", "reference")
    )
    alpha = clear[..., 3:] / 255
    assert (alpha == 0).any()
    assert (
        np.abs(clear[..., :3] + (1 - alpha) * np.multiply(RenderSettings().background, 255) - plain[..., :3]).max()
        < 2.1
    )
    empty = alpha[..., 0] == 0
    rows, columns = np.nonzero(empty)
    place = np.stack([(columns + 0.5) / SIZE, 1 - (rows + 0.5) / SIZE], -1)
    shown = over[..., :3][empty]
    inner = ((place > 0.05) & (place < 0.95)).all(-1)
    assert np.abs(shown - 255 * sampled(clip.reference_image, place))[inner].max() < 1.5
    full = alpha[..., 0] == 1
    assert np.abs(over - plain)[full].max() <= 1


def test_a_picture_does_not_depend_on_those_before_it(model, clip):
    """Only the part of a picture that a head has been in is drawn anew."""
    walking = replace(clip, translation=np.linspace(-0.1, 0.1, 18).reshape(6, 3))
    settings = RenderSettings(size=(96, 96))
    in_order = pictures(walking, model, settings, range(6))
    for index in (5, 0, 3):
        alone = pictures(walking, model, settings, [index])[0]
        apart = np.abs(alone.astype(int) - in_order[index].astype(int))
        # Some drivers round a value on the edge of two otherwise in a part of another size; what was left over from a
        # frame before would be many values, and far off.
        assert apart.max() <= 1
        assert np.count_nonzero(apart) <= 4


@pytest.mark.parametrize(("layout", "panels"), [("compare", (3, 1)), ("angles", (3, 1)), ("inspect", (2, 2))])
def test_layouts(tmp_path, model, clip, layout, panels):
    heard = replace(clip, audio=write_noise(tmp_path / "a.wav", 0.2))
    settings = RenderSettings(size=(96, 96), layout=layout)
    first, last = pictures(heard, model, settings, [0, 5])
    assert first.shape[1] == 96 * panels[0]
    assert first.shape[0] == 96 * panels[1] + 56
    views = [first[96 * y : 96 * y + 96, 96 * x : 96 * x + 96] for y in range(panels[1]) for x in range(panels[0])]
    for number, view in enumerate(views):
        assert view.std() > 5
        assert all(np.abs(view.astype(int) - other).mean() > 2 for other in views[:number])
    strip = slice(-56, None)
    assert (first[strip] != last[strip]).any()
    bare = pictures(heard, model, replace(settings, burn_in=False), [0])[0]
    assert bare.shape[0] == 96 * panels[1]


@pytest.mark.parametrize("device", ["gpu", pytest.param("cpu", marks=needs_rasteriser)])
@pytest.mark.parametrize("size", [(64, 64), (63, 49)])
def test_video(tmp_path, model, clip, size, device):
    """Every frame of the video is the picture of its index, and the sound is as long."""
    heard = replace(clip, audio=write_noise(tmp_path / "a.wav", 1))
    settings = RenderSettings(size=size, frames=(1, 4), device=device)
    result = render_review(heard, model, settings, tmp_path / "out" / "a.mp4")
    info = probe_video(result.path)
    width, height = size[0] + size[0] % 2, size[1] + size[1] % 2
    assert (info.frames, info.width, info.height, info.colour) == (4, width, height, "tv, bt709")
    assert abs(info.audio_seconds - 4 / 25) < BLOCK
    assert result.renderer.endswith((", OpenGL", ", Vulkan", ", Metal")) == (device == "gpu")
    assert result.renderer.startswith("XTalker's rasteriser") == (device == "cpu")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.mp4"]
    shown = decoded(result.path, "-map", "0:v:0", "-f", "rawvideo", "-pix_fmt", "rgb24").reshape(4, height, width, 3)
    drawn = pictures(heard, model, settings, range(1, 5))[..., :3]
    for number in range(4):
        errors = [np.abs(shown[number, : size[1], : size[0]].astype(int) - other).mean() for other in drawn]
        assert int(np.argmin(errors)) == number
        assert min(errors) < 3


@pytest.mark.parametrize(
    ("output", "name"), [("png", "frames"), ("exr", "frames"), ("ffv1", "a.mkv"), ("prores", "a.mov")]
)
def test_other_outputs_keep_transparency(tmp_path, model, clip, output, name):
    settings = replace(CROP, size=(64, 48), frames=(2, 4), backdrop="transparent", output=output)
    for _ in range(2):  # the second replaces the first
        render_review(clip, model, settings, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    if output in ("png", "exr"):
        names = [f"frames.{index:04d}.{output}" for index in (2, 3, 4)]
        assert sorted(path.name for path in (tmp_path / name).iterdir()) == names
        shown = [decoded(tmp_path / name / item, "-f", "rawvideo", "-pix_fmt", "rgba") for item in names]
    else:
        shown = [decoded(tmp_path / name, "-f", "rawvideo", "-pix_fmt", "rgba")]
    shown = np.concatenate(shown).reshape(3, 48, 64, 4).astype(int)
    drawn = np.stack([straight_alpha(picture) for picture in pictures(clip, model, settings, [2, 3, 4])]).astype(int)
    solid = drawn[..., 3] == 255
    if output in ("png", "ffv1"):
        np.testing.assert_array_equal(shown, drawn)
    else:
        assert np.abs(shown - drawn)[..., 3].max() <= 3
    if output == "exr":  # linear light: the decoder gives the file's values as they are
        drawn = np.round(255 * np.where(drawn <= 10.3, drawn / 255 / 12.92, ((drawn / 255 + 0.055) / 1.055) ** 2.4))
    assert np.abs(shown - drawn)[solid][:, :3].mean() < 4


def test_a_folder_that_holds_other_things_is_not_replaced(tmp_path, model, clip):
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "notes.txt").write_text("mine")
    with pytest.raises(RenderError, match="cannot be written"):
        render_review(clip, model, replace(CROP, size=(64, 48), output="png"), tmp_path / "frames")
    assert [path.name for path in tmp_path.iterdir()] == ["frames"]
    assert (tmp_path / "frames" / "notes.txt").read_text() == "mine"


def test_contact_sheet(tmp_path, model, clip):
    render_review(clip, model, replace(CROP, size=(64, 64), sheet=4), tmp_path / "a.mp4")
    sheet = decoded(tmp_path / "a.png", "-f", "rawvideo", "-pix_fmt", "rgba").reshape(128, 128, 4)
    drawn = pictures(clip, model, replace(CROP, size=(64, 64)), [0, 2, 3, 5])
    np.testing.assert_array_equal(sheet[:64, :64], drawn[0])
    np.testing.assert_array_equal(sheet[64:, 64:], drawn[3])


def test_thin_lines_keep_their_colour_in_a_video(tmp_path, model, clip):
    """Colour is stored for every second pixel only; the bars of the waveform are one pixel wide."""
    heard = replace(clip, audio=write_noise(tmp_path / "a.wav", 1))
    settings = RenderSettings(size=(128, 64), burn_in=True)
    result = render_review(heard, model, settings, tmp_path / "a.mp4")
    shown = decoded(result.path, "-map", "0:v:0", "-f", "rawvideo", "-pix_fmt", "rgb24").reshape(6, 120, 128, 3)
    warmth = shown[..., 0].astype(int) - shown[..., 2]
    wave = (slice(64 + 30, 64 + 48), slice(40, 70))
    assert warmth[5][wave].mean() > 15
    assert abs(warmth[0][wave].mean()) < 5


def test_clips_without_light_are_shown_in_the_studio_look(tmp_path, model, clip):
    dark = replace(clip, light=None)
    result = render_review(dark, model, RenderSettings(size=(64, 64)), tmp_path / "a.mp4")
    assert "studio look" in result.warnings[0]
    assert (pictures(dark, model, CROP, [1]) == pictures(clip, model, replace(CROP, look="studio"), [1])).all()


def test_errors_are_sentences_and_leave_nothing(tmp_path, model, clip):
    with pytest.raises(RenderError, match="choose other frames"):
        render_review(clip, model, RenderSettings(frames=(9, 12)), tmp_path / "a.mp4")
    with pytest.raises(RenderError, match="too large"):
        render_review(clip, model, RenderSettings(size=(100_000, 64)), tmp_path / "a.mp4")
    broken = tmp_path / "speech.wav"
    broken.write_bytes(b"nothing")
    with pytest.raises(RenderError, match=r"speech\.wav cannot be read as sound"):
        render_review(replace(clip, audio=broken), model, RenderSettings(size=(64, 64)), tmp_path / "a.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["speech.wav"]


@pytest.mark.skipif(sys.platform != "linux", reason="drivers can be hidden on Linux only")
def test_a_machine_without_graphics_is_told_so():
    """Blender itself would end the process here."""
    script = (
        "import bpy\n"
        "from xtalker_addon.errors import MachineError\n"
        "from xtalker_addon.render.gpu.graphics import renderer_name, with_graphics\n"
        "assert renderer_name() == ''\n"
        "try: with_graphics(print)\n"
        "except MachineError as error: print(error)\n"
    )
    hidden = {
        **os.environ,
        "__EGL_VENDOR_LIBRARY_DIRS": "/nonexistent",
        "LIBGL_DRIVERS_PATH": "/nonexistent",
        **WITHOUT_VULKAN,
    }
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", script], env=hidden, cwd=root, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "--engine cycles" in done.stdout


def test_holes_are_closed_and_show_their_insides(model):
    assert len(close_holes(model.faces, model.template)) == 0
    around_one_vertex = (model.faces == 300).any(1)
    neck = model.template[model.faces].mean(1)[:, 1] < -0.06
    for keep in (~neck, ~around_one_vertex, ~(neck | around_one_vertex)):
        faces = model.faces[keep]
        caps = close_holes(faces, model.template)
        edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
        flipped = caps[:, ::-1]
        cap_edges = np.concatenate([flipped[:, [0, 1]], flipped[:, [1, 2]], flipped[:, [2, 0]]])
        every = {tuple(edge) for edge in np.concatenate([edges, cap_edges]).tolist()}
        assert len(every) == len(edges) + len(cap_edges)
        assert all((b, a) in every for a, b in every)


def test_an_open_mesh_shows_a_dark_inside(model, clip):
    """Cut the face off: what is seen is the inside, not the background and not lit skin."""
    hollow = replace(model, faces=model.faces[model.template[model.faces].mean(1)[:, 2] < 0.06], uv=None, uv_faces=None)
    still = replace(clip, **dict.fromkeys(("global_rotation", "neck", "jaw", "eyes")))
    picture = pictures(still, hollow, CROP, [0])[0]
    whole = pictures(still, model, replace(CROP, backdrop="transparent"), [0])[0]
    rows, columns = np.nonzero(whole[..., 3])
    assert picture[int(rows.mean()), int(columns.mean()), :3].max() < 30


def test_framing_is_the_importers(model, clip):
    """All engines show a clip at the same size and place."""
    vertices = model.evaluate(clip.shape, clip.expression, clip.pose())
    view = framing_view(vertices.min((0, 1)), vertices.max((0, 1)))
    alpha = np.stack(
        [p[..., 3] for p in pictures(clip, model, RenderSettings(size=(200, 200), backdrop="transparent"), range(6))]
    )
    rows = np.nonzero(alpha.any((0, 2)))[0]
    low = 100 - (vertices[..., 1].max() - view.center[1]) * 200 / view.height
    high = 100 - (vertices[..., 1].min() - view.center[1]) * 200 / view.height
    assert abs(rows.min() - low) < 1.5
    assert abs(rows.max() + 1 - high) < 1.5


def test_labels_and_strip_are_legible_wherever_they_stand(model, clip):
    """A label looks the same in every frame and on every background; nothing is written over anything else."""
    settings = RenderSettings(size=(160, 160), layout="sh,studio", burn_in=False)
    light = pictures(clip, model, settings, [0, 1, 2])
    dark = pictures(clip, model, replace(settings, background=(0.02, 0.02, 0.02)), [0, 1, 2])
    label = (slice(6, 22), slice(6, 50))
    assert len(np.unique(light[0][label].reshape(-1, light.shape[-1]), axis=0)) > 5  # there is a text
    for shown in (*light[1:], *dark):
        np.testing.assert_array_equal(shown[label], light[0][label])


def test_an_sh_panel_without_light_codes_is_left_out_and_told(tmp_path, model, clip):
    dim = replace(clip, light=None)
    settings = RenderSettings(size=(64, 64), layout="sh,depth", burn_in=False, output="png")
    result = render_review(dim, model, settings, tmp_path / "a")
    with Image.open(next((tmp_path / "a").glob("*.png"))) as picture:
        assert picture.size == (64, 64)
    assert any(
        "has no light codes, so the panel 'Light of the clip' is left out" in warning for warning in result.warnings
    )


@pytest.mark.parametrize(
    ("name", "width", "shows_meters"),
    [("a_name_that_is_rather_long", 200, False), ("a_name_that_is_rather_long", 720, True), ("take", 720, True)],
)
def test_the_strip_drops_its_meters_where_they_would_cover_the_name(model, clip, name, width, shows_meters):
    heard = replace(clip, name=name)
    settings = RenderSettings(size=(width, 160), burn_in=True)
    strip = pictures(heard, model, settings, [2])[0][160:]
    meter = np.abs(strip[: len(strip) // 2, :, :3].astype(int) - (158, 161, 166)).max(-1) <= 2
    assert (meter.sum() > 50) == shows_meters


@pytest.mark.parametrize("look", ["studio", "albedo", "normal", "depth", "wireframe"])
def test_vertices_look_as_their_codes_do(painted_model, clip, look):
    settings = RenderSettings(size=(SIZE, SIZE), look=look, layout="angles", burn_in=False)
    codes = replace(clip, light=None, texture=None)
    mesh = np.concatenate(list(Clip(codes, painted_model).vertices()))
    vertices = Sequence(clip.name, clip.source, clip.fps, vertices=mesh)
    shown, expected = (pictures(c, painted_model, settings, [0, 4]).astype(int) for c in (vertices, codes))
    assert expected[..., :3].std() > 10
    assert np.abs(shown - expected).max() <= 2


def test_what_vertices_lack_is_told(tmp_path, model, clip):
    mesh = np.concatenate(list(Clip(clip, model).vertices()))
    vertices = Sequence(clip.name, clip.source, clip.fps, vertices=mesh)
    settings = RenderSettings(size=(SIZE, SIZE), camera="crop", layout="sh,look,overlay,profile")
    result = render_review(vertices, model, settings, tmp_path / "clip.mp4")
    told = " ".join(result.warnings)
    lacks = (
        "no light codes, so it is shown in the studio look",
        "no light codes, so the panel 'Light of the clip' is left out",
        "no camera codes, so the camera is a steady",
        "no reference image, so the panel 'Overlay' is left out",
    )
    for lack in lacks:
        assert lack in told
    assert probe_video(tmp_path / "clip.mp4").frames == clip.frames
