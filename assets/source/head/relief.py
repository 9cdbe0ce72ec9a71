"""What lies under the skin and shows through it, where MakeHuman's mesh is smoother than most people are."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from .anatomy import Array, Ints

# On both sides: height and half width in millimetres, and places that a ridge (or furrow, or hump) runs through.
RIDGES = (
    (4.2, 8.5, ((66, -38, -72), (60, -58, -64), (50, -82, -52), (38, -108, -38), (24, -134, -28), (12, -158, -24))),
    (-2.2, 9.0, ((20, -112, -8), (24, -122, -16), (20, -138, -24))),
    (1.4, 8.0, ((58, -40, -34), (54, -60, -24), (46, -76, 0), (34, -88, 24), (18, -96, 42))),
    (-2.6, 10.0, ((58, -66, -40), (50, -82, -22), (38, -96, 4), (22, -104, 22))),
    (2.0, 7.0, ((0, -108, -2), (0, -116, -8))),
    (4.0, 40.0, ((70, 60, -68),)),
    (-0.8, 15.0, ((68, 34, 14), (70, 20, 0))),
    (1.2, 8.0, ((48, -6, 38), (60, -4, 18), (68, -2, -8))),
)


def field(points: Array, quads: Ints) -> Array:
    """Displacements (N, 3) in millimetres of a mesh, in FLAME's axes, along its normals."""
    corners = points[quads]
    across = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    normal = np.zeros_like(points)
    np.add.at(normal, quads.ravel(), np.repeat(across, 4, axis=0))
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    used = np.unique(quads)
    surface = cKDTree(points[used])
    height = np.zeros(len(points))
    for rise, width, way in RIDGES:
        knots = points[used[surface.query(way)[1]]] if len(way) > 1 else np.array(way, float)
        share = np.linspace(0, len(knots) - 1, 12 * len(knots) - 11)
        line = np.stack([np.interp(share, np.arange(len(knots)), axis) for axis in knots.T], 1)
        for side in (1, -1) if line[:, 0].any() else (1,):
            away, at = cKDTree(line * [side, 1, 1]).query(points[used])
            ends = np.sin(np.pi * (at + 0.5) / len(line)) ** 0.4
            height[used] += rise * ends * np.exp(-((away / width) ** 2))
    return height[:, None] * normal
