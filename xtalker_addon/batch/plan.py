"""Which sequences are rendered, with which settings, and where each video or folder of pictures goes."""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from ..core.dataset import LABELS, Clip, Dataset, index_tree
from ..core.evaluation.pairing import pair_paths
from ..core.files import storage
from ..core.formats import refusal_of_folder
from ..core.formats.arkit import is_take
from ..core.formats.naming import named_place
from ..errors import UsageError
from ..render.refusals import refuse_contradictions
from ..render.settings import VIDEO_SUFFIXES, RenderSettings
from .manifest import SUFFIXES, read_manifest

_NAMED: Final = 12  # names that a sentence holds


@dataclass(frozen=True, slots=True)
class Task:
    """One sequence and its video, or folder of pictures: `output`. Its place is `name`, which is subset/sequence.

    frames, fps : as the clip's header tells, 0 frames where it could not be read
    labels      : subset, subject, emotion
    predictions : by name, what models made of the same clip; shown by the layout versus
    truth       : a tree that has the sound of the clip, which is a prediction
    """

    name: str
    source: Path
    output: Path
    settings: RenderSettings
    frames: int = 0
    fps: float = 25.0
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    predictions: Mapping[str, Path] = field(default_factory=dict[str, Path])
    truth: Path | None = None

    @property
    def sources(self) -> tuple[Path, ...]:
        """The clip and its predictions."""
        return (self.source, *self.predictions.values())

    @property
    def seconds(self) -> float:
        """How long the whole clip is."""
        return self.frames / self.fps

    @property
    def frames_to_render(self) -> int:
        """How many frames the video will have."""
        first, last = self.settings.frames or (0, self.frames - 1)
        return max(0, min(last, self.frames - 1) - first + 1)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of the sequences are wanted.

    labels  : of subset, subject and emotion, patterns of which one must fit; none for all
    match   : patterns of names; one without * or ? is looked for anywhere in the name
    limit   : at most so many, the first in order of their names
    shard   : (I, N): every N-th from the I-th on. The parts 1/N to N/N share no sequence and leave none out
    names   : nothing but these; None for all. Applied after the shard, so that it may differ from part to part
    """

    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    match: tuple[str, ...] = ()
    min_seconds: float | None = None
    max_seconds: float | None = None
    limit: int | None = None
    shard: tuple[int, int] = (1, 1)
    names: frozenset[str] | None = None

    def filters(self) -> dict[str, Callable[[Task], bool]]:
        """What each filter lets through, by the options it was given with; limit, shard and names are none."""
        filters: dict[str, Callable[[Task], bool]] = {}
        for label, patterns in self.labels.items():
            if patterns:
                filters[_given(f"--{label}", *patterns)] = partial(_is_labelled, label, patterns)
        if self.match:
            filters[_given("--match", *self.match)] = lambda task: any(
                _matches(task.name, pattern) for pattern in self.match
            )
        if (shortest := self.min_seconds) is not None:
            filters[_given("--min-seconds", f"{shortest:g}")] = lambda task: task.seconds >= shortest
        if (longest := self.max_seconds) is not None:
            filters[_given("--max-seconds", f"{longest:g}")] = lambda task: task.seconds <= longest
        return filters


def _is_labelled(label: str, patterns: tuple[str, ...], task: Task) -> bool:
    name = task.labels.get(label, "").casefold()
    return any(fnmatchcase(name, pattern.casefold()) for pattern in patterns)


def _given(option: str, *values: str) -> str:
    return " ".join(f"{option} {value}" for value in values)


def _matches(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) if any(sign in pattern for sign in "*?[") else pattern in name


def plan_tasks(
    inputs: Iterable[Path],
    output: Path,
    settings: RenderSettings,
    selection: Selection | None = None,
    database: Path | None = None,
) -> tuple[Task, ...]:
    """The tasks of the sequences that `inputs` name, longest first so that none keeps a whole batch waiting at the end.

    inputs   : sequences, folders above some, patterns with * or **, or manifests
    database : where the index of the folders is kept (see `core.dataset`)

    Raises UsageError where an input is missing or holds no sequence, settings or lengths contradict each other, two
    sequences would share an output, or the filters leave none. A shard may be empty, and so may what `names` leave of
    it.
    """
    selection = selection or Selection()
    shortest, longest = selection.min_seconds, selection.max_seconds
    if shortest is not None and longest is not None and shortest > longest:
        raise UsageError(f"--min-seconds {shortest:g} is more than --max-seconds {longest:g}; turn them round.")
    inputs = tuple(inputs)
    tasks = _unrepeated(inputs, output, settings, database)
    _refuse_shared_outputs(tasks)
    filters = selection.filters()
    passing = (task for task in tasks if all(wants(task) for wants in filters.values()))
    wanted = sorted(passing, key=lambda task: task.name)
    if not wanted:
        raise UsageError(_why_none(inputs, tasks, filters))
    ordered = sorted(wanted[: selection.limit], key=lambda task: (-task.frames_to_render, task.name))
    first, count = selection.shard
    names = selection.names
    return tuple(task for task in ordered[first - 1 :: count] if names is None or task.name in names)


def with_predictions(
    tasks: tuple[Task, ...], truth: Path, predictions: Mapping[str, Path]
) -> tuple[tuple[Task, ...], tuple[str, ...]]:
    """The tasks of clips that have a prediction, with it, and sentences about clips that have none.

    truth : the tree that the tasks are from. Raises UsageError where a prediction's tree is not there or none fits.
    """
    pairing = pair_paths([task.source for task in tasks], truth, predictions)
    partners = {
        pair.truth: {name: path.absolute() for name, path in pair.predictions.items()} for pair in pairing.pairs
    }
    paired = tuple(replace(task, predictions=partners[task.source]) for task in tasks if task.source in partners)
    return paired, pairing.remarks


def _why_none(inputs: Sequence[Path], tasks: Sequence[Task], filters: Mapping[str, Callable[[Task], bool]]) -> str:
    """Which filter leaves nothing, and what there would be. Of a manifest without rows, that it has none."""
    where = " and ".join(map(str, inputs))
    if not tasks:
        return f"{where}: lists no sequence; expected a row for each below the column names."
    alone = next((given for given, wants in filters.items() if not any(map(wants, tasks))), None)
    if alone is None:
        return f"no sequence of {where} matches {' and '.join(filters)} together; leave one out."
    option = alone.split()[0].removeprefix("--")
    if option in LABELS:
        there = _some({task.labels.get(option) or f"(no {option})" for task in tasks})
    elif alone.startswith("--match"):
        there = _some({task.name for task in tasks})
    else:
        lengths = [task.seconds for task in tasks]
        there = f"sequences of {min(lengths):g} to {max(lengths):g} seconds"
    return f"no sequence of {where} matches {alone}; there are: {there}."


def _some(names: Collection[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(sorted(names)[:_NAMED]) + more


def _unrepeated(inputs: Iterable[Path], output: Path, settings: RenderSettings, database: Path | None) -> list[Task]:
    """What the inputs name, each sequence once, though several lead to it; a manifest may list it in several ways."""
    found: dict[Path, list[Task]] = {}
    for path in inputs:
        own: dict[Path, list[Task]] = {}
        listed = _is_manifest(path)
        for task in _tasks_of(path, output, settings, database):
            ways = own.setdefault(task.source, [])
            if not ways or (listed and task not in ways):
                ways.append(task)
        found = own | found
    return [task for ways in found.values() for task in ways]


def _is_manifest(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file() and not is_take(path)


def _tasks_of(path: Path, output: Path, settings: RenderSettings, database: Path | None) -> Iterator[Task]:
    if _is_manifest(path):
        for row in read_manifest(path):
            own = replace(settings, **row.settings)
            with _told_where(row.where):
                refuse_contradictions(own)
                tasks = list(_clips_at(row.path, output, own, None))
            for task in tasks:
                name = row.name or task.name
                labels = {**task.labels, **row.labels}
                yield replace(task, name=name, output=_place(output, name, own), labels=labels)
        return
    refuse_contradictions(settings)
    found = [path] if path.exists() or not glob.has_magic(str(path)) else _expand(path)
    for place in found:
        yield from _clips_at(place, output, settings, database)


def _expand(pattern: Path) -> list[Path]:
    found = sorted(Path(path) for path in glob.glob(str(pattern), recursive=True))  # noqa: PTH207  pathlib takes no absolute ones
    if not found:
        raise UsageError(f"{pattern}: fits no file or folder; name a sequence, a folder above some, or a pattern.")
    return found


def _clips_at(place: Path, output: Path, settings: RenderSettings, database: Path | None) -> Iterator[Task]:
    """The tasks at or below one path. A path that is not there may be a clip without its suffix: reading it tells."""
    if not storage.exists(place):
        if place.is_symlink() or not any(place.parent.glob(f"{glob.escape(place.name)}*")):  # a link leads nowhere
            raise UsageError(f"{place}: does not exist; expected a sequence, or a folder above some.")
        name = place.name
        yield Task(name, place.absolute(), _place(output, name, settings), settings, labels={"subset": ""})
        return
    dataset = index_tree(place, None if storage.is_file(place) and not storage.folder_of(place) else database)
    if not dataset.clips:
        raise UsageError(str(refusal_of_folder(place)))
    for clip in dataset.clips:
        name = name_of(clip, dataset)
        labels = {"subset": str(PurePosixPath(name).parent).strip("."), **clip.labels}
        source = dataset.root if clip.path == "." else dataset.root / clip.path
        yield Task(
            name, source, _place(output, name, settings), settings, clip.frames, settings.fps or clip.fps, labels
        )


def name_of(clip: Clip, dataset: Dataset) -> str:
    """subset/sequence: the path below the input; a subset's name for a sequence right in it."""
    subset = clip.labels.get("subset", "")
    own = PurePosixPath(named_place(dataset.root).name) if clip.path == "." else named_place(PurePosixPath(clip.path))
    return str(own if len(own.parts) > 1 or not subset else PurePosixPath(subset, own))


