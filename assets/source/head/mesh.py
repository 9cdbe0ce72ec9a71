"""The mesh of the head: anatomical loops joined by a graded triangulation, left half first, then mirrored."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay, cKDTree

from . import auricle, chart, rings, sculpt
from .sculpt import Array

Ints = NDArray[np.int64]
RIM_POINTS = 25  # of the neck's edge from front to back over one side: a loop of 48
UNDERSIDE = (
    (0.965, -2.5),
    (0.86, -3.0),
    (0.03, -1.0),
)  # loops below the bust: share of the way from its middle, and mm upwards
MIDLINE_FRONT, MIDLINE_BACK = 17, 65  # midline vertices below the mouth, and from the lip over the crown to the nape


@dataclass
class Half:
    """Vertices (N, 3) of one side with their loops, and triangles wound outwards."""

    points: list[Array] = field(default_factory=list)
    faces: list[Ints] = field(default_factory=list)
    loops: dict[str, Ints] = field(default_factory=dict)

    def add(self, points: Array) -> Ints:
        start = sum(len(p) for p in self.points)
        self.points.append(np.atleast_2d(points))
        return np.arange(start, start + len(self.points[-1]))

    def bridge(self, inner: Ints, outer: Ints, closed: bool) -> None:
        """Quads between two loops; `inner` lies left of the walking direction seen from outside.

        Closed loops are split along alternate diagonals, open ones along the shorter one: a shared bias would show as
        chevrons at the midline.
        """
        n, p = len(inner), np.vstack(self.points)
        for i in range(n if closed else n - 1):
            j = (i + 1) % n
            a, b, c, d = inner[i], inner[j], outer[j], outer[i]
            shorter = np.linalg.norm(p[a] - p[c]) < np.linalg.norm(p[b] - p[d])
            flip = i < n // 2 if closed else shorter
            self.faces.append(np.array([(a, b, c), (a, c, d)] if flip else [(a, b, d), (b, c, d)]))

    def stack(self, name: str, loops: Array, pole: Array | None, closed: bool) -> None:
        ids = np.stack([self.add(loop) for loop in loops])
        self.loops[name] = ids
        for inner, outer in pairwise(ids):
            self.bridge(inner, outer, closed)
        if pole is not None:
            tip = self.add(pole)[0]
            self.loops[name + "_pole"] = np.array([tip])
            n = ids.shape[1]
            self.faces.append(np.array([(tip, ids[0][(i + 1) % n], ids[0][i]) for i in range(n if closed else n - 1)]))


def spacing(p: Array) -> Array:
    """Wanted distance between vertices (mm) at places (N, 3) of the skin."""
    x, y, z = np.abs(p[:, 0]), p[:, 1], p[:, 2]

    def near(centre: tuple[float, ...], size: float) -> Array:
        return np.exp(-0.5 * ((np.stack([x, y, z], 1) - np.array(centre)) ** 2).sum(1) / size**2)

    h = np.full(len(p), 11.0) - 3.5 * (z > -30) * (y < 110)
    face = 1 / (1 + np.exp(-(z - 5) / 8)) / (1 + np.exp(-(y + 105) / 6)) / (1 + np.exp((y - 75) / 12))
    h = h + (4.6 - h) * face
    for centre, size, value in (
        ((9, -20, 56), 9, 1.9), ((17, -18, 48), 6, 1.9),
        ((5, 5, 50), 9, 3.0), ((31, 20, 35), 20, 3.4), ((6, -31, 51), 8, 2.1), ((10, -36,
        50), 11, 2.6),
        ((24, -42, 44), 12, 3.0), ((0, -69, 51), 13, 3.0), ((70, 0, -67), 28, 4.2),
        ((42, -72, -22), 17, 5.2), ((24, -92, 6), 16, 4.8),
    ):  # fmt: skip
        w = near(centre, size)
        h = h + (value - h) * np.clip(w * 1.15, 0, 1)
    return h


def _midline(count: int, ends: tuple[Array, Array]) -> Array:
    """`count` directions between two ends along the midline, evenly graded by the wanted spacing."""
    lo, hi = (np.arctan2(e[1], e[2]) for e in ends)
    hi = hi + 2 * np.pi if hi < -np.pi / 2 or hi < lo else hi
    a = np.linspace(lo, hi, 1500)
    d = np.stack([np.zeros_like(a), np.sin(a), np.cos(a)], 1)
    p = chart.to_skin(d)
    steps = np.linalg.norm(np.diff(p, axis=0), axis=1) / spacing((p[1:] + p[:-1]) / 2)
    run = np.concatenate([[0], np.cumsum(steps)])
    at = np.interp(np.linspace(0, run[-1], count + 2)[1:-1], run, a)
    return np.stack([np.zeros_like(at), np.sin(at), np.cos(at)], 1)


def _fibonacci(n: int) -> Array:
    """Evenly spread directions on the left half of the sphere above the neck's edge."""
    i = np.arange(n) + 0.5
    y = 1 - 2 * i / n
    turn = np.pi * (1 + 5**0.5) * i
    r = np.sqrt(1 - y * y)
    d = np.stack([r * np.cos(turn), y, r * np.sin(turn)], 1)
    return d[(d[:, 0] > 0.0) & (y > np.sin(np.radians(chart.RIM)))]


