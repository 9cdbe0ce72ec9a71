"""Spherical-harmonics light and the grey studio look, as DECA and EMOCA define them.

Both are display-referred: albedo times shading is the value of a pixel, with no gamma and no clamp before saving.
Normals are unit vectors in FLAME axes (x to the subject's left, y up, z out of the face) after the head's rotation;
the light stays with the camera while the head turns in it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .rotation import Floats

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

# DECA's render_shape: five directional lights in FLAME axes on a grey surface, averaged.
STUDIO_ALBEDO: Final = 180.0 / 255.0
STUDIO_INTENSITY: Final = 1.7
_MESHES_AT_ONCE: Final = 16  # whose normals are computed together; suits the cache

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


def vertex_normals(vertices: Floats, faces: NDArray[np.integer]) -> NDArray[np.float32]:
    """Area-weighted unit vertex normals (..., V, 3) of (..., V, 3) vertices and (F, 3) faces.

    The weighting is DECA's: the sum of the unnormalised cross products of the triangles around a vertex.
    """
    v = np.asarray(vertices, np.float32)
    order = np.argsort(faces.ravel(), kind="stable")
    owners, starts = np.unique(faces.ravel()[order], return_index=True)
    meshes = v.reshape(-1, *v.shape[-2:])
    normals = np.zeros_like(meshes)
    for start in range(0, len(meshes), _MESHES_AT_ONCE):
        rows = slice(start, start + _MESHES_AT_ONCE)
        normals[rows, owners] = _summed_normals(meshes[rows], faces, order // 3, starts)
    length = np.linalg.norm(normals, axis=-1, keepdims=True)
    normals /= np.maximum(length, np.float32(1e-20))
    return normals.reshape(v.shape)


def _summed_normals(
    meshes: NDArray[np.float32], faces: NDArray[np.integer], owned: NDArray[np.integer], starts: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Sums (n, V', 3) of the cross products of each vertex's triangles, for (n, V, 3) meshes.

    Coordinates come first and meshes last in memory, so that every step works on whole rows.
    """
    corner, second, third = (np.ascontiguousarray(meshes.T)[:, index] for index in faces.T)
    second -= corner
    third -= corner
    cross = np.stack([second[i - 2] * third[i - 1] - second[i - 1] * third[i - 2] for i in range(3)])
    return np.add.reduceat(cross[:, owned], starts, axis=1).T
