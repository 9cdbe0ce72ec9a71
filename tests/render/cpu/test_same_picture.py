"""What the rasteriser draws is what the graphics driver draws, in every look; and every build draws the same bytes."""

from __future__ import annotations

from dataclasses import replace

import bpy  # noqa: F401  without it there is no module `gpu`
import numpy as np
import pytest

from tests.render.cpu.conftest import BUILDS, use
from xtalker_addon.render.cpu.device import Cpu
from xtalker_addon.render.gpu.device import Gpu
from xtalker_addon.render.review.film import Film
from xtalker_addon.render.settings import RenderSettings

CLOSE = 2  # of 255
SHARE = 0.995

# What is drawn for each of these by either way; without text, which has tests of its own.
PICTURES = {
    "sh": RenderSettings(look="sh"),
    "studio": RenderSettings(look="studio"),
    "albedo": RenderSettings(look="albedo"),
    "normal": RenderSettings(look="normal"),
    "depth": RenderSettings(look="depth"),
    "wireframe": RenderSettings(look="wireframe"),
    "3dxtalker": RenderSettings(look="3dxtalker"),
    "transparent": RenderSettings(look="sh", backdrop="transparent"),
    "odd size": RenderSettings(look="sh", size=(251, 203)),
    "beyond the frame": RenderSettings(look="sh", camera="crop", size=(260, 130)),
    "plate": RenderSettings(look="sh", camera="crop", backdrop="reference"),
    "overlay": RenderSettings(look="sh", layout="overlay", burn_in=False),
    "skin of each frame": RenderSettings(look="sh", skin="per_frame"),
}


def small(settings):
    return settings if settings.size != (512, 512) else replace(settings, size=(256, 256))


def pictures(device, clip, model, settings, indices=(0, 4)):
    def draw():
        film = Film(device, clip, model, small(settings), 0, clip.frames - 1)
        return [film.canvas.rgba() for _ in film.draw(np.array(indices))]

    return device.run(draw)


def agree(one, other):
    """Whether 99.5 % of the pixels of each picture are within 2/255."""
    return all(
        (np.abs(a.astype(int) - b).max(axis=2) <= CLOSE).mean() >= SHARE for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("name", PICTURES)
def test_both_ways_draw_the_same_picture(build, painted_model, clip, name):
    clip = replace(clip, camera=np.tile(np.float32([7.0, 0.02, -0.01]), (clip.frames, 1)))
    drawn = pictures(Gpu(), clip, painted_model, PICTURES[name])
    assert agree(drawn, pictures(Cpu(), clip, painted_model, PICTURES[name]))
    assert np.ptp(drawn[0][..., :3]) > 60  # there is something to see


def test_other_pictures_do_not_agree(build, painted_model, clip):
    """A mirrored face, a shifted frame and a wrong light are told apart."""
    settings = RenderSettings(look="sh")
    drawn = pictures(Gpu(), clip, painted_model, settings)
    wrong_light = clip.light.copy()
    wrong_light[:, 2] += 0.2
    assert not agree(drawn, [picture[:, ::-1] for picture in pictures(Cpu(), clip, painted_model, settings)])
    assert not agree(drawn, [np.roll(picture, 1, axis=1) for picture in pictures(Cpu(), clip, painted_model, settings)])
    assert not agree(drawn, pictures(Cpu(), clip, painted_model, settings, (1, 5)))
    assert not agree(drawn, pictures(Cpu(), replace(clip, light=wrong_light), painted_model, settings))


@pytest.mark.skipif(len(BUILDS) < 2, reason="this machine runs one build of the rasteriser")
@pytest.mark.parametrize("name", PICTURES)
def test_every_build_draws_the_same_bytes(painted_model, clip, name, monkeypatch):
    clip = replace(clip, camera=np.tile(np.float32([7.0, 0.02, -0.01]), (clip.frames, 1)))
    drawn = []
    for path in BUILDS:
        use(path, monkeypatch)
        drawn.append(np.stack(pictures(Cpu(), clip, painted_model, PICTURES[name])))
    assert all(np.array_equal(picture, drawn[0]) for picture in drawn[1:])
