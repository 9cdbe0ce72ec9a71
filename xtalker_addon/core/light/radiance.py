"""The light of the codes as light: what has to shine from where, so that surfaces look as the coefficients say.

A diffuse surface averages radiance over the cosine lobe, which weakens each band of spherical harmonics by a known
factor (Ramamoorthi and Hanrahan, "On the relationship between radiance and irradiance", 2001); dividing it out of the
shading gives the radiance. DECA's shading is of display values, while light adds up in linear ones: coefficients are
fitted anew to the linear shading first, so that a lit surface is displayed as DECA's picture shows it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..motion.rotation import Floats
from .spherical_harmonics import sh_basis

COSINE_LOBE: Final = (1.0, *(2 / 3,) * 3, *(1 / 4,) * 5)  # of the three bands, relative to the constant one's pi

Array = NDArray[np.float32]


def _even_directions(count: int) -> NDArray[np.float64]:
    """(count, 3) unit vectors, spread evenly over the sphere along a spiral."""
    index = np.arange(count) + 0.5
    z = 1 - 2 * index / count
    around = index * np.pi * (1 + 5**0.5)
    ring = np.sqrt(1 - z * z)
    return np.stack([ring * np.cos(around), ring * np.sin(around), z], axis=1)


DIRECTIONS: Final = _even_directions(1024)
_BASIS: Final = sh_basis(DIRECTIONS)
_FIT: Final = np.asarray(np.linalg.pinv(_BASIS.astype(np.float64)), np.float32)


def linear_from_display(values: Floats) -> Array:
    """Linear values of sRGB display values (IEC 61966-2-1), continued beyond 1; negative ones are 0."""
    v = np.maximum(np.asarray(values, np.float32), 0)
    return np.where(v <= 0.04045, v / np.float32(12.92), ((v + np.float32(0.055)) / np.float32(1.055)) ** 2.4)


def linear_light(light: Floats) -> Array:
    """Coefficients (..., 9, 3) of the light that, in linear values, is displayed as `light`: a least-squares fit."""
    return np.asarray(_FIT @ linear_from_display(_BASIS @ np.asarray(light, np.float32)), np.float32)


def radiance(directions: Floats, light: Floats) -> Array:
    """Radiance (..., N, 3) from (N, 3) directions in FLAME axes, such that `light` (..., 9, 3) is the shading of white.

    In units in which even radiance 1 shades white with 1; it may be negative.
    """
    basis: Array = np.divide(sh_basis(directions), np.asarray(COSINE_LOBE, np.float32))
    return basis @ np.asarray(light, np.float32)


def negative_share(light: Floats) -> NDArray[np.float64]:
    """(...) by how much clamping negative radiance to zero raises the mean light of (..., 9, 3) coefficients."""
    wanted = radiance(DIRECTIONS, light)
    added = np.maximum(-wanted, 0).mean((-2, -1), dtype=np.float64)
    return added / np.maximum(np.abs(wanted.mean((-2, -1), dtype=np.float64)), 1e-6)
