"""The skin's colour as sRGB display values 0..1 over the head's texture coordinates, and how people differ in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import hairs, inside, wrinkles
from . import template as layout
from .anatomy import Array, Ints
from .template import Template
from .texels import Texels, mix, noise, rasterise, splat, spot, strewn

SIZE, BASIS_SIZE = 1024, 256
BASE = np.array([0.815, 0.645, 0.555])
# What each pigment takes from red, green and blue: shares of the light, as logarithms.
BLOOD, MELANIN, PALLOR, GOLD = ((0.04, 0.30, 0.27), (0.26, 0.36, 0.44), (0.16, 0.10, 0.05), (0.01, 0.05, 0.17))
LIP, LIP_SHADE, LIP_LINE = (0.715, 0.43, 0.395), (0.60, 0.315, 0.295), (0.33, 0.13, 0.125)
HAIR = (0.155, 0.105, 0.08)


@dataclass(frozen=True)
class Hairs:
    """How much of each texel the hairs of brows, of thicker brows, and of the lids hide: (n, n), 0..1."""

    brows: Array
    thick: Array
    lashes: Array


def lip_mask(texels: Texels, softness: float = 0.26) -> Array:
    """The red of the lips, 0..1, whose border is soft over some four times `softness`, in rings of the mouth."""
    border = layout.BORDER - layout.SEAM - 0.15
    wave = 0.16 * noise(texels.place, 1.6, 12) + 0.10 * noise(texels.place, 0.7, 13)
    return 1 / (1 + np.exp((texels.lip - border - wave) / softness))


def beard_mask(texels: Texels) -> Array:
    p = texels.place
    x, y, z = np.abs(p[..., 0]), p[..., 1], p[..., 2]
    line = np.interp(x, [0, 20, 32, 46, 58, 70], [-36, -37, -37, -30, -10, 12])
    jaw = 1 / (1 + np.exp((y - line - 4 * noise(p, 9.0, 51)) / 4.5)) / (1 + np.exp(-(y + 100) / 6))
    return np.clip(np.maximum(jaw / (1 + np.exp(-(z + 30) / 6)), _moustache(p)), 0, 1) * (1 - lip_mask(texels, 0.5))


def _moustache(p: Array) -> Array:
    """Above the mouth, from below the nose to where it meets the beard beside the corners."""
    x, y = np.abs(p[..., 0]), p[..., 1]
    below_nose = 1 / (1 + np.exp((y + 31.5 + 5 * (x / 25) ** 2 - noise(p, 3.0, 52)) / 0.9))
    return below_nose / (1 + np.exp((x - 26) / 2.0)) / (1 + np.exp(-(y + 49) / 1.5)) * (p[..., 2] > 35)


def scalp_mask(texels: Texels) -> Array:
    p = texels.place
    x, y, z = np.abs(p[..., 0]), p[..., 1], p[..., 2]
    line = 84 - 62 / (1 + np.exp((z + 2) / 9)) - 40 / (1 + np.exp((z + 62) / 9)) + 6 * np.cos(x / 22) * (z > 0)
    line = line - 45 / (1 + np.exp((z + 98) / 7)) + 3.0 * noise(p, 7.0, 53) + 1.5 * noise(p, 2.2, 54)
    return 1 / (1 + np.exp(-(y - line) / 4.0)) * ((x < 76) | (y > 36))


def _pigments(texels: Texels) -> dict[tuple[float, float, float], Array]:
    """How much of each pigment lies where, against the average of the skin."""
    p = texels.place
    ear = spot(p, (82, -2, -52), (9, 34, 22)) * (np.abs(p[..., 0]) > 66)
    blood = (
        0.20 * spot(p, (36, -14, 38), (20, 18, 24))
        + 0.10 * spot(p, (30, -6, 44), (14, 12, 20))
        + 0.32 * spot(p, (0, -17, 67), (10, 9, 14))
        + 0.28 * spot(p, (15, -21, 50), (6, 7, 9))
        + 0.14 * spot(p, (0, -78, 48), (15, 11, 16))
        + 0.42 * ear
        + 0.14 * spot(p, (30, 26, 40), (15, 5, 12))
        + 0.26 * spot(p, (18, 18, 38), (4, 3, 8))
        + 0.12 * spot(p, (0, -34, 57), (5, 5, 8))
        + 0.08 * spot(p, (0, 24, 50), (14, 10, 12))
        - 0.10 * spot(p, (0, 66, 45), (46, 26, 34))
        + 0.12 * spot(p, (0, -110, 0), (40, 18, 40))
    )
    flush = spot(p, (30, -14, 42), (30, 32, 34))
    blood = blood + (0.06 * noise(p, 11.0, 4) + 0.09 * noise(p, 5.0, 14) + 0.08 * noise(p, 2.3, 24)) * (0.4 + flush)
    melanin = 0.10 * noise(p, 24.0, 1) + 0.07 * noise(p, 8.0, 2) + 0.06 * noise(p, 3.2, 5) + 0.035 * noise(p, 1.3, 6)
    melanin = melanin + 0.10 * spot(p, (27, 9, 38), (13, 5, 10)) + 0.08 * spot(p, (31, 29, 41), (14, 5, 10))
    melanin = melanin + 0.14 * spot(p, (0, -112, -10), (60, 26, 60)) + 0.12 * spot(p, (18, -52, 46), (9, 8, 10))
    pallor = (
        0.26 * spot(p, (22, 10, 38), (11, 4.5, 9))
        + 0.14 * spot(p, (17, 27, 37), (6, 6, 8))
        + 0.14 * beard_mask(texels) * (1 + 0.5 * noise(p, 4.0, 55))
        + 0.10 * spot(p, (62, 40, 5), (12, 22, 18)) * (1 + noise(p, 6.0, 56))
    )
    gold = 0.30 * spot(p, (0, 66, 45), (48, 26, 36)) + 0.20 * spot(p, (0, 10, 55), (9, 20, 14)) + 0.15 * noise(p, 9, 57)
    return {BLOOD: blood, MELANIN: melanin, PALLOR: pallor, GOLD: gold}


def _grain(texels: Texels) -> Array:
    """Pores: pits that lie close all over, larger on the nose and the cheeks beside it, and the skin's fine relief."""
    p, skin = texels.place, texels.part == "skin"
    front = (p[..., 2] > -30) & (p[..., 1] > -95)
    coarse = 0.30 + 0.75 * spot(p, (12, -12, 55), (17, 20, 18)) + 0.35 * spot(p, (0, 60, 45), (34, 24, 25))
    places = strewn(texels, skin & front & (texels.lip > 6.5) & (texels.lid > 4), 1.15, 41)
    rng = np.random.default_rng(42)
    n = len(places)
    pits = splat(texels, skin & front, places, rng.uniform(0.16, 0.30, n), rng.uniform(0.4, 1.0, n))
    relief = 0.6 * noise(p, 1.0, 43) + 0.5 * noise(p, 0.55, 44)
    return (-0.065 * np.minimum(pits, 1.2) * coarse + 0.020 * relief) * (texels.lip > 4.5)