@contextmanager
def _told_where(where: str) -> Generator[None]:
    """Begin what goes wrong within with the line that asks for it."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None


def _place(output: Path, name: str, settings: RenderSettings) -> Path:
    return output / _file_name(name, settings)


def _file_name(name: str, settings: RenderSettings) -> str:
    return f"{name}{VIDEO_SUFFIXES.get(settings.output, '')}"


def _refuse_shared_outputs(tasks: Iterable[Task]) -> None:
    tasks = list(tasks)
    counts = Counter(task.name for task in tasks)
    repeated = [task for task in tasks if counts[task.name] > 1]
    if repeated:
        owners = " and ".join(str(task.source) for task in repeated if task.name == repeated[0].name)
        shared = _file_name(repeated[0].name, repeated[0].settings)
        raise UsageError(f"{owners} would both be rendered to {shared}; give them different names or outputs.")
    # Nothing may lie in the folder of another's pictures.
    folders = {task.output: task for task in tasks if task.settings.output not in VIDEO_SUFFIXES}
    for task in tasks if folders else ():
        owner = next((folders[folder] for folder in task.output.parents if folder in folders), None)
        if owner:
            raise UsageError(
                f"{task.source} would be rendered into the folder of {owner.source}'s pictures; render them to "
                "different outputs."
            )
