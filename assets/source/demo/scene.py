"""What is not motion of the face: who speaks, the crop camera, skin and detail codes, and the first frame's picture."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from xtalker_addon.core.camera import CROP_SIZE, project
from xtalker_addon.core.flame import FlameModel
from xtalker_addon.core.lighting import sh_shading, vertex_normals

from .motion import drift
from .raster import picture

Array = NDArray[np.float64]

# The wobble of codes that are fitted frame by frame: a tenth of the published standard deviations of 3DXTalker.
_SHAPE_WOBBLE, _DETAIL_WOBBLE, _TEXTURE_WOBBLE = 0.015, 0.0075, 0.01
_SKIN: Final = (0.80, 0.64, 0.56)
_EYEBALL: Final = (0.86, 0.85, 0.84)


def wobble(times: Array, width: int, scale: float, seed: int) -> Array:
    """Small drift (T, width) of a code that should stand still."""
    return scale * np.stack([drift(times, 0.5, seed + column) for column in range(width)], axis=1)


def constant_codes(times: Array, width: int, spread: float, scale: float, seed: int) -> Array:
    """Codes (T, width) of one person, as far as their meaning is another model's, with their wobble."""
    return spread * np.random.default_rng(seed).normal(size=width) + wobble(times, width, scale, seed)


def texture_codes(times: Array) -> Array:
    """(T, 50)."""
    return constant_codes(times, 50, 0.3, _TEXTURE_WOBBLE, 5000)


def detail_codes(times: Array) -> Array:
    """(T, 128)."""
    return constant_codes(times, 128, 0.1, _DETAIL_WOBBLE, 6000)


def shape_codes(model: FlameModel, person: dict[str, float], times: Array) -> Array:
    """(T, 100): a `person` by the names of the head's identity columns, with its wobble."""
    shape = wobble(times, 100, _SHAPE_WOBBLE, 4000)
    for name, value in person.items():
        shape[:, model.identity_names.index(name)] += value
    return shape


def crop_cameras(vertices: Array, face: NDArray[np.integer], times: Array) -> Array:
    """(T, 3) cameras that keep the `face` of (T, V, 3) vertices near the middle, as a detector's boxes do."""
    low, high = vertices[:, face, :2].min(1), vertices[:, face, :2].max(1)
    center = (low + high) / 2
    steady = center.mean(0) + 0.7 * (center - center.mean(0))
    scale = 8.8 + 0.10 * np.sin(2 * np.pi * times / 3.7) + 0.03 * drift(times, 0.6, 31)
    return np.column_stack([scale, -steady])


def vertex_albedo(model: FlameModel) -> Array:
    """RGB (V, 3)."""
    albedo = np.tile(np.array(_SKIN), (model.vertex_count, 1))
    for name, c in (
        ("left_eyeball", _EYEBALL),
        ("right_eyeball", _EYEBALL),
        ("upper_teeth", (0.85, 0.83, 0.78)),
        ("lower_teeth", (0.8, 0.78, 0.73)),
    ):
        albedo[model.regions[name]] = c
    return albedo


def crop_picture(model: FlameModel, vertices: Array, camera: Array, light: Array, size: int = CROP_SIZE) -> Array:
    """Picture (size, size, 3) in 0..1 of one frame: (V, 3) vertices under its camera (3,) and light (9, 3)."""
    fine = 3 * size
    shading = sh_shading(vertex_normals(vertices, model.faces), light)
    albedo = vertex_albedo(model)
    colours = (albedo * shading)[model.faces]
    image = picture(project(vertices, camera, fine), vertices[:, 2], model.faces, colours, fine)
    return image.reshape(size, 3, size, 3, 3).mean((1, 3))
