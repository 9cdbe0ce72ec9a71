"""Texture coordinates: the skin as one chart, cut up the back of the head; eyes, teeth and tongue as islands below it.

The skin's chart is a convex-combination map onto a square (Tutte's theorem: no triangle can turn over), reweighted a
few times so
that every part gets its share of the picture (the reweighting of Yoshizawa, Belyaev and Seidel, 2004).
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import spsolve

from .anatomy import Array, Ints
from .solids import BALL_RINGS, BALL_SEGMENTS, TONGUE, TONGUE_LINES, TOOTH_LINES, TOOTH_STATIONS
from .template import SEAM, Template

SKIN_BOX = (0.006, 0.186, 0.994, 0.994)
EYE_ISLAND_RADIUS = 0.086
EYE_ISLANDS = ((0.095, 0.092), (0.275, 0.092))  # left, right
TEETH_BOXES = ((0.38, 0.10, 0.84, 0.172), (0.38, 0.012, 0.84, 0.084))  # upper, lower
TONGUE_BOX = (0.86, 0.012, 0.985, 0.172)


def ball_radius(polar: Array) -> Array:
    """Distance from an eye island's centre, as a share of its radius, for an angle from the eye's axis: the iris is
    magnified.
    """
    return (polar / np.pi) ** 0.55


def _skin(template: Template) -> tuple[Array, Ints]:
    n = len(template.skin)
    faces = template.faces[(template.faces < n).all(1)]
    middle = template.loops["midline"]
    p = template.points
    cut = middle[(p[middle, 2] < -55)]
    seam = np.append(
        cut, [template.loops[f"base{k}"][-1] for k in (1, 2)]
    )  # from the crown down the back and under the bust
    copies = n + np.arange(len(seam) - 1)
    right_side = p[faces].mean(1)[:, 0] < 0
    replace = np.arange(n)
    replace[seam[1:]] = copies
    faces = np.where(right_side[:, None], replace[faces], faces)
    points = np.vstack([p[:n], p[seam[1:]]])

    rim = template.loops["rim"]
    around = np.concatenate(
        [rim[::-1], template.twin[rim[1:-1]], [copies[-1]]]
    )  # left copy at the back, front, right copy
    bottom = np.linspace(1, 0, len(around))
    run = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(p[seam], axis=0), axis=1))])
    up = 1.5 * (1 - run / run[-1])  # from the bottom corner (0) up one side and along the top to its middle
    side = np.stack([np.where(up < 1, 0.0, up - 1), np.minimum(up, 1.0)], 1)
    side[0] = (0.5, 1.0)
    boundary = np.concatenate([around, seam[:-1], copies[:-1]])
    where = np.vstack([np.stack([bottom, 0 * bottom], 1), side[:-1] * [-1, 1] + [1, 0], side[1:-1]])
    return _convex_map(points, faces, boundary, where, _wanted(template, points)), faces


def _wanted(template: Template, points: Array) -> Array:
    """Relative fineness that each skin vertex deserves."""
    face = 1 / (1 + np.exp(-(points[:, 2] - 0) / 12)) / (1 + np.exp(-(points[:, 1] + 100) / 10))
    fine = 1.0 + 1.3 * face
    loops = template.loops
    for ids in (loops["mouth"][: SEAM - 1], loops["inside"], loops["eye"][:1], loops["eye_pole"]):
        fine[ids.ravel()] = 0.35
        fine[template.twin[ids.ravel()]] = 0.35
    under = template.both(np.concatenate([loops["base1"], loops["base2"]]))
    fine[under] = 0.3
    return fine


def _convex_map(p: Array, faces: Ints, boundary: Ints, where: Array, fine: Array) -> Array:
    n = len(p)
    rows, cols, values = [], [], []
    for k in range(3):
        a, b, c = faces[:, k], faces[:, (k + 1) % 3], faces[:, (k + 2) % 3]
        u, v = p[b] - p[a], p[c] - p[a]
        lu, lv = np.linalg.norm(u, axis=1), np.linalg.norm(v, axis=1)
        half = np.tan(np.arccos(np.clip((u * v).sum(1) / (lu * lv), -1, 1)) / 2)  # mean value weights: always positive
        rows += [a, a]
        cols += [b, c]
        values += [half / lu, half / lv]
    w = sparse.coo_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(cols))), shape=(n, n)).tocsr()
    inner = np.setdiff1d(np.arange(n), boundary)
    area3 = np.linalg.norm(np.cross(p[faces[:, 1]] - p[faces[:, 0]], p[faces[:, 2]] - p[faces[:, 0]]), axis=1)
    uv = np.zeros((n, 2))
    uv[boundary] = where
    for _ in range(9):
        system = sparse.diags(np.asarray(w.sum(1)).ravel()) - w
        uv[inner] = spsolve(system[inner][:, inner].tocsc(), -system[inner][:, boundary] @ where)
        e1, e2 = uv[faces[:, 1]] - uv[faces[:, 0]], uv[faces[:, 2]] - uv[faces[:, 0]]
        area2 = np.abs(e1[:, 0] * e2[:, 1] - e1[:, 1] * e2[:, 0])
        stretch = np.sqrt(area3 / np.maximum(area2, 1e-9))
        total = np.bincount(faces.ravel(), np.repeat(area3, 3), n)
        mean = np.bincount(faces.ravel(), np.repeat(area3 * stretch, 3), n) / total * fine
        w = w @ sparse.diags((mean / np.median(mean)) ** -0.6)
    return uv


def _eyeball(faces: Ints, start: int, mirrored: bool) -> tuple[Array, Ints]:
    """An island for an eyeball; the back pole is opened into one corner a segment."""
    polar = np.pi * (np.arange(BALL_RINGS) + 1) / (BALL_RINGS + 1)
    turn = 2 * np.pi * np.arange(BALL_SEGMENTS) / BALL_SEGMENTS + np.pi / 2
    turn = np.pi - turn if mirrored else turn
    r = ball_radius(polar)[:, None]
    ring = np.stack([r * np.cos(turn), r * np.sin(turn)], -1).reshape(-1, 2)
    half = np.pi / BALL_SEGMENTS * (-1 if mirrored else 1)
    back = np.stack([np.cos(turn + half), np.sin(turn + half)], 1)
    uv = np.vstack([[0, 0], ring, back])
    local = faces - start
    last = BALL_RINGS * BALL_SEGMENTS + 1
    out = local.copy()
    first_of_last_ring = last - BALL_SEGMENTS
    for f in np.flatnonzero((local == last).any(1)):
        i, j = sorted(int(v) - first_of_last_ring for v in local[f] if v != last)
        segment = i if j == i + 1 else j
        out[f][local[f] == last] = last + segment
    return uv, out


def _tube(faces: Ints, start: int, stations: int, lines: int) -> tuple[Array, Ints]:
    """An island for a closed tube: along it, and round its section, whose first line is repeated at the end."""
    u = np.linspace(0.06, 0.94, stations)
    v = np.linspace(1, 0, lines + 1)
    grid = np.stack(np.broadcast_arrays(u[:, None], v), -1).reshape(-1, 2)
    uv = np.vstack([grid, [[0.0, 0.5], [1.0, 0.5]]])
    local = faces - start
    count = stations * lines
    station, line = local // lines, local % lines
    ring_lines = np.where(local < count, line, -1)
    wraps = (ring_lines == lines - 1).any(1) & (ring_lines == 0).any(1)
    line = np.where(wraps[:, None] & (line == 0) & (local < count), lines, line)
    triangles = np.where(local < count, station * (lines + 1) + line, local - count + stations * (lines + 1))
    one, two = (uv[triangles[:, k]] - uv[triangles[:, 0]] for k in (1, 2))
    if (one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]).sum() < 0:
        uv[:, 1] = 1.0 - uv[:, 1]
    return uv, triangles


def build(template: Template) -> tuple[Array, Ints]:
    """Texture coordinates (U, 2), v upwards, and their triangles (9976, 3) in the order of the template's faces."""
    faces = template.faces
    ft = np.zeros_like(faces)
    coordinates: list[Array] = []

    def place(uv: Array, triangles: Ints, rows: Ints, box: tuple[float, ...]) -> None:
        ft[rows] = triangles + sum(len(c) for c in coordinates)
        coordinates.append(np.array(box[:2]) + uv * (np.array(box[2:]) - np.array(box[:2])))

    n = len(template.skin)
    uv, triangles = _skin(template)
    place(uv, triangles, np.flatnonzero((faces < n).all(1)), SKIN_BOX)
    tooth_grid, tongue_grid = (TOOTH_STATIONS, TOOTH_LINES), (len(TONGUE), TONGUE_LINES)
    tubes = ((template.upper_teeth, *tooth_grid), (template.lower_teeth, *tooth_grid), (template.tongue, *tongue_grid))
    for (ids, *size), box in zip(tubes, (*TEETH_BOXES, TONGUE_BOX), strict=True):
        rows = np.flatnonzero(np.isin(faces[:, 0], ids))
        place(*_tube(faces[rows], ids[0], *size), rows, box)
    for ids, centre, mirrored in zip(
        (template.left_eyeball, template.right_eyeball), EYE_ISLANDS, (False, True), strict=True
    ):
        rows = np.flatnonzero(np.isin(faces[:, 0], ids))
        c, r = np.array(centre), EYE_ISLAND_RADIUS
        place(*_eyeball(faces[rows], ids[0], mirrored), rows, (*c, *(c + r)))
    return np.vstack(coordinates), ft
