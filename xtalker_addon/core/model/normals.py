"""Vertex normals of a mesh that moves: everything that hangs on its triangles alone is prepared once."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..motion.rotation import Floats

_MESHES_AT_ONCE: Final = 8  # whose normals are computed together; suits the cache

Array = NDArray[np.float32]


class VertexNormals:
    """Area-weighted unit vertex normals of any shape of one topology.

    The weighting is DECA's: the sum of the unnormalised cross products of the triangles around a vertex. A vertex
    without triangles has a zero normal.

    faces : (F, 3) vertex indices. vertex_count : V
    """

    def __init__(self, faces: NDArray[np.integer], vertex_count: int) -> None:
        self._faces = faces
        corners = faces.ravel()
        valence = np.bincount(corners, minlength=vertex_count)
        triangles = np.argsort(corners, kind="stable") // 3  # of vertex 0, then of vertex 1, ...
        first = np.cumsum(valence) - valence
        # Vertices with many triangles first: those that have a k-th one are then the first few of them.
        crowded = np.argsort(-valence, kind="stable")
        self._rings = [
            triangles[first[crowded[: np.count_nonzero(valence > k)]] + k] for k in range(valence.max(initial=0))
        ]
        self._places = np.argsort(crowded)

    def __call__(self, vertices: Floats) -> Array:
        """Normals (..., V, 3) of (..., V, 3) vertices."""
        v = np.asarray(vertices, np.float32)
        meshes = v.reshape(-1, *v.shape[-2:])
        normals = np.empty_like(meshes)
        for start in range(0, len(meshes), _MESHES_AT_ONCE):
            rows = slice(start, start + _MESHES_AT_ONCE)
            normals[rows] = self._of_few(meshes[rows])
        return normals.reshape(v.shape)

    def _of_few(self, meshes: Array) -> Array:
        """Coordinates come first and meshes last in memory, so that every step works on whole rows."""
        coordinates = np.ascontiguousarray(meshes.T)
        corner, second, third = (np.take(coordinates, index, axis=1) for index in self._faces.T)
        second -= corner
        third -= corner
        cross = np.stack([second[i - 2] * third[i - 1] - second[i - 1] * third[i - 2] for i in range(3)])
        sums = np.zeros_like(coordinates)
        for ring in self._rings:
            sums[:, : len(ring)] += np.take(cross, ring, axis=1)
        sums /= np.maximum(np.sqrt((sums * sums).sum(0)), np.float32(1e-20))
        return np.take(sums, self._places, axis=1).T


def vertex_normals(vertices: Floats, faces: NDArray[np.integer]) -> Array:
    """Normals (..., V, 3) of (..., V, 3) vertices and (F, 3) faces, as `VertexNormals` gives them."""
    return VertexNormals(faces, np.shape(vertices)[-2])(vertices)
