"""A map from directions to the skin, and back: every place of the outer skin has one direction on the unit sphere.

Above the chin, rays leave one point inside the head. Below it, their origin slides down the neck and they level out,
so that they
also meet the shoulders. The sphere's cap under the last rays is the open bottom of the neck.
"""

from __future__ import annotations

import numpy as np

from . import sculpt
from .sculpt import Array

CENTRE = np.array([0.0, 22.0, -40.0])
BEND_FRONT, BEND_BACK = -56.0, -34.0  # elevation in degrees below which rays slide down
RIM = -84.0  # elevation of the bust's edge
DIP = 7.0  # degrees by which the last rays point down in front and behind


def rays(directions: Array) -> tuple[Array, Array]:
    """Origins and unit directions of the rays that belong to chart directions (N, 3)."""
    elevation = np.degrees(np.arcsin(np.clip(directions[:, 1], -1, 1)))
    flat = directions[:, [0, 2]] / np.maximum(np.hypot(directions[:, 0], directions[:, 2]), 1e-9)[:, None]
    bend = BEND_FRONT + (BEND_BACK - BEND_FRONT) * (1 - flat[:, 1]) / 2
    t = np.clip((bend - elevation) / (bend - RIM), 0.0, None)
    slide = t * t * (2 - t) * 0.35 + 0.65 * t
    origins = CENTRE + slide[:, None] * np.array([0.0, -208.0, -26.0])
    level = bend - (bend + DIP * flat[:, 1] ** 2) * t * t * (3 - 2 * t)
    e = np.radians(np.where(t > 0, level, elevation))
    aim = np.stack([flat[:, 0] * np.cos(e), np.sin(e), flat[:, 1] * np.cos(e)], 1)
    return origins, np.where((t > 0)[:, None], aim, directions)


def to_skin(directions: Array) -> Array:
    """Points of the skin (N, 3) for chart directions (N, 3)."""
    origins, aims = rays(directions)
    return sculpt.cast(origins, aims)


def from_skin(points: Array) -> Array:
    """Chart directions of points above the chin's underside."""
    d = points - CENTRE
    return d / np.linalg.norm(d, axis=-1, keepdims=True)


def rim(count: int) -> Array:
    """Chart directions of the neck's edge from front to back over the left side, both ends on the midline."""
    a = np.linspace(0, np.pi, count)
    e = np.radians(RIM)
    d = np.stack([np.cos(e) * np.sin(a), np.full(count, np.sin(e)), np.cos(e) * np.cos(a)], 1)
    d[[0, -1], 0] = 0.0
    return d