def mean(texels: Texels, hair: Hairs) -> Array:
    """The average face: (n, n, 3) display values."""
    p = texels.place
    taken = sum(amount[..., None] * np.array(pigment) for pigment, amount in _pigments(texels).items())
    c = BASE * np.exp(-taken) * (1 + _grain(texels))[..., None]
    c = mix(c, (0.56, 0.44, 0.39), 0.20 * scalp_mask(texels) * (1 + 0.5 * noise(p, 0.8, 15)))
    c = c * (1 + 0.35 * wrinkles.relief(texels))[..., None]
    c = _lips(texels, c)
    shade = np.clip(texels.dark, 0, 1)[..., None]
    c = c * (1 - shade * [0.08, 0.13, 0.14])
    dark = np.clip((texels.dark - 0.48) / 0.47, 0, 1) * (texels.part == "skin")
    c = mix(c, (0.20, 0.085, 0.07), 0.90 * dark)
    c = mix(c, (0.55, 0.36, 0.31), 0.26 * texels.crease)
    c = mix(c, (0.36, 0.27, 0.22), 0.30 * np.clip(hair.thick * 0.6 + hair.brows * 0.4, 0, 1))
    c = mix(c, HAIR, 0.95 * hair.brows)
    c = _lids(texels, c, hair.lashes)
    return inside.parts(texels, c)


def _lips(texels: Texels, c: Array) -> Array:
    """The red, darker where the lips meet, with fine folds across; a lighter rim above it."""
    p, red = texels.place, lip_mask(texels)
    upper = 1 / (1 + np.exp(-(p[..., 1] + 49.6) / 0.5))
    folds = noise(p * [1, 0.13, 0.25], 0.9, 6) + 0.6 * noise(p * [1, 0.16, 0.25], 0.5, 16)
    depth = np.clip(1 - texels.lip / 3.0, 0, 1) * 0.75 + 0.25 * upper
    tone = mix(np.broadcast_to(np.array(LIP), p.shape), LIP_SHADE, np.clip(depth, 0, 1))
    light = 0.05 * spot(p, (0, -54, 57), (10, 2.2, 9))
    tone = tone * (1 + 0.018 * folds + 0.04 * noise(p, 2.4, 17) + light)[..., None]
    c = c + (tone - c) * (0.82 * red)[..., None]
    border = layout.BORDER - layout.SEAM
    rim = np.exp(-0.5 * ((texels.lip - border - 0.9) / 0.5) ** 2) * (p[..., 1] > -47) * (np.abs(p[..., 0]) < 14)
    c = mix(c, (0.88, 0.72, 0.64), 0.14 * rim)
    corner = spot(p, (24.0, -50.6, 44.5), (2.6, 1.5, 5))
    c = mix(c, (0.50, 0.27, 0.25), 0.38 * corner)
    return mix(c, LIP_LINE, 0.6 * np.exp(-0.5 * (texels.lip / 0.5) ** 2))


