"""Folds that age draws into a face."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.spatial import cKDTree

from .anatomy import Array
from .texels import Texels, splat

# On both sides: depth, width in millimetres, and places (aside, height) that a fold runs through.
FOLDS = (
    (0.55, 1.0, ((0, 50), (12, 52), (24, 51), (36, 46))),
    (0.70, 1.1, ((0, 60), (14, 62.5), (28, 61), (42, 54))),
    (0.60, 1.1, ((0, 70), (13, 73), (27, 71), (38, 66))),
    (0.50, 0.8, ((4.2, 29), (4.8, 35), (6.2, 42))),
    (0.45, 0.7, ((49.5, 22.5), (53.5, 26), (58.5, 32))),
    (0.55, 0.7, ((50.5, 20.0), (55, 21.5), (61, 23.5))),
    (0.50, 0.7, ((50, 17.0), (54, 15.5), (59.5, 12.5))),
    (0.35, 0.7, ((48.5, 14.5), (52, 10.5), (55.5, 5))),
    (0.65, 1.0, ((17.5, 14.5), (22, 9.2), (30, 6.3), (38, 8.2), (44, 12.5))),
    (0.40, 0.8, ((20, 8.5), (26, 3.8), (33, 2.4), (40, 4.5))),
    (0.30, 0.7, ((24, 12.2), (30, 10.8), (37, 12.2))),
    (1.00, 1.9, ((16.8, -14.5), (20.5, -22), (25.5, -33), (29.0, -43), (29.8, -51))),
    (0.75, 1.6, ((25.4, -52.5), (27.4, -57.5), (28.6, -64), (28.2, -71))),
    (0.25, 0.7, ((3.4, -32), (3.8, -39))),
    (0.30, 0.7, ((9.5, -33), (10.4, -40.5))),
    (0.28, 0.7, ((15, -35.5), (16.5, -42.5))),
    (0.55, 1.6, ((0, -67), (8, -66.8), (16, -64.2))),
    (0.40, 1.8, ((43, -19), (41.5, -32), (39, -46))),
    (0.60, 1.3, ((0, -112), (16, -108), (32, -98), (46, -84))),
    (0.45, 1.3, ((0, -126), (18, -123), (36, -115), (50, -102))),
)
PEAK = 0.13  # of the light that the deepest fold keeps from its middle, and from both its sides less


def relief(texels: Texels) -> Array:
    """What the folds of an old face add to its light, as a share: less than 0 in a fold, more on both its sides."""
    p = texels.place
    near = (texels.part == "skin") & (p[..., 2] > -30) & (texels.lid > 1.2) & (texels.lip > 4.5) & (texels.dark < 0.8)
    near &= (np.abs(p[..., 0]) < 68) & (p[..., 1] > -140)
    surface = p[near]
    height = cKDTree(surface[:, :2])
    points, depth, width = [], [], []
    for strength, sigma, way in FOLDS:
        knots = np.array(way, float)
        run = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
        t = np.arange(0, run[-1], 0.35)
        flat = PchipInterpolator(run, knots)(t)
        flat[:, 1] += 0.5 * np.sin(t / 3.1 + strength * 40) * (run[-1] > 25)
        ends = np.clip(t / 5, 0, 1) if way[0][0] > 0 else 1.0
        fade = ends * np.clip((run[-1] - t) / 7, 0, 1) * (0.8 + 0.2 * np.sin(t / 4.7 + sigma * 9))
        for side in (1, -1):
            aside = flat * [side, 1]
            points.append(np.column_stack([aside, surface[height.query(aside)[1], 2]]))
            depth.append(strength * fade * 0.35 / (sigma * np.sqrt(2 * np.pi)) / (2 if way[0][0] == 0 else 1))
            width.append(np.full(len(t), sigma))
    places, depths, widths = np.vstack(points), np.concatenate(depth), np.concatenate(width)
    fold = splat(texels, near, places, widths, depths)
    beside = splat(texels, near, places, 2.4 * widths, depths / 2.4)
    return -PEAK * (fold - 0.55 * beside)
