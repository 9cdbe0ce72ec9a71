"""What lies in the head and is closed in itself: eyeballs, two rows of teeth and a tongue, in their own places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .anatomy import Array, Ints

BALL_SEGMENTS, BALL_RINGS = 14, 10
# The dental arch is half a rounded box: half width, depth and z of its front in millimetres, and how square it is
# (2: an ellipse).
ARCH = (28.8, 45.0, 45.0, 2.25)


@dataclass(frozen=True)
class TeethRow:
    """Sections run from the gum outside over the edge to the gum inside: (outwards from the arch, height) in mm."""

    widths: tuple[float, ...]  # along the arch, from the midline to the last tooth
    front: tuple[tuple[float, float], ...]
    molar: tuple[tuple[float, float], ...]


UPPER_TEETH = TeethRow(
    (8.5, 6.7, 7.8, 7.0, 6.8, 10.0, 9.5),
    ((-3.0, -38.0), (-0.2, -42.0), (0.9, -46.0), (-0.1, -51.0), (-1.9, -50.4), (-6.5, -38.5)),
    ((-2.0, -38.0), (0.0, -42.0), (0.8, -45.5), (-1.0, -49.6), (-8.8, -49.3), (-9.8, -38.5)),
)
LOWER_TEETH = TeethRow(
    (5.4, 6.0, 6.9, 7.0, 7.1, 10.6, 10.2),
    ((-3.0, -64.5), (-2.8, -57.0), (-2.6, -52.5), (-3.3, -49.0), (-4.6, -49.2), (-8.0, -58.5)),
    ((-3.0, -59.5), (-1.9, -56.0), (-1.5, -53.5), (-2.5, -50.4), (-9.6, -50.1), (-10.6, -58.5)),
)
TOOTH_LINES = len(UPPER_TEETH.front)
TOOTH_STATIONS = 4 * len(UPPER_TEETH.widths) + 1  # the middle of every tooth, and every gap
# How far gaps lie behind the teeth's faces, and how much the edges are rounded off there.
GAP_DEPTH, GAP_ROUND = (0.0, 0.2, 0.6, 0.5, 0.0, 0.0), (0.0, 0.0, 0.0, 0.3, 0.2, 0.0)

TONGUE_LINES = 12
# stations from tip to root: z, half width, height of the back, of the edge and of the underside, depth of the groove
TONGUE = (
    (36.0, 5.0, -52.8, -54.0, -55.4, 0.1),
    (34.0, 8.8, -51.8, -53.8, -56.4, 0.4),
    (30.0, 11.8, -50.7, -53.3, -57.2, 0.8),
    (25.0, 13.4, -49.6, -52.8, -57.8, 1.1),
    (19.0, 14.6, -48.5, -52.2, -58.0, 1.3),
    (12.5, 15.4, -47.6, -51.8, -58.0, 1.3),
    (6.0, 15.6, -47.2, -51.8, -58.0, 1.1),
    (0.0, 13.8, -47.8, -52.0, -57.6, 0.7),
    (-4.2, 8.6, -49.6, -52.6, -56.4, 0.2),
)
TONGUE_ENDS = ((37.0, -54.2), (-5.6, -53.0))  # z and height of the tip and of the root


def _tube(grid: Array, ends: Array, twist: NDArray[np.bool_]) -> tuple[Array, Ints]:
    """A closed tube: rings of vertices (stations, lines, 3) and its two end points (2, 3). `twist` (stations - 1,
    lines) says along which diagonal the quads are split.
    """
    stations, lines = grid.shape[:2]
    first, last = stations * lines, stations * lines + 1
    faces: list[tuple[int, int, int]] = []
    for k in range(lines):
        q = (k + 1) % lines
        for i in range(stations - 1):
            a, b, c, d = i * lines + k, i * lines + q, (i + 1) * lines + q, (i + 1) * lines + k
            faces += [(a, b, c), (a, c, d)] if twist[i, k] else [(a, b, d), (b, c, d)]
        faces += [(first, q, k), (last, (stations - 1) * lines + k, (stations - 1) * lines + q)]
    return np.vstack([grid.reshape(-1, 3), ends]), np.array(faces)


def eyeball() -> tuple[Array, Ints]:
    """A closed sphere of radius one: vertices ring by ring from the front, then the poles in front and behind."""
    polar = (np.pi * (np.arange(BALL_RINGS) + 1) / (BALL_RINGS + 1))[:, None]
    turn = np.pi / 2 - 2 * np.pi * np.arange(BALL_SEGMENTS) / BALL_SEGMENTS
    grid = np.stack(np.broadcast_arrays(np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), np.cos(polar)), -1)
    return _tube(grid, np.array([[0, 0, 1], [0, 0, -1]]), np.ones((BALL_RINGS, BALL_SEGMENTS), bool))


def on_arch(along: Array) -> tuple[Array, Array]:
    """Places x, z (N, 2) on the dental arch, `along` mm from the midline to the left, and which way (N, 2) is out."""
    half_width, depth, front, square = ARCH
    t = np.linspace(-np.pi / 2, np.pi / 2, 4001)

    def curve(t: Array) -> tuple[Array, Array]:
        return np.sign(t) * np.abs(np.sin(t)) ** (2 / square), np.abs(np.cos(t)) ** (2 / square)

    across, ahead = curve(t)
    run = np.concatenate([[0.0], np.cumsum(np.hypot(half_width * np.diff(across), depth * np.diff(ahead)))])
    across, ahead = curve(np.interp(along + run[-1] / 2, run, t))
    out = np.stack([np.sign(across) * np.abs(across) ** (square - 1) / half_width, ahead ** (square - 1) / depth], 1)
    place = np.stack([half_width * across, front - depth * (1 - ahead)], 1)
    return place, out / np.linalg.norm(out, axis=1, keepdims=True)


def tooth_stations(row: TeethRow) -> Array:
    """Millimetres along the arch of the gaps and of the middles of the teeth between them: (TOOTH_STATIONS,)."""
    gaps = np.concatenate([[0.0], np.cumsum(row.widths)])
    half = np.sort(np.concatenate([gaps, (gaps[1:] + gaps[:-1]) / 2]))
    return np.concatenate([-half[:0:-1], half])


def teeth(row: TeethRow) -> tuple[Array, Ints, Ints]:
    """A closed row of teeth along the dental arch: vertices, triangles, and each vertex's mirror image."""
    along = tooth_stations(row)
    share = np.clip((np.abs(along) / along[-1] - 0.3) / 0.4, 0.0, 1.0)
    molar = (share * share * (3 - 2 * share))[:, None, None]
    section = np.array(row.front) + molar * (np.array(row.molar) - np.array(row.front))
    gap = (np.arange(TOOTH_STATIONS) % 2 == 0)[:, None]
    to_gum = np.sign(row.front[0][1] - row.front[3][1])
    out = section[..., 0] - gap * np.array(GAP_DEPTH)
    height = section[..., 1] + gap * to_gum * np.array(GAP_ROUND)
    place, aim = on_arch(along)
    x, z = (place[:, None, k] + out * aim[:, None, k] for k in range(2))
    grid = np.stack([x, height, z], -1)
    grid = (grid + grid[::-1] * [-1, 1, 1]) / 2
    # The sections run over the edge downwards in the upper row and upwards in the lower one.
    left = np.arange(TOOTH_STATIONS - 1) < TOOTH_STATIONS // 2
    points, faces = _tube(grid, grid[[0, -1]].mean(1), np.repeat(left[:, None], TOOTH_LINES, axis=1))
    ends = TOOTH_STATIONS * TOOTH_LINES + np.array([1, 0])
    twin = np.concatenate([np.arange(ends.min()).reshape(TOOTH_STATIONS, -1)[::-1].ravel(), ends])
    return points, faces if to_gum > 0 else faces[:, [0, 2, 1]], twin


