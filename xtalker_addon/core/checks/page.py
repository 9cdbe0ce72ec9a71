"""The summary of a check as one HTML page with its plots: no script, nothing fetched."""

from __future__ import annotations

from html import escape
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..amounts import clock, counted
from .finding import KINDS, MEASURES
from .summary import Subset, Summary

# Measures worth a plot: their title and their unit.
_PLOTS: Final = {
    "seconds": ("Length", "s"),
    "drift_frames": ("Sound longer than motion", "frames"),
    "lag_frames": ("Lips late", "frames"),
    "lip_correlation": ("Lips follow sound", "correlation"),
    "expression_sigma": ("Largest expression", "sigma"),
    "jaw_sigma": ("Largest jaw", "sigma"),
    "identity_jitter": ("Identity wobble", "sigma"),
    "cuts": ("Joints between clips", "a sequence"),
    "camera_scale": ("Camera scale", ""),
    "light_energy": ("Light", "white = 1"),
    "loudness_db": ("Loudness", "dB"),
    "envelope_difference": ("Envelope against sound", "relative"),
}
_PALETTE: Final = {"fault": "#c8443c", "warning": "#d99a1c", "note": "#6f8fb5", "clean": "#5c9a68"}
_STYLE: Final = """
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


def summary_page(summary: Summary) -> str:
    """HTML: severities and kinds of findings by subset, plots of the measures, and examples."""
    faults = summary.count("fault")
    lead = (
        f"{counted(summary.sequences, 'sequence')}, {clock(summary.seconds)} of motion: {faults:,} with faults, "
        f"{summary.count('warning'):,} with warnings, {summary.count('note') + summary.count('clean'):,} in order"
    )
    subsets = dict(sorted(summary.subsets.items()))
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>Data check</title>",
        f"<meta name=viewport content='width=device-width'><style>{_STYLE}</style>",
        f"<h1>Data check</h1><p class=lead>{lead}.</p>",
        _subset_table(subsets),
        "<h2>What was found, in sequences</h2>",
        _kind_table(summary, subsets),
        "<h2>Measures</h2><p class=lead>Line: 1 to 99 % of the sequences. Box: the middle half. Stroke: the median. "
        "Dots: the rest.</p>",
        f"<div class=plots>{''.join(_figure(name, subsets) for name in _PLOTS)}</div>",
        "<h2>Examples</h2>",
        *(_examples(kind, summary) for kind in summary.kinds()),
    ]
    return "".join(parts)


def _subset_table(subsets: dict[str, Subset]) -> str:
    rows = "".join(
        f"<tr><td>{escape(name)}<td>{subset.sequences:,}<td>{clock(subset.seconds)}"
        f"<td>{subset.severities['fault']:,}<td>{subset.severities['warning']:,}<td>{_bar(subset)}"
        for name, subset in subsets.items()
    )
    return f"<table><tr><th>Subset<th>Sequences<th>Length<th>Faults<th>Warnings<th>Share{rows}</table>"


def _bar(subset: Subset) -> str:
    shares = ((colour, 100 * subset.severities[severity] / subset.sequences) for severity, colour in _PALETTE.items())
    spans = "".join(f"<span style='width:{share:.2f}%;background:{colour}'></span>" for colour, share in shares)
    return f"<div class=bar>{spans}</div>"


def _kind_table(summary: Summary, subsets: dict[str, Subset]) -> str:
    head = "".join(f"<th>{escape(name)}" for name in subsets)
    rows = ""
    for kind in summary.kinds():
        severity, title = KINDS[kind]
        counts = "".join(
            f"<td{' class=zero' if not subset.kinds[kind] else ''}>{subset.kinds[kind]:,}"
            for subset in subsets.values()
        )
        rows += f"<tr><td>{_dot(severity)}{escape(title)}{counts}"
    return f"<table><tr><th>Finding{head}{rows}</table>" if rows else "<p class=lead>Nothing.</p>"


def _dot(severity: str) -> str:
    return f"<span class=dot style='background:{_PALETTE[severity]}' title={severity}></span>"


def _figure(name: str, subsets: dict[str, Subset]) -> str:
    """A box plot with a row a subset."""
    rows = {subset: np.asarray(found.measures[name], np.float64) for subset, found in subsets.items()}
    rows = {subset: values for subset, values in rows.items() if values.size}
    if not rows:
        return ""
    title, unit = _PLOTS[name]
    caption = f"<figcaption title='{escape(MEASURES[name])}'>{title} <span>{unit}</span></figcaption>"
    return f"<figure>{caption}{_box_plot(rows)}</figure>"


def _box_plot(rows: dict[str, NDArray[np.float64]]) -> str:
    left, right, pitch = 96.0, 330.0, 20.0
    every = np.concatenate(list(rows.values()))
    low, high = float(every.min()), float(every.max())
    margin = 0.04 * (high - low) or max(abs(high) * 0.1, 0.5)
    low, high = low - margin, high + margin

    def x(value: float) -> float:
        return left + (right - left) * (value - low) / (high - low)

    bottom = pitch * len(rows) + 6
    parts = [f"<svg viewBox='0 0 340 {bottom + 18:.0f}' role=img>"]
    for tick in _ticks(low, high):
        parts.append(f"<line x1={x(tick):.1f} x2={x(tick):.1f} y1=2 y2={bottom:.0f} stroke='var(--line)'/>")
        parts.append(f"<text x={x(tick):.1f} y={bottom + 13:.0f} text-anchor=middle>{tick:g}</text>")
    for row, (subset, values) in enumerate(rows.items()):
        y = pitch * row + 13
        least, first, middle, third, most = (x(q) for q in np.quantile(values, (0.01, 0.25, 0.5, 0.75, 0.99)))
        outside = values[(values < np.quantile(values, 0.01)) | (values > np.quantile(values, 0.99))]
        # Dots on the same tenth of a pixel are one dot: a page stays small however many sequences there are.
        dots = "".join(
            f"<circle cx={at:.1f} cy={y} r=1.3 fill='var(--box)' opacity=.55 />"
            for at in sorted({round(x(v), 1) for v in outside.tolist()})
        )
        parts += [
            f"<text x={left - 8} y={y + 4} text-anchor=end>{escape(subset)}</text>",
            f"<line x1={least:.1f} x2={most:.1f} y1={y} y2={y} stroke='var(--box)' stroke-width=1.2 />",
            f"<rect x={first:.1f} y={y - 5} width={max(third - first, 0.8):.1f} height=10 rx=2 fill='var(--box)' "
            "opacity=.42 />",
            f"<line x1={middle:.1f} x2={middle:.1f} y1={y - 6} y2={y + 6} stroke='var(--box)' stroke-width=2 />",
            dots,
        ]
    return "".join(parts) + "</svg>"


def _ticks(low: float, high: float) -> list[float]:
    """Three to six round numbers within a range."""
    rough = (high - low) / 4
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first = int(np.ceil(low / step))
    return [round(index * step, 10) for index in range(first, int(np.floor(high / step)) + 1)]


def _examples(kind: str, summary: Summary) -> str:
    severity, title = KINDS[kind]
    found = summary.examples[kind]
    total = counted(sum(subset.kinds[kind] for subset in summary.subsets.values()), "sequence")
    items = "".join(f"<li><code>{escape(name)}</code> {escape(finding.text)}" for name, finding in found)
    return f"<details><summary>{_dot(severity)}{escape(title)}: {total}</summary><ul>{items}</ul></details>"
