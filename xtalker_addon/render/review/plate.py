"""Where the reference image lies in a view of the head: it is the crop that a crop camera saw."""

from __future__ import annotations

from ...core.motion.camera import OrthographicView, crop_view
from ...core.motion.rotation import Floats
from ..drawing import Rect


def crop_rect(rect: Rect, view: OrthographicView, camera: Floats | None) -> Rect:
    """The pixels of the square crop in a picture `rect` of `view`; it may reach beyond them.

    camera : (3,) the crop's camera; None: the view is the crop's own, which the picture's height holds
    """
    crop = view if camera is None else crop_view(camera)
    pixels = rect.height / view.height  # a metre
    side = crop.height * pixels
    left = rect.x + rect.width / 2 + (crop.center[0] - view.center[0]) * pixels - side / 2
    top = rect.y + rect.height / 2 - (crop.center[1] - view.center[1]) * pixels - side / 2
    return Rect(round(left), round(top), round(side), round(side))


def fitted(rect: Rect, width: int, height: int) -> Rect:
    """The largest part of `rect`, in its middle, with the aspect of width x height."""
    scale = min(rect.width / width, rect.height / height)
    w, h = round(width * scale), round(height * scale)
    return Rect(rect.x + (rect.width - w) // 2, rect.y + (rect.height - h) // 2, w, h)
