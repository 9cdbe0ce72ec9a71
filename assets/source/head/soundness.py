"""Keeps the skin the right way out, whatever the codes: columns that together would turn a triangle over are calmed.

Each column alone is sound, but a hundred of them at once may crush a small triangle until it faces backwards. For every
triangle the face is found that crushes it most, of those as rare as a few thousand random ones hold; where it comes
near to turning over, the slopes of all columns on it are made gentler, and the columns are put together again from
their slopes (a Poisson problem, as in Yu et al. 2004, "Mesh editing with Poisson-based gradient field manipulation").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import SuperLU, splu

from . import expression, identity, lips, rig
from .anatomy import Array, Ints
from .rig import Jaw
from .surface import Skin, cotangent_laplacian
from .template import LID_BACK, LID_FRONT, SEAM, turning

Flags = NDArray[np.bool_]
RARE = 4.0  # sigma by which the faces that are looked at are off the middle one, in all their codes together
REACH = 2.0  # in each of them at most; what closes is not less than zero
STEPS = 6  # in which the face is found that crushes a triangle most
JAWS = (0.0, 0.2, 0.35)  # radians; wider open, what lies under the chin is folded by the jaw alone
ROOM = 0.1  # of its area at rest that every triangle should keep, seen along its normal at rest
SOUND = 0.02  # of it, with which all have enough
LEADING = 0.35  # the power of others' shares that columns of identity.LED_BY keep: people are told apart by those first
ROUNDS = 40
KEPT_LENGTH = 25.0  # millimetres from a calmed place at which displacements are as they were


def calm(skin: Skin, jaw: Jaw, named: Mapping[str, Array], amounts: Mapping[str, float]) -> Array:
    """Columns (K, N, 3) of the skin, in millimetres at one sigma, under which no triangle turns over, made of those
    `named` (N, 3), whose `amounts` are the shares of whole units that they make.

    What closes lids and lips goes on closing them exactly, and the lips keep to their contact. Raises ValueError where
    that leaves no way.
    """
    columns = np.stack(list(named.values()))
    triangles = _visible(skin)
    folds = np.isin(triangles, skin.template.both(turning(skin.template.loops))).any(1)
    slopes = _Slopes(skin, triangles, list(named))
    # Codes of whole units, one a row; that of mouth_close is for an open jaw and left out.
    wholes = np.diag([1 / amounts[name] if name in amounts and name != "mouth_close" else 0.0 for name in named])
    faces = _WorstFaces(skin, triangles[~folds], closing(named), wholes, jaw)
    twin = _twins(triangles, skin.twin)
    calmed, share, room = columns, np.ones(len(triangles)), np.full(len(triangles), np.inf)
    for turn in range(ROUNDS):
        room[~folds] = faces.least_room(calmed)
        room = np.minimum(room, room[twin])
        if room.min() > SOUND:
            return calmed
        gentler = ((1 - ROOM) / (1 - np.minimum(room, ROOM))) ** (1.3 + turn / 4)
        if turn % 3 == 2:  # what is held by its edges gives way where those round it do
            gentler = _of_neighbours(triangles, gentler, np.ones(len(triangles), bool))
        share *= gentler
        share[folds] = _of_neighbours(triangles, share, folds)
        calmed = slopes.with_shares(columns, share)
    worst = skin.points[triangles[room.argmin()]].mean(0).round(1)
    raise ValueError(f"the columns turn over the triangle at {worst} mm, and its edges may not be moved")


def closing(names: Iterable[str]) -> Flags:
    """Which columns close lids or lips."""
    return np.array([expression.root(name) in expression.CLOSING for name in names])


def _of_neighbours(triangles: Ints, share: Array, which: Flags) -> Array:
    """The least share of what lies round some triangles, which so give way with it."""
    least = np.ones(triangles.max() + 1)
    np.minimum.at(least, triangles.ravel(), np.repeat(share, 3))
    return least[triangles[which]].min(1)


class _WorstFaces:
    """The faces that crush each triangle most, with the jaw shut and open, and how near it then is to turning over."""

    def __init__(self, skin: Skin, triangles: Ints, closing: Flags, wholes: Array, jaw: Jaw) -> None:
        self._triangles = triangles
        self._least, self._wholes = np.where(closing, 0.0, -REACH), wholes
        self._axes = _planes(skin.points, triangles)
        self._at_rest = _area(self._axes @ _edges(skin.points, triangles))
        # The skin with the jaw open (N, 3), and how that turns displacements (N, 3, 3).
        turned = ((angle, rig.turn(angle) - np.eye(3)) for angle in JAWS)
        self._opened = [(jaw.opened(angle), np.eye(3) + jaw.share[:, None, None] * turn) for angle, turn in turned]

    def least_room(self, columns: Array) -> Array:
        """The least share of their areas that triangles keep under columns (K, N, 3): (T,), negative if turned over."""
        least = np.full(len(self._triangles), np.inf)
        for base, turn in self._opened:
            still = self._axes @ _edges(base, self._triangles)
            turned = np.einsum("vij,kvj->kvi", turn, columns)
            moves = np.stack([self._axes @ _edges(column, self._triangles) for column in turned], 1)
            worst, far = still, np.ones((len(still), 1))
            for _ in range(STEPS):  # the area falls fastest along its slope, which is another one there
                slope = np.einsum("tkij,tij->tk", moves, worst[:, ::-1, ::-1] * [[1, -1], [-1, 1]])
                codes = (-far * slope).clip(self._least, REACH)
                far *= RARE / np.maximum(np.linalg.norm(codes, axis=1, keepdims=True), 1e-3)
                codes = (-far * slope).clip(self._least, REACH)
                worst = still + np.einsum("tk,tkij->tij", codes, moves)
            wholes = still + np.einsum("wk,tkij->wtij", self._wholes, moves)
            least = np.minimum(least, np.minimum(_area(worst), _area(wholes).min(0)) / self._at_rest)
        return least


def _visible(skin: Skin) -> Ints:
    """Triangles of the skin but for the linings of mouth and eyes, which nobody sees turn, and the bust's underside."""
    head, loops = skin.template, skin.template.loops
    hidden = [loops[name] for name in ("inside", "eye_pole", "base1", "base2")]
    shown = np.isin(np.arange(len(head.points)), head.skin)
    shown[head.both(loops["mouth"][:SEAM], loops["eye"][:LID_FRONT], *hidden)] = False
    return head.faces[shown[head.faces].all(1)]


