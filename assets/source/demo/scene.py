"""What is not motion of the face: who speaks, the crop camera, skin and detail codes, and the first frame's picture."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from xtalker_addon.core.light.spherical_harmonics import sh_shading
from xtalker_addon.core.model.normals import vertex_normals
from xtalker_addon.core.motion.camera import CROP_SIZE, project

from .head import Head
from .motion import drift
from .raster import sample, visible

Array = NDArray[np.float64]

# The wobble of codes that are fitted frame by frame: a tenth of the published standard deviations of 3DXTalker.
_SHAPE_WOBBLE, _DETAIL_WOBBLE, _TEXTURE_WOBBLE = 0.015, 0.0075, 0.01
# Who speaks, by the names of the head's columns.
PERSON: Final = {"sex": 0.3, "age": -0.5, "weight": -0.7, "african": -0.2, "asian": -0.3}
SKIN: Final = {"scalp_stubble": 4.2, "beard_shadow": 0.9, "brow_thickness": 0.4, "lip_redness": -0.2, "age": -0.6}
_BACKGROUND: Final = (0.93, 0.94, 0.95)


def wobble(times: Array, width: int, scale: float, seed: int) -> Array:
    """Small drift (T, width) of a code that should stand still."""
    return scale * np.stack([drift(times, 0.5, seed + column) for column in range(width)], axis=1)


def detail_codes(times: Array) -> Array:
    """(T, 128): wrinkles of no known person, since their meaning is a trained decoder's."""
    return 0.1 * np.random.default_rng(7000).normal(size=128) + wobble(times, 128, _DETAIL_WOBBLE, 6000)


def texture_codes(head: Head, times: Array) -> Array:
    """(T, 50): the skin by the names of the head's albedo columns, with its wobble."""
    return head.codes(SKIN, "albedo", 50) + wobble(times, 50, _TEXTURE_WOBBLE, 5000)


def shape_codes(head: Head, times: Array) -> Array:
    """(T, 100): the person by the names of the head's identity columns, with its wobble."""
    return head.codes(PERSON, "identity", 100) + wobble(times, 100, _SHAPE_WOBBLE, 4000)


def crop_cameras(vertices: Array, face: NDArray[np.integer], times: Array) -> Array:
    """(T, 3) cameras that keep the `face` of (T, V, 3) vertices near the middle, as a detector's boxes do."""
    low, high = vertices[:, face, :2].min(1), vertices[:, face, :2].max(1)
    center = (low + high) / 2
    steady = center.mean(0) + 0.7 * (center - center.mean(0))
    scale = 8.8 + 0.10 * np.sin(2 * np.pi * times / 3.7) + 0.03 * drift(times, 0.6, 31)
    return np.column_stack([scale, -steady])


def crop_picture(
    head: Head, albedo: Array, vertices: Array, camera: Array, light: Array, size: int = CROP_SIZE
) -> Array:
    """Picture (size, size, 3) in 0..1 of one frame: (V, 3) vertices with an albedo texture under its camera and light.

    albedo (H, W, 3) in 0..1, camera (3,), light (9, 3).
    """
    model, fine = head.model, 3 * size
    points = project(vertices, camera, fine)
    pixel, triangle, weights = visible(points, vertices[:, 2], model.faces, fine)
    uv = np.einsum("mk,mkc->mc", weights, model.uv[model.uv_faces[triangle]])
    shading = sh_shading(vertex_normals(vertices, model.faces), light)[model.faces[triangle]]
    image = np.tile(np.array(_BACKGROUND), (fine * fine, 1))
    image[pixel] = sample(albedo, uv) * np.einsum("mk,mkc->mc", weights, shading)
    return np.clip(image, 0, 1).reshape(size, 3, size, 3, 3).mean((1, 3))
