"""Which clip of one tree is the prediction of which clip of another."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ...errors import UsageError
from ..amounts import counted
from ..formats import find_sequences, read_sequence
from ..formats.labels import labels_of
from ..formats.naming import named_place
from ..sequence import Sequence

# Names that say what a file holds and not of which clip: the folder has the clip's name.
_GENERIC: Final = frozenset(("flame_params", "verts_seq", "vertices", "verts", "codes", "preds", "pred", "prediction"))
_ENDINGS: Final = re.compile(r"-AllInOne$|_(?:pred|prediction|mesh)$")
_CONDITION: Final = re.compile(r"(.+)_condition_(.+)")


@dataclass(frozen=True, slots=True)
class Pair:
    """A clip of the truth and its predictions, by the predictions' names.

    key : subset and sample, or the sample alone; no two pairs have the same
    """

    key: str
    subset: str
    truth: Path
    predictions: Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class Pairing:
    """Pairs in the order of the truth's paths, and sentences about clips that have no partner or too many.

    unclaimed : sentences about predictions without a truth
    """

    pairs: tuple[Pair, ...]
    remarks: tuple[str, ...]
    unclaimed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Clip:
    path: Path
    subset: str
    sample: str
    condition: str = ""

    @property
    def key(self) -> str:
        return f"{self.subset}/{self.sample}" if self.subset else self.sample


def named_predictions(arguments: Iterable[str]) -> dict[str, Path]:
    """Predictions by name: NAME=DIR, or the folder's own name. Raises UsageError for two of one name."""
    found: dict[str, Path] = {}
    for argument in arguments:
        name, equals, place = argument.partition("=")
        given = bool(equals) and not Path(argument).exists()
        if given and not place:
            raise UsageError(f"{argument}: names no folder; expected NAME=DIR.")
        path = Path(place if given else argument)
        name = name if given else named_place(path.resolve()).name.removesuffix(".tar")
        if not name or "/" in name:
            raise UsageError(f"{argument}: {name!r} is no name for a prediction; expected NAME=DIR, without slashes.")
        if name in found:
            raise UsageError(f"{argument}: {name} is the name of {found[name]} already; name them apart by NAME=DIR.")
        found[name] = path
    return found


def read_prediction(path: Path, fps: float | None) -> Sequence:
    """The clip at `path`. fps: the rate that the user says of its truth, which it has too unless its file says another.

    Raises SequenceError.
    """
    found = read_sequence(path)
    return found if fps is None or found.fps_source == "read" else read_sequence(path, fps)


def pair_clips(truth: Path, predictions: Mapping[str, Path]) -> Pairing:
    """Pairs of the clips in a tree, or of the one clip that `truth` is; see `pair_paths`."""
    paths = find_sequences(truth)
    if not paths:
        raise UsageError(f"{truth}: holds no talking-head sequence; name the folder of the truth.")
    return pair_paths(paths, truth, predictions)


def pair_paths(paths: Iterable[Path], truth: Path, predictions: Mapping[str, Path]) -> Pairing:
    """Pairs by subset and sample; where a tree has no subsets, by the sample alone. truth: the tree of `paths`.

    Two clips that are named themselves are partners whatever they are called.
    Raises UsageError where a tree is not there, or no prediction holds a partner.
    """
    remarks: list[str] = []
    unclaimed: list[str] = []
    truths = _unique([_named(path, truth) for path in paths], truth, remarks)
    partners: dict[str, dict[str, Path]] = defaultdict(dict)
    trees = {name: [_named(path, tree) for path in find_sequences(tree)] for name, tree in predictions.items()}
    empty = [
        f"{predictions[name]}: holds no talking-head sequence, so {name} is left out; name another folder."
        for name, clips in trees.items()
        if not clips
    ]
    if len(empty) == len(trees):
        raise UsageError(empty[0])
    remarks += empty
    for name, found in trees.items():
        tree = predictions[name]
        alone = len(truths) == 1 and [clip.path for clip in found] == [tree]
        taken = {next(iter(truths)): tree} if alone else _matched(truths, found, tree, remarks, unclaimed)
        for key, path in taken.items():
            partners[key][name] = path
        lacking = [key for key in truths if key not in taken]
        if lacking and found:
            remarks.append(f"{name}: {_listed(lacking, len(truths))} of the truth have no partner in {tree}.")
    pairs = [Pair(key, truths[key].subset, truths[key].path, partners[key]) for key in truths if partners[key]]
    if not pairs:
        raise UsageError(
            f"{', '.join(map(str, predictions.values()))}: no clip has the name of one in {truth}; "
            "expected the same <subset>/<sample>, or the same stems."
        )
    return Pairing(tuple(pairs), tuple(remarks), tuple(unclaimed))


