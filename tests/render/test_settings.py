"""What a user asks for beyond the defaults shows in the picture: crops, skins, wrinkles, lamps; from every engine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="this Python has no Blender module")

from tests.data.textures import write_bfm_albedo  # noqa: E402
from tests.render.video.test_writer import decoded  # noqa: E402
from xtalker_addon.core.light.spherical_harmonics import PLAIN_LIGHT  # noqa: E402
from xtalker_addon.core.model.flame import load_model  # noqa: E402
from xtalker_addon.errors import ModelError, UsageError  # noqa: E402
from xtalker_addon.render import render_sequence  # noqa: E402
from xtalker_addon.render.gpu.graphics import renderer_name  # noqa: E402
from xtalker_addon.render.settings import RenderSettings  # noqa: E402

needs_graphics = pytest.mark.skipif(not renderer_name(), reason="this machine has no graphics, not even Mesa's")
engines = pytest.mark.parametrize("engine", [pytest.param("review", marks=needs_graphics), "cycles"])
SIZE = 64
FRAMES = RenderSettings(size=(SIZE, SIZE), camera="crop", output="png", samples=1)


def frames(clip, model, settings: RenderSettings, folder: Path) -> np.ndarray:
    """(T, H, W, 3 or 4) pictures that a render leaves in a folder."""
    result = render_sequence(clip, model, settings, folder / "frames")
    depth = "rgba" if settings.backdrop == "transparent" else "rgb24"
    pictures = sorted((folder / "frames").glob("*.png"))
    assert len(pictures) == result.frames
    width, height = settings.size
    shown = [decoded(path, "-f", "rawvideo", "-pix_fmt", depth).reshape(height, width, -1) for path in pictures]
    return np.stack(shown).astype(int)


def extent(pictures: np.ndarray) -> np.ndarray:
    """How much of each picture the head covers."""
    return (pictures[..., 3] > 127).mean((1, 2))


@engines
def test_crops_are_followed_smoothed_or_held(model, clip, tmp_path, engine):
    trembling = clip.camera * np.float32([1, 1, 1])
    trembling[:, 0] *= 1 + 0.2 * (-1.0) ** np.arange(clip.frames)
    clip = replace(clip, camera=trembling)
    shaken = replace(FRAMES, engine=engine, backdrop="transparent")
    sizes = {
        crop: extent(frames(clip, model, replace(shaken, crop=crop), tmp_path)) for crop in ("each", "smooth", "steady")
    }
    steps = {crop: np.abs(np.diff(size)).mean() / size.mean() for crop, size in sizes.items()}
    assert steps["each"] > 0.2
    assert steps["smooth"] < 0.5 * steps["each"]
    assert steps["steady"] < 0.05


def test_faces_are_divided_for_a_rounder_outline(model, clip, tmp_path):
    settings = replace(FRAMES, engine="cycles", frames=(0, 0), backdrop="transparent", samples=16)
    plain = frames(clip, model, settings, tmp_path)[0]
    smooth = frames(clip, model, replace(settings, subdivision=2), tmp_path)[0]
    changed = np.abs(plain[..., 3] - smooth[..., 3]) > 8
    assert 0.001 < changed.mean() < 0.05
    with pytest.raises(UsageError, match="--subdivision needs --engine cycles, eevee or workbench"):
        render_sequence(clip, model, replace(settings, engine="review", subdivision=1), tmp_path / "b")


@needs_graphics
@pytest.mark.parametrize("size", [(SIZE * 16 // 9, SIZE), (SIZE, SIZE * 2)])
def test_every_engine_sees_the_same_crop_in_a_wide_and_in_a_high_picture(model, clip, tmp_path, size):
    """As high as the picture: a wide one cuts neither chin nor forehead, and its sides are background."""
    image = np.random.default_rng(0).uniform(0, 1, (4, 4, 3)).repeat(56, 0).repeat(56, 1).astype(np.float32)
    settings = replace(FRAMES, size=size, frames=(3, 3), light="studio", backdrop="reference")
    clip = replace(clip, reference_image=image)
    review, cycles = (frames(clip, model, replace(settings, engine=e), tmp_path)[0] for e in ("review", "cycles"))
    assert (np.abs(review - cycles).max(-1) <= 12).mean() > 0.94  # but for edges, which one sample does not smooth


@engines
def test_a_skin_a_frame(model, clip, tmp_path, engine):
    """Every frame shows the skin of its own code, or all of them that of the mean code."""
    write_bfm_albedo(tmp_path / "texture.npz", columns=50)
    codes = np.zeros((clip.frames, 50), np.float32)
    codes[:, 0] = np.linspace(-40, 40, clip.frames)  # the mean is the mean skin
    moving = ("expression", "global_rotation", "neck", "jaw", "eyes", "translation", "camera", "light")
    held = {name: getattr(clip, name) for name in moving if getattr(clip, name) is not None}
    clip = replace(clip, texture=codes, **{name: rows[:1].repeat(clip.frames, 0) for name, rows in held.items()})
    settings = replace(FRAMES, engine=engine, texture=tmp_path / "texture.npz")
    one = frames(clip, model, settings, tmp_path)
    each = frames(clip, model, replace(settings, skin="per_frame"), tmp_path)
    assert np.abs(one - one[0]).max() <= 1
    assert np.abs(each[0] - each[-1]).mean() > 5
    assert np.abs(each - one).mean((1, 2, 3)).argmin() in (2, 3)  # where the code is nearly the mean


def test_lamps_light_the_skin(model, clip, tmp_path):
    """The light of the lamps comes from where the codes' light comes from, and goes where that is turned."""
    settings = replace(FRAMES, engine="cycles", light="lamps", samples=4, frames=(0, 0), backdrop="transparent")

    def lean(sign: float) -> float:
        light = np.zeros((clip.frames, 9, 3), np.float32)
        light[:, 0], light[:, 1] = 2.5, 1.5 * sign  # x
        picture = frames(replace(clip, light=light), model, settings, tmp_path)[0]
        inside = picture[..., 3] == 255
        columns = np.flatnonzero(inside.any(0))
        middle = int(columns.mean())
        return (
            picture[:, middle:][inside[:, middle:]][:, :3].mean()
            - picture[:, :middle][inside[:, :middle]][:, :3].mean()
        )

    assert abs(lean(1)) > 8
    assert lean(1) * lean(-1) < 0


