"""What Blender drew, on what lies behind it and under what lies before it, as an output wants it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..core.light.radiance import linear_from_display
from ..core.sequence import Sequence
from .settings import RenderSettings
from .video.streams import PixelFormat

Array = NDArray[np.float32]


class Composite:
    """Background and plate of one clip, and the pixels that its output is written from.

    deep : values are linear light, as EXR files hold them; else they are display values
    """

    def __init__(self, settings: RenderSettings, sequence: Sequence) -> None:
        self.deep = settings.output == "exr"
        self.warnings: list[str] = []
        self.pixel_format: PixelFormat = "rgb24"
        if settings.backdrop == "transparent":
            self.pixel_format = "rgba"
        if self.deep:
            self.pixel_format = "gbrapf32le"
        plate, covered = None, np.zeros((1, 1, 1), np.float32)
        if settings.backdrop == "reference" or settings.plate_opacity:
            if sequence.reference_image is None:
                self.warnings.append(f"{sequence.source}: has no reference image, so there is none in the picture.")
            else:
                picture, covered = _as_crop(sequence.reference_image, settings.size)
                plate = self._light(picture)
        ground = self._light(np.array(settings.background, np.float32))
        if settings.backdrop == "reference" and plate is not None:
            ground = plate * covered + ground * (1 - covered)
        self._behind = None if settings.backdrop == "transparent" else ground
        self._before: Array | None = plate
        self._opacity: Array = covered * np.float32(settings.plate_opacity or 0.0)

    def over(self, head: Array) -> Array:
        """(H, W, 4) of the head over and under the rest; both with premultiplied alpha."""
        out = head
        if self._behind is not None:
            out = head.copy()
            out[..., :3] += self._behind * (1 - head[..., 3:])
            out[..., 3] = 1
        if self._before is not None:
            out = out * (1 - self._opacity)
            out[..., :3] += self._before * self._opacity
            out[..., 3:] += self._opacity
        return out

    def frame(self, picture: Array) -> NDArray[np.floating] | NDArray[np.uint8]:
        """A picture of `over` in `pixel_format`."""
        if self.deep:
            return np.ascontiguousarray(picture[..., [1, 2, 0, 3]].transpose(2, 0, 1), np.float32)
        shown = self.shown(picture)
        return np.ascontiguousarray(shown[..., : 4 if self.pixel_format == "rgba" else 3])

    def shown(self, picture: Array) -> NDArray[np.uint8]:
        """(H, W, 4) display values 0..255 with straight alpha of a picture of `over`."""
        alpha = picture[..., 3:]
        values = picture[..., :3] / np.maximum(alpha, 1e-6)
        if self.deep:
            values = np.where(values <= 0.0031308, 12.92 * values, 1.055 * np.maximum(values, 0) ** (1 / 2.4) - 0.055)
        straight = np.concatenate([values, alpha], axis=-1)
        return (255 * np.clip(straight, 0, 1) + 0.5).astype(np.uint8)

    def _light(self, display: Array) -> Array:
        return linear_from_display(display) if self.deep else display


def _as_crop(image: NDArray[np.floating], size: tuple[int, int]) -> tuple[Array, Array]:
    """(H, W, 3) of the crop (h, h, 3) as a crop camera has it, as high as the picture; bilinear. And what it covers.

    That is (1, W, 1): 1 in columns that the crop reaches, 0 in others.
    """
    side, covered = size[1], np.ones(0)
    for axis, length in enumerate((size[1], size[0])):
        pixels = np.arange(length) + (side - length) / 2 + 0.5
        covered = (pixels > 0) & (pixels < side)
        place = np.clip(pixels * image.shape[axis] / side - 0.5, 0, image.shape[axis] - 1)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, image.shape[axis] - 1)
        part = (place - low).reshape([-1 if axis == other else 1 for other in range(3)])
        image = (1 - part) * image.take(low, axis) + part * image.take(high, axis)
    return np.asarray(image, np.float32), np.asarray(covered, np.float32)[None, :, None]
