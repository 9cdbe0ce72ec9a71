"""The sculpture: one signed distance for skull, face and neck, negative inside, in millimetres (y up, z out of the face).

Primary forms are smooth unions of simple solids; the finer forms are soft strokes added to or taken from that distance, as a
sculptor lays clay. The left half is described; the right half is its mirror image.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

EYE_CENTRE = np.array([31.0, 20.0, 24.5])
EYE_RADIUS = 12.0
LID_RADIUS = 13.9


def smooth_min(a: Array, b: Array, k: float) -> Array:
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
    """Heights (y) of the lip lines at distance `x` from the midline: seam, both vermilion borders, and the taper to the corner."""
    a = np.clip(np.abs(x) / MOUTH_HALF_WIDTH, 0.0, 1.0)
    taper = np.sqrt(np.clip(1.0 - a**2.4, 0.0, 1.0))
    seam = -49.4 + 1.1 * np.exp(-(((a - 0.42) / 0.25) ** 2)) - 0.8 * a**2
    bow = 1.1 * np.exp(-(((a - 0.2) / 0.16) ** 2))
    upper = seam + taper * (6.6 - 2.6 * a + bow * 1.2)
    lower = seam - taper * (8.6 - 1.2 * a)
    return {"seam": seam, "upper": upper, "lower": lower, "taper": taper}


MOUTH_HALF_WIDTH = 25.0


def _skull(p: Array) -> Array:
    d = ellipsoid(p, (0, 50, -54), (75.5, 85, 95))
    d = smooth_min(d, ellipsoid(p, (0, 56, -22), (62, 58, 68)), 30)
    d = smooth_min(d, ellipsoid(p, (0, 12, -92), (60, 50, 54)), 30)  # occiput
    d = smooth_min(d, ellipsoid(p, (0, -6, -14), (60, 62, 58)), 20)  # middle of the face
    d = smooth_min(d, ellipsoid(p, (0, -50, 14), (38, 38, 34)), 22)  # round the mouth
    d = smooth_min(d, capsule(p, (36, 2, 17), (58, 2, -30), 15, 9.0), 26)  # cheekbone and its arch
    return d


def _jaw(p: Array) -> Array:
    d = ellipsoid(p, (0, -80, 32), (19, 15, 18.5))
    d = smooth_min(d, capsule(p, (13, -81, 32), (41, -61, -16), 11.5, 10), 18)
    return smooth_min(d, capsule(p, (41, -58, -18), (50, 0, -34), 10.5, 12), 24)


def _neck(p: Array) -> Array:
    q = p * np.array([1.0, 1.0, 0.98])
    d = capsule(q, (0, -20, -64), (0, -200, -72), 54, 56)
    d = smooth_min(d, capsule(p, (22, -95, -100), (125, -190, -78), 22, 34), 34)  # trapezius
    d = smooth_min(d, ellipsoid(p, (0, -215, -62), (150, 52, 58)), 30)
    d = smooth_min(d, capsule(p, (47, -30, -66), (14, -178, -22), 11, 6), 26)  # sternomastoid
    d = smooth_min(d, capsule(p, (0, -112, -20), (0, -140, -22), 12, 12), 24)  # larynx
    return smooth_max(d, -capsule(p, (0, -180, -6), (0, -168, -8), 5, 3), 12)  # the pit between the collar bones


def _nose(p: Array) -> Array:
    d = capsule(p, (0, 24, 37.5), (0, -12, 58), 6.2, 7.6)
    d = smooth_min(d, ellipsoid(p, (0, -10, 44), (11, 24, 16)), 10)  # body
    d = smooth_min(d, ellipsoid(p, (0, -17, 61), (8.6, 8.2, 9.6)), 8)
    d = smooth_min(d, ellipsoid(p, (4.5, -17.5, 61.5), (6.5, 6.5, 7.5)), 5)
    d = smooth_min(d, capsule(p, (0, -24, 62), (0, -29, 50), 3.4, 4.4), 5)  # columella
    return smooth_min(d, ellipsoid(p, (10.6, -20.5, 51.5), (6.2, 7.0, 10.5)), 9)  # wing


def _features(p: Array) -> Array:
    """Strokes of the second order: heights added to the surface."""
    x, y = p[..., 0], p[..., 1]
    s = bump(p, (22, 37, 42), (14, 6.5, 14), 3.2)  # brow
    s = s + bump(p, (0, 34, 44), (9, 8, 12), 1.6)  # between the brows
    s = s + bump(p, (43, 36, 30), (8, 7, 14), 2.6)
    s = s - bump(p, (14.5, 22, 36), (5.5, 8.5, 10), 4.2)  # inner corner of the socket
    s = s - bump(p, (31, 30, 38), (13, 4.5, 12), 3.0)  # under the brow
    s = s - bump(p, (46, 20, 26), (8, 8, 12), 2.4)
    s = s - stroke(p, [(13, 13, 36), (24, 5, 38), (37, 3.5, 36)], 5.0, 1.3)  # tear trough
    s = s + bump(p, (36, -9, 36), (13, 11, 16), 2.6)  # apple of the cheek
    s = s - bump(p, (44, -38, 18), (11, 17, 18), 3.0)  # hollow below it
    s = s - stroke(p, [(17, -17, 48), (22, -28, 46), (28, -42, 42), (30, -52, 38)], 3.2, 1.5)  # nasolabial
    s = s - stroke(p, [(18.6, -13, 48), (19.3, -20, 47), (17.5, -26, 47)], 1.7, 1.3)  # behind the wing
    s = s - bump(p, (27.5, -51, 42), (4, 6, 10), 1.8)  # corner of the mouth
    s = s + bump(p, (0, -80, 52), (11, 8, 12), 1.4)
    s = s - bump(p, (0, -66.5, 50), (15, 3.6, 14), 2.6)  # above the chin
    s = s - bump(p, (0, -33, 57), (2.4, 6.0, 12), 1.5)  # philtrum
    s = s + bump(p, (4.6, -34.5, 57), (1.6, 5.0, 12), 0.8)
    s = s - bump(p, (66, 34, -5), (10, 20, 22), 2.2)  # temple
    s = s + bump(p, (26, 74, 38), (16, 12, 20), 1.2)
    m = mouth_curves(x)
    front = 1.0 / (1.0 + np.exp(-(p[..., 2] - 30) / 2.0))
    t = m["taper"] * front
    upper, lower = 0.55 * m["upper"] + 0.45 * m["seam"], 0.58 * m["lower"] + 0.42 * m["seam"]
    s = s + t * 3.4 * np.exp(-0.5 * ((y - upper) / 2.9) ** 2)
    s = s + t * 3.6 * np.exp(-0.5 * ((y - lower) / 3.6) ** 2)
    ridge = np.exp(-0.5 * ((y - m["upper"]) / 1.0) ** 2)
    s = s + t * 0.5 * ridge
    return s - (0.22 + 0.78 * t) * front * 3.3 * np.exp(
        -0.5 * ((y - m["seam"]) / 1.25) ** 2 - 0.5 * np.maximum(np.abs(x) - 22.5, 0) ** 2 / 6.0
    )


def lid_crease(x: Array) -> Array:
    """Height of the fold of the upper lid at distance `x` from the midline."""
    a = (x - 31.0) / 15.5
    return 30.2 - 5.6 * np.abs(a) ** 2.2 - 0.6 * a


def _lids(p: Array, d: Array) -> Array:
    r = np.sqrt(((p - EYE_CENTRE) ** 2).sum(-1) + 1e-12)
    d = smooth_min(d, r - LID_RADIUS, 5.0)
    x, y = p[..., 0], p[..., 1]
    near = np.exp(-0.5 * ((x - 31) / 10.5) ** 4) * (p[..., 2] > 8)
    d = d + near * 1.7 * np.exp(-0.5 * ((y - lid_crease(x)) / 1.25) ** 2)
    return d - near * 1.3 * np.exp(-0.5 * ((y - lid_crease(x) - 3.6) / 2.4) ** 2)


def distance(points: Array) -> Array:
    """Signed distance of `points` (..., 3) in millimetres to the skin (ears, lids' edges, nostrils and mouth are the mesh's)."""
    p = points.copy()
    p[..., 0] = np.sqrt(p[..., 0] ** 2 + 2.0**2) - 0.0
    d = smooth_min(_skull(p), _jaw(p), 30)
    d = smooth_min(d, _neck(p), 26)
    d = smooth_min(d, _nose(p), 9)
    return _lids(p, d - _features(p))


def gradient(points: Array, h: float = 0.05) -> Array:
    """Outward unit normals of the sculpture's level set through `points`, by central differences."""
    g = np.stack([distance(points + e) - distance(points - e) for e in np.eye(3) * h], -1)
    return g / np.maximum(np.linalg.norm(g, axis=-1, keepdims=True), 1e-12)


def project(points: Array, steps: int = 6) -> Array:
    """The nearest points of the skin, by damped Newton steps along the gradient."""
    p = points.copy()
    for _ in range(steps):
        g = np.stack([distance(p + e) - distance(p - e) for e in np.eye(3) * 0.05], -1) / 0.1
        p = p - np.clip(distance(p) / np.maximum((g * g).sum(-1), 0.2), -6, 6)[..., None] * g
    return p


def cast(origins: Array, directions: Array, steps: int = 60) -> Array:
    """Where rays that start inside leave the skin: (..., 3)."""
    t = np.zeros(origins.shape[:-1])
    for _ in range(steps):
        t = t - 0.85 * distance(origins + t[..., None] * directions)
    return origins + t[..., None] * directions


def drop(x: Array, y: Array) -> Array:
    """The skin seen from the front: points (..., 3) with the given x and y, found from outside along -z."""
    p = np.stack([x, y, np.full_like(x, 85.0)], -1)
    for _ in range(60):
        p[..., 2] -= 0.7 * distance(p)
    return p