@pytest.mark.parametrize("light", ["world", "lamps"])
def test_light_of_the_scene_has_no_grain(model, clip, tmp_path, light):
    """Four samples a pixel come near what many do."""
    settings = replace(FRAMES, engine="cycles", light=light, samples=4, frames=(0, 0), backdrop="transparent")
    few = frames(clip, model, settings, tmp_path)[0]
    many = frames(clip, model, replace(settings, samples=256), tmp_path)[0]
    skin = (few[..., 3] == 255) & (many[..., 3] == 255)
    error = np.sqrt(np.mean((few - many)[skin][:, :3] ** 2.0))
    print(f"{light}: {error:.1f} of 255")
    assert error < 4


def test_lamps_without_light_codes_are_not_dark(model, clip, tmp_path):
    settings = replace(FRAMES, engine="cycles", light="lamps", frames=(0, 0), samples=4)
    picture = frames(replace(clip, light=None), model, settings, tmp_path)[0]
    assert picture[SIZE // 2, SIZE // 2].mean() > 30


def test_wrinkles_bend_the_light(model, clip, tmp_path):
    checkpoints = pytest.importorskip("tests.data.checkpoints", reason="torch is not installed")
    checkpoints.save_deca(checkpoints.random_generator(), tmp_path / "deca_model.tar")
    rng = np.random.default_rng(0)
    clip = replace(clip, detail=rng.normal(0, 1, (clip.frames, 128)).astype(np.float32))
    settings = replace(FRAMES, engine="cycles", light="studio", frames=(0, 1))
    smooth = frames(clip, model, settings, tmp_path)
    bent = frames(clip, model, replace(settings, detail=tmp_path / "deca_model.tar"), tmp_path)
    assert np.abs(bent - smooth).mean() > 0.15  # without wrinkles they are equal to the last bit
    assert np.abs((bent - smooth)[1] - (bent - smooth)[0]).mean() > 0.05  # each frame has its own


def test_a_texture_needs_the_coordinates_it_was_made_for(clip, tmp_path):
    write_bfm_albedo(tmp_path / "texture.npz", columns=2)
    with pytest.raises(ModelError, match=r"texture\.npz: needs FLAME's texture coordinates"):
        render_sequence(clip, load_model(), replace(FRAMES, texture=tmp_path / "texture.npz"), tmp_path / "frames")


@engines
def test_somebody_else_speaks_the_clip(clip, tmp_path, engine):
    """As if their identity and skin were the clip's own."""
    head = load_model()
    person = head.people["kofi"]
    still = {"expression": clip.expression[:, :10] * 0, "shape": clip.shape[:10] * 0}
    clip = replace(clip, **still)
    settings = replace(FRAMES, engine=engine, frames=(1, 1))
    shown = frames(clip, head, replace(settings, person="kofi"), tmp_path)
    worn = replace(clip, shape=person.identity, texture=np.tile(person.texture, (clip.frames, 1)))
    np.testing.assert_array_equal(shown, frames(worn, head, settings, tmp_path))
    assert np.abs(shown - frames(clip, head, settings, tmp_path)).mean() > 3


@engines
def test_who_is_named_is_seen_in_skin_though_the_clip_has_no_light(clip, tmp_path, engine):
    head = load_model()
    dark = replace(clip, expression=clip.expression[:, :10] * 0, shape=clip.shape[:10] * 0, light=None, texture=None)
    settings = replace(FRAMES, engine=engine, frames=(1, 1))
    kofi = replace(settings, person="kofi")
    told = " ".join(render_sequence(dark, head, kofi, tmp_path / "a").warnings)
    assert "no light codes, so its skin is shown in a plain light from the front" in told
    assert "studio" not in told
    assert "shown in the studio look" in " ".join(render_sequence(dark, head, settings, tmp_path / "b").warnings)
    lit = replace(dark, light=np.tile(PLAIN_LIGHT, (clip.frames, 1, 1)))
    skin = frames(dark, head, kofi, tmp_path)
    np.testing.assert_array_equal(skin, frames(lit, head, kofi, tmp_path))
    assert np.ptp(skin, axis=-1).max() > 60
    for grey in (settings, replace(kofi, light="studio")):
        assert np.ptp(frames(dark, head, grey, tmp_path), axis=-1).max() < 20


@engines
def test_a_texture_that_is_named_is_seen_though_the_clip_has_no_light(model, clip, tmp_path, engine):
    write_bfm_albedo(tmp_path / "texture.npz", columns=50)
    dark, lit = (replace(clip, light=light) for light in (None, np.tile(PLAIN_LIGHT, (clip.frames, 1, 1))))
    settings = replace(FRAMES, engine=engine, frames=(1, 1), texture=tmp_path / "texture.npz")
    skin = frames(dark, model, settings, tmp_path)
    np.testing.assert_array_equal(skin, frames(lit, model, settings, tmp_path))
    assert np.abs(skin - frames(dark, model, replace(settings, texture=None), tmp_path)).mean() > 3


def test_contradictions_are_refused_before_anything_is_done(model, clip, tmp_path):
    with pytest.raises(UsageError, match=r"H\.264 has no transparency"):
        render_sequence(clip, model, RenderSettings(backdrop="transparent"), tmp_path / "a.mp4")
    with pytest.raises(UsageError, match=r"--light world needs --engine cycles or eevee; review cannot do that\."):
        render_sequence(clip, model, RenderSettings(light="world"), tmp_path / "a.mp4")
    with pytest.raises(UsageError, match="--texture contradicts --person"):
        render_sequence(clip, model, RenderSettings(person="mei", texture=tmp_path), tmp_path / "a.mp4")
    with pytest.raises(UsageError, match="--identity contradicts --person"):
        render_sequence(clip, model, RenderSettings(person="mei", identity="median"), tmp_path / "a.mp4")
    with pytest.raises(UsageError, match="--skin per_frame contradicts --person"):
        render_sequence(clip, model, RenderSettings(person="mei", skin="per_frame"), tmp_path / "a.mp4")
    with pytest.raises(UsageError, match="--light studio contradicts --look sh"):
        render_sequence(clip, model, RenderSettings(look="sh", light="studio"), tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []


@engines
def test_exr_holds_the_linear_values_of_what_is_shown(model, clip, tmp_path, engine):
    settings = replace(FRAMES, engine=engine, frames=(1, 1))
    shown = frames(clip, model, settings, tmp_path)[0] / 255
    render_sequence(clip, model, replace(settings, output="exr"), tmp_path / "deep")
    picture = tmp_path / "deep" / "deep.0001.exr"
    raw = decoded(picture, "-f", "rawvideo", "-pix_fmt", "gbrpf32le", dtype=np.float32).reshape(3, SIZE, SIZE)
    linear = np.moveaxis(raw[[2, 0, 1]], 0, -1)
    expected = np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)
    assert np.quantile(np.abs(linear - expected), 0.95) < 0.006


@engines
def test_a_sheet_from_every_engine(model, clip, tmp_path, engine):
    settings = replace(FRAMES, engine=engine, sheet=4)
    drawn = frames(clip, model, settings, tmp_path)
    sheet = decoded(tmp_path / "frames.png", "-f", "rawvideo", "-pix_fmt", "rgb24").reshape(2 * SIZE, 2 * SIZE, 3)
    np.testing.assert_array_equal(sheet[:SIZE, :SIZE], drawn[0])
    np.testing.assert_array_equal(sheet[SIZE:, SIZE:], drawn[clip.frames - 1])
