"""The light of the codes as a few lamps: an even light, a key and a fill, fitted so that shading differs least."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..motion.rotation import Floats
from .radiance import DIRECTIONS, linear_from_display
from .spherical_harmonics import sh_basis

_CANDIDATES: Final = DIRECTIONS[::8]
_ROUNDS: Final = 200  # of coordinate descent: three unknowns settle long before

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LightRig:
    """Lamps for a clip; strengths are linear shading of white that faces the lamp, RGB.

    key_direction, fill_direction : (3,) unit vectors towards the lamps, FLAME axes, one for the whole clip
    ambient, key, fill            : (T, 3)
    error : root mean square difference from the wanted linear shading, relative to its mean
    """

    key_direction: Array
    fill_direction: Array
    ambient: Array
    key: Array
    fill: Array
    error: float


def fit_light_rig(light: Floats) -> LightRig:
    """The rig that comes nearest to (T, 9, 3) coefficients on the half of directions that a camera sees.

    The key comes from where the linear terms of the clip's mean light point, the fill from where it helps most.
    """
    seen = DIRECTIONS[DIRECTIONS[:, 2] > 0]
    wanted = linear_from_display(sh_basis(seen) @ np.asarray(light, np.float32)).astype(np.float64)
    mean = wanted.mean(0)
    towards = np.asarray(light, np.float64).mean((0, 2))[1:4]
    key = towards / max(float(np.linalg.norm(towards)), 1e-9) if np.any(towards) else np.array([0.0, 0.0, 1.0])
    fills = [_basis(seen, key, fill) for fill in _CANDIDATES]
    errors = [np.square(basis @ _non_negative(basis, mean) - mean).sum() for basis in fills]
    best = int(np.argmin(errors))
    strengths = _non_negative(fills[best], np.moveaxis(wanted, 0, 1).reshape(len(seen), -1))
    strengths = strengths.reshape(3, len(wanted), 3)
    difference = np.moveaxis(np.tensordot(fills[best], strengths, 1), 0, 1) - wanted
    error = float(np.sqrt(np.square(difference).mean()) / max(float(wanted.mean()), 1e-9))
    return LightRig(key, _CANDIDATES[best], strengths[0], strengths[1], strengths[2], error)


def _basis(normals: Array, key: Array, fill: Array) -> Array:
    """(N, 3) shading of normals by each lamp at strength 1."""
    return np.stack([np.ones(len(normals)), *(np.maximum(normals @ lamp, 0) for lamp in (key, fill))], axis=1)


def _non_negative(basis: Array, wanted: Array) -> Array:
    """(3, M) strengths, none below zero, that bring (N, 3) @ strengths nearest to (N, M): coordinate descent."""
    gram, target = basis.T @ basis, basis.T @ wanted
    strengths = np.zeros_like(target)
    for _ in range(_ROUNDS):
        for row in range(len(gram)):
            step = (target[row] - gram[row] @ strengths) / max(float(gram[row, row]), 1e-12)
            strengths[row] = np.maximum(strengths[row] + step, 0)
    return strengths
