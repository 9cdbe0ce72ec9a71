"""A clip under construction of ARKit's units by name, however a file holds them.

They become codes of XTalker's own head, whose columns they are; jawOpen turns its jaw, the looks turn its eyes, or the
eyes' own angles where there are some.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import SequenceError
from ..amounts import counted
from ..arkit import names
from ..arkit.units import own_units
from .draft import Draft
from .naming import named_place, sound_of
from .unit_table import Timing, between, doubt_of, seconds_in, timing

Floats = NDArray[np.float64]
Columns = Mapping[str, Floats]

LIVE_LINK_FPS: Final = 60.0
_FEWEST: Final = 8  # names of units by which a file is told
# What tells the time is called so, but for case and signs: the seconds that it counts.
_CLOCKS: Final[Mapping[str, float]] = {
    **dict.fromkeys(("timecode", "time", "times", "timesec", "timeseconds", "seconds", "timestamp", "timestamps"), 1.0),
    **dict.fromkeys(("timestampms", "timems", "milliseconds"), 1e-3),
}
_COUNTERS: Final = ("frame", "frameindex", "framenumber", "frameid")
_PERCENT, _MOST, _LEAST = 10.0, 2.0, -1.0  # of units; recorders write up to 1.1
_DEGREES: Final = 1.7  # above it angles are no radians of a head or an eye
_SHOWN: Final = 4
_WIDE: Final = 40  # characters of a cell that a sentence shows


def tells(spellings: Iterable[str]) -> bool:
    """Whether so many units are among these names that a file is a face's."""
    found = {names.known(spelling) for spelling in spellings}
    return len(found & set(names.NAMES)) >= _FEWEST


def refuse_few(spellings: Iterable[str], path: Path) -> None:
    """Raise SequenceError for names that are too few for a face."""
    found = {names.known(spelling) for spelling in spellings} & set(names.NAMES)
    if len(found) < _FEWEST:
        some = "only " + str(len(found)) if found else "none"
        raise SequenceError(
            f"{path}: has {some} of ARKit's 52 units; expected them as columns, {_FEWEST} at least, such as JawOpen "
            "and EyeBlinkLeft."
        )


def start(path: Path) -> Draft:
    """A draft of the clip in a file of units, with its sound."""
    draft = Draft(named_place(path).name, path, fps=LIVE_LINK_FPS)
    draft.audio = sound_of(path)
    return draft


def clock_in(spellings: Iterable[str]) -> str | None:
    """The name of what tells the time, or else of what counts frames."""
    there = list(spellings)
    return next((name for known in (_CLOCKS, _COUNTERS) for name in there if _plain(name) in known), None)


def _plain(name: str) -> str:
    return re.sub("[^a-z]", "", name.lower())


def read_times(draft: Draft, texts: Sequence[str], clock: str | None, what: str = "row") -> Timing:
    """Where rows lie by the text of what tells their time, called `clock`; the draft's rate and remarks of it.

    what : to call a row, which counts from 1, or a frame, which counts from 0
    """
    count, path = len(texts), draft.source
    if clock is None:
        return timing(None, count, path)
    seconds = seconds_in(texts)
    odd: list[int] = np.flatnonzero(np.isnan(seconds)).tolist()
    most = 2 * len(odd) > count
    when = timing(None if most else between(seconds) * _CLOCKS.get(_plain(clock), 1.0), count, path)
    draft.warnings += when.remarks
    if odd:
        evenly = "frames of one rate" if most else "evenly between their neighbours"
        draft.warnings.append(
            f"{path}: {len(odd)} of {count} {what}s of its {clock} tell no time ({what} {odd[0] + (what == 'row')} is "
            f"{texts[odd[0]].strip()[:_WIDE]!r}); they are taken as {evenly}."
        )
    draft.used.add(clock)
    if draft.fps_source != "assumed":  # a rate beside the times counts more
        return when
    if when.rate is not None:
        draft.settle_fps(when.rate, "read")
        doubt = doubt_of(texts, when.rate)
        draft.doubt = f"{path}: its {clock} {doubt}." if doubt else ""
    elif count > 1:
        draft.doubt = (
            f"{path}: its {clock} tells no rate; {draft.fps:g} frames a second are assumed. --fps sets others."
        )
    return when


def fill(draft: Draft, columns: Columns, keys: Iterable[str], is_table: bool = False) -> None:
    """Give the draft the face of `columns` (T,) by the names that the file spells, and account for all its `keys`."""
    path, found = draft.source, dict[str, Floats]()
    for spelling, values in columns.items():
        name = names.known(spelling)
        if name in found:
            draft.leave_out([spelling], f"{name} is there already")
        elif name:
            found[name] = values
            draft.used.add(spelling)
    units = {name: found[name] for name in names.NAMES if name in found}
    if not units:
        raise SequenceError(f"{path}: has none of ARKit's units; expected columns such as JawOpen and EyeBlinkLeft.")
    units = _checked(draft, units)
    missing = [names.live_link(name) for name in names.NAMES if name not in units]
    if missing:
        shown = ", ".join(missing[:_SHOWN]) + (", ..." if len(missing) > _SHOWN else "")
        draft.warnings.append(f"{path}: lacks {len(missing)} of ARKit's 52 units ({shown}); {_stay(missing)}.")
    own, frames = own_units(), len(next(iter(units.values())))
    draft.add("expression", own.codes(units, frames), str(path))
    draft.column_names = own.column_names
    if names.JAW_OPEN in units:
        draft.add("jaw", units[names.JAW_OPEN][:, None] * [own.jaw_open, 0.0, 0.0], str(path))
    _add_turns(draft, {name: found[name] for name in names.ANGLES if name in found}, units, is_table)
    draft.leave_out(key for key in keys if key not in draft.used)


