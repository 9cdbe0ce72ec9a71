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
        rings, goals = [], []
        for ring in range(len(eye) - 1):
            start = skin.points[eye[ring]]
            end = start + field[eye[ring]]
            if ring in EDGES:
                front = 1.0 if ring == LID_FRONT else 0.0
                reach = np.linalg.norm(start - self._centre, axis=1)
                end = self._on_ball(meet - self._centre, np.maximum(reach, reach[PARTNER]) if ring else reach)
                end = self._clear(start, end, CLEARANCE.get(ring, BEYOND + front * 0.3))
                reach = np.linalg.norm(end - self._centre, axis=1)
                end = self._on_ball(end - self._centre, np.maximum(reach, reach[PARTNER]))
                change = end - start - field[eye[ring]]
            else:  # what lies round the edges goes with them
                end = end + change * (1 - (ring - LID_FRONT) / len(eye))
                end = self._clear(
                    start, end, min(BEYOND, np.linalg.norm(start - self._centre, axis=1).min() - EYE_RADIUS)
                )
            rings.append(eye[ring])
            goals.append(end - start)
        strength = np.repeat([1e4 if ring in EDGES else 300.0 for ring in range(len(rings))], EYE_POINTS)
        out = skin.corrected(field, np.concatenate(rings), np.concatenate(goals), 3.0, strength)
        for ring in EDGES:
            out[eye[ring]] = goals[ring]
        out[skin.twin[eye].ravel()] = 0.0
        return out

    def share(self, upper: float, lower: float) -> Array:
        """Both lids moved by shares of the ways on which the eye closes: (N, 3)."""
        opening = np.linalg.norm(self.closed[self._eye[LID_BACK]], axis=1)
        amount = np.where(UPPER, upper, lower) * np.clip(opening / opening.max() / 0.6, 0, 1)
        out = np.zeros_like(self.closed)
        for ring in self._eye:
            out[ring] = amount[:, None] * self.closed[ring]
        rest = np.ones(len(out), bool)
        rest[self._eye.ravel()] = False
        height = self._skin.points[:, 1] - self._centre[1]
        out[rest] = (np.where(height > 0, upper, lower)[:, None] * self.closed)[rest]
        return out

    def kept(self, field: Array, opening: float = 1.0, moving: bool = False) -> Array:
        """A field (N, 3) under which the lids' edges stay where they are, or slide together over balls that do not
        move: both sides.

        moving : they may slide; and open or close by `opening` of what the field asks for
        """
        skin, out = self._skin, field
        for side, flip in ((np.arange(len(field)), np.array([1, 1, 1])), (skin.twin, np.array([-1, 1, 1]))):
            ids, goals = [], []
            for ring in EDGES:
                here = side[self._eye[ring]]
                goal = np.zeros((EYE_POINTS, 3))
                if moving:
                    wanted = field[side[self._eye[LID_BACK]]] * flip
                    closing = self.closed[self._eye[LID_BACK]]
                    share = ((wanted - wanted[PARTNER]) * (closing - closing[PARTNER])).sum(1)
                    share = opening * share.sum() / ((closing - closing[PARTNER]) ** 2).sum()
                    together = self._long_waves @ (wanted + wanted[PARTNER]) / 2
                    aim = skin.points[self._eye[ring]] - self._centre
                    aim /= np.linalg.norm(aim, axis=1, keepdims=True)
                    for way in (aim + aim[PARTNER], aim):
                        way = way / np.linalg.norm(way, axis=1, keepdims=True)
                        together = together - (together * way).sum(1, keepdims=True) * way
                    goal = together + share * self.closed[self._eye[ring]]
                ids.append(here)
                goals.append(goal * flip)
            out = skin.corrected(out, np.concatenate(ids), np.concatenate(goals), 7.0)
            for one, goal in zip(ids, goals, strict=True):
                out[one] = goal
        return out
