"""Which sequences are rendered, and where each video goes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..core.formats import find_sequences
from ..errors import UsageError
from ..render.settings import RenderSettings

_SUBSET = re.compile(r"V\d+-\w+")


@dataclass(frozen=True, slots=True)
class Task:
    """One sequence and its video. `name` is subset/sequence, which is also where the video lies below the output."""

    name: str
    source: Path
    output: Path


@dataclass(frozen=True, slots=True)
class Plan:
    """What a batch is to do. model: None for the default head."""

    tasks: tuple[Task, ...]
    output: Path
    model: Path | None
    settings: RenderSettings
    overwrite: bool = False


def plan_tasks(inputs: Iterable[Path], output: Path, shard: tuple[int, int] = (1, 1)) -> tuple[Task, ...]:
    """The tasks of the sequences at or below `inputs`, in order of their names.

    shard : (I, N) keeps every N-th task from the I-th on; the shards 1/N to N/N share no task and leave none out.
    Raises UsageError where an input is missing, holds no sequence, or two sequences would share a video.
    """
    tasks: dict[Path, Task] = {}
    for root in inputs:
        sources = find_sequences(root) if root.is_dir() else [root]
        if not sources:
            raise UsageError(f"{root}: holds no talking-head sequence; name a sequence or a folder above some.")
        for source in sources:
            name = _name(source, root)
            tasks.setdefault(source.resolve(), Task(name, source, output / f"{name}.mp4"))
    ordered = sorted(tasks.values(), key=lambda task: task.name)
    repeated = [name for name, count in Counter(task.name for task in ordered).items() if count > 1]
    if repeated:
        owners = " and ".join(str(task.source) for task in ordered if task.name == repeated[0])
        raise UsageError(f"{owners} would both be rendered to {repeated[0]}.mp4; render them to different outputs.")
    first, count = shard
    return tuple(ordered[first - 1 :: count])


def _name(source: Path, root: Path) -> str:
    """subset/sequence: the path below the input; a subset's name for a sequence right in it."""
    own = source.name if source.is_dir() else source.stem
    parents = source.parent.relative_to(root).parts if source != root else ()
    if not parents and _SUBSET.fullmatch(source.resolve().parent.name):
        parents = (source.resolve().parent.name,)
    return "/".join((*parents, own))
