"""Do vertices that come from elsewhere belong to a model? Their number does not say: another mesh may have as many."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError
from ..formats.vertices import FLAME_VERTICES, WITH_TEETH
from ..sequence import Sequence
from .flame import FlameModel

_LOOKED_AT: Final = 3  # frames
# How far a head may be from the template, by its own size: strangers' faces come to 0.1, joints turned by up to 50
# degrees about all axes to 0.47, and vertices that are off by a single place in their order to 0.78.
_LARGEST_MISFIT: Final = 0.6
_SIZES: Final = (0.6, 1.6)

Array = NDArray[np.float32]


def vertices_on(model: FlameModel, sequence: Sequence) -> Array:
    """(T, V, 3) vertices of a clip that has some, those that the model's faces join.

    Raises ModelError where they are not the model's: another number, another order, another unit of length.
    """
    assert sequence.vertices is not None
    where, vertices = sequence.origins.get("vertices", str(sequence.source)), sequence.vertices
    if vertices.shape[1] in WITH_TEETH and model.vertex_count == FLAME_VERTICES:
        vertices = vertices[:, :FLAME_VERTICES]
    if vertices.shape[1] != model.vertex_count:
        raise ModelError(
            f"{where}: has {vertices.shape[1]:,} vertices and the model {model.source} has {model.vertex_count:,}; "
            "name the model that the vertices were made with."
        )
    rows = np.unique(np.linspace(0, len(vertices) - 1, _LOOKED_AT).astype(int))
    misfit, size = min(_misfit(vertices[row], model.template) for row in rows)
    if misfit > _LARGEST_MISFIT:
        raise ModelError(
            f"{where}: its vertices are not in the order of the model {model.source}, though there are as many; "
            "name the model that they were made with."
        )
    if not _SIZES[0] < size < _SIZES[1]:
        raise ModelError(
            f"{where}: its head is {size:.3g} times as large as the model's; expected metres, "
            "so multiply its coordinates."
        )
    return vertices


def _misfit(vertices: Array, template: Array) -> tuple[float, float]:
    """Root mean square distance to the template turned, moved and scaled to fit, by its own size; and that scale.

    Solution: Umeyama, "Least-squares estimation of transformation parameters between two point patterns" (1991).
    """
    ours, theirs = (np.asarray(v, np.float64) - v.mean(0, dtype=np.float64) for v in (template, vertices))
    left, stretch, right = np.linalg.svd(theirs.T @ ours)
    stretch[2] *= np.sign(np.linalg.det(left @ right)) or 1.0
    mine, their = float(np.square(ours).sum()), float(np.square(theirs).sum())
    scale = float(stretch.sum()) / mine
    left_over = max(0.0, their - scale * float(stretch.sum()))
    return float(np.sqrt(left_over / their)) if their > 0 else np.inf, scale
