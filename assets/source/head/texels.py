"""What lies under each texel of the skin's picture, and the strokes and grains that such places are painted with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from . import template as layout
from .anatomy import Array, Ints
from .surface import normals
from .template import Template

FAR = 12.0  # rings away
CREASE = 7  # the ring of the eye that lies in the fold of the upper lid
_TURN = np.linalg.qr(np.array([[0.61, 0.53, 0.31], [-0.4, 0.7, 0.22], [0.2, -0.35, 0.9]]))[0]  # askew to all axes


@dataclass(frozen=True)
class Texels:
    """What lies under each texel: the place on the head at rest (mm), and which part it is of."""

    place: Array  # (n, n, 3)
    part: Array  # (n, n) of names
    polar: Array  # (n, n) angle from the eye's axis on eyeballs, else pi
    turn: Array  # (n, n) angle round that axis
    dark: Array  # (n, n) how little light comes there, 0..1
    lid: Array  # (n, n) rings from the lids' front edges, less than 0 inside
    lip: Array  # (n, n) rings from the lips' contact, FAR elsewhere
    crease: Array  # (n, n) how near the fold of the upper lid is, 0..1
    outside: NDArray[np.bool_]  # (n, n) of no chart


def rasterise(template: Template, vt: Array, ft: Ints, size: int) -> Texels:
    """Places and parts of all texels; those outside the charts repeat the nearest texel inside."""
    part_of = np.full(len(template.points), "skin", dtype="U12")
    loops, both = template.loops, template.both
    mouth, eye = loops["mouth"], loops["eye"]
    part_of[both(mouth[: layout.SEAM], loops["inside"])] = "mouth"
    part_of[both(eye[: layout.LID_FRONT], loops["eye_pole"])] = "socket"
    part_of[np.append(template.left_eyeball, template.right_eyeball)] = "eye"
    for name in ("upper_teeth", "lower_teeth", "tongue"):
        part_of[getattr(template, name)] = name
    owner = np.full((size, size), -1)
    weights = np.zeros((size, size, 3))
    corners = vt[ft] * size
    corners[..., 1] = size - corners[..., 1]
    for t, (a, b, c) in enumerate(corners):
        lo = np.maximum(np.floor(corners[t].min(0) - 0.5), 0).astype(int)
        hi = np.minimum(np.ceil(corners[t].max(0) + 0.5), size).astype(int)
        det = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        x, y = np.meshgrid(np.arange(lo[0], hi[0]) + 0.5, np.arange(lo[1], hi[1]) + 0.5)
        v = ((x - a[0]) * (c[1] - a[1]) - (y - a[1]) * (c[0] - a[0])) / det
        w = ((b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])) / det
        inside = (v >= -1e-9) & (w >= -1e-9) & (v + w <= 1 + 1e-9)
        rows, cols = y[inside].astype(int), x[inside].astype(int)
        owner[rows, cols] = t
        weights[rows, cols] = np.stack([1 - v - w, v, w], -1)[inside]
    outside = owner < 0
    nearest = ndimage.distance_transform_edt(outside, return_distances=False, return_indices=True)
    owner, weights = owner[tuple(nearest)], weights[tuple(nearest)]
    corner_ids = template.faces[owner]
    place = (template.own[corner_ids] * weights[..., None]).sum(-2)
    strongest = np.take_along_axis(part_of[corner_ids], weights.argmax(-1)[..., None], -1)[..., 0]
    aim = place - template.eye_centre * np.stack([np.sign(place[..., 0]), *2 * [np.ones(place.shape[:-1])]], -1)
    distance = np.maximum(np.linalg.norm(aim, axis=-1), 1e-6)
    polar = np.where(strongest == "eye", np.arccos(np.clip(aim[..., 2] / distance, -1, 1)), np.pi)
    carried = {name: (values[corner_ids] * weights).sum(-1) for name, values in _fields(template).items()}
    return Texels(place, strongest, polar, np.arctan2(aim[..., 1], aim[..., 0]), **carried, outside=outside)


def _fields(template: Template) -> dict[str, Array]:
    """What vertices tell their texels: (5023,) each."""
    n = len(template.points)
    lid, lip, crease = np.full(n, FAR), np.full(n, FAR), np.zeros(n)
    mouth, eye = template.loops["mouth"], template.loops["eye"]
    upper = np.clip(np.sin(2 * np.pi * np.arange(layout.EYE_POINTS) / layout.EYE_POINTS) * 3, 0, 1)
    for ring, ids in enumerate(eye):
        lid[template.both(ids)] = ring - layout.LID_FRONT
        crease[ids] = crease[template.twin[ids]] = np.exp(-0.5 * ((ring - CREASE) / 1.3) ** 2) * upper
    lid[template.both(template.loops["eye_pole"])] = -layout.LID_FRONT
    for ring in range(layout.SEAM, len(mouth)):
        lip[template.both(mouth[ring])] = ring - layout.SEAM
    return {"dark": darkness(template), "lid": lid, "lip": lip, "crease": crease}


def darkness(template: Template) -> Array:
    """How much of the light from all around is kept from each vertex of the skin, 0..1: (5023,)."""
    n, size = len(template.skin), 320
    p, faces = template.points[:n], template.faces[(template.faces < n).all(1)]
    normal = normals(p, faces)
    seen, possible = np.zeros(n), np.full(n, 1e-9)
    turns = np.arange(80) + 0.5
    height = 1 - 1.7 * turns / 80
    ring = np.sqrt(1 - height**2)
    golden = np.pi * (1 + 5**0.5) * turns
    share = np.stack(np.meshgrid(*2 * [np.linspace(0, 1, 9)]), -1).reshape(-1, 2)
    share = share[share.sum(1) <= 1]
    share = np.column_stack([1 - share.sum(1), share])
    for aim in np.stack([ring * np.cos(golden), height, ring * np.sin(golden)], 1):
        aside = np.cross(aim, [0.3, 0.4, 0.866])
        aside /= np.linalg.norm(aside)
        place = (p @ np.stack([aside, np.cross(aim, aside)], 1) / 480 + 0.5) * size
        depth = p @ aim
        nearest = np.full((size, size), -np.inf)
        x, y = np.einsum("sk,tkd->dts", share, place[faces]).astype(int)
        np.maximum.at(nearest, (y, x), depth[faces] @ share.T)
        facing = np.clip(normal @ aim, 0, None)
        x, y = place.T.astype(int)
        seen += facing * (depth > nearest[y, x] - 3.0)
        possible += facing
    full = np.zeros(len(template.points))
    full[:n] = 1 - seen / possible
    return (full + full[template.twin]) / 2


def noise(place: Array, size: float, seed: int) -> Array:
    """Smooth random values, about -1..1, with features `size` mm wide: value noise on a lattice that repeats itself."""
    lattice = np.random.default_rng(seed).uniform(-1, 1, 3 * (64,))
    q = np.moveaxis(place @ _TURN / size, -1, 0)
    t = q - np.floor(q)
    return ndimage.map_coordinates(lattice, np.floor(q) + t * t * (3 - 2 * t), order=1, mode="grid-wrap")


def spot(place: Array, centre: tuple[float, ...], sizes: tuple[float, ...]) -> Array:
    """A soft patch on both sides of the face, 0..1."""
    p = place.copy()
    p[..., 0] = np.abs(p[..., 0])
    q = (p - np.array(centre)) / np.array(sizes)
    return np.exp(-0.5 * (q * q).sum(-1))


def mix(colour: Array, towards: tuple[float, ...], amount: Array) -> Array:
    return colour + (np.array(towards) - colour) * amount[..., None]


def strewn(texels: Texels, where: Array, spacing: float, seed: int) -> Array:
    """Random places (N, 3) on the head, one for each square of side `spacing` mm where `where` (n, n) is 1."""
    across, down = (np.linalg.norm(np.gradient(texels.place, axis=axis), axis=-1) for axis in (1, 0))
    chance = np.where(texels.outside, 0, across * down / spacing**2 * np.clip(where, 0, 1))
    rng = np.random.default_rng(seed)
    found = np.argwhere(rng.random(chance.shape) < chance)
    shift = rng.uniform(-0.5, 0.5, (len(found), 3)) * spacing / 2
    return texels.place[tuple(found.T)] + shift


def splat(texels: Texels, where: NDArray[np.bool_], points: Array, size: Array | float, amount: Array | float) -> Array:
    """Round soft dabs at points (N, 3), added up: `amount` in the middle, falling as a Gaussian of `size` mm."""
    out = np.zeros(texels.polar.shape)
    rows = np.flatnonzero(where & ~texels.outside)
    size, amount = (np.broadcast_to(value, len(points)) for value in (size, amount))
    near = cKDTree(texels.place.reshape(-1, 3)[rows])
    pairs = near.sparse_distance_matrix(cKDTree(points), 3 * float(size.max()), output_type="coo_matrix")
    weight = amount[pairs.col] * np.exp(-0.5 * (pairs.data / size[pairs.col]) ** 2)
    out.ravel()[rows] = np.bincount(pairs.row, weight, len(rows))
    return out


def strands(texels: Texels, where: NDArray[np.bool_], paths: Array, width: Array, blur: float) -> Array:
    """How much of each texel fine hairs cover, 0..1.

    paths : (H, S, 3) in millimetres; width : (H, S) of the hair there; blur : of the picture, as it is painted
    """
    at = np.linspace(0, 1, 48) * (paths.shape[1] - 1)
    k = np.minimum(at.astype(int), paths.shape[1] - 2)
    t = (at - k)[None, :, None]
    points = paths[:, k] * (1 - t) + paths[:, k + 1] * t
    widths = width[:, k] * (1 - t[..., 0]) + width[:, k + 1] * t[..., 0]
    step = np.linalg.norm(np.diff(points, axis=1), axis=2).mean(1, keepdims=True)
    optical = widths * step / (2 * np.pi * blur**2)
    return 1 - np.exp(-splat(texels, where, points.reshape(-1, 3), blur, optical.ravel()))
