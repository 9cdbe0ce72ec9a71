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

from ..core.amounts import clock, counted, disk_space
from ..render.settings import RenderSettings
from .make import Job, settled
from .plan import Task
from .record import read_record, record_path, settings_key

_SAMPLES: Final = 200
_DIGITS: Final = 7  # of the column of numbers
# Where nothing was rendered here before, on an ordinary machine: seconds a frame of 512 x 512 pixels, in Cycles with a
# sample in each; and bytes a pixel of a frame.
_SECONDS: Final = {"review": 0.004, "workbench": 0.06, "eevee": 0.3, "cycles": 0.075}
_BYTES_PER_PIXEL: Final = {"h264": 0.015, "prores": 0.4, "ffv1": 0.3, "png": 0.6, "exr": 1.2}


def describe_plan(tasks: Sequence[Task], job: Job, processes: int) -> Iterator[str]:
    """Lines for people: how many sequences of each subset, their length, and the time and disk that the rest takes.

    Empty plans are one line.
    """
    if not tasks:
        yield "0 sequences in this part."
        return
    subsets = Counter(task.labels["subset"] or "(no subset)" for task in tasks)
    width = max(len(name) for name in subsets)
    for name, count in sorted(subsets.items()):
        seconds = sum(task.seconds for task in tasks if (task.labels["subset"] or "(no subset)") == name)
        yield f"{name:{width}}  {counted(count, 'sequence', _DIGITS)}  {clock(seconds):>10}"
    earlier = {task.name: outcome.status for task in tasks if (outcome := settled(task, job))}
    statuses = Counter(earlier.values())
    frames, seconds = sum(task.frames_to_render for task in tasks), sum(task.seconds for task in tasks)
    there = statuses["skipped"]
    total = f"{counted(len(tasks), 'sequence')}, {clock(seconds)}, {counted(frames, 'frame')}"
    yield f"{total}; {there:,} {'is' if there == 1 else 'are'} there already"
    if statuses["quarantined"]:
        yield f"{statuses['quarantined']:,} failed before and will be left out (--only failed tries again)"
    unreadable = sum(not task.frames for task in tasks)
    if unreadable:
        yield f"{counted(unreadable, 'sequence')} of unknown length: headers cannot be read"
    left = [task for task in tasks if task.name not in earlier]
    yield from _what_it_takes(left, tasks, job.output, processes) if left else ["nothing is left to render"]


def _what_it_takes(left: Sequence[Task], tasks: Sequence[Task], output: Path, processes: int) -> Iterator[str]:
    taken, size, samples = _rates(left, tasks)
    basis = f"as {counted(samples, 'sequence')} here took" if samples else "a guess, until some were rendered here"
    frames = sum(task.frames_to_render for task in left)
    amount = f"{clock(max(1, taken / processes))} with {processes} at a time, {disk_space(size)}"
    yield f"{len(left):,} to render, {counted(frames, 'frame')}: about {amount} ({basis})"
    free = shutil.disk_usage(next(folder for folder in (output, *output.parents) if folder.exists())).free
    if free < size:
        yield f"warning: {output} has only {disk_space(free)} free"


def _guessed_seconds(settings: RenderSettings) -> float:
    """Of a frame."""
    samples = settings.samples if settings.engine == "cycles" else 1
    return _SECONDS[settings.engine] * samples * prod(settings.size) / 512**2


def _rates(left: Sequence[Task], tasks: Sequence[Task]) -> tuple[float, float, int]:
    """Seconds and bytes for the tasks that are left, and on how many earlier records of the tasks they rest."""
    records = (read_record(record_path(task.output, task.settings.output)) for task in tasks if task.output.exists())
    settings = settings_key(left[0].settings)
    fitting = (record for record in records if record and record.video and record.settings == settings)
    known = list(islice(fitting, _SAMPLES))
    frames = sum(task.frames_to_render for task in left)
    if known:
        seconds = median(sum(record.timings.values()) / record.frames for record in known)
        size = median(record.video["bytes"] / record.frames for record in known)
        return frames * seconds, frames * size, len(known)
    guess = sum(task.frames_to_render * _guessed_seconds(task.settings) for task in left)
    size = sum(
        task.frames_to_render * prod(task.settings.size) * _BYTES_PER_PIXEL[task.settings.output] for task in left
    )
    return guess, size, 0
