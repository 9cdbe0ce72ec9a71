"""What is written on a review picture: labels, and the strip with name, time, jaw, sound level and waveform."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...core.sequence import Sequence
from ...core.speech.audio import read_mono
from ...core.timecode import timecode
from ...errors import AudioError
from ..drawing import RGBA, Canvas, Rect, Text
from ..text import text_width
from .error_marks import ErrorCurves, draw_legend
from .layouts import Layout, Panel

_INK: Final[RGBA] = (0.2, 0.22, 0.26, 1.0)
_STRIP: Final[RGBA] = (0.87, 0.87, 0.86, 1.0)
_WAVE: Final[RGBA] = (0.62, 0.63, 0.65, 1.0)
_PLAYED: Final[RGBA] = (0.80, 0.38, 0.16, 1.0)
_FULL_JAW: Final = 25.0  # degrees; the meter's end
_BAR: Final = 5.0  # length of a meter, in heights of its text
_LEAST_OF_NAME: Final = 8  # letters
_QUIET: Final = -50.0  # decibels below full scale; the meter's start


class Overlay:
    """Writes on a canvas with a layout. Made once a clip; `first` and `last` are the array indices that are shown.

    errors, scale_mm : of predictions, per array index in millimetres, and where the colours of their distance end
    """

    def __init__(
        self,
        canvas: Canvas,
        layout: Layout,
        sequence: Sequence,
        first: int,
        last: int,
        errors: Mapping[str, NDArray[np.float64]] | None = None,
        scale_mm: float = 0.0,
    ) -> None:
        self._canvas, self._layout, self._sequence = canvas, layout, sequence
        self._first, self._last = first, last
        self._wave: Any = None
        self._level: NDArray[np.floating] | None = None
        self.warnings: list[str] = []
        shown = {name: curve[first : last + 1] for name, curve in (errors or {}).items()}
        self._errors, self._scale_mm = ErrorCurves(shown) if shown else None, scale_mm
        if layout.strip and sequence.audio is not None:
            try:
                self._hear(*read_mono(sequence.audio))
            except AudioError as error:
                self.warnings.append(str(error))

    def _hear(self, samples: NDArray[np.float32], rate: int) -> None:
        """Waveform of the shown range, and decibels of each frame."""
        fps, count = self._sequence.fps, self._last - self._first + 1
        start, length = round(self._first / fps * rate), max(1, round(count / fps * rate))
        heard = np.zeros(length, np.float32)
        part = samples[start : start + length]
        heard[: len(part)] = part
        edges = np.linspace(0, length, count + 1).astype(int)
        power = np.add.reduceat(np.append(heard.astype(np.float64) ** 2, 0.0), edges[:-1]) / np.maximum(
            1, np.diff(edges)
        )
        self._level = 10 * np.log10(power + 1e-12)
        assert self._layout.strip
        columns = np.linspace(0, length, _wave_rect(self._layout.strip).width // 2 + 1).astype(int)[:-1]
        peak = np.maximum.reduceat(np.abs(heard), columns)
        self._wave = self._canvas.flat(_bars(peak / max(float(peak.max()), 0.02)))

    def draw(self, index: int) -> None:
        """Write on the picture of array index `index`."""
        canvas = self._canvas
        text = [_draw_label(canvas, panel) for panel in self._layout.panels if panel.label]
        if self._layout.legend:
            text += draw_legend(canvas, self._layout.legend, self._scale_mm)
        if self._layout.strip:
            text += self._draw_strip(canvas, self._layout.strip, index)
        if text:
            canvas.write(text)

    def _draw_strip(self, canvas: Canvas, strip: Rect, index: int) -> list[Text]:
        canvas.fill(strip, _STRIP)
        wave = _wave_rect(strip)
        played = (index - self._first + 0.5) / (self._last - self._first + 1)
        if self._wave is not None:
            canvas.shape(self._wave, wave, _WAVE)
            canvas.shape(self._wave, wave, _PLAYED, played)
        if self._errors:
            self._errors.draw(canvas, wave)
        canvas.fill(Rect(wave.x + round(played * wave.width), wave.y, max(1, strip.height // 50), wave.height), _INK)
        size = strip.height / 5.2
        line = strip.y + 0.36 * strip.height
        meters = [] if self._errors else self._meters(index)
        left, right = strip.x + 0.7 * size, strip.x + strip.width - 0.7 * size
        room = right - left - sum(_meter_width(label, size) for label, _ in meters)
        place = f"frame {index}   {timecode(index, self._sequence.fps)}"
        name = _fitting(self._sequence.name, place, size, room)
        if name is None:  # who and when matters more than how wide and how loud
            meters = []
            name = _fitting(self._sequence.name, place, size, right - left) or place
        text = [(left, line, size, _INK, name)]
        for label, value in reversed(meters):
            bar = Rect(round(right - _BAR * size), round(line - 0.62 * size), round(_BAR * size), round(0.5 * size))
            canvas.fill(bar, _WAVE)
            filled = round(bar.width * min(1.0, max(0.0, value)))
            if filled:
                canvas.fill(Rect(bar.x, bar.y, filled, bar.height), _PLAYED)
            text.append((bar.x - 0.5 * size - text_width(label, size), line, size, _INK, label))
            right -= _meter_width(label, size)
        if self._errors:
            text += _readings(self._errors.readings(index - self._first), right, line, size, text_width(name, size))
        return text

    def _meters(self, index: int) -> list[tuple[str, float]]:
        """What is metered, each from 0 to 1 and beyond."""
        meters: list[tuple[str, float]] = []
        if self._sequence.jaw is not None:
            meters.append(("jaw", float(np.degrees(np.linalg.norm(self._sequence.jaw[index]))) / _FULL_JAW))
        if self._level is not None:
            meters.append(("sound", 1 - self._level[index - self._first] / _QUIET))
        return meters


def _readings(readings: list[tuple[str, RGBA]], right: float, line: float, size: float, taken: float) -> list[Text]:
    """The errors from the right edge to the left, as many as the name and the time leave room for."""
    text: list[Text] = []
    room = right - taken - 1.5 * size
    for words, colour in reversed(readings):
        width = text_width(words, size)
        if width > room:
            break
        text.append((right - width, line, size, colour, words))
        right, room = right - width - 1.2 * size, room - width - 1.2 * size
    return text


def _draw_label(canvas: Canvas, panel: Panel) -> Text:
    """A plate for a panel's label, which is legible on every background, and what is to be written on it."""
    size = max(10, panel.rect.height / 32)
    left, top = panel.rect.x + round(0.6 * size), panel.rect.y + round(0.6 * size)
    canvas.fill(Rect(left, top, round(text_width(panel.label, size) + size), round(1.8 * size)), _STRIP)
    return left + 0.5 * size, top + 1.25 * size, size, _INK, panel.label


