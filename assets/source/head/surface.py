"""Smooth fields on the skin: what a few places are told to do, spread over the rest as a thin plate would bend."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from .anatomy import Array, Ints
from .template import Template

# Flesh that moves: its middle, how wide it reaches (mm), and which way it goes (mm).
Bulge = tuple[tuple[float, float, float], float, tuple[float, float, float]]


class Skin:
    """The skin, the head's first vertices, as a bending plate (cotangent Laplacian, lumped areas)."""

    def __init__(self, template: Template) -> None:
        self.template = template
        n = len(template.skin)
        self.points = template.points[:n]
        faces = template.faces[(template.faces < n).all(1)]
        laplacian, self.areas = cotangent_laplacian(self.points, faces)
        self.bending = (laplacian @ sparse.diags(1.0 / self.areas) @ laplacian).tocsc()
        self.twin = template.twin[:n]
        self._spreaders: dict[bytes, Callable[[Array], Array]] = {}

    def bulging(self, bulges: tuple[Bulge, ...]) -> Array:
        """Flesh that moves in soft round places: (N, 3)."""
        out = np.zeros_like(self.points)
        for middle, width, way in bulges:
            away = np.linalg.norm(self.points - middle, axis=1, keepdims=True)
            out += np.exp(-((away / width) ** 2)) * way
        return out

    def spread(self, pull: Array, goal: Array, length: float, rest: float = 1.0) -> Array:
        """The smoothest field that follows `goal` (N, K) where `pull` (N,) is strong, and fades to zero over about
        `length` mm elsewhere.

        `rest` may be zero where nothing draws the field to zero.
        """
        return self.spreader(pull, length, rest)(goal)

    def corrected(self, field: Array, ids: Ints, goal: Array, length: float, strength: Array | float = 1e4) -> Array:
        """A field (N, 3) that is `goal` (V, 3) at some vertices, and as it was farther than about `length` mm away."""
        key = ids.tobytes() + np.append(strength, length).tobytes()
        if key not in self._spreaders:
            pull = np.zeros(len(self.points))
            pull[ids] = strength
            self._spreaders[key] = self.spreader(pull, length)
        wanted = np.zeros_like(field)
        wanted[ids] = goal - field[ids]
        return field + self._spreaders[key](wanted)

    def spreader(self, pull: Array, length: float, rest: float = 1.0) -> Callable[[Array], Array]:
        """What `spread` does, for many goals."""
        matrix = (length**4 * self.bending + sparse.diags((pull + rest) * self.areas)).tocsc()
        solve, weight = splu(matrix).solve, (pull * self.areas)[:, None]
        return lambda goal: solve(weight * goal)


def normals(points: Array, faces: Ints) -> Array:
    """Unit normals (N, 3) of the vertices of triangles, 0 where there is none."""
    across = np.cross(points[faces[:, 1]] - points[faces[:, 0]], points[faces[:, 2]] - points[faces[:, 0]])
    total = np.zeros_like(points)
    np.add.at(total, faces.ravel(), np.repeat(across, 3, axis=0))
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)


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
