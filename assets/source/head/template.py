"""The whole head at rest: MakeHuman's own mesh of the head, cut at the shoulders and completed to FLAME's layout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import sparse
from scipy.interpolate import CubicSpline

from . import solids
from .anatomy import Anatomy, Array, Ints
from .sheet import Loop, Sheet, edge_loop, next_ring

VERTICES = 5023
SCALE = 105.0  # millimetres in one of MakeHuman's units
ORIGIN = np.array([0.0, 7.02, 0.97])  # of FLAME's axes in MakeHuman's, which are parallel
EYE_RADIUS = 14.3
# Of the teeth as they are made: half width, depth, front and lowest edge of the upper row, and how far that ends up
# above the contact of the lips.
ARCH_WIDTH, ARCH_DEPTH, ARCH_FRONT, UPPER_EDGE, EDGE = 29.6, 49.0, 45.9, -51.0, 0.8
# Places in MakeHuman's mesh.
CROWN = 879  # the top of the skull
UPPER_SEAM, LOWER_SEAM, BESIDE_SEAM = 520, 523, 7267  # in the middle of the lips' contact, and one step to the left
SOCKET = 8011  # far behind the left eyeball
THROAT, THROAT_RINGS = 707, 9  # a vertex in the pit behind the mouth, and the rings from the contact to its edge
EYE_START = (7795, 7794)  # on the lid's edge in the eyeball, from the inner corner over the upper lid
EYE_POINTS = 28
MOUTH_SEGMENTS = 12  # from the midline to the corner
CORNER = 12
POCKETS, SEAM = 3, 5  # rings of the mouth by number, from within: round the teeth, behind the contact, the contact
BORDER = SEAM + 5  # of the red
MOUTH_RINGS = SEAM + 8
ROOM = 0.35  # millimetres between the lips for each ring from their contact
SPLIT = ((14, 15), (15, 16), (16, 17), (17, 18), (18, 19))  # edges of the lower lip that are halved
LID_BACK, LID_FRONT = 1, 2  # rings of the eye by number
EYE_RINGS = 14
RIM_POINTS = 25  # of the neck's edge from front to back over one side: a loop of 48
UNDERSIDE = ((0.95, -0.022), (0.05, -0.01))  # loops below the bust: share of the way from its middle, and upwards


@dataclass(frozen=True)
class Template:
    """The head in millimetres, in FLAME's axes. `twin[v]` is the mirror image of vertex v; `loops` hold vertex ids of
    the left side (and of the mouth).

    carry : displacements (5023, 3) in millimetres of the head, from those (19158, 3) of MakeHuman's mesh
    own : (5023, 3) where teeth, tongue and eyeballs keep the places in which they were made
    """

    points: Array  # (5023, 3)
    faces: Ints  # (9976, 3)
    twin: Ints  # (5023,)
    loops: dict[str, Ints]
    skin: Ints
    upper_teeth: Ints
    lower_teeth: Ints
    tongue: Ints
    left_eyeball: Ints
    right_eyeball: Ints
    eye_centre: Array  # of the left one
    own: Array
    carry: Callable[[Array], Array]

    def both(self, ids: Ints) -> Ints:
        """Vertex ids and their mirror images, each once and in order."""
        return np.union1d(ids.ravel(), self.twin[ids.ravel()])


def turning(loops: dict[str, Ints]) -> Ints:
    """Vertices of the left side that turn round as the face moves: where the lips touch, and in the folds at the
    corners of the mouth and of the eye.
    """
    mouth, eye = loops["mouth"], loops["eye"]
    corner = np.arange(-2, 3)
    lids = eye[LID_FRONT : LID_FRONT + 5]
    corners = [lids[:, (corner + middle) % EYE_POINTS] for middle in (0, EYE_POINTS // 2)]
    parts = (mouth[SEAM : SEAM + 2], mouth[SEAM:BORDER, corner + MOUTH_SEGMENTS], *corners)
    return np.concatenate([part.ravel() for part in parts])


def _within_bust(p: Array) -> Array:
    """Positive in the part of the body that is kept, falling about evenly to its edge: (N,)."""
    _, y, z = (p - ORIGIN).T * SCALE
    return y + 166.0 + 0.30 * z


def _rings(sheet: Sheet, start: Loop, closed: bool, inwards: int, outwards: int) -> list[Loop]:
    """Rings of a loop of quads round an opening, `start` among them, from within."""
    sides = sheet.sides()

    def grown(left: bool, count: int) -> list[Loop]:
        rings = [start]
        for _ in range(count):
            rings.append(next_ring(sheet, sides, rings[-1], closed, left))
        return rings[1:]

    left_is_out = sheet.points[grown(True, 1)[0][0]][2] > sheet.points[start[0]][2]
    return [*grown(not left_is_out, inwards)[::-1], start, *grown(left_is_out, outwards)]


def _halved(sheet: Sheet, rings: list[Loop]) -> list[Loop]:
    """Halves edges of the lower lip in all rings but the last two, so that the lips meet vertex by vertex."""
    middle: dict[tuple[int, int], int] = {}
    out = [ring[: CORNER + 1] for ring in rings[:-1]]
    for ring, new in zip(rings[:-1], out, strict=True):
        for k in range(CORNER + 1, len(ring)):
            a, b = ring[k - 1], ring[k]
            if (k - 1, k) in SPLIT:
                before = ring[k - 2]
                after = ring[k + 1] if k + 1 < len(ring) else sheet.twin[ring[k - 1]]
                curved = k >= 17
                share = 0.0625 if curved else 0.0
                m = sheet.add(
                    [(a, 0.5 + share), (b, 0.5 + share), (before, -share), (after, -share)][: 4 if curved else 2]
                )
                new.append(m)
                t = sheet.twin
                for edge, vertex in (((a, b), m), ((t[a], t[b]), t[m])):
                    middle[edge] = middle[edge[::-1]] = vertex
            new.append(b)
    polygons = []
    for loop in sheet.polygons:
        longer = []
        for a, b in zip(loop, loop[1:] + loop[:1], strict=True):
            longer += [a, middle[a, b]] if (a, b) in middle else [a]
        polygons += _parted(longer, set(middle.values()))
    sheet.polygons = polygons
    return out


def _parted(loop: Loop, middles: set[int]) -> list[Loop]:
    """A quad with halved edges as quads or triangles."""
    if len(loop) == 4:
        return [loop]
    start = next(k for k, v in enumerate(loop) if v in middles)
    m, *rest = loop[start:] + loop[:start]
    if len(loop) == 5:
        return [[m, rest[0], rest[1]], [m, rest[1], rest[2]], [m, rest[2], rest[3]]]
    return [[m, rest[0], rest[1], rest[2]], [m, *rest[2:]]]


def _cut(sheet: Sheet) -> None:
    """Cuts the sheet off along the bust's edge: where edges cross it, their nearer ends move onto it."""
    value = _within_bust(np.array(sheet.points))
    x = np.array(sheet.points)[:, 0]
    moves: dict[int, tuple[float, int]] = {}
    for loop in sheet.polygons:
        for a, b in zip(loop, loop[1:] + loop[:1], strict=True):
            if value[a] * value[b] < 0:
                share = value[a] / (value[a] - value[b])
                near, far, share = (a, b, share) if share < 0.5 else (b, a, 1 - share)
                if x[near] > 1e-9 or (abs(x[near]) < 1e-9 and abs(x[far]) < 1e-9):
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


