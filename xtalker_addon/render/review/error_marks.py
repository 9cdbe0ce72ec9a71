"""How far predictions are off, written on a review picture: the legend of the colours, and curves on the strip."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...core.distance_colours import colour_scale
from ..drawing import RGBA, Canvas, Rect, Text
from ..text import text_width

# Of the predictions' curves, in turn; told apart by most eyes on the strip's light grey.
CURVES: Final[tuple[RGBA, ...]] = (
    (0.10, 0.33, 0.66, 1.0),
    (0.60, 0.10, 0.45, 1.0),
    (0.05, 0.45, 0.35, 1.0),
    (0.45, 0.33, 0.10, 1.0),
)
_PLATE: Final[RGBA] = (0.13, 0.13, 0.14, 0.85)
_INK: Final[RGBA] = (0.95, 0.95, 0.95, 1.0)
_BANDS: Final = 64  # of the legend's colours


class ErrorCurves:
    """The error of each prediction over the shown frames.

    errors : name -> (frames,) millimetres
    """

    def __init__(self, errors: Mapping[str, NDArray[np.float64]]) -> None:
        self._errors = dict(errors)
        self._most = max((float(curve.max()) for curve in errors.values()), default=0.0) or 1.0
        self._shapes: list[Any] = []

    def draw(self, canvas: Canvas, rect: Rect) -> None:
        """Draw the curves into `rect`; its top is the largest error of all."""
        if not self._shapes:
            pixel = 2 / rect.height
            self._shapes = [canvas.flat(_ribbon(curve / self._most, pixel)) for curve in self._errors.values()]
        for index, shape in enumerate(self._shapes):
            canvas.shape(shape, rect, CURVES[index % len(CURVES)])

    def readings(self, place: int) -> list[tuple[str, RGBA]]:
        """'name 3.2 mm' for the `place`-th frame, each in its curve's colour."""
        return [
            (f"{name} {curve[place]:.1f} mm", CURVES[index % len(CURVES)])
            for index, (name, curve) in enumerate(self._errors.items())
        ]


def draw_legend(canvas: Canvas, rect: Rect, scale_mm: float) -> list[Text]:
    """The scale of colours at the right edge of a panel, on a plate of its own, and what is to be written beside it."""
    size = max(10.0, rect.height / 36)
    height, width = round(0.42 * rect.height), round(0.9 * size)
    right, lower = rect.x + rect.width - round(0.8 * size), rect.y + rect.height - round(0.8 * size)
    labels = {share: f"{share * scale_mm:.4g} mm" for share in (0.0, 0.5, 1.0)}
    across = round(2.6 * size + max(text_width(label, size) for label in labels.values()))
    plate = Rect(right - across, lower - height - round(2 * size), across, height + round(2 * size))
    canvas.fill(plate, _PLATE)
    left, top = plate.x + round(0.6 * size), plate.y + round(size)
    edges = np.linspace(0, height, _BANDS + 1).round().astype(int)
    scale = colour_scale()
    for band, (start, end) in enumerate(pairwise(edges.tolist())):
        red, green, blue = scale[round((1 - (band + 0.5) / _BANDS) * (len(scale) - 1))].tolist()
        canvas.fill(Rect(left, top + start, width, end - start), (red, green, blue, 1.0))
    return [
        (left + width + 0.5 * size, top + (1 - share) * height + 0.35 * size, size, _INK, label)
        for share, label in labels.items()
    ]


def _ribbon(heights: NDArray[np.float64], pixel: float, thickness: float = 2.2) -> NDArray[np.float32]:
    """A line through (n,) heights of 0..1, `thickness` pixels high where it is level; clip y points down."""
    x = np.linspace(-1, 1, len(heights) + 1)
    x = (x[:-1] + x[1:]) / 2 if len(heights) > 1 else np.array([-1.0, 1.0])
    y = 1 - thickness * pixel - np.repeat(heights, 2 if len(heights) == 1 else 1) * (2 - 3 * thickness * pixel)
    # A steep piece gets as much more height as keeps its width.
    slope = np.abs(np.gradient(y)) if len(y) > 1 else np.zeros_like(y)
    half = 0.5 * thickness * pixel + 0.5 * slope
    low, high = np.stack([x, y - half], -1), np.stack([x, y + half], -1)
    quads = np.stack([low[:-1], low[1:], high[1:], low[:-1], high[1:], high[:-1]], axis=1)
    return quads.reshape(-1, 2).astype(np.float32)
