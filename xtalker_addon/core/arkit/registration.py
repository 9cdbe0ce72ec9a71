"""Fits one head's surface to another's, so that what moves the one can be carried over: for meshes of any topology.

Landmarks first, by scales along the axes, which both heads share. Then each vertex is drawn to the nearest place that
faces the same way, and the field of displacements is kept smooth by its Laplacian, less and less (Amberg et al.,
"Optimal step nonrigid ICP algorithms for surface registration", 2007). Places are looked up in both directions by
position and normal, which tells the lips apart where they touch. Along smooth skin without features, as of scalp and
neck, vertices may slide by a centimetre: what moves there is alike for places that near.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..model.normals import vertex_normals

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_STIFFNESS: Final = (100.0, 30.0, 10.0, 3.0, 1.0, 0.3)
_ROUNDS: Final = 3  # with each
_FIRM: Final = 30.0  # how much more landmarks count than other vertices
_FACING: Final = 0.01  # metres that a normal turned right round is away
_FAR: Final = 0.02  # metres beyond which nothing is drawn
_SOLVED: Final = 1e-5
_SOLVER_STEPS: Final = 400
_AT_ONCE: Final = 1 << 24  # distances

Watch = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Surface:
    """Points (V, 3) in metres, and triangles (F, 3) counter-clockwise seen from outside; points may lie in none."""

    points: Floats
    faces: Ints

    def face_normals(self) -> Floats:
        """(F, 3) as long as twice the triangles' areas."""
        a, b, c = (self.points[self.faces[:, corner]] for corner in range(3))
        return np.cross(b - a, c - a)

    def normals(self) -> Floats:
        """(V, 3) area-weighted, of unit length; zero for points in no triangle."""
        return vertex_normals(self.points, self.faces).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Places:
    """Places on a surface: corners (n, 3) of their triangles, weights (n, 3) of these, distances (n,) in metres."""

    corners: Ints
    weights: Floats
    distances: Floats

    def of(self, values: NDArray[np.floating]) -> Floats:
        """What lies there of values (V, ...) at the surface's points."""
        return np.einsum("nc,nc...->n...", self.weights, values[self.corners])


@dataclass(frozen=True, slots=True)
class Landmarks:
    """What two surfaces both tell.

    source, target : (n, 3) points by which the one is brought near the other; not a number in coordinates that tell
                     nothing
    marks, goals   : places on the source and where exactly they are on the target (m, 3); None where there are none
    """

    source: Floats
    target: Floats
    marks: Places | None
    goals: Floats


