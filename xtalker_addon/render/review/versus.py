"""Predictions beside their truth: the same frames, identity and light; each vertex coloured by its distance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...core.distance_colours import colour_scale
from ...core.evaluation.compare import Comparison, Yardstick, compare
from ...core.evaluation.face import Conditions, Face, frames_in_common
from ...core.evaluation.regions import find_regions
from ...core.evaluation.summary import shown_curve
from ...core.model.flame import FlameModel
from ...core.sequence import IdentityMode, Sequence
from ...errors import RenderError
from ..drawing import Device, Drawable
from ..triangles import close_holes

_CHUNK = 32  # frames whose vertices are in memory together

Array = NDArray[np.float32]
Mesh = tuple[Array, Array]  # vertices (V, 3) and their normals


class Rival:
    """One prediction on the truth's identity: as a head in the look of the others, and in colours of its distance.

    scale_mm : the distance at which the colours end
    """

    def __init__(
        self,
        device: Device,
        name: str,
        prediction: Sequence,
        model: FlameModel,
        shown: Drawable,
        scale_mm: float,
    ) -> None:
        self.name, self.shown = name, shown
        self._prediction, self._model, self._scale_mm = prediction, model, scale_mm
        nowhere = np.zeros((model.vertex_count, 2), np.float32)
        self.coloured = device.drawable(
            model.faces,
            nowhere,
            model.faces,
            colour_scale()[None],
            close_holes(model.faces, model.template),
            lining=model.mouth_lining(),
            measured=True,
        )
        self._normals_of = device.normals(model.faces, model.vertex_count)
        self.positions = model.template

    def meshes(self, truth: Sequence, identity: Array | None, indices: NDArray[np.integer]) -> Iterator[Mesh]:
        """For each array index of the truth. identity: (S,), or (T, S) of the truth's frames; None: the mean head."""
        places = frames_in_common(truth, self._prediction)[indices]
        codes = identity[indices] if identity is not None and identity.ndim == 2 else identity
        for planes in Face(self._prediction, self._model, places, codes, "keep").planes(_CHUNK):
            vertices = np.ascontiguousarray(planes.swapaxes(1, 2))
            yield from zip(vertices, self._normals_of(vertices), strict=True)

    def move(self, mesh: Mesh, truth: Array) -> None:
        """Take new vertices and normals, and colours by their distance to the truth's vertices."""
        self.positions, normals = mesh
        self.shown.move(self.positions, normals)
        self.coloured.move(self.positions, normals)
        share = 1e3 * np.linalg.norm(self.positions - truth, axis=1) / self._scale_mm
        self.coloured.lay(np.stack([np.clip(share, 0, 1), np.full_like(share, 0.5)], axis=1).astype(np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class Versus:
    """Predictions by name, what they come to against the truth with the heads posed, and sentences about that."""

    predictions: Mapping[str, Sequence]
    comparisons: Mapping[str, Comparison]
    remarks: tuple[str, ...]

    @classmethod
    def of(
        cls, truth: Sequence, predictions: Mapping[str, Sequence], model: FlameModel, identity: IdentityMode
    ) -> Versus:
        """Compare on the truth's identity. Raises RenderError for no prediction, ModelError where codes do not fit."""
        if not predictions:
            raise RenderError(f"{truth.source}: has no prediction to show; name some by --prediction NAME=DIR.")
        regions = find_regions(model)
        conditions = Conditions("truth", "keep", identity)
        yardstick = Yardstick(model, regions, conditions, model.template, beats=False)
        found = dict(zip(predictions, compare(truth, predictions.values(), yardstick), strict=True))
        warnings = (text for comparison in found.values() for text in comparison.warnings)
        return cls(predictions, found, (*regions.problems, *warnings))


def errors_mm(comparisons: Mapping[str, Comparison]) -> dict[str, NDArray[np.float64]]:
    """Per frame, millimetres: the largest distance over the lips, or the face's mean where no lips are known."""
    return {name: 1e3 * shown_curve(comparison.curves) for name, comparison in comparisons.items()}