def _triangles(sheet: Sheet) -> list[Loop]:
    """Quads split along their shorter diagonals, alike on both sides."""
    p, out = np.array(sheet.points), []
    for loop in sheet.polygons:
        if len(loop) == 3:
            out.append(loop)
        elif p[loop, 0].mean() > 0:
            a, b, c, d = loop
            shorter = np.linalg.norm(p[a] - p[c]) < np.linalg.norm(p[b] - p[d])
            out += [[a, b, c], [a, c, d]] if shorter else [[a, b, d], [b, c, d]]
    left = {tuple(sorted(loop)) for loop in out}
    for a, b, c in list(out):
        twin = [sheet.twin[a], sheet.twin[c], sheet.twin[b]]
        if tuple(sorted(twin)) not in left:
            out.append(twin)
    return out


def _fan(loop: Loop, pole: int) -> list[Loop]:
    """Triangles from a boundary, walked as its polygons are, to a vertex."""
    return [[b, a, pole] for a, b in zip(loop, loop[1:] + loop[:1], strict=True)]


def _strip(p: list[Array], outer: Loop, inner: Loop) -> list[Loop]:
    """Triangles between two loops of which one has more vertices: half loops, both from front to back."""
    run = [
        np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(np.array(p)[loop], axis=0), axis=1))])
        for loop in (outer, inner)
    ]
    run = [r / r[-1] for r in run]
    i = j = 0
    out = []
    while i < len(outer) - 1 or j < len(inner) - 1:
        if j == len(inner) - 1 or (i < len(outer) - 1 and run[0][i + 1] <= run[1][j + 1]):
            out.append([outer[i], inner[j], outer[i + 1]])
            i += 1
        else:
            out.append([outer[i], inner[j], inner[j + 1]])
            j += 1
    return out


