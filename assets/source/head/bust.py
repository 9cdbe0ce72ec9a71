"""Where the head ends: cut through neck and shoulders, and closed below all but a hole."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from .anatomy import Array
from .sheet import Loop, Sheet

RIM_POINTS = 25  # of the neck's edge from front to back over one side: a loop of 48
UNDERSIDE = ((0.95, -2.31), (0.05, -1.05))  # loops below the bust: share of the way from its middle, mm upwards
LEVEL, UPWARDS = -166.0, np.array([0.0, 1.0, 0.3])  # of the cut: its height, and the way out of it


def cut(sheet: Sheet) -> None:
    """Cuts the sheet off along the bust's edge: where edges cross it, their nearer ends move onto it."""
    value = np.array(sheet.points) @ UPWARDS - LEVEL
    x = np.array(sheet.points)[:, 0]
    moves: dict[int, tuple[float, int]] = {}
    for a, b in sheet.sides():
        if value[a] * value[b] < 0:
            share = value[a] / (value[a] - value[b])
            near, far, share = (a, b, share) if share < 0.5 else (b, a, 1 - share)
            if x[near] > 1e-7 or (abs(x[near]) < 1e-7 and abs(x[far]) < 1e-7):
                moves[near] = min(moves.get(near, (1.0, 0)), (share, far))
    places = {near: [(near, 1 - share), (far, share)] for near, (share, far) in sorted(moves.items())}
    for near, parts in places.items():
        sheet.move(near, parts)
        value[near] = value[sheet.twin[near]] = 0.0
    polygons = []
    for loop in sheet.polygons:
        signs = np.sign(value[loop])
        if (signs >= 0).all() and signs.any():
            polygons.append(loop)
        elif (signs > 0).any():  # across one diagonal
            k = int(signs.argmax())
            polygons.append([loop[k - 1], loop[k], loop[(k + 1) % len(loop)]])
    sheet.polygons = polygons


def close(sheet: Sheet) -> list[Loop]:
    """Closes the bust below its edge, all but a hole in the middle: half loops from that edge to the hole's."""
    whole = min(sheet.boundary(), key=lambda loop: np.array(sheet.points)[loop, 1].mean())
    edge = _left_half(whole, np.array(sheet.points))
    run = _run(sheet, edge)
    loops, top = [edge], max(sheet.points[v][1] for v in whole)
    for share, rise in UNDERSIDE:
        loop = []
        for s in np.linspace(0, run[-1], RIM_POINTS):
            k = min(int(np.searchsorted(run, s, "right")) - 1, len(edge) - 2)
            t = (s - run[k]) / (run[k + 1] - run[k])
            parts = [(v, (1 - share) / len(whole)) for v in whole]
            v = sheet.add([*parts, (edge[k], share * (1 - t)), (edge[k + 1], share * t)])
            for twin in {v, sheet.twin[v]}:
                x, y, z = sheet.points[twin]
                # The hole lies level and high, so that nobody at the height of the eyes looks in.
                sheet.points[twin] = np.array([x, (y if share > 0.5 else top) + rise, z])
            loop.append(v)
        loops.append(loop)
    below = [t for outer, inner in pairwise(loops) for t in _strip(sheet, outer, inner)]
    sheet.polygons += below + [[sheet.twin[a], sheet.twin[c], sheet.twin[b]] for a, b, c in below]
    return loops


def _run(sheet: Sheet, loop: Loop) -> Array:
    """The way along a loop to each of its vertices."""
    steps = np.linalg.norm(np.diff([sheet.points[v] for v in loop], axis=0), axis=1)
    return np.concatenate([[0], np.cumsum(steps)])


def _strip(sheet: Sheet, outer: Loop, inner: Loop) -> list[Loop]:
    """Triangles between two loops of which one has more vertices: half loops, both from front to back."""
    here, there = (run / run[-1] for run in (_run(sheet, outer), _run(sheet, inner)))
    i = j = 0
    out = []
    while i < len(outer) - 1 or j < len(inner) - 1:
        if j == len(inner) - 1 or (i < len(outer) - 1 and here[i + 1] <= there[j + 1]):
            out.append([outer[i], inner[j], outer[i + 1]])
            i += 1
        else:
            out.append([outer[i], inner[j], inner[j + 1]])
            j += 1
    return out


def _left_half(loop: Loop, p: Array) -> Loop:
    """The left half of a closed loop from front to back."""
    back, front = sorted((v for v in loop if abs(p[v, 0]) < 1e-7), key=lambda v: p[v, 2])
    k = loop.index(front)
    turned = loop[k:] + loop[:k]
    way = turned[: turned.index(back) + 1]
    return way if p[way[1], 0] > 0 else [front, *turned[: turned.index(back) - 1 : -1]]
