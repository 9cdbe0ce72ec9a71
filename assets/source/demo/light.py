"""A warm key that wanders, a cool fill and a soft sky, as spherical harmonics."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .motion import drift

Array = NDArray[np.float64]


def lamp(direction: Array, colour: Array) -> Array:
    """Coefficients (T, 9, 3), before the basis constants, of a distant lamp from unit directions (T, 3).

    The clamped cosine to second order is 1/4 + cos/2 + 5/32 (3 cos^2 - 1) (Ramamoorthi and Hanrahan, 2001), written
    out in the basis 1, x, y, z, xy, xz, yz, x^2 - y^2, 3 z^2 - 1.
    """
    x, y, z = direction.T
    quarter, second = np.full_like(x, 0.25), 5 / 32
    parts = [
        quarter, x / 2, y / 2, z / 2, second * 6 * x * y, second * 6 * x * z, second * 6 * y * z,
        second * 1.5 * (x * x - y * y), second * 0.5 * (3 * z * z - 1),
    ]  # fmt: skip
    return np.stack(parts, axis=1)[..., None] * colour


def _towards(azimuth_deg: Array, elevation_deg: Array) -> Array:
    """Unit directions (T, 3) in FLAME axes; azimuth from the front to the subject's left."""
    a, e = np.radians(azimuth_deg), np.radians(elevation_deg)
    return np.stack([np.cos(e) * np.sin(a), np.sin(e), np.cos(e) * np.cos(a)], axis=1)


def light_codes(times: Array, constants: Array) -> Array:
    """Light (T, 9, 3) for `times` (T,), given the nine `constants` of the reader's basis."""
    swing = np.sin(2 * np.pi * times / 13.0)
    key = _towards(38 + 22 * swing + 2 * drift(times, 2.0, 21), 34 + 6 * swing)
    fill = _towards(-60 + 8 * swing, 8 + 0 * times)
    shading = lamp(key, np.array([0.50, 0.455, 0.40])) + lamp(fill, np.array([0.20, 0.24, 0.31]))
    shading[:, 0] += np.array([0.58, 0.58, 0.59])
    shading[:, 2] += 0.05  # a little more from above
    return shading / constants[:, None]