def _underside(sheet: Sheet, edge: Loop) -> tuple[list[Loop], list[Loop]]:
    """Half loops that close the bust below its edge, all but a hole in the middle, and the triangles between them."""
    p = np.array(sheet.points)
    run = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(p[edge], axis=0), axis=1))])
    at = np.linspace(0, run[-1], RIM_POINTS)
    whole = edge + [sheet.twin[v] for v in edge[1:-1]]
    loops = [edge]
    for share, rise in UNDERSIDE:
        loop = []
        for s in at:
            k = min(int(np.searchsorted(run, s, "right")) - 1, len(edge) - 2)
            t = (s - run[k]) / (run[k + 1] - run[k])
            parts = [(v, (1 - share) / len(whole)) for v in whole]
            v = sheet.add([*parts, (edge[k], share * (1 - t)), (edge[k + 1], share * t)])
            for twin in {v, sheet.twin[v]}:
                flat = share < 0.5  # so that nobody at the height of the eyes looks in
                sheet.points[twin] = sheet.points[twin] * [1, not flat, 1] + [0, rise + flat * p[whole, 1].max(), 0]
            loop.append(v)
        loops.append(loop)
    triangles = [t for outer, inner in pairwise(loops) for t in _strip(sheet.points, outer, inner)]
    return loops, triangles


def _half(loop: Loop, p: Array) -> Loop:
    """The left half of a closed loop from front to back."""
    front = max((v for v in loop if abs(p[v, 0]) < 1e-9), key=lambda v: p[v, 2])
    back = min((v for v in loop if abs(p[v, 0]) < 1e-9), key=lambda v: p[v, 2])
    k = loop.index(front)
    turned = loop[k:] + loop[:k]
    way = turned[: turned.index(back) + 1]
    return way if p[way[1], 0] > 0 else [front, *turned[: turned.index(back) - 1 : -1]]


def _whole(sheet: Sheet, half: Loop) -> Loop:
    return half + [sheet.twin[v] for v in half[-2:0:-1]]