def _free_sites(fixed: Array, blocked: list[Array], count: int, rng: np.random.Generator) -> Array:
    """Chart directions of `count` vertices that spread over the left skin with the wanted grading (a centroidal
    Voronoi relaxation).
    """
    pilot = _fibonacci(16_000)
    p = chart.to_skin(pilot)
    area = cKDTree(p).query(p, 7)[0][:, 1:].mean(1) ** 2
    share = area / spacing(p) ** 2
    pick = rng.choice(len(pilot), 26 * count, p=share / share.sum())
    d = pilot[pick] + rng.normal(size=(len(pick), 3)) * 0.016
    d /= np.linalg.norm(d, axis=1, keepdims=True)
    d = d[(d[:, 0] > 0.004) & (d[:, 1] > np.sin(np.radians(chart.RIM)))]
    for loop in blocked:
        d = d[~_inside(d, loop)]
    p = chart.to_skin(d)
    weight = spacing(p) ** -2.0

    wider = [loop.mean(0) + 1.06 * (loop - loop.mean(0)) for loop in blocked]

    def beside_loop(direction: Array) -> NDArray[np.bool_]:
        """In a loop or so near to its edge that an edge between two of its points would run past the site."""
        return np.any([_inside(direction, loop) for loop in wider], axis=0)

    clear = (cKDTree(fixed).query(p)[0] > 0.6 * spacing(p)) & ~beside_loop(d)
    pick = rng.choice(np.flatnonzero(clear), count, replace=False)
    sites = p[pick]
    direction = d[pick]
    for _ in range(70):
        owner = cKDTree(np.vstack([sites, fixed])).query(p)[1]
        mine = owner < count
        mass = np.bincount(owner[mine], weight[mine], count)
        mean = np.stack([np.bincount(owner[mine], weight[mine] * p[mine, k], count) for k in range(3)], 1)
        aim = np.stack([np.bincount(owner[mine], weight[mine] * d[mine, k], count) for k in range(3)], 1)
        aim /= np.maximum(np.linalg.norm(aim, axis=1, keepdims=True), 1e-12)
        full = (mass > 0) & ~beside_loop(aim)
        sites[full] = mean[full] / mass[full, None]
        direction[full] = aim[full]
    reach = np.linalg.norm((chart.rays(direction)[0] - sites)[:, [0, 2]], axis=1)
    crowd = 0.62 * spacing(sites) / reach * np.hypot(direction[:, 0], direction[:, 2])
    direction[:, 0] = np.maximum(direction[:, 0], crowd)  # not so near the midline that edges would cross it
    return direction / np.linalg.norm(direction, axis=1, keepdims=True)


def _keep_midline(triangles: Ints, on_mid: NDArray[np.bool_]) -> Ints:
    """Where three vertices of the midline form a flat triangle, gives its middle vertex to the triangle behind it."""
    out = [list(map(int, t)) for t in triangles]
    for flat in [t for t in out if on_mid[t].all()]:
        out.remove(flat)
        for behind in out:
            shared = [v for v in flat if v in behind]
            if len(shared) == 2:
                middle = next(v for v in flat if v not in shared)
                apex = next(v for v in behind if v not in shared)
                out.remove(behind)
                out += [[shared[0], middle, apex], [middle, shared[1], apex]]
                break
    return np.array(out)


def _inside(d: Array, loop: Array) -> Array:
    """Whether directions lie inside a closed loop of directions, in the plane that faces the loop."""
    axis = loop.mean(0)
    axis /= np.linalg.norm(axis)
    u = np.cross([0.0, 1.0, 0.0], axis)
    u /= np.linalg.norm(u)
    v = np.cross(axis, u)
    q = np.stack([d @ u, d @ v], 1) / np.maximum(d @ axis, 0.05)[:, None]
    b = np.stack([loop @ u, loop @ v], 1) / (loop @ axis)[:, None]
    inside = np.zeros(len(d), bool)
    for (x0, y0), (x1, y1) in zip(b, np.roll(b, -1, axis=0), strict=True):
        crosses = (y0 > q[:, 1]) != (y1 > q[:, 1])
        inside ^= crosses & (q[:, 0] < (x1 - x0) * (q[:, 1] - y0) / (y1 - y0 + 1e-30) + x0)
    return inside & (d @ axis > 0.05)


