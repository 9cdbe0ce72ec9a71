"""Memory for 2x2 samples a pixel."""

from __future__ import annotations

import numpy as np

from ..drawing import Rect
from . import library as c
from .library import Film, aligned, the_library

_STEP = 32  # pixels by which they grow, so that they seldom do
_MOST_NUMBER_BITS = 15  # of a word of 32; the rest is depth's, 2.7 um of a head's 0.35 m
_ROOM = 1 / 16


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
        self.film.strips, self.film.rows, self.film.number_bits = strips, 2 * part.height, 0
        return self

    def pack(self, planes: int, nearest: float, farthest: float) -> None:
        """Keep depth and triangle in one word, which is quicker: for one head of so many planes, all of it in sight.

        nearest, farthest : of its depths. Where the planes' numbers would leave too little for depth nothing changes.
        """
        bits = planes.bit_length()
        if bits <= _MOST_NUMBER_BITS and farthest > nearest:
            self.film.number_bits = bits
            # Slopes are rounded, and lines lie before the head; so there is room at both ends.
            room = _ROOM * (farthest - nearest)
            self.film.nearest, self.film.scale = nearest - room, 2**32 / (farthest - nearest + 2 * room)

    def _grow(self, strips: int, rows: int) -> None:
        self._columns, self._rows = -(-strips // _STEP) * _STEP, -(-rows // _STEP) * _STEP
        # One row more, so that strips do not meet in the cache.
        stride = self._rows + 1
        self._memory = aligned((self._columns * stride, c.FLOATS_OF_SAMPLES), np.float32)
        self._touched = np.empty((self._columns, 2), np.int32)
        self.film = Film(self._memory.ctypes.data, self._touched.ctypes.data, self._columns, self._rows, stride)
        self._library.clear(self.film)
