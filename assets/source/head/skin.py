"""The skin's colour in the head's own texture coordinates, and how it varies from person to person.

Colours are sRGB display values 0..1. A column of the basis is the change at one sigma. Decoding: with `f = R / r`,
texel (i, j) is
`albedo_mean[i, j] / 255 + sum_k code[k] * albedo_basis_scale[k] * albedo_basis[k, i // f, j // f] / 127`, clipped to
0..1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from . import template as layout
from . import unwrap
from .anatomy import Array, Ints
from .solids import ARCH, LOWER_TEETH, UPPER_TEETH, TeethRow, on_arch, tooth_stations
from .template import Template

SIZE, BASIS_SIZE = 1024, 256
UPWARDS = np.array([0.0, 2.0, 0.0])  # by how much of a millimetre brows are thicker at one sigma, either way
IRIS = (0.34, 0.26, 0.18)
CREASE = 7  # the ring of the eye that lies in the fold of the upper lid
PUPIL = 0.36  # of the iris's radius


@dataclass(frozen=True)
class Texels:
    """What lies under each texel: the place on the head at rest (mm), and which part it is of."""

    place: Array  # (n, n, 3)
    part: Array  # (n, n) of names
    polar: Array  # (n, n) angle from the eye's axis on eyeballs, else pi
    turn: Array  # (n, n) angle round that axis
    dark: Array  # (n, n) how little light comes there, 0..1
    lashes: Array  # (n, n) how dense lashes are at the lids' edges, 0..1
    lining: Array  # (n, n) how far inside the lids' front edges, 0 on the skin to 1
    lip: Array  # (n, n) rings from the lips' contact, more than 8 elsewhere
    crease: Array  # (n, n) how near the fold of the upper lid is, 0..1


def rasterise(template: Template, vt: Array, ft: Ints, size: int) -> Texels:
    """Places and parts of all texels; those outside the charts repeat the nearest texel inside."""
    part_of = np.full(len(template.points), "skin", dtype="U12")
    loops, both = template.loops, template.both
    mouth, eye = loops["mouth"], loops["eye"]
    for name, ids in (
        ("mouth", np.append(mouth[: layout.SEAM].ravel(), loops["inside"])),
        ("socket", np.append(eye[: layout.LID_FRONT].ravel(), loops["eye_pole"])),
    ):
        part_of[both(ids)] = name
    for name, ids in (
        ("upper_teeth", template.upper_teeth),
        ("lower_teeth", template.lower_teeth),
        ("tongue", template.tongue),
        ("eye", template.left_eyeball),
        ("eye", template.right_eyeball),
    ):
        part_of[ids] = name
    owner = np.full((size, size), -1)
    weights = np.zeros((size, size, 3))
    corners = vt[ft] * size
    corners[..., 1] = size - corners[..., 1]
    for t, (a, b, c) in enumerate(corners):
        lo = np.maximum(np.floor(np.minimum(np.minimum(a, b), c) - 0.5), 0).astype(int)
        hi = np.minimum(np.ceil(np.maximum(np.maximum(a, b), c) + 0.5), size).astype(int)
        det = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        x, y = np.meshgrid(np.arange(lo[0], hi[0]) + 0.5, np.arange(lo[1], hi[1]) + 0.5)
        v = ((x - a[0]) * (c[1] - a[1]) - (y - a[1]) * (c[0] - a[0])) / det
        w = ((b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])) / det
        inside = (v >= -1e-9) & (w >= -1e-9) & (v + w <= 1 + 1e-9)
        rows, cols = y[inside].astype(int), x[inside].astype(int)
        owner[rows, cols] = t
        weights[rows, cols] = np.stack([1 - v - w, v, w], -1)[inside]
    fields = {name: np.full(len(template.points), value) for name, value in _FAR.items()}
    for ring, value in enumerate(_lashes(eye.shape[1]), start=layout.LID_BACK):
        fields["lashes"][eye[ring]] = fields["lashes"][template.twin[eye[ring]]] = value
    for ids, value in ((eye[: layout.LID_FRONT], 1.0), (loops["eye_pole"], 1.0), (eye[layout.LID_FRONT], 0.25)):
        fields["lining"][both(ids)] = value
    for ring in range(layout.LID_FRONT, len(eye)):
        folded = np.exp(-0.5 * ((ring - CREASE) / 1.4) ** 2) * np.clip(np.sin(2 * np.pi * np.arange(28) / 28) * 3, 0, 1)
        fields["crease"][eye[ring]] = fields["crease"][template.twin[eye[ring]]] = folded
    for ring in range(layout.SEAM, len(mouth)):
        fields["lip"][both(mouth[ring])] = ring - layout.SEAM
    fields["dark"] = darkness(template)
    nearest = ndimage.distance_transform_edt(owner < 0, return_distances=False, return_indices=True)
    owner, weights = owner[tuple(nearest)], weights[tuple(nearest)]
    corner_ids = template.faces[owner]
    place = (template.own[corner_ids] * weights[..., None]).sum(-2)
    names = part_of[corner_ids]
    strongest = np.take_along_axis(names, weights.argmax(-1)[..., None], -1)[..., 0]
    aim = place - template.eye_centre * np.stack([np.sign(place[..., 0]), *2 * [np.ones(place.shape[:-1])]], -1)
    distance = np.maximum(np.linalg.norm(aim, axis=-1), 1e-6)
    polar = np.where(strongest == "eye", np.arccos(np.clip(aim[..., 2] / distance, -1, 1)), np.pi)
    carried = {name: (values[corner_ids] * weights).sum(-1) for name, values in fields.items()}
    return Texels(place, strongest, polar, np.arctan2(aim[..., 1], aim[..., 0]), **carried)


_FAR = {"dark": 0.0, "lashes": 0.0, "lining": 0.0, "lip": 12.0, "crease": 0.0}


def darkness(template: Template) -> Array:
    """How much of the light from all around is kept from each vertex of the skin, 0..1: (5023,)."""
    n, size = len(template.skin), 320
    p, faces = template.points[:n], template.faces[(template.faces < n).all(1)]
    normal = np.zeros_like(p)
    corners = p[faces]
    flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    for k in range(3):
        np.add.at(normal, faces[:, k], flat)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    seen, possible = np.zeros(n), np.full(n, 1e-9)
    turns = np.arange(80) + 0.5
    height = 1 - 1.7 * turns / 80
    ring = np.sqrt(1 - height**2)
    golden = np.pi * (1 + 5**0.5) * turns
    for aim in np.stack([ring * np.cos(golden), height, ring * np.sin(golden)], 1):
        aside = np.cross(aim, [0.3, 0.4, 0.866])
        aside /= np.linalg.norm(aside)
        flat_place = (p @ np.stack([aside, np.cross(aim, aside)], 1) / 480 + 0.5) * size
        depth = p @ aim
        nearest = np.full(size * size, -np.inf)
        share = np.stack(np.meshgrid(*2 * [np.linspace(0, 1, 9)]), -1).reshape(-1, 2)
        share = share[share.sum(1) <= 1]
        share = np.column_stack([1 - share.sum(1), share])
        points = np.einsum("sk,tkd->tsd", share, flat_place[faces]).reshape(-1, 2).astype(int)
        np.maximum.at(nearest, points[:, 1] * size + points[:, 0], (depth[faces] @ share.T).ravel())
        facing = np.clip(normal @ aim, 0, None)
        at = (flat_place + 0.0).astype(int)
        visible = depth > nearest[at[:, 1] * size + at[:, 0]] - 3.0
        seen += facing * visible
        possible += facing
    full = np.zeros(len(template.points))
    full[:n] = 1 - seen / possible
    return (full + full[template.twin]) / 2


def _lashes(count: int) -> Array:
    """Density of the lashes on the lids' back edge, front edge and first loops of skin: (5, count). They grow denser
    and longer outwards, and none grow at the inner corner.
    """
    k = np.arange(count)
    outwards = np.minimum(k, count - k) / (count // 2)
    upper = np.interp(outwards, [0.05, 0.2, 0.5, 1.0], [0.0, 0.6, 0.9, 1.0])
    lower = np.interp(outwards, [0.2, 0.5, 1.0], [0.0, 0.3, 0.6])
    return np.where(
        k <= count // 2,
        [0.7 * upper, upper, 0.95 * upper, upper * np.interp(outwards, [0.2, 0.9], [0.25, 0.6]), 0.12 * upper],
        [0.1 * lower, lower, 0.55 * lower, 0.15 * lower, 0 * lower],
    )


def noise(place: Array, size: float, seed: int) -> Array:
    """Smooth random values, about -1..1, with features `size` mm wide: value noise on a hashed lattice."""
    q = place / size
    cell = np.floor(q).astype(np.int64)
    t = q - cell
    t = t * t * (3 - 2 * t)
    total = np.zeros(place.shape[:-1])
    for corner in np.ndindex(2, 2, 2):
        k = cell + np.array(corner)
        h = (k[..., 0] * 73856093) ^ (k[..., 1] * 19349663) ^ (k[..., 2] * 83492791) ^ (seed * 2654435761)
        h = (h ^ (h >> 13)) * 1274126177 & 0x7FFFFFFF
        w = np.prod(np.where(np.array(corner) == 1, t, 1 - t), axis=-1)
        total += w * ((h % 65536) / 32768.0 - 1.0)
    return total


def spot(place: Array, centre: tuple[float, ...], sizes: tuple[float, ...]) -> Array:
    """A soft patch on both sides of the face, 0..1."""
    p = place.copy()
    p[..., 0] = np.abs(p[..., 0])
    q = (p - np.array(centre)) / np.array(sizes)
    return np.exp(-0.5 * (q * q).sum(-1))


def mix(colour: Array, towards: tuple[float, ...], amount: Array) -> Array:
    return colour + (np.array(towards) - colour) * amount[..., None]


BROW = (9.5, 49.0, 37.2)  # where it begins and ends aside, and its height at the nose


def brow_mask(texels: Texels) -> Array:
    """How much of the skin the hairs of the brows hide, 0..1: strands that fan from upright at the nose to level at
    the temple, thinning out at the edges.
    """
    return _brows(texels.place)


def _brows(place: Array) -> Array:
    x, y, z = np.abs(place[..., 0]), place[..., 1], place[..., 2]
    start, end, level = BROW
    s = np.clip((x - start) / (end - start), 0, 1)
    up = y - (level + 9.5 * s - 11.5 * s**2.4)
    half = 4.2 * (1 - s) ** 0.55 * (0.72 + 0.28 * np.clip(s / 0.25, 0, 1)) + 0.5
    lean = np.radians(74.0 - 92.0 * s**0.6)  # of the hairs against the level
    across = 38.0 * (0.96 * s - 0.62 * s**1.8) - up * np.cos(lean)  # from hair to hair
    along = x * np.cos(lean) + up * np.sin(lean)
    hair = noise(np.stack([across, 0.16 * along, 0 * x], -1), 0.62, 5)
    strands = 0.9 * hair + 0.55 * noise(np.stack([across, 0.22 * along, 0 * x], -1), 1.5, 7)
    body = np.maximum(1 - np.abs(up / half) ** 2.0, -6)
    inner, outer = np.clip((start + 4.5 - x) / 6.0, 0, 2), np.clip((x - end + 2.0) / 3.5, 0, 2)
    cover = 1 / (1 + np.exp(-(body - 0.45 - inner**1.5 - outer**2 + 0.55 * strands) / 0.16))
    return cover * (0.78 + 0.22 * np.clip(hair, -1, 1)) * np.clip(0.55 + 2.2 * s, 0, 1) * (z > 10) * (np.abs(up) < 9)


def lip_mask(texels: Texels) -> Array:
    """The red of the lips, with a soft border."""
    border = layout.BORDER - layout.SEAM
    return 1 / (1 + np.exp((texels.lip - border - 0.12 * noise(texels.place, 1.2, 12)) / 0.28))


def beard_mask(texels: Texels) -> Array:
    p = texels.place
    x, y, z = np.abs(p[..., 0]), p[..., 1], p[..., 2]
    line = np.interp(x, [0, 20, 32, 46, 58, 70], [-36, -37, -37, -30, -10, 12])
    jaw = 1 / (1 + np.exp((y - line) / 3.0)) / (1 + np.exp(-(y + 106) / 5)) / (1 + np.exp(-(z + 30) / 5))
    moustache = _moustache(p)
    return np.clip(np.maximum(jaw, moustache), 0, 1) * (1 - lip_mask(texels))


def _moustache(p: Array) -> Array:
    return np.exp(-0.5 * ((p[..., 1] + 34) / 4.6) ** 4 - 0.5 * (p[..., 0] / 22) ** 6) * (p[..., 2] > 40)


def scalp_mask(texels: Texels) -> Array:
    p = texels.place
    x, y, z = np.abs(p[..., 0]), p[..., 1], p[..., 2]
    line = 84 - 62 / (1 + np.exp((z + 2) / 9)) - 40 / (1 + np.exp((z + 62) / 9)) + 6 * np.cos(x / 22) * (z > 0)
    line = line - 45 / (1 + np.exp((z + 98) / 7))
    return 1 / (1 + np.exp(-(y - line) / 3.5)) * (x < 76)


def _iris(texels: Texels) -> Array:
    """Colour of the iris: lighter round the pupil, radial fibres, and a soft dark ring at its edge."""
    t = np.clip((texels.polar / unwrap.IRIS_ANGLE - PUPIL) / (1 - PUPIL), 0, 1)
    turn = texels.turn
    fibres = np.cos(turn * 23 + 2.2 * np.sin(turn * 5) + 3 * t) + 0.7 * np.cos(turn * 37 + 2 * np.sin(turn * 3))
    rim = np.clip((t - 0.68) / 0.32, 0, 1) ** 1.6
    shade = 1.06 + 0.13 * fibres * np.sin(np.pi * np.clip(t, 0.06, 0.94)) - 0.62 * rim
    frill = np.exp(-0.5 * ((t - 0.22 - 0.05 * np.cos(turn * 9)) / 0.16) ** 2)
    return mix(np.broadcast_to(IRIS, (*t.shape, 3)), (0.45, 0.325, 0.205), 0.5 * frill) * shade[..., None]


def _eyeball(texels: Texels) -> Array:
    """White, iris and pupil in the shade of the lids, as they are open at rest."""
    p, polar = texels.place, texels.polar
    white = mix(np.array([0.80, 0.765, 0.74]), (0.72, 0.52, 0.48), 0.8 * np.clip((polar - 0.75) / 0.7, 0, 1))
    veins = 0.03 * noise(p, 2.0, 9) * np.clip((polar - 0.6) * 2, 0, 1)
    white = white + veins[..., None] * np.array([0.3, -1.0, -1.0])
    edge = 1 / (1 + np.exp((polar / unwrap.IRIS_ANGLE - 1) / 0.045))
    pupil = 1 / (1 + np.exp((polar / unwrap.IRIS_ANGLE - PUPIL) / 0.03))
    ball = white + (_iris(texels) - white) * edge[..., None]
    ball = mix(ball, (0.03, 0.025, 0.025), pupil)
    x, y = texels.polar * np.cos(texels.turn), texels.polar * np.sin(texels.turn)
    ajar = np.hypot(x / 0.86, (y + 0.09) / 0.42)
    shade = 0.20 / (1 + np.exp(-(ajar - 0.9) / 0.1)) + 0.34 / (1 + np.exp(-(y + 0.25 * x * x - 0.17) / 0.06))
    return ball * (1 - shade[..., None] * np.array([0.9, 1.0, 1.0]))


def _pores(p: Array) -> Array:
    """Skin's fine grain, about -1..1: pits that lie close, larger on the nose and the cheeks beside it."""
    coarse = 0.55 * spot(p, (14, -8, 55), (14, 20, 16)) + 0.35 * spot(p, (0, 62, 45), (30, 20, 25)) + 0.25
    pits = np.clip(noise(p, 0.85, 41) + 0.4 * noise(p, 0.5, 42) - 0.42, 0, 1)
    return 0.45 * noise(p, 0.7, 3) - 1.5 * coarse * pits


