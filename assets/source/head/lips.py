"""How the lips meet: the upper lip hangs in front of the lower one, and all that moves them lets them slide.

Seen from the side they touch along a plane that slants down and forwards. Lips part by sliding along it, the upper one
up and back; moved the other way, the lower lip disappears behind the upper. No movement presses one into the other,
and so no sum of movements does.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from . import template
from .anatomy import Array, Ints
from .surface import Skin

SLANT = 1.0  # how far the contact recedes for each millimetre that it rises
SEAM = template.SEAM
# Rings beside the contact: how firmly they keep to it. Of the red beyond, only the lower lip's can come to lie behind
# the other lip; the upper lip's may be pressed flat.
HOLD = {
    SEAM - 2: 100.0, SEAM - 1: 1e4, SEAM: 1e5, SEAM + 1: 1e4, SEAM + 2: 1e4, SEAM + 3: 1e4, SEAM + 4: 300.0,
    SEAM + 5: 30.0,
}  # fmt: skip
BOTH = SEAM + 2  # the last ring of which the upper lip keeps to it too


def contact(skin: Skin) -> tuple[Array, Array, Array]:
    """At each station of the seam, from the midline to the left corner: the direction from the lower lip into the
    upper one, the direction along the seam, and the one in which the upper lip slides when they part. Unit vectors, the
    last one millimetre high; (MOUTH_SEGMENTS + 1, 3) each.
    """
    seam = skin.points[skin.template.loops["mouth"][SEAM, : template.MOUTH_SEGMENTS + 1]]
    along = np.gradient(seam, axis=0)
    along[0] = [1.0, 0.0, 0.0]
    ahead = np.stack([-along[:, 2], 0 * along[:, 0], along[:, 0]], 1)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    sideways = along / np.linalg.norm(along, axis=1, keepdims=True)
    up = np.cross(ahead, sideways)
    return (ahead + SLANT * up) / np.hypot(1.0, SLANT), sideways, up - SLANT * ahead


def rolled_in(skin: Skin) -> Array:
    """The red of the lower lip drawn along the contact up to it and behind the upper lip, all but flat: (N, 3)."""
    mouth, m = skin.template.loops["mouth"], template.MOUTH_SEGMENTS
    lower = mouth[SEAM : template.BORDER + 1, : m - 1 : -1]
    way = contact(skin)[2]
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    below = ((skin.points[lower] - skin.points[lower[0]]) * way).sum(2, keepdims=True)
    goal, pull = np.zeros_like(skin.points), np.zeros(len(skin.points))
    goal[lower], goal[skin.twin[lower]] = -below * way, -below * way * [-1, 1, 1]
    pull[skin.template.both(lower)] = 300.0
    return skin.spread(pull, goal, 6.0)


class Slide:
    """Takes from displacements of the skin (N, 3) what would press a lip into the other or lift it off.

    sealed : takes the sliding too, so that lips that touch go on touching
    """

    def __init__(self, skin: Skin, sealed: bool = False) -> None:
        normal, sideways, parting = contact(skin)
        parting /= np.linalg.norm(parting, axis=1, keepdims=True)
        mouth, m = skin.template.loops["mouth"], template.MOUTH_SEGMENTS
        aside = skin.points[mouth[SEAM, : m + 1], 0]
        overlap = 1 - (aside / aside[-1]) ** 8  # the corner is a hinge, where neither lip comes to lie on the other
        # Of each ring: its vertices, the axes along which the lips move as one, and the seam's vertices on both lips.
        self._rows = []
        pull = np.zeros(len(skin.points))
        for ring, strength in HOLD.items():
            half = np.arange(0 if ring <= BOTH else m, 2 * m + 1)
            station = np.minimum(half, 2 * m - half)
            for twin, flip in ((np.arange(len(skin.points)), 1.0), (skin.twin, -1.0)):
                seam = twin[mouth[SEAM]]
                at_seam = [normal, sideways, parting] if sealed else [normal, sideways]
                shared = at_seam if abs(ring - SEAM) < 2 else [normal]
                axes = np.stack(shared, 1)[station] * [flip, 1, 1]
                if ring > SEAM:
                    axes = axes * overlap[station, None, None]
                self._rows.append((twin[mouth[ring, half]], axes, (seam[station], seam[2 * m - station]), strength))
                pull[twin[mouth[ring, half]]] = strength
        self._count = len(skin.points)
        self._spread = skin.spreader(pull, 3.5)

    def __call__(self, field: Array) -> Array:
        goal = np.zeros_like(field)
        for ids, axes, (upper, lower), _ in self._rows:
            lacking = (field[upper] + field[lower]) / 2 - field[ids]
            goal[ids] = np.einsum("vai,vaj,vj->vi", axes, axes, lacking)
        if not np.abs(goal).max() > 1e-6:
            return field
        moved = field + self._spread(goal)
        for ids, _, _, strength in self._rows:
            if strength > 1e3:
                moved[ids] = field[ids] + goal[ids]
        return moved

    def stiffness(self) -> sparse.csc_matrix:
        """What it costs (3 N, 3 N) to leave the contact, a quadratic form of displacements x, y, z of each vertex."""
        leaving = sparse.vstack([
            np.sqrt(strength) * (self._along(axes, ids) - (self._along(axes, upper) + self._along(axes, lower)) / 2)
            for ids, axes, (upper, lower), strength in self._rows
        ])  # fmt: skip
        return (leaving.T @ leaving).tocsc()

    def _along(self, axes: Array, ids: Ints) -> sparse.csr_matrix:
        """Finds the components of displacements (3 N,) of vertices (V,) along axes (V, A, 3): (V A, 3 N)."""
        count = axes.shape[0] * axes.shape[1]
        columns = np.repeat(3 * ids[:, None] + np.arange(3), axes.shape[1], axis=0)
        rows = np.repeat(np.arange(count), 3)
        return sparse.csr_matrix((axes.ravel(), (rows, columns.ravel())), (count, 3 * self._count))