def _meter_width(label: str, size: float) -> float:
    return (_BAR + 1.5) * size + text_width(label, size)


def _fitting(name: str, place: str, size: float, room: float) -> str | None:
    """The longest line of a name, with its middle left out where it is too long, and a place; None if there is none."""
    for kept in range(len(name), min(len(name), _LEAST_OF_NAME) - 1, -1):
        shown = name if kept == len(name) else f"{name[: kept - kept // 2]}…{name[len(name) - kept // 2 :]}"
        if text_width(line := f"{shown}   {place}", size) <= room:
            return line
    return None


def _wave_rect(strip: Rect) -> Rect:
    margin = round(0.13 * strip.height)
    return Rect(
        strip.x + margin, strip.y + round(0.48 * strip.height), strip.width - 2 * margin, round(0.44 * strip.height)
    )


def _bars(heights: NDArray[np.floating]) -> NDArray[np.float32]:
    """Upright bars (n,) of 0..1 about the middle line, as triangles in clip coordinates."""
    count = len(heights)
    left = np.linspace(-1, 1, count, endpoint=False)
    right = left + 1.2 / count
    half = np.maximum(heights, 0.03)
    corners = [(left, -half), (right, -half), (right, half), (left, -half), (right, half), (left, half)]
    return np.stack([np.stack(corner, -1) for corner in corners], axis=1).reshape(-1, 2).astype(np.float32)
