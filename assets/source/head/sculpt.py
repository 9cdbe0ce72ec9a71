"""The sculpture: one signed distance for skull, face and neck, negative inside, in millimetres (y up, z out of the
face).

Primary forms are smooth unions of simple solids; the finer forms are soft strokes added to or taken from that
distance, as a
sculptor lays clay. The left half is described; the right half is its mirror image.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

EYE_CENTRE = np.array([31.0, 20.0, 24.5])
EYE_RADIUS = 12.0
LID_RADIUS = 14.2


def smooth_min(a: Array, b: Array, k: Array | float) -> Array:
    """Union of two solids with a fillet about `k` wide."""
    h = np.maximum(k - np.abs(a - b), 0.0) / k
    return np.minimum(a, b) - h * h * h * k / 6.0


def smooth_max(a: Array, b: Array, k: float) -> Array:
    return -smooth_min(-a, -b, k)


def ellipsoid(p: Array, centre: tuple[float, ...], radii: tuple[float, ...]) -> Array:
    q = (p - np.array(centre)) / np.array(radii)
    k0 = np.sqrt((q * q).sum(-1) + 1e-12)
    q = q / np.array(radii)
    k1 = np.sqrt((q * q).sum(-1) + 1e-12)
    return k0 * (k0 - 1.0) / k1


def capsule(p: Array, a: tuple[float, ...], b: tuple[float, ...], ra: float, rb: float) -> Array:
    """Distance to a rod from `a` to `b` whose radius runs from `ra` to `rb`."""
    a_, b_ = np.array(a), np.array(b)
    t = np.clip(((p - a_) @ (b_ - a_)) / ((b_ - a_) @ (b_ - a_)), 0.0, 1.0)
    d = p - a_ - t[..., None] * (b_ - a_)
    return np.sqrt((d * d).sum(-1) + 1e-12) - (ra + (rb - ra) * t)


def bump(p: Array, centre: tuple[float, ...], sizes: tuple[float, ...], height: float) -> Array:
    """A soft mound (`height` > 0) or dent, falling off over `sizes` along x, y and z."""
    q = (p - np.array(centre)) / np.array(sizes)
    return height * np.exp(-0.5 * (q * q).sum(-1))


def stroke(p: Array, path: list[tuple[float, ...]], width: float, height: float) -> Array:
    """A soft ridge (`height` > 0) or groove along a polyline, in 3D, fading at both ends."""
    best = np.full(p.shape[:-1], np.inf)
    along = np.zeros(p.shape[:-1])
    points = np.array(path)
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
    start = np.concatenate([[0.0], np.cumsum(lengths)]) / lengths.sum()
    for i in range(len(points) - 1):
        edge = points[i + 1] - points[i]
        t = np.clip((p - points[i]) @ edge / (edge @ edge), 0.0, 1.0)
        d2 = ((p - points[i] - t[..., None] * edge) ** 2).sum(-1)
        nearer = d2 < best
        best = np.where(nearer, d2, best)
        along = np.where(nearer, start[i] + t * (start[i + 1] - start[i]), along)
    fade = np.clip(np.minimum(along, 1.0 - along) / 0.25, 0.0, 1.0)
    return height * (0.25 + 0.75 * fade * fade * (3 - 2 * fade)) * np.exp(-0.5 * best / width**2)


def mouth_curves(x: Array) -> dict[str, Array]:
    """Heights (y) of the lip lines at distance `x` from the midline: seam, both vermilion borders, and the taper to
    the corner.
    """
    a = np.clip(np.abs(x) / MOUTH_HALF_WIDTH, 0.0, 1.0)

    def arcs(middle: float, width: float) -> Array:
        return np.exp(-(((a - middle) / width) ** 2)) + np.exp(-(((a + middle) / width) ** 2))  # no kink at x = 0

    taper = np.sqrt(np.clip(1.0 - a**2.4, 0.0, 1.0))
    seam = -49.6 + 0.8 * arcs(0.42, 0.25) + 0.4 * a**2
    fall = a * a / (a + 0.15)
    upper = seam + taper * (6.2 - 2.4 * fall + 1.4 * arcs(0.2, 0.15))
    lower = seam - taper * (8.6 - 1.4 * fall)
    return {"seam": seam, "upper": upper, "lower": lower, "taper": taper}


MOUTH_HALF_WIDTH = 24.0


def _skull(p: Array, side: Array) -> Array:
    """`p` are the places themselves, `side` the same folded onto the left half."""
    d = ellipsoid(p, (0, 50, -54), (75.5, 85, 90))
    d = smooth_min(d, ellipsoid(p, (0, 56, -23), (62, 56, 66.5)), 30)
    d = smooth_min(d, ellipsoid(p, (0, 28, -92), (60, 50, 55)), 28)  # occiput
    d = smooth_min(d, ellipsoid(p, (0, -6, -14), (59, 62, 58)), 20)  # middle of the face
    d = smooth_min(d, ellipsoid(p, (0, -50, 13.0), (38.5, 40, 35.5)), 26)  # round the mouth
    return smooth_min(d, capsule(side, (37, 2, 17.5), (60, 2, -30), 15, 9.5), 20)  # cheekbone and its arch


def _jaw(p: Array, side: Array) -> Array:
    d = ellipsoid(p, (0, -78.5, 33.5), (15, 13.5, 18.5))
    d = smooth_min(d, capsule(side, (9.0, -79.5, 32.0), (32, -58, -17), 10.6, 11.6), 20)
    return smooth_min(d, capsule(side, (32, -57.5, -18), (46, 0, -34), 11.6, 13.2), 24)


def _neck(p: Array, side: Array) -> Array:
    d = capsule(side, (20, -112, -98), (125, -194, -80), 17, 34)  # trapezius
    d = smooth_min(d, ellipsoid(p, (0, -222, -70), (148, 68, 75)), 40)  # chest
    # an upright column above its widest level, so that it does not close over the neck
    sunk = p - np.maximum(p[..., 1:2] + 176, 0) * [0.0, 1.0, 0.0]
    d = smooth_max(d, ellipsoid(sunk, (0, -176, -66), (110, 110, 80)), 40)  # the bust ends in rounded shoulders
    d = smooth_min(d, capsule(p, (0, -20, -65), (0, -200, -82), 42, 47), 34)
    d = smooth_min(d, capsule(side, (45, -30, -64), (10, -172, -24), 10.5, 6.0), 18)  # sternomastoid
    d = smooth_min(d, capsule(p, (0, -81, 12), (0, -97, -22), 7.5, 11), 26)  # floor of the mouth
    return smooth_min(d, capsule(p, (0, -113, -20), (0, -138, -25), 11, 11.5), 24)  # larynx


def _nose(p: Array, side: Array) -> Array:
    d = capsule(p, (0, 24, 38.0), (0, -8, 55.8), 3.9, 5.4)
    d = smooth_min(d, ellipsoid(p, (0, -10, 41), (13.0, 24, 15.0)), 13)  # body
    d = smooth_min(d, ellipsoid(p, (0, -16.2, 59.2), (7.2, 7.0, 8.8)), 9)
    d = smooth_min(d, ellipsoid(side, (3.2, -16.8, 60.2), (4.6, 5.4, 6.2)), 8)
    return smooth_min(d, capsule(p, (0, -22.6, 61), (0, -26.0, 49.5), 2.8, 3.6), 8)  # columella


def _wing(side: Array) -> Array:
    return ellipsoid(side, (10.6, -21.2, 51.8), (5.6, 6.3, 8.6))


def _features(p: Array) -> Array:
    """Strokes of the second order: heights added to the surface."""
    x, y = p[..., 0], p[..., 1]
    s = bump(p, (22, 37, 42), (15, 7, 14), 1.3)  # brow
    s = s + bump(p, (0, 36, 44), (9, 7, 12), 0.9)  # between the brows
    s = s - bump(p, (0, 21, 46), (8, 7, 12), 1.3)  # root of the nose
    s = s + bump(p, (43, 35, 30), (9, 8, 14), 1.8)
    s = s - bump(p, (15.0, 23, 36), (5.5, 8, 10), 1.0)  # inner corner of the socket
    s = s - bump(p, (17.0, 18.5, 37), (4.6, 5.0, 9), 3.4)  # where the lids meet beside the nose
    s = s - bump(p, (31, 31, 38), (13, 5.0, 12), 2.6)  # under the brow
    s = s - bump(p, (47, 20, 26), (8, 8, 12), 0.6)
    s = s - stroke(p, [(13, 13, 36), (24, 5, 38), (37, 3.5, 36)], 5.0, 0.8)  # tear trough
    s = s + bump(p, (36, -9, 36), (14, 12, 16), 3.2)  # apple of the cheek
    s = s + stroke(p, [(48, -3, 28), (62, 2, 0), (68, 4, -34)], 6.5, 1.9)  # the arch back to the ear
    s = s + bump(p, (44, -38, 20), (14, 17, 20), 1.1)  # the cheek is full below it
    s = s - stroke(p, [(16, -15, 48), (21, -27, 46), (27, -40, 42), (29.5, -50, 38)], 3.6, 0.9)  # nasolabial
    s = s - stroke(p, [(14.5, -11, 50), (17.2, -15, 47.5), (17.8, -20, 46.5), (15.4, -26, 47)], 3.2, 0.5)  # wing
    s = s - stroke(p, [(6.5, -10, 63), (9.5, -11, 59), (13, -11, 54)], 3.0, 0.3)  # between tip and wing
    s = s - bump(p, (26.5, -49.6, 42), (4, 5, 10), 1.6)  # corner of the mouth
    s = s + bump(p, (0, -80, 53), (11, 8, 12), 2.2)
    s = s + bump(p, (0, -40, 48), (21, 13, 20), 2.2)  # the teeth's arch
    s = s - bump(p, (0, -66.5, 50), (15, 5.6, 14), 2.4)  # above the chin
    s = s - bump(p, (0, -35.5, 50), (2.6, 4.2, 12), 1.15)  # philtrum
    s = s + bump(p, (4.6, -36.5, 50), (1.8, 4.2, 12), 0.7)
    s = s - bump(p, (66, 36, -6), (10, 20, 22), 3.4)  # temple
    s = s + stroke(p, [(47, 38, 28), (53, 56, 16), (60, 80, -8)], 7.0, 1.0)  # its edge on the forehead
    s = s + stroke(p, [(12, -168, -20), (50, -162, -26), (98, -158, -58)], 8.0, 2.4)  # collarbone
    s = s - bump(p, (0, -158, -26), (8, 10, 12), 2.0)
    s = s - stroke(p, [(54, -34, -52), (46, -66, -40), (38, -84, -18), (22, -96, 8)], 9.0, 0.25)  # under the jaw
    s = s + bump(p, (26, 74, 38), (18, 14, 20), 0.9)
    m = mouth_curves(x)
    front = 1.0 / (1.0 + np.exp(-(p[..., 2] - 30) / 2.0))
    t = m["taper"] * front
    upper, lower = 0.5 * m["upper"] + 0.5 * m["seam"], 0.54 * m["lower"] + 0.46 * m["seam"]
    s = s + t * 4.3 * np.exp(-0.5 * ((y - upper) / 2.6) ** 2)
    s = s + t * 3.3 * np.exp(-0.5 * ((y - lower) / 3.4) ** 2)
    ridge = np.exp(-0.5 * ((y - m["upper"] - 0.4) / 0.9) ** 2)
    s = s + t * 0.65 * ridge
    return s - (0.22 + 0.78 * t) * front * 1.2 * np.exp(
        -0.5 * ((y - m["seam"]) / 0.8) ** 2 - 0.5 * np.maximum(np.abs(x) - 22.5, 0) ** 2 / 6.0
    )


def lid_crease(x: Array) -> Array:
    """Height of the fold of the upper lid at distance `x` from the midline."""
    a = (x - 30.6) / 15.5
    return 29.9 - 5.2 * np.abs(a) ** 2.2 - 0.3 * a


def _lids(p: Array, d: Array) -> Array:
    r = np.sqrt(((p - EYE_CENTRE) ** 2).sum(-1) + 1e-12)
    d = smooth_min(d, r - LID_RADIUS, 6.0)
    x, y = p[..., 0], p[..., 1]
    near = np.exp(-0.5 * ((x - 31) / 10.5) ** 4) * (p[..., 2] > 8)
    d = d + near * 1.2 * np.exp(-0.5 * ((y - lid_crease(x)) / 1.35) ** 2)
    return d - near * 1.2 * np.exp(-0.5 * ((y - lid_crease(x) - 3.8) / 2.6) ** 2)


def distance(points: Array) -> Array:
    """Signed distance of `points` (..., 3) in millimetres to the skin (ears, lids' edges, nostrils and mouth are the
    mesh's).
    """
    side = points.copy()  # folded softly, so that what meets its mirror image on the midline leaves no crease
    side[..., 0] = np.sqrt(points[..., 0] ** 2 + 2.0**2)
    # the nape is one sweep, but the border of the jaw stands out from the neck
    fillet = 30 + 6 / (1 + np.exp((points[..., 2] + 66) / 9))
    d = smooth_min(_skull(points, side), _jaw(points, side), 30)
    d = smooth_min(d, _neck(points, side), fillet)
    d = smooth_min(smooth_min(d, _nose(points, side), 10), _wing(side), 9)
    return _lids(side, d - _features(side))


TETRAHEDRON = np.array([[1, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1]]) * 0.03


def project(points: Array, steps: int = 6) -> Array:
    """The nearest points of the skin, by damped Newton steps along the gradient."""
    p = points.copy()
    for _ in range(steps):
        samples = np.stack([distance(p + corner) for corner in TETRAHEDRON])
        slope = np.tensordot(samples, TETRAHEDRON, (0, 0)) / (4 * 0.03**2)
        p = p - np.clip(samples.mean(0) / np.maximum((slope * slope).sum(-1), 0.2), -6, 6)[..., None] * slope
    return p


def _march(p: Array, directions: Array, speed: float) -> Array:
    """Moves points (N, 3) along their directions by their distance times `speed` until they lie on the skin."""
    p = p.copy()
    moving = np.arange(len(p))
    for _ in range(70):
        d = distance(p[moving])
        p[moving] += speed * d[:, None] * directions[moving]
        moving = moving[np.abs(d) > 2e-4]
        if not len(moving):
            break
    return p


def cast(origins: Array, directions: Array) -> Array:
    """Where rays (N, 3) that start inside leave the skin."""
    return _march(origins, directions, -0.85)


def drop(x: Array, y: Array) -> Array:
    """The skin seen from the front: points (N, 3) with the given x and y, found from outside along -z."""
    start = np.stack([x, y, np.full_like(x, 85.0)], -1)
    return _march(start, np.broadcast_to([0.0, 0.0, -1.0], start.shape), 0.7)
