"""A mesh that is cut out of another one: every vertex is a weighted mean of that one's vertices, so that whatever moves
those moves it.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from scipy import sparse

from .anatomy import Array, Ints

Loop = list[int]


class Sheet:
    """Polygons over the vertices of a symmetric mesh, and over those that are made of them.

    points : (N, 3) of the mesh that it is cut out of
    """

    def __init__(self, points: Array, twin: Ints, polygons: list[Loop]) -> None:
        self._count = len(points)
        self.points = [*points]
        self.twin = [*map(int, twin)]
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
        row, mirrored = (self._mean(which)[0] for which in (parts, twins))
        alone = row.keys() == mirrored.keys() and all(abs(row[v] - mirrored[v]) < 1e-12 for v in row)
        vertex = len(self.points)
        for which in (parts,) if alone else (parts, twins):
            row, place = self._mean(which)
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


def next_ring(sheet: Sheet, sides: dict[tuple[int, int], int], ring: Loop, closed: bool, left: bool) -> Loop:
    """The far edges of the quads on one side of a ring, itself a ring."""
    out: Loop = []
    pairs = list(zip(ring, ring[1:] + ring[:1], strict=True))[: None if closed else -1]
    for a, b in pairs:
        quad = sheet.polygons[sides[(a, b) if left else (b, a)]]
        start = quad.index(a if left else b)
        second, first = quad[(start + 2) % 4], quad[(start + 3) % 4]
        out += [first] if left else [second]
        last = second if left else first
    return out if closed else [*out, last]


def edge_loop(sheet: Sheet, first: int, second: int, end: int) -> Loop:
    """Walks straight on over vertices where four quads meet, from an edge to the vertex `end`; closed where that is
    the first one, which is then not repeated.
    """
    near: dict[int, set[int]] = defaultdict(set)
    for loop in sheet.polygons:
        for a, b in zip(loop, loop[1:] + loop[:1], strict=True):
            near[a].add(b)
            near[b].add(a)
    quads = defaultdict(list)
    for loop in sheet.polygons:
        for a in loop:
            quads[a].append(loop)
    path = [first, second]
    while path[-1] != end:
        beside = {v for quad in quads[path[-1]] if path[-2] in quad for v in quad}
        (ahead,) = near[path[-1]] - beside
        path.append(ahead)
    return path[:-1] if end == first else path