def _flip(faces: Ints, p: Array) -> Ints:
    """Edge flips until opposite angles of every free edge sum to at most 180 degrees (Delaunay in three dimensions)."""
    tri = [list(map(int, f)) for f in faces]

    def cot_sum(a: int, b: int, c: int, d: int) -> float:
        def cosine(i: int, j: int, k: int) -> float:
            u, v = p[j] - p[i], p[k] - p[i]
            return float(np.arccos(np.clip(u @ v / (np.linalg.norm(u) * np.linalg.norm(v) + 1e-30), -1, 1)))

        return cosine(c, a, b) + cosine(d, a, b)

    for _ in range(12):
        owner: dict[tuple[int, int], list[int]] = {}
        for t, f in enumerate(tri):
            for k in range(3):
                e = (f[k], f[(k + 1) % 3])
                owner.setdefault((min(e), max(e)), []).append(t)
        edges = set(owner)
        touched: set[int] = set()
        flips = 0
        for e, ts in owner.items():
            if len(ts) != 2 or touched & set(ts):
                continue
            s, t = ts
            a, b = next(
                (tri[s][k], tri[s][(k + 1) % 3]) for k in range(3) if {tri[s][k], tri[s][(k + 1) % 3]} == set(e)
            )
            c = next(v for v in tri[s] if v not in e)
            d = next(v for v in tri[t] if v not in e)
            if (min(c, d), max(c, d)) in edges or cot_sum(a, b, c, d) <= np.pi + 0.05:
                continue
            n = np.cross(p[b] - p[a], p[c] - p[a]) + np.cross(p[a] - p[b], p[d] - p[b])
            n1, n2 = np.cross(p[d] - p[c], p[a] - p[c]) * -1, np.cross(p[b] - p[c], p[d] - p[c]) * -1
            if n1 @ n <= 0 or n2 @ n <= 0:
                continue
            tri[s], tri[t] = [a, d, c], [d, b, c]
            edges.add((min(c, d), max(c, d)))
            touched |= {s, t}
            flips += 1
        if not flips:
            break
    return np.array(tri)


def _relax(p: Array, faces: Ints, free: Ints, rounds: int) -> None:
    """Rounds the triangles: free vertices slide along the skin to the middle of the triangles round them, weighted
    to keep the grading.
    """
    for _ in range(rounds):
        corner = p[faces]
        mass = np.linalg.norm(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1)
        middle = corner.mean(1)
        mass = np.repeat(mass / spacing(middle) ** 2, 3)
        total = np.bincount(faces.ravel(), mass, len(p))[free]
        pull = np.repeat(middle, 3, axis=0) * mass[:, None]
        goal = np.stack([np.bincount(faces.ravel(), pull[:, k], len(p))[free] for k in range(3)], 1) / total[:, None]
        moved = sculpt.project(p[free] + 0.6 * (goal - p[free]), 2)
        moved[:, 0] = np.maximum(moved[:, 0], 0.4 * spacing(moved))
        p[free] = moved


