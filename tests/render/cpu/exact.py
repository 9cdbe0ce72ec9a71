"""A rasteriser that is slow and exact, against which the fast one is held; whole numbers and fractions alone decide."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

SUBSAMPLES = 256


def side(a, b, x, y):
    return (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])


def is_owned(a, b):
    """An edge to the right along the top, or upwards at the left, has the samples on it; rows count down."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    return dy < 0 or (dy == 0 and dx > 0)


def covered(corners, width, height):
    """(height, width): which samples a triangle of whole subsamples covers."""
    a, b, c = ([int(v) for v in corner] for corner in corners)
    area = side(a, b, *c)
    if area == 0:
        return np.zeros((height, width), bool)
    if area < 0:
        b, c = c, b
    x = SUBSAMPLES * np.arange(width, dtype=np.int64)[None, :] + SUBSAMPLES // 2
    y = SUBSAMPLES * np.arange(height, dtype=np.int64)[:, None] + SUBSAMPLES // 2
    inside = np.ones((height, width), bool)
    for p, q in ((a, b), (b, c), (c, a)):
        value = side(p, q, x, y)
        inside &= (value > 0) | ((value == 0) & is_owned(p, q))
    return inside


def depth_at(corners, depths, column, row):
    """The exact depth of a triangle's plane at a sample."""
    a, b, c = ([Fraction(int(v)) for v in corner] for corner in corners)
    x, y = Fraction(SUBSAMPLES * column + SUBSAMPLES // 2), Fraction(SUBSAMPLES * row + SUBSAMPLES // 2)
    area = side(a, b, *c)
    share_b, share_c = side(c, a, x, y) / area, side(a, b, x, y) / area
    near, far, farther = (Fraction(float(depth)) for depth in depths)
    return near + share_b * (far - near) + share_c * (farther - near)


def seen(corners, depths, width, height):
    """(height, width): the depth that is seen, and of which triangle; -1 for none. The last of equal ones is seen.

    corners : (F, 3, 2) whole subsamples. depths: (F, 3)
    """
    nearest = np.full((height, width), None, object)
    number = np.full((height, width), -1)
    for t, triangle in enumerate(corners):
        for row, column in np.argwhere(covered(triangle, width, height)):
            depth = depth_at(triangle, depths[t], int(column), int(row))
            if nearest[row, column] is None or depth <= nearest[row, column]:
                nearest[row, column], number[row, column] = depth, t
    return nearest, number
