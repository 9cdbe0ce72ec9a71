"""Texture coordinates: the skin as one chart, cut up the back of the head; eyes, teeth and tongue as islands below it.

The skin's chart is a convex-combination map onto a square (Tutte's theorem: no triangle can turn over), reweighted a
few times so that every part gets its share of the picture (as in Yoshizawa, Belyaev and Seidel, 2004).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
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
    """How far from an eye island's centre an angle from the eye's axis lies, 0..1: the iris is magnified."""
    return (polar / np.pi) ** 0.55


def _skin(template: Template) -> tuple[Array, Ints]:
    n = len(template.skin)
    faces = template.faces[(template.faces < n).all(1)]
    middle = template.loops["midline"]
    p = template.points
    # From the crown down the back and under the bust.
    seam = np.append(middle[p[middle, 2] < -55], [template.loops[f"base{k}"][-1] for k in (1, 2)])
    copies = n + np.arange(len(seam) - 1)
    right_side = p[faces].mean(1)[:, 0] < 0
    replace = np.arange(n)
    replace[seam[1:]] = copies
    faces = np.where(right_side[:, None], replace[faces], faces)
    points = np.vstack([p[:n], p[seam[1:]]])

    rim = template.loops["rim"]
    around = np.concatenate([rim[::-1], template.twin[rim[1:-1]], copies[-1:]])  # from the back round to its copy
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
    fine[template.both(loops["mouth"][: SEAM - 1], loops["inside"], loops["eye"][:1], loops["eye_pole"])] = 0.35
    fine[template.both(loops["base1"], loops["base2"])] = 0.3
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


def _grid(faces: Ints, start: int, stations: int, lines: int) -> tuple[Array, Array]:
    """Where corners of a closed tube's triangles lie, (F, 3) each: along it, 0 to 1 from end to end, and round it,
    from 0 to 1 without a jump within a triangle.
    """
    station, line = np.divmod((faces - start).astype(float), lines)
    end = station >= stations
    wraps = ((line == lines - 1) & ~end).any(1) & ((line == 0) & ~end).any(1)
    line = np.where(wraps[:, None] & (line == 0), lines, line)
    middle = (line * ~end).sum(1, keepdims=True) / (~end).sum(1, keepdims=True)
    last = faces - start - stations * lines  # 0 and 1 at the ends
    station = np.where(end, last * (stations + 1), station + 1)
    return station / (stations + 1), np.where(end, middle, line) / lines


def _disc(faces: Ints, start: int, mirrored: bool) -> Array:
    """An island for an eyeball: corners (F, 3, 2)."""
    along, around = _grid(faces, start, BALL_RINGS, BALL_SEGMENTS)
    turn = np.pi / 2 - 2 * np.pi * around
    turn = np.pi - turn if mirrored else turn
    return ball_radius(np.pi * along)[..., None] * np.stack([np.cos(turn), np.sin(turn)], -1)


def _strip(faces: Ints, start: int, stations: int, lines: int) -> Array:
    """An island for teeth or tongue, along them and round them: corners (F, 3, 2)."""
    uv = np.stack(_grid(faces, start, stations, lines), -1)
    one, two = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    turned = (one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]).sum() < 0
    return np.abs(uv - [0, 1]) if turned else uv


def build(template: Template) -> tuple[Array, Ints]:
    """Texture coordinates (U, 2), v upwards, and their triangles (9976, 3) in the order of the template's faces."""
    faces = template.faces
    corners = np.zeros((*faces.shape, 2))

    def place(uv: Array, rows: NDArray[np.bool_], box: tuple[float, ...]) -> None:
        corners[rows] = np.array(box[:2]) + uv * (np.array(box[2:]) - np.array(box[:2]))

    n = len(template.skin)
    uv, triangles = _skin(template)
    place(uv[triangles], (faces < n).all(1), SKIN_BOX)
    tooth_grid, tongue_grid = (TOOTH_STATIONS, TOOTH_LINES), (len(TONGUE), TONGUE_LINES)
    tubes = ((template.upper_teeth, *tooth_grid), (template.lower_teeth, *tooth_grid), (template.tongue, *tongue_grid))
    for (ids, *size), box in zip(tubes, (*TEETH_BOXES, TONGUE_BOX), strict=True):
        rows = np.isin(faces[:, 0], ids)
        place(_strip(faces[rows], ids[0], *size), rows, box)
    eyes = (template.left_eyeball, template.right_eyeball)
    for ids, (x, y), mirrored in zip(eyes, EYE_ISLANDS, (False, True), strict=True):
        rows = np.isin(faces[:, 0], ids)
        place(_disc(faces[rows], ids[0], mirrored), rows, (x, y, x + EYE_ISLAND_RADIUS, y + EYE_ISLAND_RADIUS))
    vt, ft = np.unique(corners.reshape(-1, 2).round(9), axis=0, return_inverse=True)
    return vt, ft.reshape(-1, 3)
