"""The ear as closed loops round the canal, laid as an artist models it: one cross-section a landmark of the outline.

The ear has its own frame: millimetres backwards, upwards and away from a plane through the side of the head. A
section runs from the outline inwards to the concha; what lies between two landmarks is interpolated.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator

from . import sculpt
from .sculpt import Array

POINTS = 40  # a loop
PLACE = np.array([66.5, 1.5, -64.0])
TILT = np.radians(7.0)  # the top leans backwards
LEAN = 0.25  # and outwards, as the side of the skull does
STAND = np.tan(np.radians(18.0))  # the back edge stands off the skull
HINGE = -16.0  # how far back the ear's plane leaves the side of the head
CENTRE = np.array([-5.0, -2.0])
CANAL = np.array([-7.6, -3.0])  # its opening, half behind the tragus

# Landmarks from the top backwards and round: outline (back, up), foot on the skull (back, up); then for edge and
# top of the rim, its inner lip, the groove inside it, the antihelix' outer slope and crest, and the foot of the
# concha's wall: shares of the way from the centre to the outline, and heights above the ear's plane.
LANDMARKS = (
    # top: the upper leg of the antihelix
    (2, 32, 0.5, 21.5, (1, 0.97, 0.90, 0.875, 0.70, 0.44, 0.31), (0.3, 3.2, 3.0, 0.0, 2.7, 1.6, -6.2)),
    # where the two legs part
    (11, 28.5, 6, 18.5, (1, 0.97, 0.89, 0.865, 0.70, 0.54, 0.38), (0.2, 2.9, 2.4, -1.8, 0.6, 3.8, -6.2)),
    # scapha and antihelix
    (17.5, 20, 9, 12, (1, 0.965, 0.88, 0.86, 0.72, 0.57, 0.41), (0.0, 2.6, 2.0, -2.6, -0.6, 4.4, -5.7)),
    (19, 10, 10, 5, (1, 0.965, 0.88, 0.86, 0.72, 0.57, 0.42), (0.0, 2.6, 2.0, -2.6, -0.6, 4.6, -5.7)),
    (17, 0, 9.5, -2, (1, 0.965, 0.88, 0.86, 0.72, 0.57, 0.43), (0.0, 2.4, 1.8, -2.4, -0.6, 4.4, -5.7)),
    # tail of the helix
    (13, -9, 7, -8, (1, 0.96, 0.88, 0.83, 0.70, 0.57, 0.43), (0.0, 2.0, 1.6, -1.6, 0.6, 3.6, -5.2)),
    (9.5, -18, 3, -13.5, (1, 0.95, 0.86, 0.76, 0.64, 0.52, 0.38), (0.0, 1.8, 1.6, -0.2, 0.8, 3.8, -4.7)),
    # lobe, with the antitragus above it
    (5, -26, -1.5, -17.5, (1, 0.94, 0.83, 0.68, 0.55, 0.45, 0.31), (0.0, 1.8, 2.4, 1.2, 1.4, 4.2, -4.2)),
    (-2.5, -30, -6, -20, (1, 0.94, 0.83, 0.68, 0.54, 0.42, 0.28), (0.0, 1.8, 2.8, 2.2, 1.6, 3.0, -4.7)),
    (-9.5, -28, -11, -21, (1, 0.94, 0.84, 0.70, 0.56, 0.42, 0.28), (0.0, 1.4, 2.6, 2.4, 1.2, -0.8, -6.2)),
    (-13, -21, -15.5, -18.5, (1, 0.94, 0.84, 0.71, 0.58, 0.46, 0.31), (0.0, 0.8, 1.4, 1.2, 0.2, -2.0, -6.7)),
    # notch between antitragus and tragus
    (-15, -14.5, -18, -13.5, (1, 0.92, 0.82, 0.71, 0.60, 0.50, 0.41), (0.0, 0.5, 0.9, 0.8, 0.2, -1.0, -4.0)),
    # tragus
    (-16.5, -9, -19, -8.5, (1, 0.90, 0.79, 0.68, 0.57, 0.47, 0.46), (0.0, 0.6, 1.6, 2.8, 3.8, 3.6, 0.5)),
    (-17, -4, -19.5, -4, (1, 0.89, 0.77, 0.65, 0.53, 0.41, 0.44), (0.0, 0.9, 2.1, 3.6, 4.9, 4.7, 1.0)),
    (-16.8, 1, -19.5, 0.5, (1, 0.89, 0.77, 0.65, 0.54, 0.43, 0.44), (0.0, 0.8, 1.8, 3.0, 3.9, 3.5, 0.5)),
    # dip between tragus and helix
    (-16, 6, -19, 5.5, (1, 0.91, 0.82, 0.72, 0.62, 0.51, 0.42), (0.0, 0.4, 0.8, 0.8, 0.4, -0.8, -4.0)),
    # root of the helix, which runs on into the concha as its crus
    (-15.2, 12, -18.5, 11, (1, 0.93, 0.84, 0.73, 0.61, 0.49, 0.37), (0.0, 1.8, 2.8, 2.8, 2.2, 1.2, -0.8)),
    (-13.5, 19, -16, 16.5, (1, 0.95, 0.87, 0.81, 0.70, 0.55, 0.38), (0.4, 2.4, 2.6, 0.4, -1.2, 0.6, -5.7)),
    # triangular fossa, over the lower leg
    (-10, 26, -12, 20.5, (1, 0.965, 0.89, 0.86, 0.68, 0.48, 0.34), (0.4, 3.0, 2.8, 0.6, -3.0, 1.8, -6.4)),
    (-4.5, 30.5, -6.5, 22.5, (1, 0.97, 0.90, 0.875, 0.68, 0.44, 0.31), (0.4, 3.2, 3.0, 0.4, -2.4, 1.6, -6.4)),
)  # fmt: skip


def place(flat: Array, height: Array) -> Array:
    """From the ear's own frame, (..., 2) backwards and upwards, and height away from the head, to the head's."""
    back, up = np.moveaxis(flat, -1, 0)
    y = up * np.cos(TILT) - back * np.sin(TILT)
    z = -up * np.sin(TILT) - back * np.cos(TILT)
    return PLACE + np.stack([LEAN * up + height, y, z], -1)


# Places that the skin's colour darkens: the bowl of the concha, and the canal below its opening.
BOWL = tuple(place(np.array([-1.0, 0.0]), np.array(-3.0)))
DEPTH = tuple(place(CANAL, np.array(-11.0)))


def _stand(flat: Array) -> Array:
    """How far the ear's plane stands off the side of the head."""
    return STAND * np.logaddexp(0.0, (flat[..., 0] - HINGE) / 3.0) * 3.0