def mean(texels: Texels) -> Array:
    """The average face: (n, n, 3) display values."""
    p = texels.place
    c = np.broadcast_to(np.array([0.792, 0.618, 0.532]), p.shape).copy()
    c *= (1 + 0.022 * noise(p, 9.0, 1) + 0.018 * noise(p, 3.2, 2) + 0.018 * _pores(p))[..., None]
    red = (
        0.30 * spot(p, (36, -14, 38), (13, 14, 18))
        + 0.30 * spot(p, (0, -17, 66), (11, 9, 14))
        + 0.14 * spot(p, (0, -77, 48), (12, 9, 12))
        + 0.22 * spot(p, (80, -4, -48), (9, 34, 24)) * (np.abs(p[..., 0]) > 66)
        + 0.24 * spot(p, (14, -20, 50), (5, 7, 8))
        + 0.10 * spot(p, (0, 26, 50), (16, 8, 10))
    )
    red = red + (0.13 * noise(p, 14.0, 4) + 0.09 * noise(p, 4.5, 14)) * spot(p, (30, -15, 40), (22, 26, 24))
    c = mix(c, (0.76, 0.44, 0.37), red)
    c = mix(c, (0.83, 0.68, 0.55), 0.30 * spot(p, (0, 66, 45), (40, 24, 30)))
    c = mix(c, (0.52, 0.37, 0.36), 0.26 * spot(p, (24, 9, 38), (10, 4.5, 9)) + 0.16 * spot(p, (17, 27, 37), (6, 7, 8)))
    c = mix(c, (0.60, 0.50, 0.47), 0.06 * beard_mask(texels))
    c = mix(c, (0.56, 0.44, 0.39), 0.20 * scalp_mask(texels) * (1 + 0.5 * noise(p, 0.8, 15)))
    freckles = np.clip((noise(p, 1.5, 8) - 0.55) * 4, 0, 1) * spot(p, (22, -8, 44), (22, 15, 22))
    c = mix(c, (0.60, 0.40, 0.30), 0.20 * freckles)
    c = _lips(texels, c)
    c = mix(c, (0.17, 0.115, 0.085), 0.82 * brow_mask(texels))
    c = mix(c, (0.50, 0.33, 0.29), 0.34 * texels.crease)
    dark = np.clip((texels.dark - 0.45) / 0.5, 0, 1) * (texels.part == "skin")
    c = mix(c * (1 - 0.16 * np.clip(texels.dark, 0, 1))[..., None], (0.20, 0.085, 0.07), 0.92 * dark)
    return _lids(texels, _parts(texels, c))