def _twins(triangles: Ints, twin: Ints) -> Ints:
    """For each triangle, which one is its mirror image."""
    place = {tuple(corners): i for i, corners in enumerate(np.sort(triangles, axis=1).tolist())}
    return np.array([place[tuple(corners)] for corners in np.sort(twin[triangles], axis=1).tolist()])


def _edges(points: Array, triangles: Ints) -> Array:
    """Two edges of each triangle as columns: (T, 3, 2)."""
    a, b, c = (points[triangles[:, k]] for k in range(3))
    return np.stack([b - a, c - a], -1)


def _planes(points: Array, triangles: Ints) -> Array:
    """Two unit axes in the plane of each triangle, as rows: (T, 2, 3)."""
    edges = _edges(points, triangles)
    first = edges[..., 0] / np.linalg.norm(edges[..., 0], axis=1, keepdims=True)
    across = np.cross(np.cross(edges[..., 0], edges[..., 1]), first)
    return np.stack([first, across / np.linalg.norm(across, axis=1, keepdims=True)], 1)


def _area(corners: Array) -> Array:
    """Determinants of matrices (..., 2, 2)."""
    return corners[..., 0, 0] * corners[..., 1, 1] - corners[..., 0, 1] * corners[..., 1, 0]


class _Slopes:
    """Puts columns together from their slopes, of which some triangles keep a share only.

    The edges of lids stay as they were, and lips keep to their contact, as the columns of these names do; those that
    close them stay as they were altogether.
    """

    def __init__(self, skin: Skin, triangles: Ints, names: list[str]) -> None:
        self._skin, self._triangles = skin, triangles
        parting = np.array([expression.root(name) in expression.PARTING for name in names])
        leading = np.array([name in identity.LED_BY for name in names])
        hold = skin.areas / KEPT_LENGTH**2
        hold[skin.template.both(skin.template.loops["eye"][LID_BACK : LID_FRONT + 1])] = 1e6
        self._hold = sparse.diags(hold)
        sealed = self._solver(lips.Slide(skin, sealed=True))
        self._kinds = [
            (parting, 1.0, self._solver(lips.Slide(skin))),
            (~closing(names) & ~parting & ~leading, 1.0, sealed),
            (leading, LEADING, sealed),
        ]

    def _solver(self, contact: lips.Slide) -> SuperLU:
        stiffness, _ = cotangent_laplacian(self._skin.points, self._triangles)
        return splu((sparse.kron(stiffness + self._hold, sparse.eye(3)) + contact.stiffness()).tocsc())

    def with_shares(self, columns: Array, share: Array) -> Array:
        """Columns (K, N, 3) whose slopes on each triangle are `share` (T,) of what they were, as nearly as can be."""
        out = columns.copy()
        for which, power, solver in self._kinds:
            gentler, _ = cotangent_laplacian(self._skin.points, self._triangles, share**power)
            wanted = sparse.kron(gentler + self._hold, sparse.eye(3)).tocsr()
            flat = columns[which].reshape(-1, columns[0].size)
            out[which] = solver.solve(np.ascontiguousarray(wanted @ flat.T)).T.reshape(-1, *columns[0].shape)
        return out
