"""Metrics of vertices, fed with pieces of two clips, so that memory does not grow with their length.

Formulas: `metrics.METRICS`. Sums are in float64; the distances of all vertices are in float32, as the vertices are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..motion.rotation import Floats
from .regions import Regions

Array = NDArray[np.float32]
Doubles = NDArray[np.float64]

# What is kept of every frame, in metres.
CURVES: Final = ("lip_max", "lip_mean", "face_mean", "upper_face_mean", "mouth_opening_truth", "mouth_opening")


@dataclass(slots=True)
class Spread:
    """Standard deviation over time (of n) of many numbers, from pieces; shifted by the first frame against rounding."""

    shift: Doubles | None = None
    count: int = 0
    total: Doubles | float = 0.0
    squares: Doubles | float = 0.0

    def add(self, values: Doubles) -> None:
        """Take (n, U) values of n more frames."""
        shift = self.shift = values[0].copy() if self.shift is None else self.shift
        values = values - shift
        self.count += len(values)
        self.total = self.total + values.sum(0)
        self.squares = self.squares + np.square(values).sum(0)

    def mean(self) -> float:
        """The mean over the numbers of their standard deviations."""
        mean = np.asarray(self.total) / self.count
        return float(np.sqrt(np.maximum(np.asarray(self.squares) / self.count - mean * mean, 0)).mean())


@dataclass(slots=True)
class Dynamics:
    """What the three formulas called FDD need of one clip.

    template, generic : (3, U) upper-face vertices of the subject's still face and of the generic one
    unique            : of each vertex that the set names, one place
    vertex_count      : of the whole mesh, over which 3DXTalker's spread runs
    """

    template: Doubles
    generic: Doubles
    unique: NDArray[np.intp]
    vertex_count: int
    squared: Spread = field(default_factory=Spread)
    absolute: Spread = field(default_factory=Spread)
    frames: int = 0
    deviations: float = 0.0
    _generic_sums: Doubles = field(init=False)

    def __post_init__(self) -> None:
        self._generic_sums = self.generic.sum(0)

    def add(self, upper: Doubles) -> None:
        """Take (n, 3, U) upper-face vertices of n more frames."""
        motion = upper - self.template
        self.squared.add(np.square(motion).sum(1))
        self.absolute.add(np.abs(motion).sum(1))
        sums = (upper.sum(1) - self._generic_sums)[:, self.unique]
        n = self.vertex_count
        variance = (np.square(sums).sum(1) - sums.sum(1) ** 2 / n) / (n - 1)
        self.frames += len(upper)
        self.deviations += float(np.sqrt(np.maximum(variance, 0)).sum())


class Motion:
    """Velocities and accelerations of one clip, from pieces, for a frame as the unit of time.

    shake : the sum over frames and vertices of the lengths of accelerations
    """

    def __init__(self) -> None:
        self._frame: Array | None = None
        self._step: Array | None = None
        self.shake = 0.0

    def steps(self, vertices: Array) -> Array:
        """Velocities (n, 3, V) into the next n frames; one fewer of the first piece."""
        steps, self._frame = _steps(vertices, self._frame), vertices[-1].copy()
        if len(steps):
            self.shake += float(_lengths(_steps(steps, self._step)).sum(dtype=np.float64))
            self._step = steps[-1].copy()
        return steps


class VertexMeasures:
    """Compares two clips of vertices, piece by piece.

    template, generic : (V, 3) the subject's still face, and the model's mean one
    """

    def __init__(self, regions: Regions, template: Floats, generic: Floats, fps: float) -> None:
        self._regions, self._fps = regions, fps
        self._curves: dict[str, list[Doubles]] = {name: [] for name in CURVES}
        self._vertices = len(template)
        self._lips_squared, self._cosines = list[Doubles](), list[Doubles]()
        self._true_motion, self._motion, self._speeds = Motion(), Motion(), 0.0
        self._frames = 0
        upper = regions.upper_face
        if upper is not None:
            unique = np.unique(upper, return_index=True)[1]
            still, mean = (np.asarray(face, np.float64)[upper].T for face in (template, generic))
            self._truth, self._prediction = (Dynamics(still, mean, unique, self._vertices) for _ in range(2))

    def add(self, truth: Array, prediction: Array) -> None:
        """Take (n, 3, V) coordinates of the vertices of the next n frames of both, in metres."""
        self._frames += len(truth)
        self._curves["face_mean"].append(_lengths(prediction - truth).mean(1, dtype=np.float64))
        apart = self._motion.steps(prediction)
        apart -= self._true_motion.steps(truth)
        self._speeds += float(_lengths(apart).sum(dtype=np.float64))
        if self._regions.lips is not None:
            self._add_lips(*(_picked(clip, self._regions.lips) for clip in (truth, prediction)))
        if self._regions.inner_lips is not None:
            for name, clip in (("mouth_opening_truth", truth), ("mouth_opening", prediction)):
                inner = _picked(clip, np.array(self._regions.inner_lips))
                self._curves[name].append(np.linalg.norm(inner[..., 0] - inner[..., 1], axis=-1))
        if self._regions.upper_face is not None:
            t, p = (_picked(clip, self._regions.upper_face) for clip in (truth, prediction))
            self._curves["upper_face_mean"].append(_lengths(p - t).mean(1))
            self._truth.add(t)
            self._prediction.add(p)

    def _add_lips(self, truth: Doubles, prediction: Doubles) -> None:
        apart = _lengths(prediction - truth)
        largest = apart.max(1)
        self._lips_squared.append(largest * largest)
        self._curves["lip_max"].append(largest)
        self._curves["lip_mean"].append(apart.mean(1))
        t, p = truth.reshape(len(truth), -1), prediction.reshape(len(truth), -1)
        lengths = np.linalg.norm(t, axis=1) * np.linalg.norm(p, axis=1)
        self._cosines.append((t * p).sum(1) / np.maximum(lengths, 1e-30))

    def curves(self) -> dict[str, Doubles]:
        """Per frame, in metres: those of CURVES that the regions allow."""
        return {name: np.concatenate(parts) for name, parts in self._curves.items() if parts}

    def metrics(self) -> dict[str, float]:
        """The metrics of vertices, in metres and seconds; those that a region is missing for are not there."""
        curves = self.curves()
        found = {"mve": float(curves["face_mean"].mean())}
        if self._frames > 1:
            found["velocity_error"] = self._speeds * self._fps / ((self._frames - 1) * self._vertices)
        if self._frames > 2:
            shake = self._motion.shake - self._true_motion.shake
            found["jitter_error"] = shake * self._fps**2 / ((self._frames - 2) * self._vertices)
        if self._lips_squared:
            squared = float(np.concatenate(self._lips_squared).mean())
            found |= {
                "lve_max_squared": squared,
                "lve_max": float(curves["lip_max"].mean()),
                "lve_rms": float(np.sqrt(squared)),
                "mod_artalk": float(curves["lip_mean"].mean()),
                "lvs": float(np.concatenate(self._cosines).mean()),
            }
        if "mouth_opening" in curves:
            found["mod"] = float(np.abs(curves["mouth_opening"] - curves["mouth_opening_truth"]).mean())
        if "upper_face_mean" in curves:
            t, p = self._truth, self._prediction
            found |= {
                "ufve": float(curves["upper_face_mean"].mean()),
                "fdd_codetalker": t.squared.mean() - p.squared.mean(),
                "fdd_3dxtalker": abs(t.deviations - p.deviations) / self._frames,
                "fdd_artalk": t.absolute.mean() - p.absolute.mean(),
            }
        return found


def _picked(coordinates: Array, ids: NDArray[np.int64]) -> Doubles:
    """(n, 3, k) of the vertices `ids`."""
    return coordinates.take(ids, axis=2).astype(np.float64)


def _lengths(vectors: Floats) -> Floats:
    """(n, V) lengths of (n, 3, V)."""
    squares = vectors * vectors
    total = squares[:, 0]
    total += squares[:, 1]
    total += squares[:, 2]
    return np.sqrt(total, out=total)


def _steps(rows: Array, before: Array | None) -> Array:
    """Each of (n, ...) rows minus the one before it; the first has none where `before` is None."""
    if before is None:
        return rows[1:] - rows[:-1]
    steps = np.empty_like(rows)
    np.subtract(rows[0], before, out=steps[0])
    np.subtract(rows[1:], rows[:-1], out=steps[1:])
    return steps
