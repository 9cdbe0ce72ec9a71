"""A mesh cut out of another one, of whose vertices all of its own are weighted means: what moves those moves it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from itertools import combinations

import numpy as np
from scipy import sparse

from .anatomy import Array, Ints

Loop = list[int]


class Sheet:
    """Polygons over the vertices of a symmetric mesh, and over those that are made of them.

    points : (N, 3) of the mesh that it is cut out of; twin : which one is the mirror image of each
    """

    def __init__(self, points: Array, twin: list[int], polygons: list[Loop]) -> None:
        self._count = len(points)
        self.points = [*points]
        self.twin = twin
        self.rows: dict[int, dict[int, float]] = {}
        self.polygons = polygons

    def row(self, vertex: int) -> dict[int, float]:
        return self.rows.get(vertex, {vertex: 1.0})

    def _mean(self, parts: list[tuple[int, float]]) -> tuple[dict[int, float], Array]:
        row: dict[int, float] = defaultdict(float)
        for vertex, share in parts:
            for source, weight in self.row(vertex).items():
                row[source] += share * weight
        return dict(row), sum(share * self.points[vertex] for vertex, share in parts)  # type: ignore[return-value]

    def add(self, parts: list[tuple[int, float]]) -> int:
        """A new vertex at the weighted mean of others, and its mirror image."""
        twins = [(self.twin[vertex], share) for vertex, share in parts]
        made = [self._mean(which) for which in (parts, twins)]
        (row, _), (mirrored, _) = made
        alone = row.keys() == mirrored.keys() and all(abs(row[v] - mirrored[v]) < 1e-12 for v in row)
        vertex = len(self.points)
        for row, place in made[:1] if alone else made:
            self.rows[len(self.points)] = row
            self.points.append(place)
        self.twin += [vertex] if alone else [vertex + 1, vertex]
        return vertex

    def move(self, vertex: int, parts: list[tuple[int, float]]) -> None:
        """Moves a vertex, and its mirror image, to the weighted mean of vertices where those are now."""
        here = self._mean(parts)
        there = self._mean([(self.twin[v], share) for v, share in parts])
        for which, (row, place) in ((self.twin[vertex], there), (vertex, here)):
            self.rows[which], self.points[which] = row, place

    def sources(self, vertices: Ints) -> sparse.csr_matrix:
        """What finds these vertices in those of the mesh that this is cut out of: (V, N)."""
        rows = [self.row(int(v)) for v in vertices]
        entries = [(i, source, weight) for i, row in enumerate(rows) for source, weight in row.items()]
        i, source, weight = (np.array(column) for column in zip(*entries, strict=True))
        return sparse.csr_matrix((weight, (i, source)), (len(rows), self._count))

    # How polygons hang together

    def sides(self) -> dict[tuple[int, int], int]:
        """From each directed edge of a polygon to that polygon's number."""
        return {
            (a, b): k for k, loop in enumerate(self.polygons) for a, b in zip(loop, loop[1:] + loop[:1], strict=True)
        }

    def boundary(self) -> list[Loop]:
        """The loops of edges that only one polygon has, walked as the polygons are."""
        sides = self.sides()
        following = {a: b for a, b in sides if (b, a) not in sides}
        loops = []
        while following:
            start = next(iter(following))
            loop = [start]
            while (at := following.pop(loop[-1])) != start:
                loop.append(at)
            loops.append(loop)
        return loops

    def remove_inside(self, fence: Loop, seed: int) -> None:
        """Removes the polygons round the vertex `seed`, as far as a closed loop of vertices."""
        wall, gone, edge = set(fence), {seed}, [seed]
        around = defaultdict(set)
        for loop in self.polygons:
            for vertex in loop:
                around[vertex].update(loop)
        while edge:
            new = {v for at in edge for v in around[at]} - gone - wall
            gone |= new
            edge = list(new)
        self.polygons = [loop for loop in self.polygons if not gone & set(loop)]

    def triangulate(self, halves: dict[tuple[int, int], int]) -> None:
        """Splits polygons along their shortest diagonals, alike on both sides, and edges where `halves` says."""
        p, left = np.array(self.points), []
        for loop in self.polygons:
            if p[loop, 0].mean() > 0:
                around = zip(loop, loop[1:] + loop[:1], strict=True)
                longer = [v for a, b in around for v in ([a, halves[a, b]] if (a, b) in halves else [a])]
                left += _triangles(p, longer, halves)
        self.polygons = left + [[self.twin[a], self.twin[c], self.twin[b]] for a, b, c in left]


def _triangles(p: Array, loop: Loop, halves: dict[tuple[int, int], int]) -> list[Loop]:
    """A polygon split along its shortest diagonals, none of which runs along an edge that is halved."""
    if len(loop) == 3:
        return [loop]
    pairs = [
        (i, j)
        for i, j in combinations(range(len(loop)), 2)
        if 1 < j - i < len(loop) - 1 and (loop[i], loop[j]) not in halves
    ]
    i, j = min(pairs, key=lambda pair: round(float(np.linalg.norm(p[loop[pair[0]]] - p[loop[pair[1]]])), 6))
    return _triangles(p, loop[i : j + 1], halves) + _triangles(p, loop[j:] + loop[: i + 1], halves)


def _walker(sheet: Sheet) -> Callable[[int, int], int]:
    """What finds the vertex that follows after an edge in the polygon to its left."""
    sides = sheet.sides()

    def after(a: int, b: int) -> int:
        loop = sheet.polygons[sides[a, b]]
        return loop[(loop.index(b) + 1) % len(loop)]

    return after


def edge_loop(sheet: Sheet, first: int, second: int, end: int) -> Loop:
    """Walks straight on where four quads meet, from an edge to `end`; if that is the first one, it is not repeated."""
    after, path = _walker(sheet), [first, second]
    while path[-1] != end:
        a, b = path[-2:]
        path.append(after(after(a, b), b))
    return path[:-1] if end == first else path


def rings(sheet: Sheet, start: Loop, closed: bool, inwards: int, outwards: int) -> list[Loop]:
    """Rings of a loop of quads round an opening of the face, `start` among them, from within."""
    after = _walker(sheet)

    def grown(ring: Loop, count: int) -> list[Loop]:
        """The far edges of the quads to the left, and of those beyond."""
        found = []
        for _ in range(count):
            near = list(zip(ring, ring[1:] + ring[:1], strict=True))[: None if closed else -1]
            far = [(after(b, after(a, b)), after(a, b)) for a, b in near]
            ring = [first for first, _ in far] + ([] if closed else [far[-1][1]])
            found.append(ring)
        return found

    left_is_out = sheet.points[grown(start, 1)[0][0]][2] > sheet.points[start[0]][2]
    left = grown(start, outwards if left_is_out else inwards)
    right = [ring[::-1] for ring in grown(start[::-1], inwards if left_is_out else outwards)]
    inner, outer = (right, left) if left_is_out else (left, right)
    return [*inner[::-1], start, *outer]
