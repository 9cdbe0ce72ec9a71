"""The whole head at rest: both sides of the skin, the teeth and the eyeballs, with the sets of vertices that other
parts refer to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import mesh
from .sculpt import EYE_CENTRE, EYE_RADIUS, Array

Ints = NDArray[np.int64]
VERTICES = 5023
BALL_SEGMENTS, BALL_RINGS = 20, 13
TOOTH_STATIONS = 17
# sections of the rows of teeth: outwards from the arch, and height
UPPER_SECTION = (
    (-2.5, -38.5),
    (-0.2, -41.5),
    (0.9, -45.5),
    (0.6, -50),
    (-0.4, -50.8),
    (-2.2, -49),
    (-5.5, -43),
    (-6, -38.5),
)
LOWER_SECTION = (
    (-8, -64),
    (-7.5, -56),
    (-5.4, -49.4),
    (-4.2, -48.1),
    (-3.1, -48.4),
    (-2.3, -53),
    (-2.8, -60),
    (-4.6, -64),
)


@dataclass(frozen=True)
class Template:
    """The head in millimetres. `twin[v]` is the mirror image of vertex v; `loops` hold vertex ids of the left side
    (and of the mouth).
    """

    points: Array  # (5023, 3)
    faces: Ints  # (9976, 3)
    twin: Ints  # (5023,)
    loops: dict[str, Ints]
    skin: Ints
    upper_teeth: Ints
    lower_teeth: Ints
    left_eyeball: Ints
    right_eyeball: Ints


def eyeball() -> tuple[Array, Ints]:
    """A closed sphere whose poles lie in front and behind: vertices from the front pole ring by ring to the back
    pole.
    """
    polar = np.pi * (np.arange(BALL_RINGS) + 1) / (BALL_RINGS + 1)
    turn = 2 * np.pi * np.arange(BALL_SEGMENTS) / BALL_SEGMENTS + np.pi / 2
    ring = np.stack(np.broadcast_arrays(
        np.sin(polar)[:, None] * np.cos(turn), np.sin(polar)[:, None] * np.sin(turn), np.cos(polar)[:, None]
    ), -1).reshape(-1, 3)  # fmt: skip
    points = EYE_CENTRE + EYE_RADIUS * np.vstack([[0, 0, 1], ring, [0, 0, -1]])
    n, last = BALL_SEGMENTS, len(points) - 1
    faces: list[tuple[int, int, int]] = []
    for i in range(n):
        j = (i + 1) % n
        faces += [(0, 1 + i, 1 + j), (last, last - n + j, last - n + i)]
        for k in range(BALL_RINGS - 1):
            a, b = 1 + k * n + i, 1 + k * n + j
            faces += [(a, a + n, b + n), (a, b + n, b)]
    return points, np.array(faces)


def teeth(section: tuple[tuple[float, float], ...], sink: float) -> tuple[Array, Ints, Ints]:
    """A closed row of teeth along the dental arch, the last ones lower by `sink` mm: vertices, triangles, and each
    vertex's mirror image.
    """
    s = np.linspace(-1, 1, TOOTH_STATIONS)
    x = 20.0 * np.sin(s * np.pi / 2 * 0.94)
    z = 43.5 - 0.034 * x**2 - 9.0 * np.abs(s) ** 4
    x, z = (x - x[::-1]) / 2, (z + z[::-1]) / 2
    tangent = np.stack([np.gradient(x), np.gradient(z)], 1)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    out, height = np.array(section).T
    m = len(section)
    points = np.stack([
        x[:, None] - tangent[:, 1:] * out, height - sink * np.abs(s[:, None]) ** 3, z[:, None] + tangent[:,
            :1] * out
    ], -1)  # fmt: skip
    points[TOOTH_STATIONS // 2, :, 0] = 0.0
    flat = np.vstack([points.reshape(-1, 3), points[[0, -1]].mean(1)])
    left, right = len(flat) - 2, len(flat) - 1
    faces: list[tuple[int, int, int]] = []
    for k in range(m):
        q = (k + 1) % m
        for i in range(TOOTH_STATIONS - 1):
            a, b, c, d = i * m + k, i * m + q, (i + 1) * m + q, (i + 1) * m + k
            faces += [(a, b, c), (a, c, d)] if i < TOOTH_STATIONS // 2 else [(a, b, d), (b, c, d)]
        faces += [(left, q, k), (right, (TOOTH_STATIONS - 1) * m + k, (TOOTH_STATIONS - 1) * m + q)]
    twin = np.concatenate([
        (np.arange(TOOTH_STATIONS)[::-1, None] * m + np.arange(m)).ravel(), [right, left]
    ])  # fmt: skip
    return flat, np.array(faces), twin


def _mirrored_half() -> tuple[Array, Ints, Ints, dict[str, Ints]]:
    eye_count = 2 * (BALL_SEGMENTS * BALL_RINGS + 2)
    teeth_count = 2 * (TOOTH_STATIONS * len(UPPER_SECTION) + 2)
    half, on_midline = mesh.build_half(VERTICES - eye_count - teeth_count)
    left, faces = half.points[0], np.vstack(half.faces)
    n, side = len(left), np.flatnonzero(~on_midline)
    twin_of_left = np.arange(n)
    twin_of_left[side] = n + np.arange(len(side))
    points = np.vstack([left, left[side] * [-1, 1, 1]])
    twin = np.concatenate([twin_of_left, side])
    return points, np.vstack([faces, twin[faces][:, [0, 2, 1]]]), twin, half.loops


def build() -> Template:
    """Builds the head at rest; the same arrays every time."""
    points, faces, twin, loops = _mirrored_half()
    ball, ball_faces = eyeball()
    parts: dict[str, Ints] = {"skin": np.arange(len(points))}
    for name, section, sink in (("upper_teeth", UPPER_SECTION, 0.0), ("lower_teeth", LOWER_SECTION, 3.5)):
        p, f, t = teeth(section, sink)
        start = len(points)
        points, faces, twin = np.vstack([points, p]), np.vstack([faces, f + start]), np.concatenate([twin, t + start])
        parts[name] = start + np.arange(len(p))
    start, count = len(points), len(ball)
    points = np.vstack([points, ball, ball * [-1, 1, 1]])
    faces = np.vstack([faces, ball_faces + start, ball_faces[:, [0, 2, 1]] + start + count])
    parts["left_eyeball"], parts["right_eyeball"] = start + np.arange(count), start + count + np.arange(count)
    twin = np.concatenate([twin, parts["right_eyeball"], parts["left_eyeball"]])
    return Template(points, faces, twin, loops, **parts)
