"""Plots as inline SVG, and the style of the pages they stand on: no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

import numpy as np
from numpy.typing import NDArray

# Told apart by most eyes, on light and on dark.
SERIES: Final = ("#4673a8", "#d9822b", "#4f9e6a", "#b8538f", "#8a6d3b", "#6a5fb5", "#3a9aa5", "#c8443c")

_LETTERS: Final = 16  # that fit before a row of a box plot
STYLE: Final = """
:root { color-scheme: light dark; --ink: #1d2329; --soft: #66707a; --line: #dfe3e8; --card: #fff; --page: #f5f6f8;
  --box: #4673a8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaed; --soft: #9aa4ae; --line: #333a42; --card: #1e2328; --page: #15181c; --box: #7ba7d9; }
}
body { margin: 0 auto; max-width: 1120px; padding: 28px 24px 60px; background: var(--page); color: var(--ink);
  font: 14px/1.45 system-ui, sans-serif; }
h1 { font-size: 24px; margin: 0 0 2px; }
h2 { font-size: 16px; margin: 34px 0 10px; }
p.lead { color: var(--soft); margin: 0 0 18px; }
table { border-collapse: collapse; width: 100%; background: var(--card); border-radius: 8px; overflow: hidden; }
th, td { padding: 7px 12px; text-align: right; border-top: 1px solid var(--line); font-variant-numeric: tabular-nums; }
th { font-weight: 600; color: var(--soft); border-top: 0; font-size: 12px; }
th:first-child, td:first-child { text-align: left; }
td.zero { color: var(--soft); opacity: .55; }
.dot { display: inline-block; width: 9px; height: 9px; border-radius: 50%; margin-right: 8px; }
.bar { display: flex; height: 10px; border-radius: 5px; overflow: hidden; min-width: 170px; }
.bar span { display: block; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(330px, 1fr)); gap: 14px; }
figure, details { background: var(--card); border-radius: 8px; margin: 0 0 8px; padding: 10px 14px 8px; }
figcaption { font-weight: 600; }
figcaption span { color: var(--soft); font-weight: 400; }
svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--soft); font: 11px system-ui, sans-serif; }
summary { cursor: pointer; }
details li { margin: 3px 0; }
code { font-size: 12.5px; }
"""


def box_plot(rows: Mapping[str, NDArray[np.float64]], colours: Sequence[str] = ("var(--box)",)) -> str:
    """A row a key: its middle half, its median, 1 to 99 %, and the values beyond.

    Of a key only what stands before a tab is shown. colours: of the rows, in turn
    """
    left, right, pitch = 96.0, 330.0, 20.0
    every = np.concatenate(list(rows.values()))
    low, high = float(every.min()), float(every.max())
    margin = 0.04 * (high - low) or max(abs(high) * 0.1, 0.5)
    low, high = low - margin, high + margin

    def x(value: float) -> float:
        return left + (right - left) * (value - low) / (high - low)

    bottom = pitch * len(rows) + 6
    parts = [f"<svg viewBox='0 0 340 {bottom + 18:.0f}' role=img>"]
    for tick in ticks(low, high):
        parts.append(f"<line x1={x(tick):.1f} x2={x(tick):.1f} y1=2 y2={bottom:.0f} stroke='var(--line)'/>")
        parts.append(f"<text x={x(tick):.1f} y={bottom + 13:.0f} text-anchor=middle>{tick:g}</text>")
    for row, (name, values) in enumerate(rows.items()):
        y, colour = pitch * row + 13, colours[row % len(colours)]
        label = name.partition("\t")[0]
        label = label if len(label) <= _LETTERS else f"{label[: _LETTERS - 1]}…"
        least, first, middle, third, most = (x(q) for q in np.quantile(values, (0.01, 0.25, 0.5, 0.75, 0.99)))
        outside = values[(values < np.quantile(values, 0.01)) | (values > np.quantile(values, 0.99))]
        # Dots on the same tenth of a pixel are one dot: a page stays small however many sequences there are.
        dots = "".join(
            f"<circle cx={at:.1f} cy={y} r=1.3 fill='{colour}' opacity=.55 />"
            for at in sorted({round(x(v), 1) for v in outside.tolist()})
        )
        parts += [
            f"<text x={left - 8} y={y + 4} text-anchor=end>{escape(label)}</text>",
            f"<line x1={least:.1f} x2={most:.1f} y1={y} y2={y} stroke='{colour}' stroke-width=1.2 />",
            f"<rect x={first:.1f} y={y - 5} width={max(third - first, 0.8):.1f} height=10 rx=2 fill='{colour}' "
            "opacity=.42 />",
            f"<line x1={middle:.1f} x2={middle:.1f} y1={y - 6} y2={y + 6} stroke='{colour}' stroke-width=2 />",
            dots,
        ]
    return "".join(parts) + "</svg>"


def ticks(low: float, high: float) -> list[float]:
    """Three to six round numbers within a range."""
    rough = (high - low) / 4
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first = int(np.ceil(low / step))
    return [round(index * step, 10) for index in range(first, int(np.floor(high / step)) + 1)]


def line_plot(
    lines: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
    unit: str,
    colours: Sequence[str] = SERIES,
    size: tuple[int, int] = (680, 200),
    mark: float | None = None,
) -> str:
    """Curves (x in seconds, y from 0), each with its name as a tooltip. mark: a moment to point out."""
    width, height = size
    left, right, top, bottom = 44.0, width - 8.0, 8.0, height - 22.0
    lines = {name: (x, y) for name, (x, y) in lines.items() if x.size}
    if not lines:
        return ""
    last = max(float(x[-1]) for x, _ in lines.values()) or 1.0
    most = 1.05 * max(float(y.max()) for _, y in lines.values()) or 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        return left + (right - left) * x / last, bottom - (bottom - top) * y / most

    parts = [f"<svg viewBox='0 0 {width} {height}' role=img>"]
    for tick in ticks(0, most):
        y = place(0, tick)[1]
        parts.append(f"<line x1={left} x2={right} y1={y:.1f} y2={y:.1f} stroke='var(--line)'/>")
        parts.append(f"<text x={left - 6} y={y + 4:.1f} text-anchor=end>{tick:g}</text>")
    for tick in ticks(0, last):
        parts.append(f"<text x={place(tick, 0)[0]:.1f} y={height - 6} text-anchor=middle>{tick:g} s</text>")
    parts.append(f"<text x={left + 4} y={top + 8}>{escape(unit)}</text>")
    if mark is not None:
        x = place(mark, 0)[0]
        parts.append(f"<line x1={x:.1f} x2={x:.1f} y1={top} y2={bottom} stroke='var(--soft)' stroke-dasharray='3 3'/>")
    for index, (name, (x, y)) in enumerate(lines.items()):
        points = " ".join("{:.1f},{:.1f}".format(*place(*at)) for at in zip(*_thinned(x, y), strict=True))
        parts.append(
            f"<polyline points='{points}' fill=none stroke='{colours[index % len(colours)]}' stroke-width=1.4 "
            f"stroke-linejoin=round><title>{escape(name)}</title></polyline>"
        )
    return "".join(parts) + "</svg>"


def _thinned(x: NDArray[np.float64], y: NDArray[np.float64], most: int = 600) -> tuple[list[float], list[float]]:
    """At most some `most` points that keep the peaks: of each stretch the highest."""
    step = -(-len(x) // most)
    if step == 1:
        return x.tolist(), y.tolist()
    starts = range(0, len(x), step)
    best = [start + int(np.argmax(y[start : start + step])) for start in starts]
    return x[best].tolist(), y[best].tolist()
