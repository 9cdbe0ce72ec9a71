"""Spherical-harmonics light and the grey studio look, as DECA and EMOCA define them.

Both are display-referred: albedo times shading is the value of a pixel, with no gamma and no clamp before saving.
Normals are unit vectors in FLAME axes (x to the subject's left, y up, z out of the face) after the head's rotation;
the light stays with the camera while the head turns in it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..motion.rotation import Floats

# DECA:decalib/utils/renderer.py (add_SHlight). Constants of the nine basis functions in their order; they mix
# conventions, so they cannot be exchanged for a textbook's set.
SH_CONSTANTS: Final = (
    0.2820947918,
    1.0233267079,
    1.0233267079,
    1.0233267079,
    0.8580855308,
    0.8580855308,
    0.8580855308,
    0.4290427654,
    0.2477079561,
)
# Coefficient 0 that alone shades every surface with exactly 1.
UNIT_AMBIENT: Final = 1.0 / SH_CONSTANTS[0]

# One soft light from the front, for a clip that carries none: every channel alike.
PLAIN_LIGHT: Final = np.repeat(np.array([2.6, 0.0, 0.15, 0.35, 0, 0, 0, 0, 0])[:, None], 3, axis=1)

# DECA's render_shape: five directional lights in FLAME axes on a grey surface, averaged.
STUDIO_ALBEDO: Final = 180.0 / 255.0
STUDIO_INTENSITY: Final = 1.7

_DIRECTIONS = np.array([(-1, 1, 1), (1, 1, 1), (-1, -1, 1), (1, -1, 1), (0, 0, 1)], np.float64)
STUDIO_DIRECTIONS: Final = _DIRECTIONS / np.linalg.norm(_DIRECTIONS, axis=1, keepdims=True)


def sh_basis(normals: Floats) -> NDArray[np.float32]:
    """The nine basis functions times their constants at (..., 3) unit normals; (..., 9)."""
    n = np.asarray(normals, np.float32)
    x, y, z = n[..., 0], n[..., 1], n[..., 2]
    basis = np.stack([np.ones_like(x), x, y, z, x * y, x * z, y * z, x * x - y * y, 3 * z * z - 1], axis=-1)
    return basis * np.asarray(SH_CONSTANTS, np.float32)


def sh_shading(normals: Floats, light: Floats) -> NDArray[np.float32]:
    """Shading (..., 3) RGB at (..., 3) unit normals under (9, 3) coefficients: coefficient index, then RGB."""
    return sh_basis(normals) @ np.asarray(light, np.float32)


def studio_shading(normals: Floats) -> NDArray[np.float32]:
    """Shading (...) of the studio look at (..., 3) unit normals; times STUDIO_ALBEDO it is the pixel.

    A surface that faces the camera gets the maximum, 202/255 with the albedo.
    """
    n = np.asarray(normals, np.float32)
    lit = np.clip(n @ STUDIO_DIRECTIONS.T.astype(np.float32), 0.0, 1.0)
    return lit.mean(-1) * np.float32(STUDIO_INTENSITY)