def nearest(surface: Surface, points: Floats, normals: Floats) -> Places:
    """The places on `surface` that are nearest to points (n, 3) with normals (n, 3), both counted."""
    used = np.unique(surface.faces)
    own = surface.normals()
    there = np.concatenate([surface.points[used], _FACING / 2 * own[used]], axis=1)
    wanted = np.concatenate([points, _FACING / 2 * normals], axis=1)
    length, step = (there**2).sum(1), max(1, _AT_ONCE // len(used))
    closest = np.concatenate(
        [(length - 2 * wanted[i : i + step] @ there.T).argmin(1) for i in range(0, len(wanted), step)]
    )
    around = _faces_around(surface.faces, len(surface.points))[used[closest]]  # (n, k) with repeats
    corners = surface.faces[around]
    weights = _barycentric(surface.points[corners], points[:, None])
    spots = np.einsum("nkc,nkcd->nkd", weights, surface.points[corners])
    facing = np.einsum("nkc,nkcd->nkd", weights, own[corners]) - normals[:, None]
    apart = ((spots - points[:, None]) ** 2).sum(-1) + (_FACING / 2) ** 2 * (facing**2).sum(-1)
    best, rows = apart.argmin(1), np.arange(len(points))
    return Places(corners[rows, best], weights[rows, best], np.linalg.norm(spots[rows, best] - points, axis=1))


def _faces_around(faces: Ints, count: int) -> Ints:
    """(V, k) numbers of the triangles round each vertex, the last repeated where there are fewer than k."""
    order = np.argsort(faces.ravel(), kind="stable")
    degree = np.bincount(faces.ravel(), minlength=count)
    start = np.concatenate([[0], np.cumsum(degree)[:-1]])
    within = np.minimum(np.arange(int(degree.max())), np.maximum(degree, 1)[:, None] - 1)
    return order[np.minimum(start[:, None] + within, len(order) - 1)] // 3


def _barycentric(triangles: Floats, points: Floats) -> Floats:
    """(..., 3) weights of the corners (..., 3, 3) at the place in each triangle nearest to points (..., 3).

    Ericson, "Real-Time Collision Detection" (2005), 5.1.5, by regions: the foot of the normal, else the nearest edge.
    """
    a, b, c = (triangles[..., corner, :] for corner in range(3))
    ab, ac, ap = b - a, c - a, points - a
    d00, d01, d11 = (ab * ab).sum(-1), (ab * ac).sum(-1), (ac * ac).sum(-1)
    d20, d21 = (ap * ab).sum(-1), (ap * ac).sum(-1)
    area = np.maximum(d00 * d11 - d01 * d01, 1e-30)
    v, w = (d11 * d20 - d01 * d21) / area, (d00 * d21 - d01 * d20) / area
    inside = np.stack([1 - v - w, v, w], axis=-1)
    edges: list[Floats] = []
    for first, second in ((0, 1), (1, 2), (2, 0)):
        p, q = triangles[..., first, :], triangles[..., second, :]
        way = q - p
        along = np.clip(((points - p) * way).sum(-1) / np.maximum((way**2).sum(-1), 1e-30), 0, 1)
        edge = np.zeros_like(inside)
        edge[..., first], edge[..., second] = 1 - along, along
        edges.append(edge)
    tried = np.stack(edges, axis=-2)
    apart = ((np.einsum("...ec,...cd->...ed", tried, triangles) - points[..., None, :]) ** 2).sum(-1)
    outer = np.take_along_axis(tried, apart.argmin(-1)[..., None, None], axis=-2)[..., 0, :]
    return np.where((inside >= 0).all(-1, keepdims=True), inside, outer)


def scaling(source: Floats, target: Floats) -> tuple[Floats, Floats]:
    """Scales s (3,) and shifts t (3,) along the axes of the best s x + t from points (n, 3) to theirs.

    Coordinates that are not a number are not counted; there must be two different ones along each axis.
    """
    there = np.isfinite(source) & np.isfinite(target)
    count = there.sum(0)
    a, b = (np.where(there, points, 0.0) for points in (source, target))
    a_mean, b_mean = a.sum(0) / count, b.sum(0) / count
    a, b = (np.where(there, points - mean, 0.0) for points, mean in ((a, a_mean), (b, b_mean)))
    scale = (a * b).sum(0) / (a**2).sum(0)
    return scale, b_mean - scale * a_mean


def register(source: Surface, target: Surface, landmarks: Landmarks, watch: Watch = lambda _share: None) -> Surface:
    """`source` deformed to lie on `target`."""
    scale, shift = scaling(landmarks.source, landmarks.target)
    start = scale * source.points + shift
    marks = landmarks.marks or Places(np.zeros((0, 3), np.int64), np.zeros((0, 3)), np.zeros(0))
    mark_goal = landmarks.goals - marks.of(start)
    smooth = _Laplacian(source.faces, len(start))
    target_normals, moved = target.normals(), np.zeros_like(start)
    for index, stiffness in enumerate(_STIFFNESS):
        for round_ in range(_ROUNDS):
            now = Surface(start + moved, source.faces)
            normals = now.normals()
            spots = nearest(target, now.points, normals)
            goal = spots.of(target.points) - start
            agree = (spots.of(target_normals) * normals).sum(1)
            pull = np.where((agree > 0.3) & (spots.distances < _FAR), agree, 0.0)
            firm = _FIRM if index < len(_STIFFNESS) - 2 else 0.0
            moved = smooth.solve(stiffness, pull, goal, marks, mark_goal, firm, moved)
            watch((index * _ROUNDS + round_ + 1) / (len(_STIFFNESS) * _ROUNDS))
    return Surface(start + moved, source.faces)


class _Laplacian:
    """Of a mesh's graph: each vertex less the mean of its neighbours."""

    def __init__(self, faces: Ints, count: int) -> None:
        edges = np.unique(
            np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1), axis=0
        )
        self._from, self._to = np.concatenate([edges, edges[:, ::-1]]).T
        self._degree = np.maximum(np.bincount(self._from, minlength=count), 1)[:, None].astype(np.float64)
        self._count = count

    def _spread(self, values: Floats) -> Floats:
        """(V, 3): the sum over each vertex's neighbours."""
        sums = [np.bincount(self._from, column[self._to], self._count).astype(np.float64) for column in values.T]
        return np.stack(sums, axis=1)

    def _squared(self, values: Floats) -> Floats:
        """L'L of (V, 3)."""
        bent = values - self._spread(values) / self._degree
        return bent - self._spread(bent / self._degree)

    def solve(
        self, stiffness: float, pull: Floats, goal: Floats, marks: Places, mark_goal: Floats, firm: float, start: Floats
    ) -> Floats:
        """Displacements (V, 3) near `goal` where vertices are pulled and near `mark_goal` at the marks, bent little.

        By conjugate gradients from `start`, preconditioned by the diagonal.
        """

        def spread_marks(values: Floats) -> Floats:
            out = np.zeros_like(goal)
            np.add.at(out, marks.corners, marks.weights[..., None] * values[:, None])
            return out

        def apply(x: Floats) -> Floats:
            return stiffness * self._squared(x) + pull[:, None] * x + firm * spread_marks(marks.of(x)) + 1e-6 * x

        right = pull[:, None] * goal + firm * spread_marks(mark_goal)
        diagonal = stiffness + pull[:, None] + 1e-6
        x, left = start, right - apply(start)
        ahead = left / diagonal
        way, size = ahead, (left * ahead).sum()
        enough = _SOLVED**2 * max(float((right**2).sum()), 1e-30)
        for _ in range(_SOLVER_STEPS):
            if (left**2).sum() <= enough:
                break
            applied = apply(way)
            step = size / (way * applied).sum()
            x, left = x + step * way, left - step * applied
            ahead = left / diagonal
            before, size = size, (left * ahead).sum()
            way = ahead + size / before * way
        return x


def gradients(before: Surface, after: Surface) -> Floats:
    """(V, 3, 3) what the deformation between two surfaces of the same triangles does to short ways at each point.

    Across the surface it is as much as along it on average, by areas.
    """

    def frames(surface: Surface) -> Floats:
        a, b, c = (surface.points[surface.faces[:, corner]] for corner in range(3))
        along = surface.face_normals()
        return np.stack(
            [b - a, c - a, along / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-30) ** 0.5], -1
        )

    area = np.linalg.norm(before.face_normals(), axis=1)
    good = area > 1e-12
    per_face = frames(after)[good] @ np.linalg.inv(frames(before)[good])
    out, weight = np.zeros((len(before.points), 3, 3)), np.zeros(len(before.points))
    for corner in range(3):
        np.add.at(out, before.faces[good, corner], area[good, None, None] * per_face)
        np.add.at(weight, before.faces[good, corner], area[good])
    out[weight == 0] = np.eye(3)
    return out / np.where(weight == 0, 1.0, weight)[:, None, None]