def _lips(texels: Texels, c: Array) -> Array:
    """The red, darker where the lips meet, with fine folds across; a lighter rim above it."""
    p, red = texels.place, lip_mask(texels)
    folds = noise(p * [1, 0.16, 0.3], 0.75, 6) + 0.5 * noise(p * [1, 0.2, 0.3], 0.4, 16)
    tone = mix(
        np.broadcast_to(np.array([0.695, 0.41, 0.38]), p.shape),
        (0.56, 0.29, 0.27),
        np.clip(1 - texels.lip / 2.6, 0, 1) * 0.7,
    )
    tone = tone * (1 + 0.055 * folds - 0.05 * (p[..., 1] > -49.4))[..., None]
    c = c + (tone - c) * (0.68 * red)[..., None]
    border = layout.BORDER - layout.SEAM
    rim = np.exp(-0.5 * ((texels.lip - border - 1.0) / 0.45) ** 2) * (p[..., 1] > -48)
    c = mix(c, (0.88, 0.72, 0.64), 0.22 * rim)
    return mix(c, (0.34, 0.14, 0.13), 0.6 * np.exp(-0.5 * (texels.lip / 0.55) ** 2))


def _lids(texels: Texels, c: Array) -> Array:
    """The lids' moist pink margins and the pink of the inner corner, then the lashes' soft dark line."""
    c = mix(c, (0.70, 0.50, 0.45), 0.9 * texels.lining)
    c = mix(c, (0.71, 0.46, 0.42), 0.6 * texels.lining * spot(texels.place, (19.5, 18.5, 36), (2.0, 1.6, 5)))
    return mix(c, (0.13, 0.085, 0.075), 0.8 * np.clip(texels.lashes, 0, 1) ** 1.35)


