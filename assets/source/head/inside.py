"""The colours of what lies in the head: eyeballs, teeth, tongue, and the lining of the mouth."""

from __future__ import annotations

import numpy as np

from .anatomy import Array
from .solids import ARCH, LOWER_TEETH, UPPER_TEETH, TeethRow, on_arch, tooth_stations
from .template import EYE_RADIUS
from .texels import Texels, mix, noise, strands

IRIS_ANGLE = float(np.arcsin(11.7 / 2 / EYE_RADIUS))  # adults' irises are 11.7 mm across
PUPIL = 3.5 / 11.7  # of the iris's radius, in the light of a room
IRIS, IRIS_INNER = (0.315, 0.215, 0.145), (0.43, 0.30, 0.185)
SCLERA = (0.82, 0.77, 0.73)


def iris_mask(texels: Texels) -> Array:
    """The coloured part of the eye, without the pupil: 0..1."""
    t = texels.polar / IRIS_ANGLE
    return (texels.part == "eye") / (1 + np.exp((t - 0.97) / 0.03)) / (1 + np.exp(-(t - 1.3 * PUPIL) / 0.03))


def _iris(texels: Texels) -> Array:
    """Lighter round the pupil, radial fibres, and a soft dark ring at its edge."""
    t = np.clip((texels.polar / IRIS_ANGLE - PUPIL) / (1 - PUPIL), 0, 1)
    round_ = np.stack([np.cos(texels.turn), np.sin(texels.turn)], -1)
    way = np.sign(texels.place[..., 0])
    fine, coarse = (
        noise(np.concatenate([round_ * scale, (along * t + way)[..., None]], -1), 1.0, seed)
        for scale, along, seed in ((10.0, 1.0, 61), (4.0, 1.6, 62))
    )
    fibres = (0.15 * fine + 0.13 * coarse) * np.sin(np.pi * np.clip(t, 0.05, 0.95)) ** 0.7
    rim = np.clip((t - 0.62) / 0.38, 0, 1) ** 2.2
    frill = np.exp(-0.5 * ((t - 0.16 - 0.06 * coarse) / 0.17) ** 2)
    shade = 1.05 + fibres - 0.68 * rim - 0.30 * np.exp(-t / 0.05)
    return mix(np.broadcast_to(np.array(IRIS), (*t.shape, 3)), IRIS_INNER, 0.75 * frill) * shade[..., None]


def _veins(texels: Texels) -> Array:
    """Fine vessels that wind from the corners of the eyes towards the irises: 0..1."""
    rng = np.random.default_rng(63)
    count, steps = 46, 9
    paths = []
    for side in (1, -1):
        middle = np.where(rng.random(count) < 0.5, 0.0, np.pi) + rng.normal(0, 0.33, count)
        turn = middle[:, None] + np.cumsum(rng.normal(0, 0.055, (count, steps)), 1)
        end = rng.uniform(0.52, 0.85, count)[:, None]
        polar = 1.35 + (end - 1.35) * np.linspace(0, 1, steps)
        aim = np.stack([np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), np.cos(polar)], -1)
        paths.append(EYE_RADIUS * aim + _centre(texels, side))
    width = np.linspace(0.30, 0.05, steps) * rng.uniform(0.3, 1.0, (2 * count, 1))
    return strands(texels, texels.part == "eye", np.vstack(paths), width, 0.26)


def _centre(texels: Texels, side: int) -> Array:
    """Of an eyeball, from its places."""
    p = texels.place[(texels.part == "eye") & (np.sign(texels.place[..., 0]) == side)]
    return (p.min(0) + p.max(0)) / 2


