"""What a batch will take: counts, time and space, before anything is rendered."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from math import prod
from pathlib import Path
from statistics import median
from typing import Final

from .console import clock
from .plan import Task
from .record import read_record, record_path, settings_key

_SAMPLES: Final = 200
# Where nothing was rendered here before: seconds a frame, and bytes a pixel of a frame, on an ordinary machine.
_SECONDS: Final = {"review": 0.012, "workbench": 0.06, "eevee": 0.3, "cycles": 0.3}
_BYTES_PER_PIXEL: Final = {"h264": 0.015, "prores": 0.4, "ffv1": 0.3, "png": 0.6, "exr": 1.2}


def describe_plan(tasks: Sequence[Task], output: Path, processes: int) -> Iterator[str]:
    """Lines for people: how many sequences of each subset, hours, frames, time and disk. Empty plans are one line."""
    if not tasks:
        yield "0 sequences in this part."
        return
    subsets = Counter(task.labels["subset"] or "(no subset)" for task in tasks)
    width = max(len(name) for name in subsets)
    for name, count in sorted(subsets.items()):
        seconds = sum(task.seconds for task in tasks if (task.labels["subset"] or "(no subset)") == name)
        yield f"{name:{width}}  {count:7,} sequences  {seconds / 3600:8.2f} h"
    frames = sum(task.frames_to_render for task in tasks)
    hours = sum(task.seconds for task in tasks) / 3600
    there = sum(task.output.exists() for task in tasks)
    yield f"{len(tasks):,} sequences, {hours:.2f} hours, {frames:,} frames; {there:,} are there already"
    unreadable = sum(not task.frames for task in tasks)
    if unreadable:
        yield f"{unreadable:,} sequences of unknown length: their headers cannot be read"
    taken, size, samples = _rates(tasks)
    basis = f"as {samples} sequences here took" if samples else "a guess, until some were rendered here"
    yield f"about {clock(taken / processes)} with {processes} at a time, {size / 1e9:.2f} GB ({basis})"
    free = shutil.disk_usage(next(folder for folder in (output, *output.absolute().parents) if folder.exists())).free
    if free < size:
        yield f"warning: {output} has only {free / 1e9:.2f} GB free"


def _rates(tasks: Sequence[Task]) -> tuple[float, float, int]:
    """Seconds and bytes for all tasks, and on how many earlier records they rest."""
    records = (read_record(record_path(task.output, task.settings.output)) for task in tasks if task.output.exists())
    settings = settings_key(tasks[0].settings)
    fitting = (record for record in records if record and record.video and record.settings == settings)
    known = list(islice(fitting, _SAMPLES))
    frames = sum(task.frames_to_render for task in tasks)
    if known:
        seconds = median(sum(record.timings.values()) / record.frames for record in known)
        size = median(record.video["bytes"] / record.frames for record in known)
        return frames * seconds, frames * size, len(known)
    guess = sum(task.frames_to_render * _SECONDS[task.settings.engine] for task in tasks)
    size = sum(
        task.frames_to_render * prod(task.settings.size) * _BYTES_PER_PIXEL[task.settings.output] for task in tasks
    )
    return guess, size, 0