def _lids(texels: Texels, c: Array, lashes: Array) -> Array:
    """The lids' moist pink margins and the pink of the inner corner, then the lashes with the line of their roots."""
    p, part = texels.place, texels.part
    lining = np.clip(0.35 - texels.lid, 0, 1) * (part != "eye") * (texels.lid < 3)
    c = mix(c, (0.74, 0.50, 0.455), 0.85 * lining)
    wet = np.exp(-0.5 * ((texels.lid + 0.45) / 0.3) ** 2) * (p[..., 1] < 19)
    c = mix(c, (0.88, 0.70, 0.65), 0.5 * wet)
    caruncle = spot(p, (18.9, 18.4, 37.6), (1.7, 1.5, 3)) * (texels.lid < 2)
    c = mix(c, (0.76, 0.43, 0.40), 0.75 * caruncle)
    outwards = np.clip((np.abs(p[..., 0]) - 19.5) / 10, 0, 1)
    upper = p[..., 1] > 20.2 - 0.1 * np.abs(np.abs(p[..., 0]) - 31)
    roots = np.exp(-0.5 * ((texels.lid - np.where(upper, 0.55, 0.9)) / np.where(upper, 0.55, 0.35)) ** 2)
    roots = roots * outwards * np.where(upper, 0.85, 0.25) * (part != "eye")
    return mix(mix(c, (0.17, 0.11, 0.095), roots), (0.10, 0.07, 0.06), lashes)


def basis(texels: Texels, hair: Hairs, average: Array) -> dict[str, Array]:
    """Named changes (n, n, 3) of the display values at one sigma.

    What takes light away takes a share of the average face's (n, n, 3), so that dark skin has its detail too.
    """
    p, part = texels.place, texels.part
    skin = (part == "skin") | ((part == "socket") & (texels.lid > -1.5))
    lips, plain = lip_mask(texels, 0.5) * skin, skin.astype(float)
    beard, scalp = beard_mask(texels) * skin, scalp_mask(texels) * skin
    iris, eye, teeth = inside.iris_mask(texels), part == "eye", np.char.endswith(part, "teeth")
    ears = spot(p, (82, -2, -52), (9, 34, 22)) * (np.abs(p[..., 0]) > 66) * skin
    cheeks, nose = spot(p, (36, -13, 38), (18, 16, 24)) * skin, spot(p, (0, -16, 67), (13, 11, 15)) * skin
    lids_up, below = spot(p, (31, 29, 41), (14, 4.5, 10)) * skin, spot(p, (26, 8.5, 38), (13, 5, 10)) * skin
    upper_face = spot(p, (0, -5, 50), (40, 26, 30)) + 0.4 * spot(p, (0, 62, 45), (42, 24, 30))
    sown = strewn(texels, skin & (texels.lip > 5.5) & (texels.lid > 3), 3.6, 71)
    rng = np.random.default_rng(72)
    freckles = splat(texels, skin, sown, rng.uniform(0.5, 1.1, len(sown)), rng.uniform(0.3, 1.0, len(sown)))
    freckles = np.minimum(freckles, 1) * np.clip(upper_face, 0, 1)
    shares: dict[str, tuple[Array, tuple[float, float, float]]] = {
        "melanin": (plain * (1 - 0.3 * lips), (-0.104, -0.121, -0.133)),
        "redness": (plain * (0.4 + 0.6 * np.clip(cheeks + nose + 0.6 * ears, 0, 1)), (0.004, -0.036, -0.034)),
        "lip_redness": (lips, (0.015, -0.085, -0.065)),
        "brow_darkness": (np.clip(hair.brows + 0.15 * hair.thick, 0, 1) * skin, (-0.20, -0.21, -0.22)),
        "iris_blue": (iris, (-0.06, 0.20, 0.62)),
        "beard_shadow": (beard * (0.85 + 0.25 * noise(p, 1.2, 11)), (-0.095, -0.085, -0.072)),
        "freckles": (freckles, (-0.10, -0.16, -0.18)),
        "yellowness": (plain, (0.007, 0.002, -0.070)),
        "scalp_stubble": (scalp * (0.9 + 0.22 * noise(p, 1.2, 12) + 0.15 * noise(p, 3.0, 18)), (-0.145, -0.15, -0.15)),
        "cheek_blush": (cheeks, (0.004, -0.034, -0.030)),
        "eye_shadow": (below + 0.8 * lids_up, (-0.055, -0.065, -0.055)),
        "lip_darkness": (lips, (-0.11, -0.14, -0.14)),
        "iris_green": (iris, (-0.03, 0.13, 0.05)),
        "iris_darkness": (eye / (1 + np.exp((texels.polar / inside.IRIS_ANGLE - 0.97) / 0.03)), (-0.22, -0.24, -0.26)),
        "brow_thickness": (np.clip(hair.thick - hair.brows, -0.2, 1) * skin, (-0.24, -0.25, -0.26)),
        "paleness_forehead": (spot(p, (0, 66, 45), (46, 28, 36)) * skin, (0.018, 0.022, 0.024)),
        "nose_redness": (nose, (0.010, -0.048, -0.046)),
        "ear_redness": (ears, (0.010, -0.050, -0.048)),
        "blotches": ((noise(p, 13.0, 21) + 0.6 * noise(p, 5.0, 23)) * plain, (0.002, -0.020, -0.018)),
        "pores": (noise(p, 2.4, 22) * plain, (0.014, 0.016, 0.016)),
        "sclera_redness": (eye * np.clip(texels.polar - 0.62, 0, 1), (0.0, -0.13, -0.13)),
        "teeth_yellowness": (teeth.astype(float), (-0.02, -0.04, -0.12)),
        "moustache": (_moustache(p) * skin * (1 - lips), (-0.075, -0.075, -0.066)),
        "tan_line": (spot(p, (0, -120, -30), (70, 30, 70)) * skin, (0.05, 0.07, 0.08)),
        "makeup_eyes": (lids_up, (-0.08, -0.11, -0.08)),
    }  # fmt: skip
    columns = {name: average * mask[..., None] * np.array(change) for name, (mask, change) in shares.items()}
    return columns | {"age": _age(texels, hair, average, plain, lips)}


