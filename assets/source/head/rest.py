"""Builds the head at rest: of the smooth surface of MakeHuman's own mesh, completed to FLAME's layout."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy import sparse
from scipy.interpolate import CubicSpline

from . import bust, relief, solids
from . import template as layout
from .anatomy import Anatomy, Array, Ints
from .sheet import Loop, Sheet, edge_loop, rings
from .subdivision import Surface
from .template import SEAM, Template

SCALE = 105.0  # millimetres in one of MakeHuman's units
ORIGIN = np.array([0.0, 7.02, 0.97])  # of FLAME's axes in MakeHuman's, which are parallel
# Of the teeth as they are made: half width, depth, front and lowest edge of the upper row, and how far that ends up
# above the contact of the lips.
ARCH_WIDTH, ARCH_DEPTH, ARCH_FRONT, UPPER_EDGE, EDGE = 29.6, 49.0, 45.9, -51.0, 0.8
# Places in MakeHuman's mesh.
CROWN = 879  # the top of the skull
UPPER_SEAM, LOWER_SEAM, BESIDE_SEAM = 520, 523, 7267  # in the middle of the lips' contact, and one step to the left
SOCKET = 8011  # far behind the left eyeball
THROAT, THROAT_RINGS = 707, 9  # a vertex in the pit behind the mouth, and the rings from the contact to its edge
EYE_START = (7795, 7794)  # on the lid's edge in the eyeball, from the inner corner over the upper lid
SPLIT = range(15, 20)  # vertices of the lower lip before which the edges of its rings are halved
ROOM = 0.35  # millimetres between the lips for each ring from their contact
LID = 0.95  # between the lids and the eyeball


def _halved_lip(sheet: Sheet, surface: Surface, loops: list[Loop]) -> tuple[list[Loop], dict[tuple[int, int], int]]:
    """Rings of the mouth with as many vertices on the lower lip as on the upper one, and the edges halved for that."""
    halves: dict[tuple[int, int], int] = {}
    out = [list(ring) for ring in loops[:-1]]
    for ring, new in zip(loops, out, strict=False):
        for k in reversed(SPLIT):
            new.insert(k, _halve(sheet, surface, halves, ring[k - 1], ring[k]))
    return out, halves


def _halve(sheet: Sheet, surface: Surface, halves: dict[tuple[int, int], int], a: int, b: int) -> int:
    """Notes that an edge and its mirror image are halved; the vertex in its middle."""
    t = sheet.twin
    for pair in ((a, b), (t[a], t[b])):
        halves[pair] = halves[pair[::-1]] = surface.middle[pair]
    return surface.middle[a, b]


def _refine(sheet: Sheet, surface: Surface, halves: dict[tuple[int, int], int], still: set[int], count: int) -> None:
    """Halves edges until there are `count` vertices, those first that the smooth surface rises over the most, and none
    of vertices that are to keep `still`.
    """
    p, t = np.array(sheet.points), sheet.twin
    sides = sheet.sides()
    missing = count - len({v for loop in sheet.polygons for v in loop} | set(halves.values()))
    moved = still | sheet.rows.keys()
    rise = {
        (a, b): round(float(np.linalg.norm(p[surface.middle[a, b]] - (p[a] + p[b]) / 2)), 6)
        for a, b in sides
        if a < b and not {a, b} & moved and min(p[a, 0], p[b, 0]) > -1e-7
    }
    for a, b in sorted(rise, key=lambda edge: (-rise[edge], edge)):
        new = len({surface.middle[a, b], t[surface.middle[a, b]]})
        if (a, b) not in halves and new <= missing:
            _halve(sheet, surface, halves, a, b)
            missing -= new


def _evened(ring: Array, parts: tuple[slice, ...], least: float) -> Array:
    """A loop (N, 3) whose vertices slide along it until none are nearer than a share of the mean distance."""
    out = ring.copy()
    for part in parts:
        p = ring[part]
        step = np.linalg.norm(np.diff(p, axis=0), axis=1)
        wider = np.maximum(step, least * step.mean())
        run = np.concatenate([[0], np.cumsum(step)])
        at = np.concatenate([[0], np.cumsum(wider * run[-1] / wider.sum())])
        out[part] = CubicSpline(run, p)(at)
        out[part][[0, -1]] = p[[0, -1]]
    return out


def _seal(points: Array, mouth: Ints, twin: Ints) -> None:
    """Brings the lips together along their contact, and what is near it some of the way."""
    m = layout.MOUTH_SEGMENTS
    for ring in mouth:
        points[ring] = _evened(points[ring], (slice(0, m + 1), slice(m, None)), 0.7)
        points[twin[ring]] = points[ring] * [-1, 1, 1]
    seam = mouth[SEAM]
    upper, lower = seam[: m + 1], seam[: m - 1 : -1]
    meet = (points[upper] + points[lower]) / 2
    # Far enough ahead that the lower lip falls off below it: there the upper one hangs over it.
    meet[:, 2] = points[lower, 2] + 1.4 * (1 - (meet[:, 0] / meet[-1, 0]) ** 4)
    away = np.zeros((2 * m + 1, 3))
    away[: m + 1] = meet - points[upper]
    away[: m - 1 : -1] = meet - points[lower]
    for ring, share in enumerate((0.25, 0.6, 1.0, 0.75, 0.4, 0.15), SEAM - 2):
        points[mouth[ring]] += share * away
    for ring in range(SEAM - 1, SEAM + 4):  # no lip in the other
        above, below = mouth[ring, :m], mouth[ring, :m:-1]
        lacking = ROOM * abs(ring - SEAM) - (points[above, 1] - points[below, 1])
        points[above, 1] += np.clip(lacking, 0, None) / 2
        points[below, 1] -= np.clip(lacking, 0, None) / 2
    # The lips slide along planes that fall a millimetre for each that they come forward: the upper lip's back stays
    # above those, the lower lip's front below.
    across = points[seam[:m], 0] / points[seam[m], 0]
    along = np.gradient(points[seam[: m + 1]], axis=0)[:m]
    along[0] = [1.0, 0.0, 0.0]
    way = np.stack([-along[:, 2], np.hypot(along[:, 0], along[:, 2]), along[:, 0]], 1)
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    back, front = mouth[:, :m], mouth[:, :m:-1]
    for side, room, beyond in ((1.0, 0.4, back[SEAM - 1 :: -1]), (-1.0, 0.2, front[SEAM + 1 :])):
        for step, beside in enumerate(beyond[:3], 1):
            lacking = room * step - side * ((points[beside] - points[seam[:m]]) * way).sum(1)
            points[beside] += side * (np.clip(lacking, 0, None) * (1 - across**12))[:, None] * way
    points[twin[mouth]] = points[mouth] * [-1, 1, 1]


def _down_the_back(sheet: Sheet, end: int) -> Loop:
    """Vertices of the midline from the crown down the back of the head to its edge."""
    p = np.array(sheet.points)
    path = [CROWN]
    steps = {(a, b) for a, b in sheet.sides() if max(abs(p[a, 0]), abs(p[b, 0])) < 1e-6}
    while path[-1] != end:
        ahead = [b for a, b in steps if a == path[-1] and b not in path]
        path.append(min(ahead, key=lambda v: p[v, 2] if len(path) == 1 else 0.0))
    return path


def build(anatomy: Anatomy, mean: Array) -> Template:
    """Builds the head at rest, of MakeHuman's mesh moved by `mean` (19158, 3); the same arrays every time."""
    quads, there = anatomy.quads["body"], (anatomy.points + mean - ORIGIN) * SCALE
    surface = Surface(len(there), quads)
    kept = quads[anatomy.points[quads, 1].min(1) > 4.5]
    places = surface.rows @ (there + relief.field(there, kept))
    sheet = Sheet(places, surface.mirrored(anatomy.mirror()), kept.tolist())
    contact = edge_loop(sheet, UPPER_SEAM, BESIDE_SEAM, LOWER_SEAM)
    around = rings(sheet, contact, False, THROAT_RINGS, layout.MOUTH_RINGS - SEAM)
    eye = rings(sheet, edge_loop(sheet, *EYE_START, EYE_START[0]), True, 0, layout.EYE_RINGS - 1)
    throat = around[0] + [sheet.twin[v] for v in around[0][-2:0:-1]]
    for fence, seed in ((throat, THROAT), (eye[0], SOCKET), ([sheet.twin[v] for v in eye[0]], sheet.twin[SOCKET])):
        sheet.remove_inside(fence, seed)
    bust.cut(sheet)
    poles = [_closed(sheet, fence) for fence in (throat, eye[0])]
    base = bust.close(sheet)
    mouth, halves = _halved_lip(sheet, surface, around[THROAT_RINGS - SEAM :])
    inside = [solids.teeth(solids.UPPER_TEETH), solids.teeth(solids.LOWER_TEETH), solids.tongue()]
    made = sum(len(points) for points, *_ in inside) + 2 * len(solids.eyeball()[0])
    still = {v for ring in (*around, *eye) for v in ring} | set(poles)
    _refine(sheet, surface, halves, still, layout.VERTICES - made)
    sheet.triangulate(halves)

    old = np.unique(np.concatenate(sheet.polygons))
    x = np.array(sheet.points)[old, 0]
    old = old[np.lexsort((old, np.where(np.abs(x) < 1e-7, 0, -np.sign(x))))]  # left, middle, right
    new = np.full(len(sheet.points), -1)
    new[old] = np.arange(len(old))
    twin = new[np.array(sheet.twin)[old]]
    points = np.array(sheet.points)[old]
    points = (points + points[twin] * [-1, 1, 1]) / 2
    loops = {
        "mouth": np.array(mouth), "eye": np.array(eye), "mouth_pole": poles[0], "eye_pole": poles[1], "rim": base[-1],
        "inside": [v for ring in (*around[: THROAT_RINGS - SEAM], poles[:1]) for v in ring],
        "midline": _down_the_back(sheet, base[0][-1]),
        **{f"base{k}": loop for k, loop in enumerate(base)},
    }  # fmt: skip
    loops = {name: new[np.atleast_1d(ids)] for name, ids in loops.items()}
    _seal(points, loops["mouth"], twin)
    ball = there[np.unique(anatomy.quads["helper-l-eye"])]
    centre = (ball.min(0) + ball.max(0)) / 2
    for ring in loops["eye"][layout.LID_BACK : layout.LID_FRONT + 4]:
        closed, half = points[np.append(ring, ring[0])], layout.EYE_POINTS // 2
        away = _evened(closed, (slice(0, half + 1), slice(half, None)), 0.6)[:-1] - centre
        reach = np.linalg.norm(away, axis=1, keepdims=True)
        points[ring] = centre + away * np.maximum(1, (layout.EYE_RADIUS + LID) / reach)
        points[twin[ring]] = points[ring] * [-1, 1, 1]
    sources = sheet.sources(old) @ surface.rows
    return _completed(anatomy, there, points, new[np.array(sheet.polygons)], twin, loops, sources, inside, centre)


