"""Joints, their regressor, and how the head hangs on them."""

from __future__ import annotations

import numpy as np

from . import rings
from .sculpt import EYE_CENTRE, Array
from .surface import Skin
from .template import Template

JOINTS = np.array([
    [0.0, -146.0, -64.0],  # root, low in the neck
    [0.0, -62.0, -60.0],  # neck, under the skull
    [0.0, -4.0, -40.0],  # jaw, between the two condyles
    EYE_CENTRE,
    EYE_CENTRE * [-1, 1, 1],
])  # fmt: skip
PARENTS = np.array([-1, 0, 1, 1, 1])


def _smooth(x: Array, lo: float, hi: float) -> Array:
    t = np.clip((x - lo) / (hi - lo), 0.0, 1.0)
    return t * t * (3 - 2 * t)


def jaw_share(skin: Skin) -> Array:
    """How far each skin vertex follows the jaw, 0..1: the lower lip and chin wholly, the upper lip and the neck not
    at all.
    """
    p = skin.points
    n = len(p)
    goal, pull = np.zeros(n), np.zeros(n)
    below, ahead = JOINTS[2, 1] - p[:, 1], p[:, 2] - JOINTS[2, 2]
    angle = np.degrees(np.arctan2(below, ahead))
    depth = np.hypot(below, ahead)

    def hold(where: Array, value: Array | float, strength: float) -> None:
        goal[where] = np.broadcast_to(value, where.shape)[where]
        pull[where] = strength

    hold((angle < 8) | (p[:, 2] < -62) | (p[:, 1] > -14), 0.0, 5.0)
    hold((p[:, 1] < -152) | (p[:, 1] + 0.55 * p[:, 2] < -160), 0.0, 5.0)
    chin = (p[:, 1] < -64) & (p[:, 2] > 46) & (depth > 70)
    hold(chin, 1.0, 5.0)
    ramus = (angle > 45) & (angle < 75) & (p[:, 2] > -30) & (p[:, 2] < 10) & (p[:, 1] > -75) & (np.abs(p[:, 0]) > 30)
    hold(ramus, 0.62, 0.3)
    loops = skin.template.loops["mouth"]
    m = rings.MOUTH_SEGMENTS
    t = rings.STATIONS
    firm = {rings.POCKETS: 3.0, rings.BORDER: 12.0, rings.BORDER + 1: 3.0, rings.BORDER + 2: 0.8}
    firm |= dict.fromkeys(range(rings.SEAM - 1, rings.BORDER), 20.0) | {rings.BORDER + 3: 0.3}
    for ring, strength in firm.items():
        reach = np.clip(1.0 - 0.05 * max(0, ring - rings.BORDER + 1), 0.5, 1.0)
        upper, lower = 0.42 * t**5, 1.0 - 0.58 * t**5
        for ids, value in ((loops[ring, : m + 1], upper * reach), (loops[ring, :m:-1], lower[:-1])):
            for side in (ids, skin.twin[ids]):
                goal[side], pull[side] = value, strength
    # The pockets behind the lips go with the row of teeth that they surround.
    lining = loops[: rings.POCKETS]
    for ids, value in ((lining[:, :m], 0.0), (lining[:, m], 0.45), (lining[:, m + 1 :], 1.0)):
        for side in (ids.ravel(), skin.twin[ids.ravel()]):
            goal[side], pull[side] = value, 20.0
    return np.clip(skin.spread(pull, goal[:, None], 14.0, rest=0.0)[:, 0], 0.0, 1.0)


def weights(skin: Skin) -> Array:
    """Skinning weights (5023, 5); rows sum to one."""
    template = skin.template
    w = np.zeros((len(template.points), 5))
    p = skin.points
    level = p[:, 1] + 0.30 * (p[:, 2] + 60)
    head = _smooth(level, -150.0, -62.0)
    jaw = jaw_share(skin)
    n = len(p)
    w[:n, 2] = jaw
    w[:n, 1] = (1 - jaw) * head
    w[:n, 0] = (1 - jaw) * (1 - head)
    w[template.upper_teeth, 1] = 1.0
    w[template.lower_teeth, 2] = 1.0
    root = 0.35 * _smooth(-template.points[template.tongue, 2], -12.0, 8.0)
    w[template.tongue, 2], w[template.tongue, 1] = 1.0 - root, root
    w[template.left_eyeball, 3] = 1.0
    w[template.right_eyeball, 4] = 1.0
    w[w < 1e-4] = 0.0
    return w / w.sum(1, keepdims=True)


def regressor(template: Template) -> Array:
    """Weights (5, 5023) that find the joints in the vertices: least-norm over nearby rings that expressions leave
    alone.
    """
    p, twin = template.points, template.twin
    n = len(template.skin)
    skin = p[:n]
    places = {
        0: skin[:, 1] < -105,
        1: (skin[:, 1] > -100) & (skin[:, 1] < -20) & (skin[:, 2] < -62) & (np.abs(skin[:, 0]) < 62),
        2: (np.abs(skin[:, 0]) > 45) & (np.abs(skin[:, 1] + 4) < 38) & (skin[:, 2] < -18) & (skin[:, 2] > -64),
    }
    out = np.zeros((5, len(p)))
    for joint, where in places.items():
        ids = np.flatnonzero(where)
        a = np.vstack([p[ids].T, np.ones(len(ids))])
        even = np.full(len(ids), 1.0 / len(ids))
        out[joint, ids] = even + a.T @ np.linalg.solve(a @ a.T, np.append(JOINTS[joint], 1.0) - a @ even)
        out[joint] = (out[joint] + out[joint, twin]) / 2
    for joint, ball in ((3, template.left_eyeball), (4, template.right_eyeball)):
        out[joint, ball] = 1.0 / len(ball)
    return out
