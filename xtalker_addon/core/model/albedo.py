"""Albedo: the head's own colour in its UVs, varied by texture codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError
from ..motion.rotation import Floats

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Albedo:
    """A linear space of skins, as display (sRGB) values; images have their first row at v = 1.

    mean  : (H, W, 3) 0..1
    basis : (K, h, w, 3) the change that one standard deviation of a code makes; h and w divide H and W, and between
            their texels' middles it is interpolated
    names : one a column
    """

    mean: Array
    basis: Array
    names: tuple[str, ...]

    def decode(self, codes: Floats | None = None) -> Array:
        """The skin (H, W, 3) 0..1 of `codes` (n,); None for the mean. Codes beyond the columns have no meaning here."""
        if codes is None:
            return self.mean
        used = np.asarray(codes, np.float32)[: len(self.basis)]
        change = np.tensordot(used, self.basis[: len(used)], 1)
        for axis in (1, 0):  # whole rows are quickly done, so they come when there is more
            change = _finer(change, axis, self.mean.shape[axis])
        return np.clip(self.mean + change, 0, 1)

    def coarser(self, halvings: int) -> Albedo:
        """The same skins with half as many texels along each axis, `halvings` times or as often as that divides."""
        mean, basis = self.mean, self.basis
        for _ in range(halvings):
            if mean.shape[0] % 2 or mean.shape[1] % 2:
                break
            for axis in (-3, -2):
                mean = _halved(mean, axis)
                basis = basis if basis.shape[axis] <= mean.shape[axis] else _halved(basis, axis)
        return Albedo(mean, basis, self.names)


def _halved(images: Array, axis: int) -> Array:
    """Means of two neighbours along an axis."""
    even, odd = (np.moveaxis(images, axis, 0)[first::2] for first in (0, 1))
    means = np.multiply(even + odd, 0.5, dtype=np.float32)
    return np.moveaxis(means, 0, axis)


def _finer(image: Array, axis: int, size: int) -> Array:
    """`image` with `size` texels along an axis, each between the two nearest ones of its own."""
    own = image.shape[axis]
    if own == size:
        return image
    place = np.clip((np.arange(size) + 0.5) * own / size - 0.5, 0, own - 1)
    before = place.astype(np.intp)
    share: Array = (place - before).astype(np.float32).reshape(-1, *(1,) * (image.ndim - axis - 1))
    first: Array = np.take(image, before, axis)
    second: Array = np.take(image, np.minimum(before + 1, own - 1), axis)
    second -= first
    second *= share
    second += first
    return second


def albedo_from_fields(fields: Mapping[str, Any], source: Path) -> Albedo | None:
    """The skin that a model file carries: `albedo_mean` bytes, and columns as signed bytes with a scale each.

    Raises ModelError where the arrays do not fit each other.
    """
    if "albedo_mean" not in fields:
        return None
    parts = ("mean", "basis", "basis_scale", "names")
    arrays: list[NDArray[Any]] = [np.asarray(fields.get(f"albedo_{part}")) for part in parts]
    mean, basis, scale, names = arrays
    fits = (
        mean.dtype == np.uint8
        and (mean.ndim, mean.shape[-1]) == (3, 3)
        and basis.dtype == np.int8
        and (basis.ndim, basis.shape[-1]) == (4, 3)
        and all(large % small == 0 for large, small in zip(mean.shape[:2], basis.shape[1:3], strict=True))
        and scale.shape == names.shape == basis.shape[:1]
    )
    if not fits:
        raise ModelError(f"{source}: albedo_mean, albedo_basis and their scales do not fit; get the model file again.")
    columns = np.multiply(basis, (scale / 127)[:, None, None, None], dtype=np.float32)
    return Albedo(np.divide(mean, 255, dtype=np.float32), columns, tuple(str(name) for name in names))


def albedo_fields(albedo: Albedo) -> dict[str, Any]:
    """What `albedo_from_fields` reads."""
    scale: Array = np.abs(albedo.basis).reshape(len(albedo.names), -1).max(axis=1) + np.float32(1e-9)
    return {
        "albedo_mean": np.round(albedo.mean * 255).astype(np.uint8),
        "albedo_basis": np.round(albedo.basis * (127 / scale)[:, None, None, None]).astype(np.int8),
        "albedo_basis_scale": scale,
        "albedo_names": np.array(albedo.names),
    }
