"""Contact sheets: pictures spread over a clip, in rows, as one PNG."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..settings import RenderSettings
from ..video.pictures import write_picture


class ContactSheet:
    """Up to `settings.sheet` pictures of (width, height) pixels, spread over the array indices first to last."""

    def __init__(self, settings: RenderSettings, size: tuple[int, int], first: int, last: int) -> None:
        self.indices = np.unique(np.linspace(first, last, settings.sheet).round().astype(int))
        self._width, self._height = size
        self._columns = int(np.ceil(np.sqrt(len(self.indices) * self._height / self._width)))
        rows = -(-len(self.indices) // self._columns)
        ground = (0, 0, 0, 0) if settings.backdrop == "transparent" else (*settings.background, 1)
        shape = (rows * self._height, self._columns * self._width, 4)
        self._pixels = np.full(shape, np.round(np.multiply(ground, 255)), np.uint8)

    def add(self, index: int, picture: NDArray[np.uint8]) -> None:
        """Put the picture (H, W, 3 or 4; straight alpha) of one of `indices` in its place."""
        place = int(np.searchsorted(self.indices, index))
        top, left = self._height * (place // self._columns), self._width * (place % self._columns)
        part = self._pixels[top : top + self._height, left : left + self._width]
        part[..., : picture.shape[-1]] = picture

    def write(self, path: Path) -> None:
        """Write the sheet, whole or not at all. Raises RenderError."""
        write_picture(path, self._pixels)
