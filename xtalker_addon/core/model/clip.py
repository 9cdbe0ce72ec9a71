"""A sequence on a model as a moving mesh, from codes or from vertices: vertices and normals, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..motion.camera import OrthographicView, framing_view
from ..motion.rotation import Floats
from ..sequence import IdentityMode, Sequence
from .flame import FlameModel
from .placement import expression_for, translation_for
from .topology import vertices_on

CHUNK: Final = 32  # frames whose vertices are in memory together
_SAMPLES: Final = 24  # frames that stand for the whole clip

Array = NDArray[np.float32]


class Clip:
    """Meshes of a sequence in metres and FLAME axes. Raises ModelError where it does not fit the model."""

    def __init__(self, sequence: Sequence, model: FlameModel, identity: IdentityMode = "mean") -> None:
        self.sequence, self.model = sequence, model
        codes = sequence.identity(identity)
        self._identity = model.fit_codes(np.zeros(0) if codes is None else codes, "identity")
        self._vertices = None if sequence.vertices is None else vertices_on(model, sequence)
        if self._vertices is None:
            self._expression = expression_for(model, sequence)
            self._translation = translation_for(model, sequence, self._identity, self._expression)

    def vertices(self, indices: NDArray[np.integer] | None = None, chunk: int = CHUNK) -> Iterator[Array]:
        """Vertices (n, V, 3), `chunk` frames at once, at array `indices`; None: at all."""
        rows = np.arange(self.sequence.frames) if indices is None else indices
        if self._vertices is not None:
            for start in range(0, len(rows), chunk):
                yield np.ascontiguousarray(self._vertices[rows[start : start + chunk]])
            return
        pose, scale = self.sequence.pose()[rows], self.sequence.scale
        translation, scale = (None if part is None else part[rows] for part in (self._translation, scale))
        shape = self._identity[rows] if self._identity.ndim == 2 else self._identity
        yield from self.model.evaluate_chunks(shape, self._expression[rows], pose, translation, chunk, scale)

    def meshes(
        self, indices: NDArray[np.integer], normals_of: Callable[[Floats], Array]
    ) -> Iterator[tuple[int, Array, Array]]:
        """For each array index: itself, vertices (V, 3) and normals (V, 3), as `normals_of` gives them of (n, V, 3)."""
        done = 0
        for vertices in self.vertices(indices):
            normals = normals_of(vertices)
            for row in range(len(vertices)):
                yield int(indices[done + row]), vertices[row], normals[row]
            done += len(vertices)

    def samples(self) -> Array:
        """Vertices (n, V, 3) of up to 24 frames spread over the clip."""
        rows = np.unique(np.linspace(0, self.sequence.frames - 1, _SAMPLES).astype(int))
        return next(self.vertices(rows, len(rows)))

    def framing(self, aspect: float) -> OrthographicView:
        """The steady view that holds the head through the whole clip; aspect: width / height of the picture."""
        samples = self.samples()
        return framing_view(samples.min((0, 1)), samples.max((0, 1)), aspect)
