"""The lids: where they meet when the eye closes, and how all else that moves near them leaves them sound.

The edges of a lid only slide over the eyeball, and their distance only changes by shares of the way on which the eye
closes: so no sum of movements presses a lid into the ball, or past the other one.
"""

from __future__ import annotations

import numpy as np

from .anatomy import Array
from .surface import Skin
from .template import EYE_POINTS, EYE_RADIUS, LID_BACK, LID_FRONT

PARTNER = -np.arange(EYE_POINTS) % EYE_POINTS  # across the opening
UPPER = np.arange(EYE_POINTS) <= EYE_POINTS // 2
EDGES = (0, LID_BACK, LID_FRONT)
CLEARANCE = {0: -6.0, LID_BACK: 0.5}  # of the closed lids' rings over the ball, in millimetres
BEYOND = 0.9  # of all others
MEET = 0.22  # of the way from the lower to the upper lid, where they meet
WAVES = 3  # half waves from corner to corner in which the edges of both lids may slide: they bend the corners least


def _long_waves(ring: Array) -> Array:
    """What leaves of a field along a closed ring (V, 3) its WAVES longest waves, as they run in millimetres: (V, V)."""
    step = np.linalg.norm(np.roll(ring, -1, axis=0) - ring, axis=1)
    turn = 2 * np.pi * np.cumsum(step) / step.sum()
    waves = np.exp(1j * turn[:, None] * np.arange(WAVES + 1))
    waves = np.hstack([waves.real, waves.imag[:, 1:]])
    return waves @ np.linalg.pinv(waves)


class Lids:
    """The left eye's lids of a skin, and what closes them (N, 3)."""

    def __init__(self, skin: Skin, blink: Array) -> None:
        self._skin = skin
        self._eye = skin.template.loops["eye"]
        self._centre = skin.template.eye_centre
        self._long_waves = _long_waves(skin.points[self._eye[LID_BACK]])
        self.closed = self._closed(blink)

    def _on_ball(self, aim: Array, radius: Array | float) -> Array:
        length = np.linalg.norm(aim, axis=1, keepdims=True)
        return self._centre + aim / length * np.broadcast_to(radius, len(aim))[:, None]

    def _clear(self, start: Array, end: Array, clearance: float) -> Array:
        """Ends (N, 3) lifted off the eyeball until the straight ways to them stay clear of it."""
        t = np.linspace(0, 1, 21)[:, None, None]
        for _ in range(60):
            nearest = np.linalg.norm((1 - t) * start + t * end - self._centre, axis=2).min(0)
            lift = np.maximum(EYE_RADIUS + clearance - nearest, 0.0)
            end = self._on_ball(end - self._centre, np.linalg.norm(end - self._centre, axis=1) + lift)
        return end

    def _closed(self, blink: Array) -> Array:
        """The sculpted blink, with edges that meet exactly and ways that are clear of the ball."""
        skin, eye, field = self._skin, self._eye, blink.copy()
        edge = skin.points[eye[LID_BACK]]
        lower = np.where(UPPER[:, None], edge[PARTNER], edge)
        meet = lower + MEET * (edge + edge[PARTNER] - 2 * lower)
        goals = []
        for ring in range(len(eye) - 1):
            start = skin.points[eye[ring]]
            end = start + field[eye[ring]]
            reach = np.linalg.norm(start - self._centre, axis=1)
            if ring in EDGES:
                front = 1.0 if ring == LID_FRONT else 0.0
                end = self._on_ball(meet - self._centre, np.maximum(reach, reach[PARTNER]) if ring else reach)
                end = self._clear(start, end, CLEARANCE.get(ring, BEYOND + front * 0.3))
                reach = np.linalg.norm(end - self._centre, axis=1)
                end = self._on_ball(end - self._centre, np.maximum(reach, reach[PARTNER]))
                change = end - start - field[eye[ring]]
            else:  # what lies round the edges goes with them
                end = end + change * (1 - (ring - LID_FRONT) / len(eye))
                end = self._clear(start, end, min(BEYOND, reach.min() - EYE_RADIUS))
            goals.append(end - start)
        strength = np.repeat([1e4 if ring in EDGES else 300.0 for ring in range(len(goals))], EYE_POINTS)
        out = skin.corrected(field, eye[:-1].ravel(), np.concatenate(goals), 3.0, strength)
        for ring in EDGES:
            out[eye[ring]] = goals[ring]
        out[skin.twin[eye].ravel()] = 0.0
        return out

    def share(self, upper: float, lower: float) -> Array:
        """Both lids moved by shares of the ways on which the eye closes: (N, 3)."""
        opening = np.linalg.norm(self.closed[self._eye[LID_BACK]], axis=1)
        amount = np.where(UPPER, upper, lower) * np.clip(opening / opening.max() / 0.6, 0, 1)
        above = self._skin.points[:, 1:2] > self._centre[1]
        out = np.where(above, upper, lower) * self.closed
        out[self._eye] = amount[:, None] * self.closed[self._eye]
        return out

    def kept(self, field: Array, opening: float = 1.0, moving: bool = False) -> Array:
        """A field (N, 3) under which the lids' edges stay where they are, or slide together over balls that do not
        move: both sides.

        moving : they may slide; and open or close by `opening` of what the field asks for
        """
        skin, out, edges = self._skin, field, self._eye[list(EDGES)]
        for side, flip in ((np.arange(len(field)), [1, 1, 1]), (skin.twin, [-1, 1, 1])):
            ids, goal = side[edges], np.zeros((*edges.shape, 3))
            if moving:
                goal = self._sliding(field[side[self._eye[LID_BACK]]] * flip, opening) * flip
            out = skin.corrected(out, ids.ravel(), goal.reshape(-1, 3), 7.0)
            out[ids] = goal
        return out

    def _sliding(self, wanted: Array, opening: float) -> Array:
        """How the lids' EDGES move (3, V, 3) where a field asks for `wanted` (V, 3) of LID_BACK's."""
        edges, closing = self._eye[list(EDGES)], self.closed[self._eye[LID_BACK]]
        apart = closing - closing[PARTNER]
        share = opening * ((wanted - wanted[PARTNER]) * apart).sum(1).sum() / (apart**2).sum()
        together = self._long_waves @ (wanted + wanted[PARTNER]) / 2
        aim = self._skin.points[edges] - self._centre
        aim /= np.linalg.norm(aim, axis=2, keepdims=True)
        for way in (aim + aim[:, PARTNER], aim):
            way = way / np.linalg.norm(way, axis=2, keepdims=True)
            together = together - (together * way).sum(2, keepdims=True) * way
        return together + share * self.closed[edges]