def _sections() -> tuple[Array, Array, Array, Array]:
    """Round the ear: outline and foot (POINTS, 2), and shares and heights (POINTS, 7) of the sections."""
    outline, foot = np.array([k[:2] for k in LANDMARKS], float), np.array([k[2:4] for k in LANDMARKS], float)
    rows = np.hstack([outline, foot, [[*k[4], *k[5]] for k in LANDMARKS]])
    rows = np.vstack([rows, rows[:1]])
    steps = np.hypot(*np.diff(rows[:, :2], axis=0).T)
    spoke = rows[:, :2] - CENTRE
    turn = np.abs(np.diff(np.unwrap(np.arctan2(spoke[:, 1], spoke[:, 0]))))
    share = 1.5 * steps / steps.sum() + 0.5 * turn / turn.sum()  # finer in front, where the forms are
    run = np.concatenate([[0.0], np.cumsum(share)])
    at = run[-1] * np.arange(POINTS) / POINTS
    smooth = CubicSpline(run, rows[:, :4], bc_type="periodic")(at)
    n = len(run) - 1
    around = np.concatenate([run[n - 3 : n] - run[-1], run, run[1:4] + run[-1]])
    section = PchipInterpolator(around, rows[np.r_[n - 3 : n, 0 : n + 1, 1:4], 4:])(at)
    return smooth[:, :2], smooth[:, 2:], section[:, :7], section[:, 7:]


def loops() -> tuple[Array, Array]:
    """Loops from the canal outwards, over the rim and the back of the ear to the skull: (11, POINTS, 3), and the pole
    in the canal.
    """
    outline, foot, share, height = _sections()
    front = []
    for s, h in zip(share.T, height.T, strict=True):
        flat = CENTRE + (outline - CENTRE) * s[:, None]
        front.append(place(flat, _stand(flat) + h))
    canal = [
        place(CANAL + [forward, 0.0] + size * (outline - CENTRE), np.full(POINTS, height))
        for forward, size, height in ((-1.0, 0.11, -11.0), (0.0, 0.17, -6.0))
    ]
    for _ in range(6):
        foot = (np.roll(foot, 1, 0) + 2 * foot + np.roll(foot, -1, 0)) / 4
    flat_foot = place(foot, np.zeros(POINTS)) * [0, 1, 1]
    base = sculpt.cast(flat_foot, np.broadcast_to([1.0, 0.0, 0.0], flat_foot.shape))
    rear = 0.45 * base + 0.55 * front[0]
    return np.stack([*canal, *front[::-1], rear, base]), place(CANAL + np.array([-2.5, 0.5]), np.array(-14.6))