def eyeball(texels: Texels) -> Array:
    """White, iris and pupil in the shade of the lids, as they are open at rest."""
    p, t = texels.place, texels.polar / IRIS_ANGLE
    x, y = texels.polar * np.cos(texels.turn) * np.sign(p[..., 0]), texels.polar * np.sin(texels.turn)
    corner = np.clip((np.abs(x) - 0.52) / 0.55, 0, 1)
    white = mix(np.broadcast_to(np.array(SCLERA), p.shape), (0.735, 0.585, 0.535), 0.85 * corner**1.2)
    white = mix(white, (0.70, 0.52, 0.48), 0.7 * np.clip((texels.polar - 0.95) / 0.6, 0, 1))
    white = mix(white, (0.76, 0.50, 0.46), 0.9 / (1 + np.exp((x + 0.585) / 0.035)))
    white = white * (1 + 0.02 * noise(p, 3.0, 9) + 0.015 * noise(p, 1.2, 10))[..., None]
    white = mix(white, (0.70, 0.33, 0.29), 0.55 * _veins(texels))
    edge = 1 / (1 + np.exp((t - 1) / 0.035))
    white = white * (1 - np.exp(-0.5 * ((t - 1.0) / 0.09) ** 2)[..., None] * [0.34, 0.31, 0.27])
    ball = white + (_iris(texels) - white) * edge[..., None]
    ball = mix(ball, (0.022, 0.018, 0.018), 1 / (1 + np.exp((t - PUPIL) / 0.025)))
    ajar = np.hypot(x / 0.86, (y + 0.09) / 0.42)
    shade = 0.22 / (1 + np.exp(-(ajar - 0.9) / 0.1)) + 0.36 / (1 + np.exp(-(y + 0.25 * x * x - 0.15) / 0.055))
    return ball * (1 - shade[..., None] * np.array([0.9, 1.0, 1.0]))


def parts(texels: Texels, c: Array) -> Array:
    """The colours `c` (n, n, 3) with those of everything that is not skin in their places."""
    p, part = texels.place, texels.part
    into = np.clip((p[..., 2:] - 22) / 24, 0, 1)
    lining = np.array([0.05, 0.018, 0.018]) + np.array([0.42, 0.15, 0.145]) * into**1.5
    c = np.where((part == "mouth")[..., None], lining, c)
    for name, row in (("upper_teeth", UPPER_TEETH), ("lower_teeth", LOWER_TEETH)):
        c = np.where((part == name)[..., None], _teeth(p, row), c)
    c = np.where((part == "tongue")[..., None], _tongue(p), c)
    return np.where((part == "eye")[..., None], eyeball(texels), c)


def _teeth(p: Array, row: TeethRow) -> Array:
    """Enamel with its gaps, and gums that meet every tooth in a soft arc; less light comes to the teeth at the back."""
    along = np.linspace(-58, 58, 2321)
    place, _ = on_arch(along)
    _, depth, front, _ = ARCH
    turn = np.arctan2(place[:, 0], place[:, 1] - front + depth)
    at = np.interp(np.arctan2(p[..., 0], p[..., 2] - front + depth), turn, along)
    gaps = tooth_stations(row)[::2]
    tooth = np.clip(np.searchsorted(gaps, at) - 1, 0, len(gaps) - 2)
    to_gap = np.minimum(np.abs(at - gaps[tooth]), np.abs(gaps[tooth + 1] - at))
    aside = 1 - np.clip(2 * to_gap / (gaps[tooth + 1] - gaps[tooth]), 0, 1)  # 0 in the middle of a tooth, 1 at a gap
    to_gum = np.sign(row.front[0][1] - row.front[3][1])
    below_gum = to_gum * (row.front[1][1] - p[..., 1]) - 2.6 * aside**2.5  # millimetres from the gum to the edge
    light = np.clip((p[..., 2:] + 8) / 46, 0.22, 1) ** 1.2
    enamel = np.array([0.86, 0.82, 0.745]) * (1 - 0.3 * np.exp(-((to_gap / 0.45) ** 2)))[..., None]
    enamel = mix(enamel, (0.80, 0.70, 0.58), 0.5 * np.clip(1 - below_gum / 3.0, 0, 1))
    gum = 1 / (1 + np.exp((below_gum - 0.2) / 0.3))
    return mix(enamel, (0.66, 0.35, 0.34), gum) * light


def _tongue(p: Array) -> Array:
    """Moist and rough, darker in its groove and towards the throat."""
    rough = 1 + 0.05 * noise(p, 1.6, 31) + 0.04 * noise(p, 4.0, 32)
    groove = 0.14 * np.exp(-0.5 * (p[..., 0] / 1.6) ** 2) * (p[..., 1] > -52)
    light = np.clip((p[..., 2] + 6) / 38, 0.1, 1) ** 1.3 * np.clip((p[..., 1] + 60) / 8, 0.4, 1)
    return np.array([0.70, 0.375, 0.365]) * (rough * (1 - groove) * light)[..., None]
