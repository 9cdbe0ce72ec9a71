"""A sequence on a model as a moving mesh: vertices and normals, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..core.model.flame import FlameModel
from ..core.model.normals import VertexNormals
from ..core.model.placement import expression_for, translation_for
from ..core.sequence import IdentityMode, Sequence

_CHUNK: Final = 32  # frames whose vertices are in memory together
_SAMPLES: Final = 24  # frames that stand for the whole clip

Array = NDArray[np.float32]


class Clip:
    """Meshes of a sequence in metres and FLAME axes. Raises ModelError where the codes do not fit the model."""

    def __init__(self, sequence: Sequence, model: FlameModel, identity: IdentityMode) -> None:
        self.sequence, self.model = sequence, model
        codes = sequence.identity(identity)
        self.identity = model.fit_codes(np.zeros(0) if codes is None else codes, "identity")
        self.expression = expression_for(model, sequence)
        self._translation = translation_for(model, sequence, self.identity, self.expression)

    def meshes(self, indices: NDArray[np.integer]) -> Iterator[tuple[int, Array, Array]]:
        """For each array index: itself, vertices (V, 3) and area-weighted unit normals (V, 3)."""
        done = 0
        normals_of = VertexNormals(self.model.faces, self.model.vertex_count)
        for vertices in self._vertices(indices, _CHUNK):
            normals = normals_of(vertices)
            for row in range(len(vertices)):
                yield int(indices[done + row]), vertices[row], normals[row]
            done += len(vertices)

    def samples(self) -> Array:
        """Vertices (n, V, 3) of up to 24 frames spread over the clip."""
        rows = np.unique(np.linspace(0, self.sequence.frames - 1, _SAMPLES).astype(int))
        return np.concatenate(list(self._vertices(rows, len(rows))))

    def _vertices(self, rows: NDArray[np.integer], chunk: int) -> Iterator[Array]:
        translation = None if self._translation is None else self._translation[rows]
        scale = None if self.sequence.scale is None else self.sequence.scale[rows]
        shape = self.identity[rows] if self.identity.ndim == 2 else self.identity
        pose = self.sequence.pose()[rows]
        return self.model.evaluate_chunks(shape, self.expression[rows], pose, translation, chunk, scale)