def _age(texels: Texels, hair: Hairs, average: Array, plain: Array, lips: Array) -> Array:
    """Folds, spots, hollow eyes, a duller and more uneven skin, paler lips, and hair that turns grey."""
    p = texels.place
    sown = strewn(texels, (texels.part == "skin") & (texels.lip > 6) & (texels.lid > 4) & (p[..., 1] > -70), 9.0, 81)
    rng = np.random.default_rng(82)
    spots = splat(texels, plain > 0, sown, rng.uniform(0.6, 1.6, len(sown)), rng.uniform(0, 1, len(sown)) ** 2.5)
    spots = np.minimum(spots, 1) * np.clip(1.2 - spot(p, (0, -5, 65), (18, 40, 18)), 0, 1)
    hollow = spot(p, (24, 9.5, 38), (12, 4.5, 9)) + 0.5 * spot(p, (20, 26, 38), (6, 5, 8))
    uneven = noise(p, 6.0, 83) + 0.7 * noise(p, 2.6, 84)
    share = 0.75 * wrinkles.relief(texels)[..., None] * np.ones(3)
    share = share - spots[..., None] * [0.050, 0.058, 0.060] - hollow[..., None] * [0.030, 0.034, 0.024]
    share = share + uneven[..., None] * [0.004, -0.012, -0.010] - np.array([0.004, 0.008, 0.004])
    share = share * (plain * (1 - lips))[..., None] + lips[..., None] * [-0.030, 0.016, 0.020]
    return average * share + hair.brows[..., None] * np.array([0.085, 0.086, 0.083])


def build(template: Template, vt: Array, ft: Ints) -> dict[str, np.ndarray]:
    """The albedo fields of the model file."""
    full = rasterise(template, vt, ft, SIZE)
    hair = Hairs(hairs.brows(full), hairs.brows(full, 1.5, 1.9), hairs.lashes(full, template))
    average = np.clip(mean(full, hair), 0, 1)
    columns = basis(full, hair, average)
    k, f = len(columns), SIZE // BASIS_SIZE
    coarse = np.stack([c.reshape(BASIS_SIZE, f, BASIS_SIZE, f, 3).mean((1, 3)) for c in columns.values()])
    scale = np.abs(coarse).reshape(k, -1).max(1)
    return {
        "albedo_mean": np.round(average * 255).astype(np.uint8),
        "albedo_basis": np.round(coarse / scale[:, None, None, None] * 127).astype(np.int8),
        "albedo_basis_scale": scale.astype(np.float32),
        "albedo_names": np.array(list(columns)),
    }