def tongue() -> tuple[Array, Ints, Ints]:
    """A closed tongue at rest behind the lower teeth: vertices, triangles, and each vertex's mirror image."""
    turn = 2 * np.pi * np.arange(TONGUE_LINES) / TONGUE_LINES  # from the middle of its back over the left edge
    z, width, back, edge, under, groove = np.array(TONGUE).T[..., None]
    rise = np.cos(turn)
    height = edge + np.where(rise > 0, back - edge, edge - under) * rise
    height = height - groove * np.exp(-((np.sin(turn) / 0.3) ** 2)) * (rise > 0)
    grid = np.stack(np.broadcast_arrays(width * np.sin(turn), height, z), -1)
    mirror = -np.arange(TONGUE_LINES) % TONGUE_LINES
    grid = (grid + grid[:, mirror] * [-1, 1, 1]) / 2
    ends = np.array([[0.0, y, z] for z, y in TONGUE_ENDS])
    left = np.arange(TONGUE_LINES) < TONGUE_LINES // 2
    points, faces = _tube(grid, ends, np.repeat(left[None], len(TONGUE) - 1, axis=0))
    count = len(TONGUE) * TONGUE_LINES
    twin = np.concatenate([(np.arange(count).reshape(-1, TONGUE_LINES)[:, mirror]).ravel(), [count, count + 1]])
    return points, faces, twin
