"""Pixels of a finished picture in the values that an output wants."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

# sRGB display values 0..255 to the linear ones that the Standard view shows as them (IEC 61966-2-1).
_DISPLAY: Final = np.arange(256) / 255
LINEAR: Final = np.where(_DISPLAY <= 0.04045, _DISPLAY / 12.92, ((_DISPLAY + 0.055) / 1.055) ** 2.4).astype(np.float32)


def straight_alpha(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 4) with premultiplied alpha to straight alpha."""
    out = rgba.copy()
    partial = (rgba[..., 3] > 0) & (rgba[..., 3] < 255)
    values = rgba[partial].astype(np.float32)
    out[partial, :3] = np.minimum(255, values[:, :3] * 255 / values[:, 3:] + 0.5)
    return out


def linear_planes(rgba: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Planes (4, H, W) of green, blue, red and alpha: premultiplied linear values, as EXR files hold them."""
    alpha = rgba[..., 3] / np.float32(255)
    linear = LINEAR[straight_alpha(rgba)[..., :3]] * alpha[..., None]
    return np.ascontiguousarray(np.stack([linear[..., 1], linear[..., 2], linear[..., 0], alpha]), np.float32)
