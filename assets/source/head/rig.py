"""Joints, their regressor, how the head hangs on them, and how its jaw opens."""

from __future__ import annotations

import numpy as np

from . import lips, template
from .anatomy import Anatomy, Array
from .surface import Skin
from .template import Template

PARENTS = np.array([-1, 0, 1, 1, 1])
ROOT, NECK, CONDYLE = (0.0, -122.0, -62.0), (0.0, -62.0, -52.0), (0.0, 2.0, -30.0)  # the latter between the two
SOFT = 8.0  # millimetres over which flesh shares what its neighbours do


def smooth(x: Array, lo: float, hi: float) -> Array:
    """From 0 below `lo` to 1 above `hi`, without a corner."""
    t = np.clip((x - lo) / (hi - lo), 0.0, 1.0)
    return t * t * (3 - 2 * t)


def turn(angle: float) -> Array:
    """Rotation (3, 3) about x."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


class Jaw:
    """How the jaw opens: as a hinge that flesh follows, and the rest of the sculpted opening as corrective.

    angle : radians at which the hinge makes of the lower teeth what the sculpted opening does
    share : (N,) how far each vertex of the skin follows the jaw, 0..1
    corrective : (N, 3) millimetres of what remains, at a sine of one
    """

    def __init__(self, anatomy: Anatomy, skin: Skin) -> None:
        head, n = skin.template, len(skin.points)
        sculpted = head.carry(anatomy.target("jawOpen"))
        sculpted = (sculpted + sculpted[head.twin] * [-1, 1, 1]) / 2
        teeth = head.lower_teeth
        arm, moved = head.points[teeth] - CONDYLE, sculpted[teeth]
        tangent = np.cross([1.0, 0.0, 0.0], arm)
        self.angle = float(np.arcsin((tangent * moved).sum() / (tangent**2).sum()))
        # Under the chin the sculpted flesh all but folds: there it bends more evenly.
        x, y, z = skin.points.T
        chin = np.exp(-(((y + 104) / 30) ** 4) - ((z + 4) / 46) ** 4 - (x / 48) ** 4)
        pull = np.where(chin > 0.05, 0.004 / np.maximum(chin, 0.05), 1e3)
        sculpted[:n] = skin.spread(pull, sculpted[:n], 14.0, rest=0.0)
        self._points = skin.points
        way = (self._points - CONDYLE) @ (turn(self.angle) - np.eye(3)).T
        self.share = self._shares(skin, sculpted[:n], way)
        rest = sculpted[:n] - self.share[:, None] * way
        fade = (1 - smooth(self._points[:, 1], -62.0, 5.0)) * smooth(self._points[:, 1], -140.0, -115.0)
        mouth = head.loops["mouth"]
        firm = head.both(mouth[:2], head.loops["inside"])
        rest = skin.corrected(rest * fade[:, None], firm, np.zeros((len(firm), 3)), 5.0, 40.0)
        self.corrective = lips.Slide(skin)(rest) / np.sin(self.angle)

    def _shares(self, skin: Skin, sculpted: Array, way: Array) -> Array:
        head, p = skin.template, self._points
        size = (way**2).sum(1)
        pull = 4.0 * size / size.max()
        goal = np.clip((sculpted * way).sum(1) / np.maximum(size, 1e-9), 0, 1)
        above = smooth(p[:, 1], -35.0, 10.0)
        below = 1 - smooth(p[:, 1], -140.0, -110.0)
        for part in (above, below):
            goal, pull = goal * (1 - part), pull + 5.0 * part
        upper_lip = head.both(head.loops["mouth"][:, : template.MOUTH_SEGMENTS - 3])
        pull[upper_lip] += 20.0
        inside = head.both(head.loops["inside"])
        goal[inside], pull[inside] = smooth(-p[inside, 1], 42.0, 54.0), 3.0
        return np.clip(skin.spread(pull, goal[:, None], SOFT, rest=0.0)[:, 0], 0.0, 1.0)

    def opened(self, angle: float) -> Array:
        """The skin (N, 3) with the jaw open by so many radians."""
        more = np.sin(angle) * self.corrective
        arm = self._points + more - CONDYLE
        return self._points + self.share[:, None] * (arm @ (turn(angle) - np.eye(3)).T) + more


def weights(head: Template, jaw: Jaw) -> Array:
    """Skinning weights (5023, 5); rows sum to one."""
    w = np.zeros((len(head.points), 5))
    p = head.points[head.skin]
    upright = smooth(p[:, 1] + 0.30 * (p[:, 2] + 60), -146.0, -62.0)
    n = len(p)
    w[:n, 2] = jaw.share
    w[:n, 1] = (1 - jaw.share) * upright
    w[:n, 0] = (1 - jaw.share) * (1 - upright)
    w[head.upper_teeth, 1] = 1.0
    w[head.lower_teeth, 2] = 1.0
    back = 0.35 * smooth(-head.own[head.tongue, 2], -12.0, 8.0)
    w[head.tongue, 2], w[head.tongue, 1] = 1.0 - back, back
    w[head.left_eyeball, 3] = 1.0
    w[head.right_eyeball, 4] = 1.0
    w[w < 1e-4] = 0.0
    return w / w.sum(1, keepdims=True)


def regressor(head: Template) -> Array:
    """Least-norm weights (5, 5023) that find the joints in vertices near by that expressions leave alone."""
    p, twin = head.points, head.twin
    skin = p[head.skin]
    near = {
        ROOT: skin[:, 1] < -105,
        NECK: (skin[:, 1] > -100) & (skin[:, 1] < -20) & (skin[:, 2] < -62) & (np.abs(skin[:, 0]) < 62),
        CONDYLE: (np.abs(skin[:, 0]) > 45) & (np.abs(skin[:, 1] + 4) < 38) & (skin[:, 2] < -18) & (skin[:, 2] > -64),
    }
    out = np.zeros((5, len(p)))
    for joint, (place, where) in enumerate(near.items()):
        ids = np.flatnonzero(where)
        a = np.vstack([p[ids].T, np.ones(len(ids))])
        even = np.full(len(ids), 1.0 / len(ids))
        out[joint, ids] = even + a.T @ np.linalg.solve(a @ a.T, np.append(place, 1.0) - a @ even)
        out[joint] = (out[joint] + out[joint, twin]) / 2
    for joint, ball in ((3, head.left_eyeball), (4, head.right_eyeball)):
        out[joint, ball] = 1.0 / len(ball)
    return out
