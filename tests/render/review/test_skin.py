"""The skin is as fine as the picture shows it: no finer, which would flicker, and no coarser."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.data.clips import talking_clip
from tests.render.conftest import needs_rasteriser
from xtalker_addon.core.model.flame import load_model
from xtalker_addon.render.devices import choose_device
from xtalker_addon.render.review import film as film_module
from xtalker_addon.render.review.film import Film
from xtalker_addon.render.review.skin import skin_for
from xtalker_addon.render.settings import RenderSettings


@pytest.fixture(scope="module")
def head():
    return load_model()


def albedo_picture(head, size: int) -> np.ndarray:
    clip = talking_clip(np.random.default_rng(0), 3)
    settings = RenderSettings(size=(size, size), look="albedo")
    film = Film(choose_device("cpu"), clip, head, settings, 0, 2)
    next(film.draw(np.array([0])))
    return film.canvas.rgba()[..., :3].astype(np.float64)


def test_small_pictures_take_fewer_texels_and_large_ones_all(head):
    whole = head.albedo.mean.shape[0]
    height = np.ptp(head.template[:, 1])
    sizes = [skin_for(head, pixels / height).mean.shape[0] for pixels in (100, 400, 4000)]
    assert sizes[0] < sizes[1] < sizes[2] == whole


def test_a_head_without_skin_has_none(head):
    assert skin_for(replace(head, albedo=None), 1000.0) is None


@needs_rasteriser
def test_a_small_picture_is_nearer_to_the_large_one_made_small(head, monkeypatch):
    """The large picture looks at sixteen places of the skin where the small one looks at one; each texel differs."""
    grain = np.random.default_rng(0).uniform(0.4, 0.8, head.albedo.mean.shape).astype(np.float32)
    head = replace(head, albedo=replace(head.albedo, mean=grain))
    large = albedo_picture(head, 1024).reshape(256, 4, 256, 4, 3).mean((1, 3))
    error = np.abs(albedo_picture(head, 256) - large).mean()
    monkeypatch.setattr(film_module, "skin_for", lambda model, _: model.albedo)
    assert error < 0.6 * np.abs(albedo_picture(head, 256) - large).mean()
