"""The weak-perspective crop camera of DECA and EMOCA."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .rotation import Floats
from .smoothing import smoothed

CropMode = Literal["each", "smooth", "steady"]
_SMOOTHING_REACH = 12  # frames: half a second to both sides
CROP_SIZE = 224  # pixels; the side of the face crop that the codes were fitted to


def project(vertices: Floats, camera: Floats, size: float = CROP_SIZE) -> NDArray[np.float64]:
    """Pixel coordinates (..., V, 2) of (..., V, 3) vertices in FLAME axes under `camera` (..., 3) = scale, tx, ty.

    Measured from the image's top left corner, x right and y down, so that a pixel's centre lies at its index + 0.5.
    The translation is inside the scale and in metres (DECA:decalib/utils/util.py, batch_orth_proj).
    """
    v = np.asarray(vertices, np.float64)
    scale, tx, ty = np.moveaxis(np.asarray(camera, np.float64)[..., None, :], -1, 0)
    x = 1 + scale * (v[..., 0] + tx)
    y = 1 - scale * (v[..., 1] + ty)
    return 0.5 * size * np.stack([x, y], axis=-1)


@dataclass(frozen=True, slots=True)
class OrthographicView:
    """An orthographic view along FLAME's -z (towards the face), square unless the picture is not.

    center : (2,) x and y of the picture's centre in metres, FLAME axes
    height : metres from the picture's lower to its upper edge
    """

    center: tuple[float, float]
    height: float


def crop_view(camera: Floats) -> OrthographicView:
    """The view of one frame's (3,) crop camera: 2/scale metres across, centred on -tx, -ty."""
    scale, tx, ty = (float(value) for value in np.asarray(camera).reshape(3))
    return OrthographicView((-tx, -ty), 2.0 / scale)


def steadied(camera: Floats, mode: CropMode, cuts: NDArray[np.int64]) -> NDArray[np.float32]:
    """Crop cameras (T, 3), or one (1, 3): each frame's own, without the trembling of its detector, or their median.

    The median and the weights are of scale and of the view's centre; nothing is mixed across cuts.
    """
    if mode == "steady":
        return np.median(camera, axis=0, keepdims=True).astype(np.float32)
    return np.asarray(camera, np.float32) if mode == "each" else smoothed(camera, cuts, _SMOOTHING_REACH)


def framing_view(minimum: Floats, maximum: Floats, aspect: float = 1.0, margin: float = 0.12) -> OrthographicView:
    """A steady view that holds the box between two (3,) corners in FLAME axes, with `margin` of its size around it.

    aspect is width / height of the picture.
    """
    low, high = np.asarray(minimum, np.float64), np.asarray(maximum, np.float64)
    width, height = (high - low)[:2]
    center = ((high + low) / 2)[:2]
    return OrthographicView((float(center[0]), float(center[1])), float(max(height, width / aspect) * (1 + margin)))
