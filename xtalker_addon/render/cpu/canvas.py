"""A picture in memory that the rasteriser draws on."""

from __future__ import annotations

from collections.abc import Iterator
from ctypes import byref
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import RenderError
from ..drawing import RGB, RGBA, Blend, Rect, Shown, Text, touching
from ..text import text_mask
from . import library as c
from .drawable import Drawable, Pass
from .library import aligned, the_library
from .samples import Samples

_LARGEST: Final = 16384  # pixels; 8 bits of 31 are kept for parts of a sample
_BLENDS: Final[dict[Blend, int]] = {"NONE": c.REPLACE, "ALPHA_PREMULT": c.OVER, "ADDITIVE_PREMULT": c.ADD}


class Canvas:
    """A picture of (width, height) pixels; see `drawing.Canvas`."""

    def __init__(self, width: int, height: int) -> None:
        if max(width, height) > _LARGEST:
            raise RenderError(f"a picture of {width} x {height} is too large; choose at most {_LARGEST}.")
        self.width, self.height = width, height
        self.row_width, self.rows = -(-width // 4) * 4, -(-height // 2) * 2
        self._library = the_library()
        self._pixels = aligned((self.rows, self.row_width, 4), np.uint8)
        self._pixels[:] = 0
        self._place, self._pitch = self._pixels.ctypes.data, 4 * self.row_width
        self._samples = Samples()
        self._planes: NDArray[np.uint8] | None = None  # of the last picture
        self._begun: list[NDArray[np.uint8]] = []

    def clear(self, colour: RGB | None) -> None:
        """Fill the picture, and what lies beyond it, with a colour; None: with nothing."""
        rgba = np.zeros(4) if colour is None else np.array((*colour, 1.0))
        # By whole pixels: numpy is slow with four bytes at a time.
        self._pixels.view(np.uint32)[:] = (255 * rgba.clip(0, 1) + 0.5).astype(np.uint8).view(np.uint32)

    def fill(self, rect: Rect, colour: RGBA) -> None:
        """Blend one colour over `rect`."""
        self._library.fill(self._place, self._pitch, *self._edges(rect), _floats(colour).ctypes.data)

    def flat(self, triangles: NDArray[np.float32]) -> NDArray[np.float64]:
        """A flat shape of (3 n, 2) clip coordinates, y down, for `shape`."""
        return np.asarray(triangles, np.float64)

    def shape(self, flat: NDArray[np.float64], rect: Rect, colour: RGBA, part: float = 1.0) -> None:
        """Blend a shape over `rect`, of which only the left `part` is touched."""
        corners = (flat + 1) * (rect.width / 2, rect.height / 2) + (rect.x, rect.y)
        shown = Rect(rect.x, rect.y, round(rect.width * part), rect.height)
        edges = self._edges(shown)
        self._library.shape(
            self._place, self._pitch, *edges, corners.ctypes.data, len(corners) // 3, _floats(colour).ctypes.data
        )

    def image(self, rect: Rect, image: Picture, part: Rect) -> None:
        """Stretch an image, its first row on top, over `rect`, of which only what is in `part` is touched."""
        box = (image.width, image.height, rect.x, rect.y, rect.width, rect.height)
        edges = self._edges(rect.within(part))
        self._library.image(self._place, self._pitch, *edges, image.pixels.ctypes.data, *box)

    def stamp(self, x: int, y: int, mask: NDArray[np.uint8], colour: RGBA) -> None:
        """Blend a colour over the picture through a mask (h, w) of coverage, whose first pixel comes to (x, y)."""
        mask = np.ascontiguousarray(mask, np.uint8)
        size = (self.width, self.height)
        self._library.stamp(
            self._place, self._pitch, *size, mask.ctypes.data, *mask.shape[::-1], x, y, _floats(colour).ctypes.data
        )

    def write(self, lines: list[Text]) -> None:
        """Lines of text."""
        for left, baseline, size, colour, words in lines:
            mask, pen, rise = text_mask(words, size)
            self.stamp(round(left) - pen, self.rows - round(self.rows - baseline) - rise, mask, colour)

    def draw_head(self, rect: Rect, part: Rect, shown: Shown, background: RGB | None, blend: Blend = "NONE") -> None:
        """Draw one head in `rect`, of which only `part` is touched. background: None for premultiplied alpha."""
        part = part.within(Rect(0, 0, self.width, self.height))
        if part.width and part.height:
            self._draw(rect, part, [shown], background, _BLENDS[blend])

    def draw_heads(self, rect: Rect, heads: list[tuple[Shown, Rect]]) -> None:
        """Draw heads that may hide each other, each with the part of `rect` that it may touch, where nothing is yet."""
        whole = Rect(0, 0, self.width, self.height)
        for part, group in touching([(shown, part.within(whole)) for shown, part in heads]):
            if part.width and part.height:
                self._draw(rect, part, group, None, c.ADD)

    def _draw(self, rect: Rect, part: Rect, heads: list[Shown], background: RGB | None, blend: int) -> None:
        """All heads share one depth; then each one's samples become pixels."""
        samples = self._samples.of(part)
        to_picture = _to_subsamples(rect, part)
        try:
            passes: list[Pass] = []
            first = 0
            for shown in heads:
                head: Drawable = shown.head
                passes.append(head.draw(samples, shown, to_picture, first, len(heads) == 1))
                first += passes[-1].planes
            drawn = c.Part(self._place, self._pitch, part.x, part.y, part.width, part.height)
            for place, (shown, done) in enumerate(zip(heads, passes, strict=True), start=1):
                shading = done.shading(shown, background, blend)
                self._library.shade(
                    samples.film, byref(done.surface), byref(shading), byref(drawn), place == len(heads)
                )
        except BaseException:
            self._samples = Samples()  # others would see what is left in them
            raise

    def rgba(self) -> NDArray[np.uint8]:
        """The picture (height, width, 4), first row on top; premultiplied alpha."""
        return self._pixels[: self.height, : self.width].copy()

    def nv12_into(self, planes: NDArray[np.uint8], changed: tuple[Rect, ...] | None = None) -> None:
        """Turn the picture into NV12 of row_width x rows in `planes`. changed: what may differ; None: anything."""
        for rect in (Rect(0, 0, self.row_width, self.rows),) if changed is None else changed:
            left, upper, right, lower = self._edges(rect, padded=True)
            box = (left & ~1, upper & ~1, min(self.row_width, right + 1 & ~1), lower + 1 & ~1)
            self._library.nv12(self._place, self._pitch, self.row_width, self.rows, *box, planes.ctypes.data)

    def begin_nv12(self, changed: tuple[Rect, ...]) -> None:
        """Turn the picture into NV12 for `fetch_nv12`. changed: what may differ from any earlier picture."""
        if self._planes is None:
            planes = np.empty(self.row_width * self.rows * 3 // 2, np.uint8)
            self.nv12_into(planes)
        else:
            planes = self._planes.copy()
            self.nv12_into(planes, changed)
        self._planes = planes
        self._begun.append(planes)

    def fetch_nv12(self, last: bool = False) -> Iterator[NDArray[np.uint8]]:
        """Bytes of the pictures that were begun, each an array of its own."""
        while self._begun:
            yield self._begun.pop(0)

    def _edges(self, rect: Rect, padded: bool = False) -> tuple[int, int, int, int]:
        """Left, upper, right and lower edge of what lies in the picture."""
        width, height = (self.row_width, self.rows) if padded else (self.width, self.height)
        left, upper = min(max(0, rect.x), width), min(max(0, rect.y), height)
        right, lower = min(width, rect.x + rect.width), min(height, rect.y + rect.height)
        return left, upper, max(left, right), max(upper, lower)


class Picture:
    """An image (H, W, 3) of 0..1, its first row first."""

    def __init__(self, rgb: NDArray[np.floating]) -> None:
        self.height, self.width = rgb.shape[:2]
        self.pixels = np.full((self.height, self.width, 4), 255, np.uint8)
        self.pixels[..., :3] = (255 * np.clip(rgb, 0, 1) + 0.5).astype(np.uint8)


def _to_subsamples(rect: Rect, part: Rect) -> NDArray[np.float64]:
    """(4, 4) from the clip space of `rect` to subsamples of `part`, y down."""
    pixel = 2 * c.SUBSAMPLES
    across, up = pixel * rect.width / 2, pixel * rect.height / 2
    left, upper = across + pixel * (rect.x - part.x), up + pixel * (rect.y - part.y)
    return np.array([(across, 0, 0, left), (0, -up, 0, upper), (0, 0, 1, 0), (0, 0, 0, 1)], np.float64)


def _floats(colour: RGBA) -> NDArray[Any]:
    return np.array(colour, np.float32)
