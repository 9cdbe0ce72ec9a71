"""The smooth surface that a closed mesh of quads is the cage of (Catmull and Clark 1978): sculptors drew for that."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from .anatomy import Ints


class Surface:
    """Places on the smooth surface, of the mesh's vertices and of the middles of its edges.

    rows : (R, N) finds the places in the mesh's vertices, of which those that are of no quad stay where they are
    middle : from both ends of an edge, in either order, to its row
    """

    def __init__(self, count: int, quads: Ints) -> None:
        step, finer, ends = _subdivided(count, quads)
        self.rows = (_limit(finer, step.shape[0]) @ step).tocsr()[: count + len(ends)]
        edges = enumerate(ends.tolist(), count)
        self.middle = {pair: row for row, (a, b) in edges for pair in ((a, b), (b, a))}

    def mirrored(self, twin: Ints) -> list[int]:
        """For each row, which one is its mirror image, from the same of the mesh's vertices."""
        out = [*twin.tolist(), *range(len(twin), self.rows.shape[0])]
        for (a, b), row in self.middle.items():
            out[row] = self.middle[out[a], out[b]]
        return out


def _subdivided(count: int, quads: Ints) -> tuple[sparse.csr_matrix, Ints, Ints]:
    """One step: the matrix that finds all new vertices, the new quads, and the ends of the edges (E, 2)."""
    ends, edge = _edges(quads)
    faces, edges, sides = _incidence(quads, count), _incidence(ends, count), _incidence(edge, len(ends))
    valence = np.maximum(np.bincount(quads.ravel(), minlength=count), 1)
    centres = faces / 4
    middles = edges / 4 + sides.T @ centres / 4
    kept = sparse.diags(np.where(np.bincount(quads.ravel(), minlength=count), 1 - 3 / valence, 1.0))
    by_valence = sparse.diags(1 / valence**2)
    corners = kept + by_valence @ (faces.T @ centres + edges.T @ edges)
    middle, centre = count + edge, np.repeat(count + len(ends) + np.arange(len(quads))[:, None], 4, axis=1)
    finer = np.stack([quads, middle, centre, np.roll(middle, 1, axis=1)], -1).reshape(-1, 4)
    return sparse.vstack([corners, middles, centres]).tocsr(), finer, ends


def _limit(quads: Ints, count: int) -> sparse.csr_matrix:
    """The matrix that moves vertices to where endless steps would (Halstead, Kass and DeRose 1993)."""
    ends, _ = _edges(quads)
    across = np.concatenate([quads[:, [0, 2]], quads[:, [1, 3]]])
    beside, opposite = (
        sparse.coo_matrix((np.ones(2 * len(pairs)), np.vstack([pairs, pairs[:, ::-1]]).T), (count, count))
        for pairs in (ends, across)
    )
    valence = np.bincount(quads.ravel(), minlength=count)
    whole = sparse.diags(1 / np.maximum(valence * (valence + 5), 1))
    alone = sparse.diags((valence == 0).astype(float))
    return (alone + whole @ (sparse.diags(valence**2.0) + 4 * beside + opposite)).tocsr()


def _edges(quads: Ints) -> tuple[Ints, Ints]:
    """The ends of all edges (E, 2), and which ones each quad has (F, 4), the first from its first corner."""
    sides = np.sort(np.stack([quads, np.roll(quads, -1, axis=1)], -1).reshape(-1, 2), axis=1)
    ends, edge = np.unique(sides, axis=0, return_inverse=True)
    return ends, edge.reshape(-1, 4)


def _incidence(ids: Ints, count: int) -> sparse.csr_matrix:
    """(N, count) ones where row i of ids (N, K) names a column."""
    rows = np.repeat(np.arange(len(ids)), ids.shape[1])
    return sparse.csr_matrix((np.ones(ids.size), (rows, ids.ravel())), (len(ids), count))