def _refine(sheet: Sheet, count: int) -> None:
    """Halves edges of the skull, which the mesh has few vertices for, until there are `count` vertices: those first
    that bulge the most. New ones lie where a smooth surface through the others would be (the butterfly scheme of Dyn,
    Levin and Gregory).
    """
    place = (np.array(sheet.points) - ORIGIN) * SCALE
    used = set(np.unique(np.concatenate(sheet.polygons)).tolist())
    skull = {v for v in used if place[v, 1] > 35 or (place[v, 2] < -75 and place[v, 1] > -75)}
    missing = count - len(used)
    while missing:
        sides = sheet.sides()
        apex = {(a, b): next(v for v in sheet.polygons[k] if v not in (a, b)) for (a, b), k in sides.items()}
        p, twin = np.array(sheet.points), sheet.twin
        normal = _normals(p, np.array(sheet.polygons))
        bulge = {
            (a, b): _bulge(p, normal, a, b, {apex[a, b], apex[b, a]})
            for a, b in sides
            if a < b and a in skull and b in skull and min(p[a, 0], p[b, 0]) > -1e-9
            and (missing > 1 or (twin[a] == a and twin[b] == b))
        }  # fmt: skip
        touched: set[int] = set()
        for a, b in sorted(bulge, key=lambda e: (-bulge[e], e)):
            pair = twin[a] != a or twin[b] != b
            edges = ((a, b), (twin[a], twin[b])) if pair else ((a, b),)
            faces = {sides[edge] for x, y in edges for edge in ((x, y), (y, x))}
            if faces & touched or missing < len(edges) or bulge[a, b] < 0.6 * max(bulge.values()):
                continue
            touched |= faces
            c, d = apex[a, b], apex[b, a]
            wings = [apex[e] for e in ((c, b), (a, c), (d, a), (b, d)) if e in apex]
            parts = [(a, 0.5), (b, 0.5), (c, 0.125), (d, 0.125), *((wing, -0.0625) for wing in wings)]
            total = sum(share for _, share in parts)
            m = sheet.add([(v, share / total) for v, share in parts])
            skull |= {m, twin[m]}
            missing -= len(edges)
            for (x, y), v in zip(edges, (m, twin[m]), strict=False):
                for e, f in ((x, y), (y, x)):
                    loop = sheet.polygons[sides[e, f]]
                    z = next(v for v in loop if v not in (e, f))
                    sheet.polygons[sides[e, f]] = [e, v, z]
                    sheet.polygons.append([v, f, z])


def _normals(p: Array, faces: Ints) -> Array:
    """Unit normals of vertices (N, 3)."""
    across = np.cross(p[faces[:, 1]] - p[faces[:, 0]], p[faces[:, 2]] - p[faces[:, 0]])
    normal = np.zeros_like(p)
    np.add.at(normal, faces.ravel(), np.repeat(across, 3, axis=0))
    return normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)


def _bulge(p: Array, normal: Array, a: int, b: int, apexes: set[int]) -> float:
    """How far a smooth surface rises over an edge; 0 where halving it would leave slivers."""
    longest = max(float(np.linalg.norm(p[c] - p[e])) for c in apexes for e in (a, b))
    if np.linalg.norm(p[a] - p[b]) < 0.8 * longest:
        return 0.0
    return round(abs(float((normal[b] - normal[a]) @ (p[b] - p[a]))), 9)