def _parts(texels: Texels, c: Array) -> Array:
    p, part = texels.place, texels.part
    into = np.clip((p[..., 2:] - 22) / 24, 0, 1)
    lining = np.array([0.05, 0.018, 0.018]) + np.array([0.42, 0.15, 0.145]) * into**1.5
    c = np.where((part == "mouth")[..., None], lining, c)
    for name, row in (("upper_teeth", UPPER_TEETH), ("lower_teeth", LOWER_TEETH)):
        c = np.where((part == name)[..., None], _teeth(p, row), c)
    c = np.where((part == "tongue")[..., None], _tongue(p), c)
    return np.where((part == "eye")[..., None], _eyeball(texels), c)


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


def basis(texels: Texels) -> dict[str, Array]:
    """Named changes (n, n, 3) of the display values at one sigma."""
    p, part = texels.place, texels.part
    skin = (part == "skin").astype(float)
    lips, brows, beard, scalp = (m(texels) * skin for m in (lip_mask, brow_mask, beard_mask, scalp_mask))
    plain = skin * (1 - 0.8 * brows)
    red_zone = np.clip(
        spot(p, (36, -12, 38), (14, 14, 20))
        + spot(p, (0, -17, 66), (12, 10, 14))
        + 0.6 * spot(p, (80, -4, -48), (10, 34, 22)),
        0,
        1,
    )
    iris = (
        1
        / (1 + np.exp((texels.polar - unwrap.IRIS_ANGLE) / 0.018))
        / (1 + np.exp(-(texels.polar - PUPIL * unwrap.IRIS_ANGLE) / 0.014))
    )
    iris = iris * (part == "eye")
    freckle = np.clip((noise(p, 1.5, 8) - 0.35) * 3, 0, 1) * np.clip(
        spot(p, (22, -8, 44), (26, 20, 26)) + 0.3 * spot(p, (0, 60, 45), (40, 24, 30)), 0, 1
    )
    masks: dict[str, tuple[Array, tuple[float, float, float]]] = {
        "melanin": (plain * (1 - 0.35 * lips), (-0.080, -0.090, -0.092)),
        "redness": (plain * (0.35 + 0.65 * red_zone), (0.006, -0.021, -0.019)),
        "lip_redness": (lips, (0.018, -0.036, -0.026)),
        "brow_darkness": (brows, (-0.13, -0.12, -0.10)),
        "iris_blue": (iris, (-0.035, 0.012, 0.055)),
        "beard_shadow": (beard * (0.8 + 0.3 * noise(p, 0.8, 11)), (-0.07, -0.06, -0.046)),
        "freckles": (freckle * skin * (1 - lips), (-0.055, -0.062, -0.056)),
        "yellowness": (plain, (0.006, 0.002, -0.040)),
        "scalp_stubble": (scalp * skin * (0.85 + 0.25 * noise(p, 0.9, 12)), (-0.060, -0.056, -0.048)),
        "cheek_blush": (spot(p, (38, -12, 36), (12, 11, 16)) * skin, (0.005, -0.020, -0.015)),
        "eye_shadow": ((spot(p, (26, 8, 38), (12, 5, 10)) + spot(p, (30, 28, 40), (13, 4, 10))) * skin, (-0.045,
            -0.04, -0.026)),
        "lip_darkness": (lips, (-0.08, -0.06, -0.055)),
        "iris_green": (iris, (-0.015, 0.022, -0.006)),
        "iris_darkness": (iris, (-0.07, -0.055, -0.04)),
        "brow_thickness": ((np.clip(_brows(p + UPWARDS) + _brows(p - UPWARDS), 0,
            1) * (1 - brows)) * skin, (-0.15, -0.125, -0.105)),
        "paleness_forehead": (spot(p, (0, 66, 45), (42, 26, 34)) * skin, (0.014, 0.014, 0.012)),
        "nose_redness": (spot(p, (0, -17, 66), (12, 9, 14)) * skin, (0.008, -0.03, -0.026)),
        "ear_redness": (spot(p, (80, -4, -48), (10, 34, 22)) * skin * (np.abs(p[..., 0]) > 68),
            (0.008, -0.032, -0.028)),
        "blotches": (noise(p, 11.0, 21) * plain, (0.004, -0.010, -0.009)),
        "pores": (noise(p, 1.0, 22) * plain, (0.012, 0.012, 0.011)),
        "sclera_redness": ((part == "eye") * np.clip(texels.polar - 0.62, 0, 1), (0.0, -0.10, -0.10)),
        "teeth_yellowness": (np.char.endswith(part, "teeth").astype(float), (-0.02, -0.035, -0.09)),
        "moustache": (_moustache(p) * skin * (1 - lips), (-0.05, -0.045, -0.036)),
        "tan_line": (spot(p, (0, -120, -30), (70, 30, 70)) * skin, (0.04, 0.045, 0.045)),
        "makeup_eyes": (spot(p, (31, 29, 40), (12, 3.2, 10)) * skin, (-0.05, -0.06, -0.035)),
    }  # fmt: skip
    return {name: mask[..., None] * np.array(change) for name, (mask, change) in masks.items()}


def build(template: Template, vt: Array, ft: Ints) -> dict[str, np.ndarray]:
    """The albedo fields of the model file."""
    full = rasterise(template, vt, ft, SIZE)
    columns = basis(full)
    k, f = len(columns), SIZE // BASIS_SIZE
    coarse = np.stack([c.reshape(BASIS_SIZE, f, BASIS_SIZE, f, 3).mean((1, 3)) for c in columns.values()])
    scale = np.abs(coarse).reshape(k, -1).max(1)
    return {
        "albedo_mean": np.round(np.clip(mean(full), 0, 1) * 255).astype(np.uint8),
        "albedo_basis": np.round(coarse / scale[:, None, None, None] * 127).astype(np.int8),
        "albedo_basis_scale": scale.astype(np.float32),
        "albedo_names": np.array(list(columns)),
    }
