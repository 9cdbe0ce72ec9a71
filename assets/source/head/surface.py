"""Smooth fields on the skin: what a few places are told to do, spread over the rest as a thin plate would bend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from . import rings
from .sculpt import Array
from .template import Ints, Template

Side = str  # "", "upper" or "lower": the lip that a handle may touch


@dataclass(frozen=True)
class Handle:
    """A soft place on the left side and what it does: vertices within about `radius` of `centre` (mm) take `value`."""

    centre: tuple[float, float, float]
    radius: float
    value: tuple[float, ...]
    side: Side = ""
    strength: float = 60.0


class Skin:
    """The skin as a bending plate (cotangent Laplacian, lumped areas). Fields cover the skin's vertices, the first
    ones of the head.
    """

    def __init__(self, template: Template) -> None:
        self.template = template
        n = len(template.skin)
        self.points = template.points[:n]
        faces = template.faces[(template.faces < n).all(1)]
        laplacian, self.areas = cotangent_laplacian(self.points, faces)
        self.bending = (laplacian @ sparse.diags(1.0 / self.areas) @ laplacian).tocsc()
        self.twin = template.twin[:n]
        self.lip = self._lip_labels()

    def _lip_labels(self) -> Array:
        """+1 above the mouth's seam, -1 below, 0 at its corners; linings belong to their lip."""
        label = np.where(self.points[:, 1] > -49.2, 1.0, -1.0)
        loops = self.template.loops["mouth"]
        middle = rings.MOUTH_SEGMENTS
        for ids, value in ((loops[:, :middle], 1.0), (loops[:, middle + 1 :], -1.0), (loops[:, [middle]], 0.0)):
            label[ids.ravel()] = value
            label[self.twin[ids.ravel()]] = value
        return label

    def falloff(self, handle: Handle) -> Array:
        """0..1 weights of a handle on its own side of the face."""
        sign = {"": 0.0, "upper": 1.0, "lower": -1.0}[handle.side]
        allowed = self.lip * sign >= 0
        away = ((self.points - np.array(handle.centre)) ** 2).sum(1)
        on_skin = self.points[np.where(allowed, away, np.inf).argmin()] * [float(handle.centre[0] != 0), 1, 1]
        d2 = ((self.points - on_skin) ** 2).sum(1) / handle.radius**2
        return np.exp(-(d2**2)) * allowed * np.where((self.lip == 0) & (sign != 0), 0.3, 1.0)

    def spread(self, pull: Array, goal: Array, length: float, rest: float = 1.0) -> Array:
        """The smoothest field that follows `goal` (N, K) where `pull` (N,) is strong, and fades to zero over about
        `length` mm elsewhere.

        `rest` may be zero where nothing draws the field to zero.
        """
        return self.spreader(pull, length, rest)(goal)

    def spreader(self, pull: Array, length: float, rest: float = 1.0) -> Callable[[Array], Array]:
        """What `spread` does, for many goals."""
        matrix = (length**4 * self.bending + sparse.diags((pull + rest) * self.areas)).tocsc()
        solve, weight = splu(matrix).solve, (pull * self.areas)[:, None]
        return lambda goal: solve(weight * goal)

    def bend(
        self, handles: list[Handle], length: float = 9.0, pins: Array | None = None, mirrored: bool = False
    ) -> Array:
        """Displacements (N, 3) of the skin that handles ask for; `mirrored` applies every handle to both sides."""
        pull = np.zeros(len(self.points)) if pins is None else pins.copy()
        goal = np.zeros((len(self.points), 3))
        for handle in handles:
            weight = self.falloff(handle) * handle.strength
            both = [(weight, np.array(handle.value))]
            if mirrored and handle.centre[0] != 0:
                both.append((weight[self.twin], np.array(handle.value) * [-1, 1, 1]))
            for w, value in both:
                goal += w[:, None] * value
                pull += w
        goal /= np.maximum(pull, 1e-9)[:, None]
        return self.spread(pull, goal, length)


def cotangent_laplacian(p: Array, faces: Ints, share: Array | float = 1.0) -> tuple[sparse.csc_matrix, Array]:
    """Stiffness matrix (N, N) and vertex areas (N,) of a triangle mesh; slivers' weights are kept within reason.

    share : (T,) how much each triangle's stiffness counts
    """
    n = len(p)
    rows, cols, values = [], [], []
    areas = np.zeros(n)
    for k in range(3):
        a, b, c = faces[:, k], faces[:, (k + 1) % 3], faces[:, (k + 2) % 3]
        u, v = p[b] - p[a], p[c] - p[a]
        cross = np.linalg.norm(np.cross(u, v), axis=1)
        cot = np.clip((u * v).sum(1) / np.maximum(cross, 1e-12), 0.02, 5.0) / 2 * share
        rows += [b, c]
        cols += [c, b]
        values += [cot, cot]
        areas += np.bincount(a, cross / 6, n)
    w = sparse.coo_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(cols))), shape=(n, n)).tocsc()
    return (sparse.diags(np.asarray(w.sum(1)).ravel()) - w).tocsc(), np.maximum(areas, 1e-6)