def _faired(points: Array, faces: Ints) -> Array:
    """The skin (N, 3) with a skull on which no facets show: smoothed as far as it does not shrink (Taubin 1995)."""
    ends = np.vstack([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    near = sparse.coo_matrix((np.ones(len(ends)), ends.T), (len(points), len(points)))
    near = ((near + near.T) > 0).astype(float).tocsr()
    mean = sparse.diags(1 / np.asarray(near.sum(1)).ravel()) @ near
    y, z = points[:, 1:].T
    bare = np.maximum(y - 45, np.minimum(-70 - z, y + 55))
    share = np.clip(bare / 25, 0, 1)[:, None]
    for step in (0.5, -0.53) * 30:
        points = points + step * share * (mean @ points - points)
    return points


def _evened(ring: Array, halves: tuple[slice, ...], least: float) -> Array:
    """A loop (N, 3) whose vertices slide along it until none are nearer than a share of the mean distance."""
    out = ring.copy()
    for half in halves:
        p = ring[half]
        step = np.linalg.norm(np.diff(p, axis=0), axis=1)
        wider = np.maximum(step, least * step.mean())
        run = np.concatenate([[0], np.cumsum(step)])
        at = np.concatenate([[0], np.cumsum(wider * run[-1] / wider.sum())])
        out[half] = CubicSpline(run, p)(at)
        out[half][[0, -1]] = p[[0, -1]]
    return out


def _seal(points: Array, mouth: Ints, twin: Ints) -> None:
    """Brings the lips together along their contact, and what is near it some of the way."""
    m = MOUTH_SEGMENTS
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
    for ring, share in (
        (SEAM - 2, 0.25),
        (SEAM - 1, 0.6),
        (SEAM, 1.0),
        (SEAM + 1, 0.75),
        (SEAM + 2, 0.4),
        (SEAM + 3, 0.15),
    ):
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
    for side, room, rings in ((1.0, 0.4, back[SEAM - 1 :: -1]), (-1.0, 0.2, front[SEAM + 1 :])):
        for step, beside in enumerate(rings[:3], 1):
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
    quads = anatomy.quads
    polygons = [loop for loop in quads["body"].tolist() if anatomy.points[loop, 1].min() > 4.5]
    sheet = Sheet(anatomy.points + mean, anatomy.mirror(), polygons)
    mouth = _rings(
        sheet, edge_loop(sheet, UPPER_SEAM, BESIDE_SEAM, LOWER_SEAM), False, THROAT_RINGS, MOUTH_RINGS - SEAM
    )
    eye = _rings(sheet, edge_loop(sheet, *EYE_START, EYE_START[0]), True, 0, EYE_RINGS - 1)
    rings, throat = mouth, mouth[0]
    sheet.remove_inside(_whole(sheet, throat), THROAT)
    sheet.remove_inside(eye[0], SOCKET)
    sheet.remove_inside([sheet.twin[v] for v in eye[0]], sheet.twin[SOCKET])
    mouth = _halved(sheet, mouth[THROAT_RINGS - SEAM :])
    _cut(sheet)
    sheet.polygons = _triangles(sheet)
    edge = max(sheet.boundary(), key=lambda loop: -np.array(sheet.points)[loop, 1].mean())
    poles = {}
    for name, ring in (("mouth", throat), ("eye", eye[0])):
        loop = next(loop for loop in sheet.boundary() if set(ring) <= set(loop))
        poles[name] = sheet.add([(v, 1 / len(loop)) for v in loop])
        sheet.polygons += _fan(loop, poles[name])
        if name == "eye":
            twin = next(loop for loop in sheet.boundary() if sheet.twin[ring[0]] in loop)
            sheet.polygons += _fan(twin, sheet.twin[poles[name]])
    base, below = _underside(sheet, _half(edge, np.array(sheet.points)))
    below += [[sheet.twin[a], sheet.twin[c], sheet.twin[b]] for a, b, c in below]
    sheet.polygons += below
    inside = [solids.teeth(solids.UPPER_TEETH), solids.teeth(solids.LOWER_TEETH), solids.tongue()]
    ball, _ = solids.eyeball()
    _refine(sheet, VERTICES - 2 * len(ball) - sum(len(points) for points, *_ in inside))

    old = np.unique(np.concatenate(sheet.polygons))
    p = np.array(sheet.points)[old]
    old = old[np.lexsort((old, np.where(np.abs(p[:, 0]) < 1e-9, 0, -np.sign(p[:, 0]))))]  # left, middle, right
    new = np.full(len(sheet.points), -1)
    new[old] = np.arange(len(old))
    points = (np.array(sheet.points)[old] - ORIGIN) * SCALE
    twin = new[np.array(sheet.twin)[old]]
    points = (points + points[twin] * [-1, 1, 1]) / 2
    loops = {
        "mouth": new[np.array(mouth)], "eye": new[np.array(eye)],
        "mouth_pole": new[[poles["mouth"]]], "eye_pole": new[[poles["eye"]]], "rim": new[np.array(base[-1])],
        "inside": new[np.array([v for ring in (*rings[: THROAT_RINGS - SEAM], [poles["mouth"]]) for v in ring])],
        "midline": new[np.array(_down_the_back(sheet, base[0][-1]))],
    }  # fmt: skip
    loops |= {f"base{k}": new[np.array(loop)] for k, loop in enumerate(base)}
    polygons = new[np.array(sheet.polygons)]
    points = _faired(points, polygons)
    points = (points + points[twin] * [-1, 1, 1]) / 2
    _seal(points, loops["mouth"], twin)
    for ring in loops["eye"][LID_BACK : LID_FRONT + 4]:
        closed, half = points[np.append(ring, ring[0])], EYE_POINTS // 2
        points[ring] = _evened(closed, (slice(0, half + 1), slice(half, None)), 0.6)[:-1]
        points[twin[ring]] = points[ring] * [-1, 1, 1]
    return _completed(anatomy, mean, points, polygons, twin, loops, sheet.sources(old), inside)


def _completed(
    anatomy: Anatomy, mean: Array, points: Array, faces: Ints, twin: Ints, loops: dict[str, Ints],
    sources: sparse.csr_matrix, inside: list[tuple[Array, Ints, Ints]],
) -> Template:  # fmt: skip
    """The head of its skin, with teeth, tongue and eyeballs put into their places and hung on MakeHuman's."""
    helpers = {name: np.unique(ids) for name, ids in anatomy.quads.items() if name.startswith("helper")}
    there = (anatomy.points + mean - ORIGIN) * SCALE
    own, movers = points.copy(), [lambda field: sources @ field]
    parts: dict[str, Ints] = {"skin": np.arange(len(points))}

    def add(name: str, made: Array, place: Array, f: Ints, t: Ints | None, move: Callable[[Array], Array]) -> None:
        nonlocal own, points, faces, twin
        start = len(points)
        parts[name] = start + np.arange(len(made))
        own, points, faces = np.vstack([own, made]), np.vstack([points, place]), np.vstack([faces, f + start])
        twin = np.concatenate([twin, np.full(len(made), -1) if t is None else t + start])
        movers.append(move)

    seam = points[loops["mouth"][SEAM, 0]]
    teeth = there[np.concatenate([helpers["helper-upper-teeth"], helpers["helper-lower-teeth"]])]
    scale = np.array([0.82 * teeth[:, 0].max() / ARCH_WIDTH, 1.0, 0.94 * np.ptp(teeth[:, 2]) / ARCH_DEPTH])
    shift = np.array([0.0, seam[1] + EDGE - UPPER_EDGE, teeth[:, 2].max() - 0.8 - scale[2] * ARCH_FRONT])
    for name, (made, f, t) in zip(("upper_teeth", "lower_teeth", "tongue"), inside, strict=True):
        ids = helpers["helper-tongue" if name == "tongue" else f"helper-{name.replace('_', '-')}"]
        place = made * scale + shift
        follow = _nearby(there[ids], place) if name == "tongue" else _affine(there[ids], place)
        add(name, made, place, f, t, lambda field, ids=ids, follow=follow: follow @ field[ids])
    made, f = solids.eyeball()
    ids = helpers["helper-l-eye"]
    centre = (there[ids].min(0) + there[ids].max(0)) / 2
    arm = there[ids] - centre
    mirror = anatomy.mirror()

    def with_eye(ids: Ints, side: int) -> Callable[[Array], Array]:
        arms, balls = arm * [side, 1, 1], made * EYE_RADIUS * [side, 1, 1]
        return lambda field: (
            field[ids].mean(0) + ((field[ids] * (arms - arms.mean(0))).sum() / ((arm - arm.mean(0)) ** 2).sum()) * balls
        )

    start = len(points)
    for name, side, vertices in (("left_eyeball", 1, ids), ("right_eyeball", -1, mirror[ids])):
        flip = np.array([side, 1, 1])
        place = (centre + EYE_RADIUS * made) * flip
        add(name, place, place, f if side > 0 else f[:, [0, 2, 1]], None, with_eye(vertices, side))
    n = len(made)
    twin[start:] = np.concatenate([start + n + np.arange(n), start + np.arange(n)])

    def carry(field: Array) -> Array:
        return SCALE * np.vstack([move(field) for move in movers])

    return Template(points, faces, twin, loops, **parts, eye_centre=centre, own=own, carry=carry)


def _affine(source: Array, places: Array) -> Array:
    """What carries displacements of points (N, 3) to places (M, 3) as the affine map that fits them best: (M, N)."""
    ones = np.ones((len(source), 1))
    return np.hstack([places, np.ones((len(places), 1))]) @ np.linalg.pinv(np.hstack([source, ones]))


def _nearby(source: Array, places: Array) -> Array:
    """What carries displacements of points (N, 3) to places (M, 3) as means of those near by: (M, N)."""
    away = np.linalg.norm(places[:, None] - source, axis=2)
    share = np.exp(-0.5 * ((away - away.min(1, keepdims=True)) / 3.0) ** 2)
    return share / share.sum(1, keepdims=True)
