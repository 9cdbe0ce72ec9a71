"""A picture of a mesh through the crop camera: small, for stills, in numpy alone."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.integer]

BACKGROUND: Final = (0.93, 0.94, 0.95)
_INSIDE: Final = (0.10, 0.045, 0.04)  # what an open mouth shows: the skin from behind


def _fragments(points: Array, faces: Ints, size: int) -> tuple[Ints, Ints, Array]:
    """Pixel (M,), triangle (M,) and barycentric weights (M, 3) of every place where a triangle covers a pixel's centre.

    points : (V, 2) pixel coordinates from the top left corner
    """
    corners = points[faces]
    low = np.clip(np.ceil(corners.min(1) - 0.5), 0, size).astype(np.int64)
    high = np.clip(np.floor(corners.max(1) - 0.5) + 1, 0, size).astype(np.int64)
    extent = np.maximum(high - low, 0)
    count = extent.prod(1)
    triangle = np.repeat(np.arange(len(faces)), count)
    place = np.arange(len(triangle)) - np.repeat(np.cumsum(count) - count, count)
    column = low[triangle, 0] + place % np.maximum(extent[triangle, 0], 1)
    row = low[triangle, 1] + place // np.maximum(extent[triangle, 0], 1)
    a, b, c = np.moveaxis(corners[triangle], 1, 0)
    p = np.stack([column, row], axis=1) + 0.5

    def area(u: Array, v: Array, w: Array) -> Array:
        return (v[:, 0] - u[:, 0]) * (w[:, 1] - u[:, 1]) - (v[:, 1] - u[:, 1]) * (w[:, 0] - u[:, 0])

    whole = area(a, b, c)
    parts = np.stack([area(p, b, c), area(p, c, a), area(p, a, b)], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = parts / whole[:, None]
    kept = (weights >= 0).all(axis=1)
    return (row * size + column)[kept], triangle[kept], weights[kept]


def picture(points: Array, depth: Array, faces: Ints, colours: Array, size: int) -> Array:
    """Picture (size, size, 3) of a mesh, nearest surface first; back faces show the inside of the mouth.

    points : (V, 2) pixel coordinates from the top left corner, y down
    depth : (V,) larger is nearer
    colours : (F, 3, 3) RGB at each triangle's corners
    """
    pixel, triangle, weights = _fragments(points, faces, size)
    z = (weights * depth[faces[triangle]]).sum(1)
    order = np.lexsort((z, pixel))
    last = np.flatnonzero(np.diff(pixel[order], append=-1) != 0)
    pixel, triangle, weights = (part[order][last] for part in (pixel, triangle, weights))
    a, b, c = np.moveaxis(points[faces[triangle]], 1, 0)
    facing = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) < (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])  # y runs down
    rgb = np.einsum("mk,mkc->mc", weights, colours[triangle])
    image = np.tile(np.array(BACKGROUND), (size * size, 1))
    image[pixel] = np.where(facing[:, None], np.clip(rgb, 0, 1), _INSIDE)
    return image.reshape(size, size, 3)
