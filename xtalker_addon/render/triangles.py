"""What is made of a mesh's triangles before it is drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def close_holes(faces: NDArray[np.integer], positions: NDArray[np.floating]) -> NDArray[np.int32]:
    """Triangles (n, 3) that close every hole of a mesh, wound so that they show their insides to the outside.

    Seen from the front, the hole behind the lips would show the inside of the far side of the head; a lid in the hole
    shows the same colour, and all other insides need not be drawn.
    """
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    count = int(faces.max(initial=0)) + 1
    there, back = edges @ (count, 1), np.sort(edges @ (1, count))
    unmatched = back[np.searchsorted(back[:-1], there)] != there
    after = dict(edges[unmatched].tolist())
    caps: list[tuple[int, int, int]] = []
    while after:
        loop = [next(iter(after))]
        while (following := after.pop(loop[-1], None)) is not None and following != loop[0]:
            loop.append(following)
        caps += _zigzag(loop, positions)
    return np.array(caps, np.int32).reshape(-1, 3)


def _zigzag(loop: list[int], positions: NDArray[np.floating]) -> list[tuple[int, int, int]]:
    """Triangles between the two halves of a loop, swept from one end of its longest side to the other."""
    points = positions[loop]
    along = points[:, int(np.argmax(np.ptp(points, axis=0)))]
    start = int(np.argmin(along))
    loop, along = loop[start:] + loop[:start], np.roll(along, -start)
    left, right = 0, len(loop)  # one beyond the last is the first again
    triangles: list[tuple[int, int, int]] = []
    while right - left > 1:
        ahead, behind = left + 1, right - 1
        if along[ahead] <= along[behind]:
            triangles.append((loop[left], loop[ahead], loop[right % len(loop)]))
            left = ahead
        else:
            triangles.append((loop[left], loop[behind], loop[right % len(loop)]))
            right = behind
    return [triangle for triangle in triangles if len(set(triangle)) == 3]


def unique_edges(faces: NDArray[np.integer]) -> NDArray[np.int32]:
    """The edges (n, 2) of (F, 3) faces, each once."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    return np.unique(np.sort(edges, axis=1), axis=0).astype(np.int32)


def split_at_seams(
    faces: NDArray[np.integer],
    caps: NDArray[np.integer] | None,
    uv: NDArray[np.floating],
    uv_faces: NDArray[np.integer],
) -> tuple[NDArray[np.integer], NDArray[np.float32], NDArray[np.integer], NDArray[np.integer] | None]:
    """A vertex with several UVs becomes several.

    Returns the vertex that each new one comes from, its UV (n, 2), and the faces and caps of the new vertices.
    """
    pairs = faces.ravel().astype(np.int64) * len(uv) + uv_faces.ravel()  # one number each: quicker to sort than rows
    unique, inverse = np.unique(pairs, return_inverse=True)
    source = unique // len(uv)
    if caps is not None:
        first = np.zeros(int(faces.max()) + 1, np.int64)
        first[source[::-1]] = np.arange(len(unique))[::-1]
        caps = first[caps]
    places = np.ascontiguousarray(uv[unique % len(uv)], np.float32)
    return source, places, inverse.reshape(faces.shape), caps
