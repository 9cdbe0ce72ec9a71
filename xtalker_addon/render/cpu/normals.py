"""Vertex normals by the rasteriser's library: those of `core.model.normals`, in a third of the time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .library import aligned, the_library


class Normals:
    """Area-weighted unit vertex normals of any shape of one topology, bit by bit those of `VertexNormals`.

    faces : (F, 3) vertex indices. vertex_count : V
    """

    def __init__(self, faces: NDArray[np.integer], vertex_count: int) -> None:
        if faces.size and not 0 <= int(faces.min()) <= int(faces.max()) < vertex_count:
            raise ValueError(f"faces of {vertex_count} vertices have corners {faces.min()} to {faces.max()}")
        self._library = the_library()
        self._faces = np.ascontiguousarray(faces, np.int32)
        self._sums = aligned((vertex_count, 4), np.float32)

    def __call__(self, vertices: NDArray[np.floating]) -> NDArray[np.float32]:
        """Normals (..., V, 3) of (..., V, 3) vertices."""
        positions = np.ascontiguousarray(vertices, np.float32)
        count = len(self._sums)
        if positions.shape[-2:] != (count, 3):
            raise ValueError(f"vertices have the shape {positions.shape}, expected (..., {count}, 3)")
        normals = np.empty_like(positions)
        self._library.normals(
            positions.ctypes.data,
            positions.size // (3 * count),
            count,
            self._faces.ctypes.data,
            len(self._faces),
            self._sums.ctypes.data,
            normals.ctypes.data,
        )
        return normals