def _named(path: Path, tree: Path) -> _Clip:
    place = named_place(path)
    name = _ENDINGS.sub("", place.name)
    if name in _GENERIC and path != tree:
        place, name = place.parent, place.parent.name
    condition = _CONDITION.fullmatch(name)
    sample, subject = condition.groups() if condition else (name, "")
    subset = labels_of(place, sample).get("subset", "")
    if not subset and place != tree and place.parent != tree:
        subset = place.parent.name
    return _Clip(path, subset, sample, subject)


def _unique(clips: Iterable[_Clip], tree: Path, remarks: list[str]) -> dict[str, _Clip]:
    """Clips by their keys; those that share one are told and left out, for which is meant is not known."""
    groups: dict[str, list[_Clip]] = defaultdict(list)
    for clip in clips:
        groups[clip.key].append(clip)
    for key, group in groups.items():
        if len(group) > 1:
            paths = " and ".join(str(clip.path) for clip in group[:2])
            remarks.append(f"{tree}: holds {len(group)} clips called {key} ({paths}), which are left out; rename them.")
    return {key: group[0] for key, group in groups.items() if len(group) == 1}


def _matched(
    truths: Mapping[str, _Clip], found: list[_Clip], tree: Path, remarks: list[str], unclaimed: list[str]
) -> dict[str, Path]:
    """The partner of each key in `truths`: of the same subset and sample, else of the same sample if there is one."""
    found = _of_own_subject(found, remarks)
    exact = _unique(found, tree, remarks)
    samples: dict[str, list[_Clip]] = defaultdict(list)
    for clip in exact.values():
        samples[clip.sample].append(clip)
    alike: dict[str, list[str]] = defaultdict(list)
    for key, clip in truths.items():
        alike[clip.sample].append(key)
    taken: dict[str, Path] = {}
    for key, clip in truths.items():
        if key in exact:
            taken[key] = exact[key].path
            continue
        others = samples[clip.sample]
        same_subset = not clip.subset or (len(others) == 1 and not others[0].subset) or _loose(clip, others)
        if len(others) == 1 and len(alike[clip.sample]) == 1 and same_subset:
            taken[key] = others[0].path
    left = [clip.key for clip in exact.values() if clip.path not in taken.values()]
    if left:
        unclaimed.append(f"{tree}: {_listed(left, len(exact))} have no truth.")
    return taken


def _loose(clip: _Clip, others: list[_Clip]) -> bool:
    """Whether the folders above two clips of one sample are just folders: neither is a data set's subset."""
    return len(others) == 1 and not any(re.fullmatch(r"V\d+-.+", name) for name in (clip.subset, others[0].subset))


def _of_own_subject(found: list[_Clip], remarks: list[str]) -> list[_Clip]:
    """Of predictions of one sentence in the manner of several speakers, the one of its own speaker."""
    groups: dict[str, list[_Clip]] = defaultdict(list)
    for clip in found:
        groups[clip.key].append(clip)
    kept: list[_Clip] = []
    left = 0
    for group in groups.values():
        own = [clip for clip in group if clip.condition and clip.sample.startswith(clip.condition)]
        alone = len(group) > 1 and len(own) == 1
        kept += own if alone else group
        left += len(group) - 1 if alone else 0
    if left:
        remarks.append(f"{counted(left, 'prediction')} in the manner of other speakers (_condition_) left out.")
    return kept


def _listed(keys: list[str], total: int) -> str:
    shown = ", ".join(keys[:3]) + (", ..." if len(keys) > 3 else "")
    return f"{len(keys):,} of {counted(total, 'clip')} ({shown})"
