"""Which surface each pixel of a still shows, in numpy alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.integer]


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


def visible(points: Array, depth: Array, faces: Ints, size: int) -> tuple[Ints, Ints, Array]:
    """Pixel (M,), triangle (M,) and barycentric weights (M, 3) of the surface that is nearest at each covered pixel.

    points : (V, 2) pixel coordinates from the top left corner, y down
    depth : (V,) larger is nearer
    """
    pixel, triangle, weights = _fragments(points, faces, size)
    z = (weights * depth[faces[triangle]]).sum(1)
    order = np.lexsort((z, pixel))
    nearest = order[np.flatnonzero(np.diff(pixel[order], append=-1) != 0)]
    return pixel[nearest], triangle[nearest], weights[nearest]


def sample(texture: Array, uv: Array) -> Array:
    """Colours (M, 3) of a texture (H, W, 3) at (M, 2) coordinates with v up, between its four nearest texels."""
    height, width = texture.shape[:2]
    x = np.clip(uv[:, 0] * width - 0.5, 0, width - 1.001)
    y = np.clip((1 - uv[:, 1]) * height - 0.5, 0, height - 1.001)
    column, row = x.astype(np.int64), y.astype(np.int64)
    right, below = (x - column)[:, None], (y - row)[:, None]
    upper = texture[row, column] * (1 - right) + texture[row, column + 1] * right
    lower = texture[row + 1, column] * (1 - right) + texture[row + 1, column + 1] * right
    return upper * (1 - below) + lower * below