def _stay(missing: list[str]) -> str:
    return "it stays 0" if len(missing) == 1 else "they stay 0"


def _checked(draft: Draft, units: Columns) -> Columns:
    """The units as shares of the whole. Raises SequenceError where they are none."""
    high, low = (float(end(values)) for end, values in ((np.max, list(units.values())), (np.min, list(units.values()))))
    if high > _PERCENT and low >= 100 * _LEAST and high <= 100 * _MOST:
        draft.warnings.append(f"{draft.source}: its units reach {high:g} and are taken as percents.")
        return {name: values / 100 for name, values in units.items()}
    if not (low >= _LEAST and high <= _MOST):
        name = max(units, key=lambda name: float(np.abs(units[name]).max()))
        raise SequenceError(
            f"{draft.source}: {name} goes from {units[name].min():g} to {units[name].max():g}; expected ARKit's units, "
            "from 0 to 1; divide percents by 100."
        )
    return units


def _add_turns(draft: Draft, angles: Columns, units: Columns, is_table: bool) -> None:
    """The turns of head and eyes: angles where they are there and move, else the looks."""
    if angles and max(float(np.abs(values).max()) for values in angles.values()) > _DEGREES:
        draft.warnings.append(f"{draft.source}: its angles are too large for radians and are taken as degrees.")
        angles = {name: np.radians(values) for name, values in angles.items()}
    frames, where = draft.frames, str(draft.source)
    expected = names.ANGLES if angles else names.ANGLES[:3] if is_table else ()
    missing = [name for name in expected if name not in angles]
    if missing:
        draft.warnings.append(f"{where}: lacks {', '.join(map(names.live_link, missing))}; {_stay(missing)}.")
    still = np.zeros(frames)
    head, *eyes = (
        np.stack([angles.get(f"{part}{angle}", still) for angle in ("Yaw", "Pitch", "Roll")], axis=1)
        for part in ("head", "leftEye", "rightEye")
    )
    if head.any():
        draft.add("global_rotation", names.head_turn(head), where)
    looks = [name for name in names.LOOKS if name in units]
    if np.any(eyes):
        draft.leave_out([names.live_link(name) for name in looks], "the angles of the eyes were taken")
    elif looks:
        sides = ((side, side == "Left") for side in ("Left", "Right"))
        eyes = [
            names.angles_of_looks(
                np.stack([units.get(f"eyeLook{way}{side}", still) for way in ("Down", "In", "Out", "Up")], axis=1), left
            )
            for side, left in sides
        ]
    if looks or np.any(eyes):
        draft.add("eyes", np.concatenate([names.eye_turn(eye) for eye in eyes], axis=1), where)


def fill_even(
    draft: Draft,
    columns: Mapping[str, Any],
    keys: Iterable[str],
    times: Sequence[str] = (),
    clock: str | None = None,
    lost: Sequence[int] = (),
) -> None:
    """`fill` for columns that must be in order: a number a frame, equally long, finite where there is a face.

    times : the text of what tells the time of each frame, called `clock`, if there is such
    lost  : the frames without a face
    """
    for name, column in columns.items():
        if np.ndim(column) != 1:
            told = "one number" if np.ndim(column) == 0 else f"of shape {np.shape(column)}"
            raise SequenceError(f"{draft.source}, {name}: is {told}; expected a list of a number a frame.")
    lengths = Counter(len(values) for values in columns.values())
    if len(lengths) != 1 or 0 in lengths:
        usual = lengths.most_common(1)[0][0] if lengths else 0
        name = next((name for name, values in columns.items() if len(values) != usual), "none")
        told = (
            f"{name} has {counted(len(columns[name]), 'frame')} and most have {usual}"
            if name in columns
            else "has no frames"
        )
        raise SequenceError(f"{draft.source}: {told}; expected as many of each unit, and one at least.")
    values = np.stack([np.asarray(values, np.float64) for values in columns.values()], axis=1)
    there = np.ones(len(values), bool)
    there[list(lost)] = False
    if not np.isfinite(values[there]).all():
        frame, place = np.argwhere(~np.isfinite(values) & there[:, None])[0].tolist()
        raise SequenceError(
            f"{draft.source}, {list(columns)[place]}: is not finite at frame {frame}; expected numbers throughout."
        )
    values[~there] = np.nan
    values = read_times(draft, times or [""] * len(values), clock, "frame").even(values)
    fill(draft, dict(zip(columns, values.T, strict=True)), keys)


def of_matrix(listed: list[str], weights: NDArray[Any], where: str) -> Columns:
    """The columns of weights (T, n) by the n names; the others than ARKit's are accounted for by `fill`."""
    if weights.ndim != 2 or weights.shape[1] != len(listed) or weights.dtype.kind not in "fiu":
        raise SequenceError(f"{where}: has shape {weights.shape} for {len(listed)} names; expected (T, {len(listed)}).")
    return {name: weights[:, index] for index, name in reversed([*enumerate(listed)])}