def _soften(p: Array, faces: Ints, moving: Ints, rounds: int) -> None:
    """Smooths a join between parts: the given vertices move towards the mean of their neighbours, of which the near
    ones count more, so that they do not slide towards the coarser part.
    """
    e = np.vstack([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    e = np.unique(np.vstack([e, e[:, ::-1]]), axis=0)
    near = np.linalg.norm(p[e[:, 0]] - p[e[:, 1]], axis=1) ** -1.5
    total = np.bincount(e[:, 0], near, len(p))[moving, None]
    for _ in range(rounds):
        pull = [np.bincount(e[:, 0], near * p[e[:, 1], k], len(p)) for k in range(3)]
        p[moving] += 0.5 * (np.stack(pull, 1)[moving] / total - p[moving])


def _underside(edge: Array) -> Array:
    """Loops (K, RIM_POINTS, 3) that close the bust below its edge, all but a hole in the middle."""
    middle = edge.mean(0) * [0, 1, 1]
    return np.stack([middle + share * (edge - middle) + [0, rise, 0] for share, rise in UNDERSIDE])


def _anatomy() -> Half:
    """The loops of eye, mouth, nostril and ear with their linings, not yet joined."""
    half = Half()
    half.stack("eye", rings.eye(), rings.EYE_POLE, closed=True)
    half.stack("mouth", rings.mouth(), rings.MOUTH_POLE, closed=False)
    nostril = rings.nostril()
    half.stack("nostril", nostril, nostril[0].mean(0) + np.array([-0.3, 3.0, -3.3]), closed=True)
    ear, canal = auricle.loops()
    half.stack("ear", ear, canal, closed=True)
    return half


def _triangulate(d: Array, holes: list[Array]) -> Ints:
    """Delaunay triangles of the left half's chart directions `d`, without those over holes and below the neck's
    edge, whose
    vertices come first in `d`.
    """
    # Seen from the far side of the sphere the left half is a disc with the midline as its edge, and circles stay
    # circles.
    triangles = Delaunay(d[:, 1:] / (1 + d[:, :1])).simplices
    middle = d[triangles].mean(1)
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    inside = (triangles < RIM_POINTS).all(1)
    for loop in holes:
        inside |= _inside(middle, loop)
    triangles = _keep_midline(triangles[~inside], np.abs(d[:, 0]) < 1e-7)
    a, b, c = (d[triangles[:, k]] for k in range(3))
    inward = (np.cross(b - a, c - a) * (a + b + c)).sum(1) < 0
    triangles[inward] = triangles[inward][:, [0, 2, 1]]
    return triangles


def build_half(wanted: int) -> tuple[Half, NDArray[np.bool_]]:
    """The left half of a head that has `wanted` vertices when mirrored, and which of the half's vertices lie on the
    midline.
    """
    half = _anatomy()
    points = np.vstack(half.points)
    outer = {name: half.loops[name][-1] for name in ("eye", "mouth", "nostril", "ear")}
    directions = {name: chart.from_skin(points[ids]) for name, ids in outer.items()}
    mouth = directions["mouth"]
    whole_mouth = np.vstack([mouth, (mouth * [-1, 1, 1])[-2:0:-1]])
    holes = [directions["eye"], directions["nostril"], directions["ear"], whole_mouth]

    rim = chart.rim(RIM_POINTS)
    front = _midline(MIDLINE_FRONT, (rim[0], mouth[-1]))
    back = _midline(MIDLINE_BACK, (mouth[0], rim[-1]))
    placed = np.vstack([rim, front, back])
    on_middle = placed[:, 0] == 0
    skin = chart.to_skin(placed)
    fixed = np.vstack([skin, points[np.concatenate(list(outer.values()))]])
    middle_count = on_middle.sum() + 2 * len(half.loops["mouth"]) + 1
    under = _underside(skin[:RIM_POINTS])
    middle_count += 2 * len(under)
    free_count, odd = divmod(wanted + middle_count - 2 * (len(points) + len(placed) + under[..., 0].size), 2)
    if odd:
        raise ValueError("the midline's vertices must be odd in number, as the head's are")
    free = _free_sites(fixed, holes, free_count, np.random.default_rng(7))

    ids_placed, ids_free = half.add(skin), half.add(chart.to_skin(free))
    half.loops["base"] = np.stack([ids_placed[:RIM_POINTS], *(half.add(loop) for loop in under)])
    for outer_loop, inner_loop in pairwise(half.loops["base"]):
        half.bridge(inner_loop, outer_loop, closed=False)
    half.loops["rim"] = half.loops["base"][-1]
    half.loops["midline"] = ids_placed[RIM_POINTS + MIDLINE_FRONT :]
    p = np.vstack(half.points)
    midline = np.zeros(len(p), bool)
    midline[ids_placed[on_middle]] = True
    midline[half.loops["mouth"][:, [0, -1]].ravel()] = True
    midline[half.loops["mouth_pole"]] = True
    midline[half.loops["base"][:, [0, -1]].ravel()] = True
    p[midline, 0] = 0.0

    ids = np.concatenate([ids_placed, ids_free, *outer.values()])
    shell = ids[_triangulate(np.vstack([placed, free, *directions.values()]), holes)]
    for _ in range(3):
        shell = _flip(shell, p)
        _relax(p, shell, ids_free, 6)
    p[ids_free] = sculpt.project(p[ids_free], 4)
    half.faces.append(_flip(shell, p))
    ear = half.loops["ear"]
    beside = ids_free[cKDTree(p[ear[-1]]).query(p[ids_free])[0] < 6.0]
    flush = ear[-3][sculpt.distance(p[ear[-3]]) < 1.3]  # the front of the ear runs out into the cheek
    _soften(p, np.vstack(half.faces), np.concatenate([flush, ear[-2], ear[-1], beside]), 7)
    half.points = [p]
    return half, midline
