"""The summary of a check as one HTML page with its plots: no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

import numpy as np

from ..amounts import clock, counted, left_out_groups
from ..plots import STYLE, box_plot
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
        f"<meta name=viewport content='width=device-width'><style>{STYLE}</style>",
        f"<h1>Data check</h1><p class=lead>{lead}.</p>",
        _subset_table(subsets),
        "<h2>What was found, in sequences</h2>",
        _kind_table(summary, subsets),
        "<h2>Measures</h2><p class=lead>Line: 1 to 99 % of the sequences. Box: the middle half. Stroke: the median. "
        "Dots: the rest.</p>",
        f"<div class=plots>{''.join(_figure(name, subsets) for name in _PLOTS)}</div>",
        "<h2>Examples</h2>",
        *(_examples(kind, summary) for kind in summary.kinds()),
        *_left_out(summary),
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
    return f"<figure>{caption}{box_plot(rows)}</figure>"


def _examples(kind: str, summary: Summary) -> str:
    severity, title = KINDS[kind]
    found = summary.examples[kind]
    total = counted(sum(subset.kinds[kind] for subset in summary.subsets.values()), "sequence")
    items = "".join(f"<li><code>{escape(name)}</code> {escape(finding.text)}" for name, finding in found)
    return f"<details><summary>{_dot(severity)}{escape(title)}: {total}</summary><ul>{items}</ul></details>"


def _left_out(summary: Summary) -> Iterator[str]:
    """What is in the files and not in the heads, with the reasons."""
    if not summary.left_out:
        return
    yield "<h2>Left out of the files</h2><table><tr><th>Keys<th>Sequences"
    for (reason, count), keys in left_out_groups(summary.left_out).items():
        named = ", ".join(f"<code>{escape(key)}</code>" for key in keys)
        yield f"<tr><td>{named}: {escape(reason)}<td>{count:,}"
    yield "</table>"