def _closed(sheet: Sheet, fence: Loop) -> int:
    """Closes the hole within a fence, and its mirror image, by triangles to a vertex in its middle: that vertex."""
    loop = next(loop for loop in sheet.boundary() if set(fence) <= set(loop))
    pole = sheet.add([(v, 1 / len(loop)) for v in loop])
    for tip, edge in {pole: loop, sheet.twin[pole]: [sheet.twin[v] for v in loop[::-1]]}.items():
        sheet.polygons += [[b, a, tip] for a, b in zip(edge, edge[1:] + edge[:1], strict=True)]
    return pole


def _completed(
    anatomy: Anatomy, there: Array, points: Array, faces: Ints, twin: Ints, loops: dict[str, Ints],
    sources: sparse.csr_matrix, inside: list[tuple[Array, Ints, Ints]], centre: Array,
) -> Template:  # fmt: skip
    """The head of its skin, with teeth, tongue and eyeballs put into their places and hung on MakeHuman's `there`."""
    helpers = {name: np.unique(ids) for name, ids in anatomy.quads.items() if name.startswith("helper")}
    # Of each part: where it was made and is now, its triangles and mirror images, and what moves it.
    parts = {"skin": (points, points, faces, twin, lambda field: sources @ field)}
    seam = points[loops["mouth"][SEAM, 0]]
    teeth = there[np.concatenate([helpers["helper-upper-teeth"], helpers["helper-lower-teeth"]])]
    scale = np.array([0.82 * teeth[:, 0].max() / ARCH_WIDTH, 1.0, 0.94 * np.ptp(teeth[:, 2]) / ARCH_DEPTH])
    shift = np.array([0.0, seam[1] + EDGE - UPPER_EDGE, teeth[:, 2].max() - 0.8 - scale[2] * ARCH_FRONT])
    for name, (made, f, t) in zip(("upper_teeth", "lower_teeth", "tongue"), inside, strict=True):
        ids = helpers[f"helper-{name.replace('_', '-')}"]
        place = made * scale + shift
        follow = _nearby(there[ids], place) if name == "tongue" else _affine(there[ids], place)
        parts[name] = (made, place, f, t, lambda field, ids=ids, follow=follow: follow @ field[ids])
    made, f = solids.eyeball()
    left, ball = helpers["helper-l-eye"], layout.EYE_RADIUS * made
    arm = there[left] - centre
    arm -= arm.mean(0)

    def with_eye(field: Array, ids: Ints, flip: list[int]) -> Array:
        growth = (field[ids] * arm * flip).sum() / (arm**2).sum()
        return field[ids].mean(0) + growth * ball * flip

    for name, side, ids in (("left_eyeball", 1, left), ("right_eyeball", -1, anatomy.mirror()[left])):
        flip, t = [side, 1, 1], np.arange(len(ball)) + side * len(ball)
        place, triangles = (centre + ball) * flip, f if side > 0 else f[:, [0, 2, 1]]
        parts[name] = (place, place, triangles, t, partial(with_eye, ids=ids, flip=flip))

    own, places, triangles, twins, movers = zip(*parts.values(), strict=True)
    ends = np.cumsum([len(part) for part in own])
    starts = [0, *ends[:-1]]
    return Template(
        np.vstack(places),
        np.vstack([f + start for f, start in zip(triangles, starts, strict=True)]),
        np.concatenate([t + start for t, start in zip(twins, starts, strict=True)]),
        loops,
        **{name: np.arange(*span) for name, *span in zip(parts, starts, ends, strict=True)},
        eye_centre=centre,
        own=np.vstack(own),
        carry=lambda field: SCALE * np.vstack([move(field) for move in movers]),
    )


def _affine(source: Array, places: Array) -> Array:
    """What carries displacements of points (N, 3) to places (M, 3) as the affine map that fits them best: (M, N)."""
    ones = np.ones((len(source), 1))
    return np.hstack([places, np.ones((len(places), 1))]) @ np.linalg.pinv(np.hstack([source, ones]))


def _nearby(source: Array, places: Array) -> Array:
    """What carries displacements of points (N, 3) to places (M, 3) as means of those near by: (M, N)."""
    away = np.linalg.norm(places[:, None] - source, axis=2)
    share = np.exp(-0.5 * ((away - away.min(1, keepdims=True)) / 3.0) ** 2)
    return share / share.sum(1, keepdims=True)
