"""Memory for 2x2 samples a pixel."""

from __future__ import annotations

import numpy as np

from ..drawing import Rect
from . import library as c
from .library import Film, aligned, the_library

_STEP = 32  # pixels by which they grow, so that they seldom do


class Samples:
    """Samples of any part of a picture; empty whenever nothing is being drawn."""

    def __init__(self) -> None:
        self._library = the_library()
        self._columns = self._rows = 0
        self._memory = aligned((0,), np.float32)
        self.film = Film()

    def of(self, part: Rect) -> Samples:
        """Samples for the pixels of `part`."""
        strips = 2 * -(-part.width // c.STRIP)
        if strips > self._columns or 2 * part.height > self._rows:
            self._grow(max(strips, self._columns), max(2 * part.height, self._rows))
        self.film.strips, self.film.rows = strips, 2 * part.height
        return self

    def _grow(self, strips: int, rows: int) -> None:
        self._columns, self._rows = -(-strips // _STEP) * _STEP, -(-rows // _STEP) * _STEP
        # One row more, so that strips do not meet in the cache.
        stride = self._rows + 1
        self._memory = aligned((self._columns * stride, c.FLOATS_OF_SAMPLES), np.float32)
        self._touched = np.empty((self._columns, 2), np.int32)
        self.film = Film(self._memory.ctypes.data, self._touched.ctypes.data, self._columns, self._rows, stride)
        self._library.clear(self.film)
