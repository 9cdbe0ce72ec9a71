"""What is not motion of the face: who speaks, the crop camera, skin and detail codes, and the first frame's picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xtalker_addon.core.model.flame import FlameModel
from xtalker_addon.core.sequence import Sequence
from xtalker_addon.render.devices import choose_device
from xtalker_addon.render.review.film import Film
from xtalker_addon.render.settings import RenderSettings

from .codes import by_name
from .motion import Array, drift

# Who speaks, by the names of the head's columns.
PERSON = {"sex": 0.3, "age": -0.5, "weight": -0.7, "african": -0.2, "asian": -0.3}
SKIN = {"scalp_stubble": 4.2, "beard_shadow": 0.9, "brow_thickness": 0.4, "lip_redness": -0.2, "age": -0.6}
BACKGROUND = (0.93, 0.94, 0.95)


def wobble(times: Array, width: int, scale: float, seed: int) -> Array:
    """Small drift (T, width) of a code that should stand still."""
    return scale * np.stack([drift(times, 0.5, seed + column) for column in range(width)], axis=1)


def person_codes(model: FlameModel, times: Array) -> dict[str, Array]:
    """Who speaks, by file name: codes (T, ...) that wobble as fitted ones do, by a tenth of 3DXTalker's deviations."""
    wrinkles = 0.1 * np.random.default_rng(7000).normal(size=128)  # of nobody: their meaning is a trained decoder's
    return {
        "shapecode": by_name(PERSON, model.identity_names, 100) + wobble(times, 100, 0.015, 4000),
        "texcode": by_name(SKIN, model.albedo.names, 50) + wobble(times, 50, 0.01, 5000),
        "detailcode": wrinkles + wobble(times, 128, 0.0075, 6000),
    }


def crop_cameras(vertices: Array, face: NDArray[np.integer], times: Array) -> Array:
    """(T, 3) cameras that keep the `face` of (T, V, 3) vertices near the middle, as a detector's boxes do."""
    low, high = vertices[:, face, :2].min(1), vertices[:, face, :2].max(1)
    center = (low + high) / 2
    steady = center.mean(0) + 0.7 * (center - center.mean(0))
    scale = 8.8 + 0.10 * np.sin(2 * np.pi * times / 3.7) + 0.03 * drift(times, 0.6, 31)
    return np.column_stack([scale, -steady])


def first_picture(sequence: Sequence, model: FlameModel, settings: RenderSettings) -> NDArray[np.uint8]:
    """What the review engine shows (H, W, 3) of the first frame."""
    device = choose_device(settings.device)

    def draw() -> NDArray[np.uint8]:
        film = Film(device, sequence, model, settings, 0, 0)
        return next(film.canvas.rgba()[..., :3].copy() for _ in film.draw(np.array([0])))

    return device.run(draw)
