"""An evaluation as one HTML page with its plots: no script, nothing fetched."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import Final

import numpy as np

from ..amounts import counted
from ..plots import SERIES, STYLE, box_plot, line_plot
from .metrics import METRICS
from .presets import PRESETS
from .records import Record
from .statistics import SMALLEST_P, Interval
from .summary import OVER_TIME, Summary, shown_curve
from .tables import best_of, printed, shown_number

_OWN_STYLE: Final = """
td.best { font-weight: 650; }
td small, .legend { color: var(--soft); }
td small { display: block; font-size: 11.5px; white-space: nowrap; }
td.chance { color: var(--soft); }
.wide { overflow-x: auto; border-radius: 8px; }
.legend { margin: 0 0 10px; }
.legend i { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin: 0 6px 0 14px; }
.legend i:first-child { margin-left: 0; }
td.words, th.words { text-align: left; }
ul.remarks { color: var(--soft); padding-left: 20px; }
.plots.big { grid-template-columns: repeat(auto-fill, minmax(420px, 1fr)); }
h3 { font-size: 13px; margin: 18px 0 6px; }
"""
_BY_GROUP: Final = ("lve_max", "mve", "mod")
_REMARKS: Final = 40


def evaluation_page(summary: Summary, settings: Mapping[str, str], preset: str | None) -> str:
    """HTML: means with intervals, differences between models, distributions, curves over time, groups, worst clips."""
    names = summary.predictions
    colours = {name: SERIES[index % len(SERIES)] for index, name in enumerate(names)}
    measured = summary.measured()
    frames = sum(summary.frames.values())
    amounts = (
        counted(len(summary.frames), "clip"),
        f"{counted(frames, 'frame')} compared",
        counted(len(names), "prediction"),
    )
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>Evaluation</title>",
        f"<meta name=viewport content='width=device-width'><style>{STYLE}{_OWN_STYLE}</style>",
        f"<h1>Evaluation</h1><p class=lead>{', '.join(amounts)}.</p>",
        _legend(colours),
        _printed(summary, preset) if preset else "",
        "<h2>Means</h2><p class=lead>Over clips (over frames where marked), with the 95 % interval of the bootstrap "
        "over clips. An arrow says which way is better; the best is bold.</p>",
        _means(summary, measured),
    ]
    if len(names) > 1:
        parts += [
            "<h2>Differences</h2><p class=lead>First minus second on the clips that both have, with the interval of "
            "the paired bootstrap. Grey: no more than chance.</p>",
            _differences(summary, measured),
        ]
    parts += [
        "<h2>Distributions</h2><p class=lead>Line: 1 to 99 % of the clips. Box: the middle half. Stroke: the median. "
        "Dots: the rest.</p>",
        f"<div class=plots>{''.join(_distribution(summary, metric, colours) for metric in measured)}</div>",
        "<h2>Over time</h2>",
        _over_time(summary, colours),
        *(_by_label(summary, label, colours) for label in ("subset", "emotion")),
        "<h2>Worst clips</h2><p class=lead>By the mean of the curve; the stroke marks the worst frame.</p>",
        *(_worst(summary, name, colours[name]) for name in names),
        "<h2>What was measured</h2>",
        _definitions(measured),
        "<h2>How</h2>",
        _settings(settings),
        _remarks(summary),
    ]
    return "".join(parts)


def _legend(colours: Mapping[str, str]) -> str:
    entries = "".join(f"<i style='background:{colour}'></i>{escape(name)}" for name, colour in colours.items())
    return f"<p class=legend>{entries}</p>"


def _arrow(metric: str) -> str:
    return {"low": " ↓", "high": " ↑", "zero": " → 0", "none": ""}[METRICS[metric].better]


def _heading(metric: str) -> str:
    entry = METRICS[metric]
    over = " <small>mean over frames</small>" if entry.over == "frames" else ""
    return f"<code title='{escape(entry.definition, quote=True)}'>{metric}</code>{_arrow(metric)}{over}"


def _printed(summary: Summary, preset: str) -> str:
    numbers = PRESETS[preset].prints
    values = printed(summary, preset)
    head = "".join(f"<th>{escape(n.name)} <small>{escape(n.unit)}</small>" for n in numbers)
    rows = "".join(
        f"<tr><td>{escape(name)}" + "".join(f"<td>{shown_number(values[name][n.name])}" for n in numbers)
        for name in summary.predictions
    )
    names = "".join(f"<td><code>{n.metric}</code>" for n in numbers)
    return (
        f"<h2>As {escape(preset)} prints them</h2><p class=lead>{escape(PRESETS[preset].note)}.</p>"
        f"<div class=wide><table><tr><th>Prediction{head}{rows}<tr><td class=zero>here called{names}</table></div>"
    )


def _means(summary: Summary, measured: list[str]) -> str:
    head = "".join(f"<th>{escape(name)}" for name in summary.predictions)
    rows = ""
    for metric in measured:
        best = best_of(summary, metric)
        cells = "".join(
            f"<td{' class=best' if name == best else ''}>{_interval(summary.interval(name, metric), metric)}"
            for name in summary.predictions
        )
        rows += (
            f"<tr><td title='{escape(METRICS[metric].title)}'>{_heading(metric)}<td>{METRICS[metric].shown_unit}{cells}"
        )
    return f"<div class=wide><table><tr><th>Metric<th>Unit{head}{rows}</table></div>"


def _interval(found: Interval, metric: str) -> str:
    scale = METRICS[metric].shown_scale
    mean = shown_number(found.mean, scale)
    if not math.isfinite(found.low):
        return mean
    return f"{mean}<small>{shown_number(found.low, scale)} to {shown_number(found.high, scale)}</small>"


def _differences(summary: Summary, measured: list[str]) -> str:
    found = {metric: summary.differences(metric) for metric in measured}
    pairs = list(dict.fromkeys(pair for differences in found.values() for pair in differences))
    head = "".join(f"<th>{escape(first)} − {escape(second)}" for first, second in pairs)
    rows = ""
    for metric, differences in found.items():
        scale = METRICS[metric].shown_scale
        rows += f"<tr><td>{_heading(metric)}<td>{METRICS[metric].shown_unit}"
        for pair in pairs:
            difference = differences.get(pair)
            if difference is None:
                rows += "<td class=chance>–"
                continue
            low, high = (shown_number(value, scale) for value in (difference.low, difference.high))
            chance = "" if difference.beyond_chance else " class=chance"
            p = f"p {_p(difference.p)}, " if math.isfinite(difference.p) else ""
            rows += f"<td{chance}>{shown_number(difference.mean, scale)}<small>{p}{low} to {high}</small>"
    return f"<div class=wide><table><tr><th>Metric<th>Unit{head}{rows}</table></div>"


def _p(value: float) -> str:
    return f"{'≤' if value <= SMALLEST_P else '='} {value:.2g}"


def _distribution(summary: Summary, metric: str, colours: Mapping[str, str]) -> str:
    columns = {name: summary.column(name, metric) for name in summary.predictions}
    scale = METRICS[metric].shown_scale
    rows = {name: column[np.isfinite(column)] * scale for name, column in columns.items()}
    return _boxes(metric, {name: values for name, values in rows.items() if values.size}, colours)


def _boxes(
    metric: str, rows: Mapping[str, np.ndarray[tuple[int], np.dtype[np.float64]]], colours: Mapping[str, str]
) -> str:
    if not rows:
        return ""
    caption = f"<figcaption title='{escape(METRICS[metric].definition, quote=True)}'>{METRICS[metric].title} "
    plot = box_plot(rows, [colours[name.rpartition("\t")[2]] for name in rows])
    return f"<figure>{caption}<span>{METRICS[metric].shown_unit}{_arrow(metric)}</span></figcaption>{plot}</figure>"


def _over_time(summary: Summary, colours: Mapping[str, str]) -> str:
    lines = {
        name: (seconds, 1e3 * means)
        for name in summary.predictions
        for seconds, means in (summary.over_time[name].points(),)
        if seconds.size
    }
    if not lines:
        return "<p class=lead>Nothing could be compared.</p>"
    what = "largest distance over the lips" if "lve_max" in summary.measured() else "mean distance over the face"
    plot = line_plot(lines, "mm", [colours[name] for name in lines], (1080, 240))
    caption = f"<figcaption>Mean {what} <span>mm, as far as a tenth of the clips last</span></figcaption>"
    return f"<figure>{caption}{plot}</figure>"


def _by_label(summary: Summary, label: str, colours: Mapping[str, str]) -> str:
    figures = ""
    for metric in _BY_GROUP:
        scale = METRICS[metric].shown_scale
        # Rows of a group are told apart by the prediction's colour.
        rows = {
            f"{group if index == 0 else ''}\t{group}\t{name}": values * scale
            for group, found in summary.groups(label, metric).items()
            for index, (name, values) in enumerate(found.items())
        }
        figures += _boxes(metric, rows, colours) if len(rows) > 1 else ""
    return f"<h2>By {label}</h2>{_legend(colours)}<div class=plots>{figures}</div>" if figures else ""


def _worst(summary: Summary, name: str, colour: str) -> str:
    figures = "".join(_worst_clip(record, colour) for record in summary.worst(name))
    return f"<h3>{escape(name)}</h3><div class='plots big'>{figures}</div>" if figures else ""


def _worst_clip(record: Record, colour: str) -> str:
    assert record.comparison is not None
    curve = 1e3 * shown_curve(record.comparison.curves)
    frame = int(np.argmax(curve))
    seconds = np.arange(len(curve)) / record.comparison.fps
    what = "lips, largest" if OVER_TIME in record.comparison.curves else "face, mean"
    caption = (
        f"<figcaption>{escape(record.key)} <span>{what}: {curve.mean():.3g} mm, at most {curve[frame]:.3g} mm in frame "
        f"{frame}</span></figcaption>"
    )
    plot = line_plot({record.key: (seconds, curve)}, "mm", [colour], (520, 150), float(seconds[frame]))
    return f"<figure>{caption}{plot}</figure>"


def _definitions(measured: list[str]) -> str:
    rows = "".join(
        f"<tr><td><code>{name}</code><td>{METRICS[name].unit}<td class=words>{escape(METRICS[name].definition)}"
        f"<td class=words>{escape(METRICS[name].used_by)}"
        for name in measured
    )
    head = "<tr><th>Key in the files<th>Unit<th class=words>Definition<th class=words>Who calls it what"
    return f"<table>{head}{rows}</table>"


def _settings(settings: Mapping[str, str]) -> str:
    rows = "".join(f"<tr><td>{escape(name)}<td class=words>{escape(text)}" for name, text in settings.items())
    return f"<table>{rows}</table>"


def _remarks(summary: Summary) -> str:
    warnings = [text if times == 1 else f"{text} ({times} times)" for text, times in summary.warnings.most_common()]
    remarks = [*summary.problems, *warnings]
    if not remarks:
        return ""
    more = f"<li>and {len(remarks) - _REMARKS:,} more, in metrics.json" if len(remarks) > _REMARKS else ""
    items = "".join(f"<li>{escape(text)}" for text in remarks[:_REMARKS])
    return f"<h2>Remarks</h2><ul class=remarks>{items}{more}</ul>"
