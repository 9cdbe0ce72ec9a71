"""The table of an evaluation for papers and notes: Markdown and LaTeX, and the numbers as a script would print them."""

from __future__ import annotations

import math
from typing import Final

from .metrics import METRICS
from .presets import PRESETS
from .statistics import Interval
from .summary import Summary

_ARROWS: Final = {"low": "↓", "high": "↑", "zero": "→0", "none": ""}
_TEX_ARROWS: Final = {"low": r"$\downarrow$", "high": r"$\uparrow$", "zero": r"$\to 0$", "none": ""}
_TEX: Final = {letter: rf"\{letter}" for letter in "_%&#${}"} | {
    "²": r"$^2$",
    "°": r"$^\circ$",
    "–": "--",
    "-": "$-$",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
}


def shown_number(value: float, scale: float = 1.0) -> str:
    """Four figures; a dash for what is not there."""
    if not math.isfinite(value):
        return "–"
    value *= scale
    return f"{value:.4g}" if not value or 1e-3 <= abs(value) < 1e4 else f"{value:.3e}"


def best_of(summary: Summary, metric: str) -> str | None:
    """The prediction with the best mean, where there are several and the metric says what is good."""
    means = {name: summary.interval(name, metric).mean for name in summary.predictions}
    means = {name: value for name, value in means.items() if math.isfinite(value)}
    if len(means) < 2 or METRICS[metric].better == "none":
        return None
    badness = {name: METRICS[metric].badness(value) for name, value in means.items()}
    return min(badness, key=lambda name: badness[name]) if len(set(badness.values())) > 1 else None


def markdown(summary: Summary) -> str:
    """A row a metric, a column a prediction: the mean and its 95 % interval; the best one in bold."""
    names = summary.predictions
    lines = [
        f"| metric | unit | {' | '.join(name.replace('|', '/') for name in names)} |",
        f"|---|---|{'---|' * len(names)}",
    ]
    for metric in summary.measured():
        best = best_of(summary, metric)
        cells = [_cell(summary.interval(name, metric), metric, "**" if name == best else "") for name in names]
        arrow = _ARROWS[METRICS[metric].better]
        lines.append(f"| `{metric}` {arrow} | {METRICS[metric].shown_unit} | {' | '.join(cells)} |")
    clips = ", ".join(f"{name} {sum(key[0] == name for key in summary.values):,}" for name in names)
    lines += ["", f"Mean over clips and its 95 % interval (paired bootstrap). Clips: {clips}.", ""]
    lines += [f"- `{metric}`: {METRICS[metric].definition}." for metric in summary.measured()]
    return "\n".join(lines) + "\n"


def latex(summary: Summary) -> str:
    """A tabular for booktabs, a row a metric, a column a prediction; the best in bold, definitions as comments."""
    names = summary.predictions
    lines = [f"% {metric}: {METRICS[metric].definition}" for metric in summary.measured()]
    lines += [rf"\begin{{tabular}}{{ll{'r' * len(names)}}}", r"\toprule"]
    lines += [" & ".join(["Metric", "Unit", *map(_tex, names)]) + r" \\", r"\midrule"]
    for metric in summary.measured():
        entry, best = METRICS[metric], best_of(summary, metric)
        cells = [f"{_tex(metric)} {_TEX_ARROWS[entry.better]}", _tex(entry.shown_unit)]
        for name in names:
            number = _tex(shown_number(summary.interval(name, metric).mean, entry.shown_scale))
            cells.append(rf"\textbf{{{number}}}" if name == best else number)
        lines.append(" & ".join(cells) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def printed(summary: Summary, preset: str) -> dict[str, dict[str, float]]:
    """Prediction -> name in the published script -> the number that it prints; nan where it cannot be had."""
    return {
        name: {
            number.name: summary.interval(name, number.metric, number.over).mean * number.scale
            for number in PRESETS[preset].prints
        }
        for name in summary.predictions
    }


def _cell(interval: Interval, metric: str, mark: str) -> str:
    scale = METRICS[metric].shown_scale
    mean = shown_number(interval.mean, scale)
    if not math.isfinite(interval.low):
        return f"{mark}{mean}{mark}"
    return f"{mark}{mean}{mark} ({shown_number(interval.low, scale)} to {shown_number(interval.high, scale)})"


def _tex(text: str) -> str:
    return "".join(_TEX.get(letter, letter) for letter in text)
