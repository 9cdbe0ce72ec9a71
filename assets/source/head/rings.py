"""Closed loops of vertices that follow the anatomy: eyelids, lips and nostrils, and the linings behind them.

Each function returns loops from the inside outwards as (rings, points, 3) arrays; the last loop lies on the outer
skin, where the
free mesh takes over. Eye and nostril belong to the left side; mouth loops are half loops from the upper to the
lower midline.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import sculpt
from .sculpt import EYE_CENTRE, EYE_RADIUS, Array

EYE_POINTS = 28
MOUTH_SEGMENTS = 10  # from the midline to the corner
NOSTRIL_POINTS = 12
LID_GAP = 0.65  # between the eyeball and the lids' back edges
FISSURE = (30.7, 19.3, 0.075)  # centre x, y and slope of the line between the corners of the eye

# half width, rise, fall, sharpness of the corners; from the lid's front edge to the orbit's
EYE_OVALS = (
    (13.6, 5.6, 6.1, 1.5),
    (14.9, 7.0, 7.5, 1.36),
    (16.3, 8.7, 9.4, 1.22),
    (17.8, 10.8, 11.6, 1.12),
    (19.6, 13.2, 13.9, 1.04),
    (22.3, 17.0, 17.0, 1.0),
)


def eye_oval(index: int) -> Array:
    """Loop `index` seen from the front: (EYE_POINTS, 2), from the inner corner over the upper lid."""
    width, rise, fall, sharp = EYE_OVALS[index]
    phi = np.pi - 2 * np.pi * np.arange(EYE_POINTS) / EYE_POINTS
    x = width * np.cos(phi)
    s = np.sin(phi)
    # The upper lid is highest towards the nose, the lower one lowest towards the temple.
    skew = (0.75 if index == 0 else 0.45) * np.sin(2 * np.abs(phi)) * np.abs(s)
    y = np.where(s >= 0, rise, fall) * np.sign(s) * np.abs(s) ** sharp - skew
    return np.stack([FISSURE[0] + x, FISSURE[1] + y + FISSURE[2] * x], 1)


def lid_margin() -> Array:
    """The lid's front edge: on the eyeball's curve, and on the skin at the corners: (EYE_POINTS, 3)."""
    oval = eye_oval(0)
    r2 = ((oval - EYE_CENTRE[:2]) ** 2).sum(1)
    ball = EYE_CENTRE[2] + np.sqrt(np.maximum(13.9**2 - r2, 0.0))
    corner = sculpt.drop(*oval.T)[:, 2] - 1.1
    return np.column_stack([oval, sculpt.smooth_max(ball, corner, 1.5)])


def eye() -> Array:
    """Socket lining (2 loops), the lid's back and front edges, then lid and orbit: (9, EYE_POINTS, 3). The lining's
    pole is separate.
    """
    margin = lid_margin()
    aim = margin - EYE_CENTRE
    reach = np.linalg.norm(aim, axis=1)
    polar, azimuth = np.arccos(aim[:, 2] / reach), np.arctan2(aim[:, 1], aim[:, 0])
    steps = np.minimum(np.arange(EYE_POINTS), np.arange(EYE_POINTS, 0, -1))  # from the inner corner
    inner = np.interp(steps, [0, 1, 2, 3, 4], [1.0, 0.85, 0.45, 0.12, 0.0])

    def on_ball(angle: Array, radius: Array | float) -> Array:
        unit = np.stack([np.sin(angle) * np.cos(azimuth), np.sin(angle) * np.sin(azimuth), np.cos(angle)], 1)
        return EYE_CENTRE + np.broadcast_to(radius, len(unit))[:, None] * unit

    # The back edge reaches a little further into the opening. At the inner corner it is the caruncle, and the outer
    # corner is a notch.
    back_polar = polar - 0.035 - 0.04 * inner
    back_polar[EYE_POINTS // 2] += 0.24
    back = on_ball(back_polar, np.maximum(EYE_RADIUS + LID_GAP, reach - 1.5 - 1.1 * inner))
    # From there the lining is a funnel into the ball, which hides it however it turns: no gap shows, and the edge's
    # normals are the margin's own. At the corners its start is the floor between lids and ball.
    start = on_ball(back_polar - 0.02 + 0.05 * inner, EYE_RADIUS - 0.6)
    deep = on_ball(back_polar - 0.04, 5.0)
    skin = [sculpt.drop(*eye_oval(k).T) for k in range(1, len(EYE_OVALS))]
    return np.stack([deep, start, back, margin, *skin])


EYE_POLE = EYE_CENTRE

# share of the way from seam to vermilion border, then distances beyond the border above and below, and beyond the
# corner
LIP_LOOPS = (
    (0.0, 0.0, 0.0, 0.0),
    (0.27, 0.0, 0.0, 1.5),
    (0.52, 0.0, 0.0, 2.2),
    (0.77, 0.0, 0.0, 2.9),
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


# Stations of the loops from the midline to the corner: shares of the mouth's half width, denser towards the corner.
_EVEN = np.linspace(0, 1, MOUTH_SEGMENTS + 1)
STATIONS = 0.6 * np.sin(np.pi / 2 * _EVEN) + 0.4 * _EVEN
TO_CORNER = np.sqrt(np.maximum(1 - STATIONS**2, 0.0))  # 1 at the midline, 0 at the corner


def _there_and_back(values: Array) -> Array:
    """From the upper midline to the corner and on to the lower midline."""
    return np.concatenate([values, values[-2::-1]])


def _lips(base: Array, fan: Array) -> list[Array]:
    """Loops from the seam over the red to the skin round the mouth; `base` and `fan` (MOUTH_SEGMENTS + 1,)."""
    curves = sculpt.mouth_curves(base)
    round_corner = 0.8 * TO_CORNER**0.4 * STATIONS**2  # keeps the triangles there from being slivers
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
    fan = TO_CORNER**0.75
    outer = _lips(sculpt.MOUTH_HALF_WIDTH * STATIONS, fan)
    lower = np.arange(2 * n + 1) > n
    inner = _behind_lips(outer[0], _there_and_back(fan), lower) + _pockets(outer[0], lower)
    return np.stack([*inner[::-1], *outer])


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
