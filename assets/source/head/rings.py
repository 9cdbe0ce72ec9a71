"""Closed loops of vertices that follow the anatomy: eyelids, lips, nostrils and ears, and the linings behind them.

Each function returns loops from the inside outwards as (rings, points, 3) arrays; the last loop lies on the outer
skin, where the
free mesh takes over. Eye, nostril and ear belong to the left side; mouth loops are half loops from the upper to the
lower midline.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline

from . import sculpt
from .sculpt import EYE_CENTRE, EYE_RADIUS, Array

EYE_POINTS = 28
MOUTH_SEGMENTS = 10  # from the midline to the corner
NOSTRIL_POINTS = 12
EAR_POINTS = 32
BACK_EDGE_RADIUS = EYE_RADIUS + 1.0
FISSURE = (31.4, 19.2, 0.09)  # centre x, y and slope of the line between the corners of the eye

# half width, rise, fall, sharpness of the corners; from the lid's edge to the orbit's
EYE_OVALS = (
    (13.3, 5.3, 4.8, 1.3),
    (14.9, 7.1, 6.4, 1.2),
    (16.4, 8.9, 8.5, 1.12),
    (17.7, 10.9, 10.8, 1.08),
    (19.3, 13.6, 13.4, 1.0),
    (22.3, 17.0, 17.0, 1.0),
)


def eye_oval(index: int) -> Array:
    """Loop `index` seen from the front: (EYE_POINTS, 2), from the inner corner over the upper lid."""
    width, rise, fall, sharp = EYE_OVALS[index]
    phi = np.pi - 2 * np.pi * np.arange(EYE_POINTS) / EYE_POINTS
    x = width * np.cos(phi)
    s = np.sin(phi)
    skew = 0.9 * np.sin(2 * phi) * (1 if index == 0 else 0.5)
    y = np.where(s >= 0, rise, fall) * np.sign(s) * np.abs(s) ** sharp - skew * np.abs(s) * 0.6
    return np.stack([FISSURE[0] + x, FISSURE[1] + y + FISSURE[2] * x], 1)


def lid_margin() -> Array:
    """The lid's front edge: on the eyeball's curve, and on the skin at the corners: (EYE_POINTS, 3)."""
    oval = eye_oval(0)
    r2 = ((oval - EYE_CENTRE[:2]) ** 2).sum(1)
    ball = EYE_CENTRE[2] + np.sqrt(np.maximum(13.8**2 - r2, 0.0))
    corner = np.interp(oval[:, 0], [17.0, 45.0], [33.6, 23.0])
    return np.column_stack([oval, sculpt.smooth_max(ball, corner, 4.0)])


def eye() -> Array:
    """Socket lining (2 loops), the lid's back and front edges, then lid and orbit: (9, EYE_POINTS, 3). The lining's
    pole is separate.
    """
    margin = lid_margin()
    aim = margin - EYE_CENTRE
    aim /= np.linalg.norm(aim, axis=1, keepdims=True)
    polar, azimuth = np.arccos(aim[:, 2]), np.arctan2(aim[:, 1], aim[:, 0])
    lining = []
    for fraction, radius in ((0.75, 13.6), (0.4, 13.4)):
        angle = polar + fraction * (np.radians(160) - polar)
        unit = np.stack([np.sin(angle) * np.cos(azimuth), np.sin(angle) * np.sin(azimuth), np.cos(angle)], 1)
        lining.append(EYE_CENTRE + radius * unit)
    skin = [sculpt.drop(*eye_oval(k).T) for k in range(1, len(EYE_OVALS))]
    back = np.maximum(BACK_EDGE_RADIUS, np.linalg.norm(margin - EYE_CENTRE, axis=1) - 1.5)
    return np.stack([*lining, EYE_CENTRE + back[:, None] * aim, margin, *skin])


EYE_POLE = EYE_CENTRE - np.array([0.0, 0.0, 13.4])

# share of the way from seam to vermilion border, then distances beyond the border above and below, and beyond the
# corner
LIP_LOOPS = (
    (0.0, 0.0, 0.0, 0.0),
    (0.39, 0.0, 0.0, 1.2),
    (0.71, 0.0, 0.0, 2.1),
    (1.0, 0.0, 0.0, 3.0),
    (1.0, 2.2, 2.4, 4.8),
    (1.0, 4.8, 5.0, 7.4),
    (1.0, 7.6, 8.4, 10.8),
)


def mouth() -> Array:
    """Mouth lining (4 loops), back of the contact, then seam, lips and their surroundings: (12, 2 * MOUTH_SEGMENTS +
    1, 3).
    """
    n = MOUTH_SEGMENTS
    j = np.arange(n + 1) / n
    base = sculpt.MOUTH_HALF_WIDTH * np.sin(np.pi / 2 * j)
    curves = sculpt.mouth_curves(base)
    fan = np.cos(np.pi / 2 * j) ** 0.75
    round_corner = 0.8 * np.cos(np.pi / 2 * j) ** 0.4 * j**2  # keeps the triangles there from being slivers
    outer = []
    for share, above, below, beyond in LIP_LOOPS:
        x = base * (1 + beyond / sculpt.MOUTH_HALF_WIDTH)
        bulge = np.minimum(beyond, 3.0) ** 0.7 * round_corner
        up = curves["seam"] + share * (curves["upper"] - curves["seam"]) + above * fan + bulge
        low = curves["seam"] + share * (curves["lower"] - curves["seam"]) - below * fan - bulge
        xs, ys = np.concatenate([x, x[-2::-1]]), np.concatenate([up, low[-2::-1]])
        outer.append(sculpt.drop(xs, ys))
    seam = outer[0]
    lower_half = np.arange(2 * n + 1) > n
    around = np.concatenate([fan, fan[-2::-1]])
    sign = np.where(lower_half, -1.0, 1.0) * around
    inner = []
    # Behind the seam the upper lip rises as steeply as the lower one can slide up behind it.
    for rise, behind_upper, behind_lower, narrow in (
        (3.2, 2.0, 3.0, 0.975),
        (6.4, 4.4, 4.6, 0.96),
        (12.0, 7.4, 5.8, 0.97),
        (13.0, 24.0, 24.0, 0.98),
        (9.0, 44.0, 44.0, 0.8),
    ):
        loop = seam.copy()
        loop[:, 0] *= 1 + (narrow - 1) * np.maximum(around, 0.3)
        loop[:, 1] += sign * np.where(lower_half, np.maximum(rise - 3.2, 0.0), rise)
        loop[:, 2] -= 0.2 + (np.where(lower_half, behind_lower, behind_upper) - 0.2) * around
        inner.append(loop)
    inner[3][:, 2] = 0.35 * inner[3][:, 2] + 0.65 * 26.0
    inner[4][:, 2] = 4.0
    return np.stack([*inner[::-1], *outer])


MOUTH_POLE = np.array([0.0, -50.0, -6.0])


def nostril() -> Array:
    """Lining (2 loops), rim, and the skin round it: (4, NOSTRIL_POINTS, 3).

    The tunnel runs up and far back, so that its walls turn their backs to whoever looks in from ahead or below.
    """
    phi = 2 * np.pi * np.arange(NOSTRIL_POINTS) / NOSTRIL_POINTS
    along, across = np.array([-0.36, 0.0, 1.0]), np.array([1.0, 0.16, 0.3])
    centre = np.array([6.9, -28.0, 56.0])
    ring = np.cos(phi)[:, None] * along * 4.1 + np.sin(phi)[:, None] * across * (2.7 - 0.6 * np.cos(phi))[:, None]
    rim = sculpt.project(centre + ring, 8)
    skirt = sculpt.project(centre + 1.5 * ring, 8)
    ahead = (0.5 + 0.5 * np.cos(phi))[:, None]
    # Just inside, the roof rises and the floor runs back: neither faces ahead.
    entry = ahead * np.array([0.0, 2.2, -0.9]) + (1 - ahead) * np.array([0.0, 0.7, -2.6])
    middle = rim.mean(0)
    rim[:, 1:2] += 0.35 - 1.8 * ahead  # a lip in front hides much of the floor
    near, deep = (middle + (rim - middle) * share for share in (0.95, 0.6))
    return np.stack([deep + np.array([-0.4, 6.1, -6.7]), near + entry, rim, skirt])


# Outline of the ear from its top backwards: (back, up) and height above the skull, then the line where it grows from
# the head.
EAR_KEYS = np.array([
    (0, 31, 12, -4, 21), (10, 28.5, 15, 2, 18), (16.5, 20, 18, 5, 12), (18, 9, 19, 6, 5),
    (15, -3, 16.5, 5, -3), (10, -14, 12.5, 2, -10), (6, -22, 8.5, -3, -16), (-1, -27, 6.0, -7, -20),
    (-8.5, -25, 4.0, -12, -23), (-12, -18, 1.5, -15.5, -18), (-13, -10, 2.2, -17.5, -10), (-12.5, -3, 2.8, -18.5, -3),
    (-13, 4, 1.5, -18.5, 5), (-13.5, 12, 3, -18, 13), (-11, 21, 6, -15.5, 20), (-7, 28, 9, -11, 23),
], float)  # fmt: skip
# Kinds of section across the ear: (share of the way from the concha's centre to the outline, height above the outline)
EAR_SECTIONS = {
    "helix": (
        (0.97, -2.4),
        (1.0, 0.0),
        (0.955, 1.4),
        (0.865, 0.8),
        (0.78, -3.4),
        (0.62, -0.4),
        (0.49, -4.5),
        (0.30, -12.0),
    ),
    "lobe": ((0.96, -2.0), (1.0, 0.0), (0.93, 1.6), (0.82, 2.0), (0.68, 1.6), (0.52, 2.2), (0.40, -1.0), (0.25, -6.0)),
    "tragus": (
        (1.12, -0.8),
        (1.0, 0.2),
        (0.88, 2.2),
        (0.72, 4.2),
        (0.58, 4.4),
        (0.46, 2.4),
        (0.38, -1.2),
        (0.25, -3.5),
    ),
    "root": ((1.06, -1.0), (1.0, 0.0), (0.94, 1.6), (0.84, 1.6), (0.74, 0.0), (0.58, -0.8), (0.44, -1.5), (0.27, -3.5)),
}
EAR_KINDS = [
    "helix",
    "helix",
    "helix",
    "helix",
    "helix",
    "helix",
    "lobe",
    "lobe",
    "lobe",
    "tragus",
    "tragus",
    "tragus",
    "root",
    "root",
    "helix",
    "helix",
]
EAR_PLACE = np.array([0.0, 1.0, -70.0])
EAR_TILT = np.radians(10.0)
CONCHA = np.array([-4.5, -4.0])


def ear_point(back: Array, up: Array, height: Array) -> Array:
    """From the ear's own frame (backwards, upwards, away from the skull) to the head's."""
    y = EAR_PLACE[1] + up * np.cos(EAR_TILT) - back * np.sin(EAR_TILT) * 0.6
    z = EAR_PLACE[2] - up * np.sin(EAR_TILT) - back * np.cos(EAR_TILT)
    return np.stack([np.broadcast_to(height, y.shape), y, z], -1)


def ear() -> tuple[Array, Array]:
    """Loops from the canal outwards, over helix and back of the ear to the skull: (10, EAR_POINTS, 3), and the pole
    in the canal.
    """
    keys = np.vstack([EAR_KEYS, EAR_KEYS[:1]])
    sections = np.array([EAR_SECTIONS[kind] for kind in EAR_KINDS]).reshape(len(EAR_KEYS), -1)
    t = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(keys[:, :2], axis=0).T))])
    u = t[-1] * np.arange(EAR_POINTS) / EAR_POINTS
    outline = CubicSpline(t, keys, bc_type="periodic")(u)
    section = np.stack([np.interp(u, t, np.append(c, c[0])) for c in sections.T], 1).reshape(EAR_POINTS, -1, 2)
    side = sculpt.cast(ear_point(np.zeros(1), np.zeros(1), np.zeros(1)), np.array([[1.0, 0.0, 0.0]]))[0, 0] + 1.0
    foot = ear_point(outline[:, 3], outline[:, 4], np.zeros(1))
    for _ in range(8):
        foot = (np.roll(foot, 1, 0) + 2 * foot + np.roll(foot, -1, 0)) / 4
    base = sculpt.cast(foot, np.broadcast_to([1.0, 0.0, 0.0], foot.shape))
    loops = []
    for k in range(section.shape[1]):
        share, lift = section[:, k].T
        flat = CONCHA + (outline[:, :2] - CONCHA) * share[:, None]
        height = np.maximum(outline[:, 2] + lift, 0.6 if k < 7 else 2.0)
        if k == 7:
            height = np.full(EAR_POINTS, 2.0)
        loops.append(ear_point(flat[:, 0], flat[:, 1], side + height))
    rear = 0.42 * base + 0.58 * loops[0] + np.array([0, 0, 0.0])
    deep = ear_point(*((CONCHA + (outline[:, :2] - CONCHA) * 0.12).T), np.full(EAR_POINTS, side - 0.5))
    pole = ear_point(*np.array([[CONCHA[0] - 1.0], [CONCHA[1] + 0.5]]), np.array([side - 3.0]))[0]
    return np.stack([deep, *loops[::-1], rear, base]), pole
