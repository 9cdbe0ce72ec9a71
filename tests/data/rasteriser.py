"""A small z-buffer in numpy: what a picture of the head must hold, computed without Blender."""

from __future__ import annotations

import numpy as np


def rasterise(vertices: np.ndarray, faces: np.ndarray, values: np.ndarray, view, size: tuple[int, int]):
    """Values interpolated at the pixel centres of an orthographic picture along FLAME's -z.

    vertices (V, 3) in FLAME axes, faces (F, 3), values (V, C), view an OrthographicView, size (width, height).
    Returns (H, W, C) values and an (H, W) int array: the face seen, -1 for none. Row 0 is the top.
    """
    width, height = size
    scale = height / view.height
    x = width / 2 + (vertices[:, 0] - view.center[0]) * scale
    y = height / 2 - (vertices[:, 1] - view.center[1]) * scale
    z = vertices[:, 2]
    depth = np.full((height, width), -np.inf)
    seen = np.full((height, width), -1)
    picture = np.zeros((height, width, values.shape[1]))
    for face, (a, b, c) in enumerate(faces):
        area = (x[b] - x[a]) * (y[c] - y[a]) - (x[c] - x[a]) * (y[b] - y[a])
        if area == 0:
            continue
        corners = [a, b, c]
        left, right = max(0, int(x[corners].min() - 0.5)), min(width, int(x[corners].max() + 1.5))
        top, bottom = max(0, int(y[corners].min() - 0.5)), min(height, int(y[corners].max() + 1.5))
        if left >= right or top >= bottom:
            continue
        px, py = np.meshgrid(np.arange(left, right) + 0.5, np.arange(top, bottom) + 0.5)
        second = ((px - x[a]) * (y[c] - y[a]) - (x[c] - x[a]) * (py - y[a])) / area
        third = ((x[b] - x[a]) * (py - y[a]) - (px - x[a]) * (y[b] - y[a])) / area
        first = 1 - second - third
        near = first * z[a] + second * z[b] + third * z[c]
        window = (slice(top, bottom), slice(left, right))
        hit = (first >= 0) & (second >= 0) & (third >= 0) & (near > depth[window])
        depth[window][hit] = near[hit]
        seen[window][hit] = face
        mixed = first[..., None] * values[a] + second[..., None] * values[b] + third[..., None] * values[c]
        picture[window][hit] = mixed[hit]
    return picture, seen


def interior(seen: np.ndarray, margin: int = 3) -> np.ndarray:
    """Pixels at least `margin` away from the silhouette."""
    inside = seen >= 0
    for _ in range(margin):
        padded = np.pad(inside, 1)
        inside = inside & padded[2:, 1:-1] & padded[:-2, 1:-1] & padded[1:-1, 2:] & padded[1:-1, :-2]
    return inside
