"""Closed loops of vertices that follow the anatomy: eyelids, lips, nostrils and ears, and the linings behind them.

Each function returns loops from the inside outwards as (rings, points, 3) arrays; the last loop lies on the outer
skin, where the
free mesh takes over. Eye, nostril and ear belong to the left side; mouth loops are half loops from the upper to the
lower midline.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
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
    (0.1, 0.0, 0.0, 1.0),
    (0.34, 0.0, 0.0, 1.7),
    (0.58, 0.0, 0.0, 2.3),
    (0.8, 0.0, 0.0, 2.9),
    (1.0, 0.0, 0.0, 3.5),
    (1.0, 2.2, 2.4, 4.8),
    (1.0, 4.8, 5.0, 7.4),
    (1.0, 7.6, 8.4, 10.8),
)
# Just behind the seam: rise of the upper lip, distances behind the seam above and below, and the corner's (x, z).
# The upper lip rises there as steeply as the lower one can slide up behind it.
CONTACT_LOOPS = ((3.2, 2.0, 3.0, (23.8, 40.4)), (6.4, 4.4, 4.6, (24.0, 38.6)))
# Round the rows of teeth: heights above and below the seam, z in the middle above and below, corner (x, z), and how
# long the roof stays high towards the corner (the smaller, the longer).
POCKET_LOOPS = (
    (12.6, 10.4, 45.4, 45.4, (29.5, 31.0), 0.45),
    (17.0, 15.0, 26.0, 26.0, (34.5, 12.0), 0.28),
    (16.0, 14.0, -7.0, -7.0, (31.0, -8.0), 0.28),
)
MOUTH_POLE = np.array([0.0, -48.0, -13.0])
# Loops of the mouth by number, from the throat outwards: pockets, the lips' backs, the seam, the red up to its border,
# and skin.
POCKETS = len(POCKET_LOOPS)
SEAM = POCKETS + len(CONTACT_LOOPS)
BORDER = SEAM + [share for share, *_ in LIP_LOOPS].index(1.0)
MOUTH_LOOPS = SEAM + len(LIP_LOOPS)


def _there_and_back(values: Array) -> Array:
    """From the upper midline to the corner and on to the lower midline."""
    return np.concatenate([values, values[-2::-1]])


def _lips(base: Array, fan: Array) -> list[Array]:
    """Loops from the seam over the red to the skin round the mouth; `base` and `fan` (MOUTH_SEGMENTS + 1,)."""
    j = np.linspace(0, 1, len(base))
    curves = sculpt.mouth_curves(base)
    round_corner = 0.8 * np.cos(np.pi / 2 * j) ** 0.4 * j**2  # keeps the triangles there from being slivers
    loops = []
    for share, above, below, beyond in LIP_LOOPS:
        x = base * (1 + beyond / sculpt.MOUTH_HALF_WIDTH)
        bulge = np.minimum(beyond, 3.0) ** 0.7 * round_corner
        up = curves["seam"] + share * (curves["upper"] - curves["seam"]) + above * fan + bulge
        low = curves["seam"] + share * (curves["lower"] - curves["seam"]) - below * fan - bulge
        loops.append(sculpt.drop(_there_and_back(x), np.concatenate([up, low[-2::-1]])))
    return loops


def _behind_lips(seam: Array, around: Array, lower: NDArray[np.bool_]) -> list[Array]:
    """Loops at the back of the contact, from the seam inwards; `around` is 1 at the midline and 0 at the corner."""
    loops = []
    for rise, behind_upper, behind_lower, corner in CONTACT_LOOPS:
        loop = seam.copy()
        loop[:, 0] *= corner[0] / sculpt.MOUTH_HALF_WIDTH
        loop[:, 1] += np.where(lower, -np.maximum(rise - 3.2, 0.0), rise) * around
        back = seam[len(seam) // 2, 2] - corner[1]
        loop[:, 2] -= back + (np.where(lower, behind_lower, behind_upper) - back) * around
        loops.append(loop)
    return loops


def _pockets(seam: Array, lower: NDArray[np.bool_]) -> list[Array]:
    """Loops round the rows of teeth, from the lips' backs to the throat: the cheeks' inside lies wide of the molars."""
    across = seam[:, 0] / seam[:, 0].max()
    left = np.sqrt(np.maximum(1.0 - across**2, 0.0))
    loops = []
    for above, below, front_upper, front_lower, (corner_x, corner_z), high in POCKET_LOOPS:
        front = np.where(lower, front_lower, front_upper)
        height = np.where(lower, -below, above) * left**high
        level = seam[len(seam) // 2, 1]
        loops.append(np.stack([corner_x * across, level + height, corner_z + (front - corner_z) * left], 1))
    return loops


def mouth() -> Array:
    """Lining from the throat to the back of the contact, then seam, lips and their surroundings: (MOUTH_LOOPS, 2 *
    MOUTH_SEGMENTS + 1, 3).
    """
    n = MOUTH_SEGMENTS
    j = np.arange(n + 1) / n
    fan = np.cos(np.pi / 2 * j) ** 0.75
    outer = _lips(sculpt.MOUTH_HALF_WIDTH * np.sin(np.pi / 2 * j), fan)
    lower = np.arange(2 * n + 1) > n
    inner = _behind_lips(outer[0], _there_and_back(fan), lower) + _pockets(outer[0], lower)
    return np.stack([*inner[::-1], *outer])


def nostril() -> Array:
    """Lining (2 loops) and rim: (3, NOSTRIL_POINTS, 3)."""
    phi = 2 * np.pi * np.arange(NOSTRIL_POINTS) / NOSTRIL_POINTS
    along, across = np.array([-0.34, 0.20, 1.0]), np.array([1.0, 0.16, 0.3])
    centre = np.array([6.9, -27.5, 54.8])
    ring = np.cos(phi)[:, None] * along * 4.9 + np.sin(phi)[:, None] * across * (2.8 - 0.5 * np.cos(phi))[:, None]
    rim = sculpt.project(centre + ring, 8)
    inward = np.array([-0.1, 0.9, -0.35])
    middle = rim.mean(0)
    return np.stack([middle + (rim - middle) * s + inward * d for s, d in ((0.6, 7.0), (0.88, 2.4))] + [rim])


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
