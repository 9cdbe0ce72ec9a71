"""The picture of 3DXTalker's own videos, on which SyncNet and FID are measured: its framing and its pixels.

The largest |x| or |y| that any vertex of the clip has, times 1.2, fills half of the picture; the middle of the picture
is FLAME's origin. One sample a pixel, at its middle; insides show as outsides do.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...core.model.clip import Clip
from ...core.motion.camera import OrthographicView
from ..drawing import Rect

GROUND: Final = (1.0, 1.0, 1.0)
_MARGIN: Final = 1.2


def framing_as_authors(clip: Clip) -> OrthographicView:
    """The view of the whole clip."""
    reach = max(float(np.abs(vertices[..., :2]).max()) for vertices in clip.vertices())
    return OrthographicView((0.0, 0.0), 2 * _MARGIN * reach)


def place_in(rect: Rect, view: OrthographicView) -> tuple[float, float, float]:
    """The pixel that shows the origin, and metres a pixel, in a picture `rect` of `view`."""
    return rect.x + rect.width / 2, rect.y + rect.height / 2, view.height / rect.height


def at_pixel_middles(to_clip: NDArray[np.floating], rect: Rect) -> NDArray[np.floating]:
    """`to_clip` moved by half a sample, so that the first of a pixel's four samples lies in the pixel's middle."""
    moved = to_clip.copy()
    moved[:2, 3] -= 0.5 / rect.width, 0.5 / rect.height
    return moved
