"""Brows and lashes, hair by hair."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree

from . import template as layout
from .anatomy import Array
from .template import Template
from .texels import Texels, strands

BROW = (8.5, 51.0, 35.8)  # where it begins and ends aside, and its height at the nose
BROW_HAIRS, UPPER_LASHES, LOWER_LASHES = 400, 105, 46
BLUR = 0.17  # millimetres: about half a texel


def brows(texels: Texels, thickness: float = 1.0, density: float = 1.0) -> Array:
    """How much of the skin the hairs of both brows hide, 0..1: upright at the nose, level towards the temple, those
    from above and from below leaning together, fewer and shorter at the edges.
    """
    rng = np.random.default_rng(31)
    p = texels.place
    near = (texels.part == "skin") & (p[..., 2] > 5) & (p[..., 1] > 18) & (p[..., 1] < 62) & (np.abs(p[..., 0]) < 68)
    surface = p[near]
    height = cKDTree(surface[:, :2])
    start, end, level = BROW
    paths, widths = [], []
    for side in (1, -1):
        n = int(BROW_HAIRS * density)
        s = rng.beta(1.15, 1.25, n)
        v = rng.normal(0, 0.42, n) * np.clip(0.45 + s / 0.12, 0, 1.05)
        keep = np.abs(v) < 1
        s, v = s[keep], v[keep]
        half = thickness * (5.2 * (1 - s) ** 0.6 * (0.8 + 0.2 * np.clip(s / 0.2, 0, 1)) + 0.4)
        x = start + (end - start) * s
        y = level + 11.0 * s - 11.6 * s**3 + v * half - 0.5
        lean = np.radians(78.0 - 88.0 * s**0.5 - 34.0 * v * np.clip(s / 0.25, 0.1, 1) + rng.normal(0, 9, len(s)))
        length = (6.6 - 2.4 * s) * np.clip(0.6 + s / 0.15, 0, 1) * rng.uniform(0.65, 1.1, len(s))
        bend = np.radians(rng.normal(-24, 8, len(s)))
        t = np.linspace(0, 1, 6)
        angle = lean[:, None] + bend[:, None] * t
        step = length[:, None] / len(t)
        aside, up = (np.cumsum(step * part(angle), 1) for part in (np.cos, np.sin))
        flat = np.stack([side * (x[:, None] + aside), y[:, None] + up], -1)
        z = surface[height.query(flat)[1], 2]
        paths.append(np.concatenate([flat, z[..., None]], -1))
        fade = np.clip(0.35 + s / 0.14, 0, 1) * (1 - 0.35 * np.abs(v)) * np.clip(0.4 + (1 - s) / 0.15, 0, 1)
        widths.append((0.135 * fade * rng.uniform(0.7, 1.2, len(s)))[:, None] * np.array([0.8, 1, 1, 0.85, 0.6, 0.2]))
    return strands(texels, near, np.vstack(paths), np.vstack(widths), BLUR)


def lashes(texels: Texels, template: Template) -> Array:
    """How much of the lids their lashes hide, 0..1: longest outside, none at the inner corner."""
    rng = np.random.default_rng(32)
    eye = template.loops["eye"]
    rings = template.points[eye[layout.LID_FRONT : layout.LID_FRONT + 7]]  # (7, 28, 3)
    rings = np.concatenate([rings, rings[:, :1]], 1)
    half = layout.EYE_POINTS // 2

    def at(depth: Array, k: Array) -> Array:
        """Places at (ring, point) of the grid of rings."""
        return np.stack([map_coordinates(axis, (depth, k), order=1) for axis in np.moveaxis(rings, -1, 0)], -1)

    paths, widths = [], []
    t = np.linspace(0, 1, 6)
    for side in (1, -1):
        for count, upper, reach, thick in ((UPPER_LASHES, True, 3.9, 0.17), (LOWER_LASHES, False, 2.0, 0.07)):
            outwards = np.sort(rng.uniform(0.16 if upper else 0.3, 0.96, count))
            k = outwards * half
            fan = (outwards - 0.42) * (1.6 if upper else 1.1) + rng.normal(0, 0.22, count)
            length = reach * (0.55 + 0.55 * outwards) * rng.uniform(0.6, 1.1, count)
            bend = k[:, None] + fan[:, None] * t**1.4
            path = at(0.7 + length[:, None] * t, np.clip(bend if upper else 2 * half - bend, 0, 2 * half))
            paths.append(path * [side, 1, 1])
            fade = np.clip((outwards - (0.12 if upper else 0.26)) / 0.3, 0, 1)
            widths.append((thick * fade)[:, None] * np.array([1.2, 1.0, 0.8, 0.6, 0.4, 0.15]))
    near = (texels.lid > -1.2) & (texels.lid < 6) & (texels.part != "eye")
    return strands(texels, near, np.vstack(paths), np.vstack(widths), BLUR)
