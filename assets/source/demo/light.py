"""A warm key that wanders, a cool fill and a soft sky, as spherical harmonics."""

from __future__ import annotations

import numpy as np

from xtalker_addon.core.light.radiance import DIRECTIONS
from xtalker_addon.core.light.spherical_harmonics import sh_basis

from .motion import Array, drift


def _lamp(azimuth_deg: Array, elevation_deg: Array, colour: tuple[float, ...]) -> Array:
    """What a distant lamp makes of surfaces that face DIRECTIONS: (T, N, 3); azimuth from the front to the left."""
    a, e = np.radians(azimuth_deg), np.radians(elevation_deg)
    towards = np.stack([np.cos(e) * np.sin(a), np.sin(e), np.cos(e) * np.cos(a)], axis=1)
    return np.clip(towards @ DIRECTIONS.T, 0, None)[..., None] * colour


def light_codes(times: Array) -> Array:
    """Light (T, 9, 3) for `times` (T,)."""
    swing = np.sin(2 * np.pi * times / 13.0)
    shading = _lamp(38 + 22 * swing + 2 * drift(times, 2.0, 21), 34 + 6 * swing, (0.50, 0.455, 0.40))
    shading += _lamp(-60 + 8 * swing, 8 + 0 * times, (0.20, 0.24, 0.31))
    shading += [0.58, 0.58, 0.59]
    shading += 0.05 * DIRECTIONS[:, 1:2]  # a little more from above
    return np.linalg.pinv(sh_basis(DIRECTIONS)) @ shading
