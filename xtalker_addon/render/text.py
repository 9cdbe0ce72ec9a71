"""Text as masks of coverage, letter by letter: Blender's letters where Blender is, else Pillow's."""

from __future__ import annotations

import importlib
import importlib.util
import tempfile
from functools import cache, lru_cache
from math import ceil
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.files.png import read_png
from ..errors import MachineError

Mask = NDArray[np.uint8]

_MARGIN: Final = 4  # pixels left of the pen, for letters that lean back
_OVER, _UNDER = 1.2, 0.5  # heights of the letters, above the baseline and below it


def text_width(text: str, size: float) -> float:
    """Pixels, of letters `size` pixels high."""
    return _letters().width(text, size)


@lru_cache(256)
def text_mask(text: str, size: float) -> tuple[Mask, int, int]:
    """Coverage (h, w) of a line, and where in it the pen starts: columns from the left, rows from the top."""
    letters = _letters()
    mask = _blank(letters.width(text, size), size)
    for place, letter in enumerate(text):
        glyph = _glyph(letter, size)
        left = round(letters.width(text[:place], size))
        part = mask[:, left : left + glyph.shape[1]]
        np.maximum(part, glyph[:, : part.shape[1]], out=part)
    return mask, _MARGIN, _rise(size)


class _Letters(Protocol):
    def width(self, text: str, size: float) -> float:
        """From the start of the pen to where it ends."""
        ...

    def draw(self, letter: str, size: float) -> Mask:
        """One letter on what `_blank` gives for it."""
        ...


class _BlenderLetters:
    """Of Blender's module blf, which needs no graphics for this."""

    def __init__(self) -> None:
        importlib.import_module("bpy")  # without it there is no module `blf`
        self._blf: Any = importlib.import_module("blf")
        self._imbuf: Any = importlib.import_module("imbuf")

    def width(self, text: str, size: float) -> float:
        self._blf.size(0, size)
        return self._blf.dimensions(0, text)[0]

    def draw(self, letter: str, size: float) -> Mask:
        mask = _blank(self.width(letter, size), size)
        picture = self._imbuf.new(mask.shape[::-1])
        self._blf.size(0, size)
        self._blf.color(0, 1, 1, 1, 1)
        self._blf.position(0, _MARGIN, len(mask) - _rise(size), 0)
        with self._blf.bind_imbuf(0, picture):
            self._blf.draw_buffer(0, letter)
        with tempfile.TemporaryDirectory(prefix="xtalker-") as folder:  # 4.5 lends no pixels in memory
            path = Path(folder, "letter.png")
            self._imbuf.write(picture, filepath=str(path))
            return read_png(path)[..., 3]


class _PillowLetters:
    """Of the font that Pillow carries."""

    def __init__(self) -> None:
        self._fonts: Any = importlib.import_module("PIL.ImageFont")
        self._image: Any = importlib.import_module("PIL.Image")
        self._draw: Any = importlib.import_module("PIL.ImageDraw")

    def width(self, text: str, size: float) -> float:
        return self._font(size).getlength(text)

    def draw(self, letter: str, size: float) -> Mask:
        mask = _blank(self.width(letter, size), size)
        picture = self._image.new("L", mask.shape[::-1])
        place = (_MARGIN, _rise(size))
        self._draw.Draw(picture).text(place, letter, fill=255, font=self._font(size), anchor="ls")
        return np.asarray(picture)

    @lru_cache(16)  # noqa: B019  there is one of it in a process
    def _font(self, size: float) -> Any:
        return self._fonts.load_default(size)


@cache
def _letters() -> _Letters:
    if importlib.util.find_spec("bpy"):
        return _BlenderLetters()
    if importlib.util.find_spec("PIL"):
        return _PillowLetters()
    raise MachineError("This Python lacks Pillow, which writes on pictures; install it with `pip install Pillow`.")


@lru_cache(1024)
def _glyph(letter: str, size: float) -> Mask:
    return _letters().draw(letter, size)


def _blank(width: float, size: float) -> Mask:
    return np.zeros((_rise(size) + ceil(_UNDER * size), ceil(width) + 2 * _MARGIN + ceil(size)), np.uint8)


def _rise(size: float) -> int:
    return ceil(_OVER * size)
