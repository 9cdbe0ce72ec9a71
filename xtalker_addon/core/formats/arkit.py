"""ARKit's 52 units by name: the CSV of Live Link Face and of what writes its form; .npz and JSON with the same names.

JSON as BEAT's faces have it (names, frames of weights), Audio2Face's (facsNames, weightMat), or with a list a unit, or
a record a frame. The units become codes of XTalker's own head, whose columns they are; jawOpen turns its jaw, the looks
turn its eyes, or the eyes' own angles where there are some.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from ...errors import SequenceError
from ..amounts import counted
from ..arkit import names
from ..arkit.units import own_units
from .arrays import NpzFile
from .code_keys import settle_rate
from .draft import Draft
from .json_numbers import numbers
from .layout import Layout, Place
from .naming import named_place, sound_of
from .unit_table import Table, Timing, between, doubt_of, header_of, read_table, seconds_in, timing

Floats = NDArray[np.float64]
Columns = Mapping[str, Floats]

LIVE_LINK_FPS: Final = 60.0
_FEWEST: Final = 8  # names of units by which a file is told
_CLOCKS: Final = {"timecode": 1.0, "time": 1.0, "seconds": 1.0, "time_sec": 1.0, "timestamp": 1.0, "timestamp_ms": 1e-3}
_COUNT: Final = "blendshapecount"
_NAME_KEYS: Final = ("names", "facsNames", "blendshape_names", "blendShapeNames", "arkit_names")
_WEIGHT_KEYS: Final = ("weightMat", "weights", "blendshapes", "blendShapes", "coefficients", "arkit")
_RATE_KEYS: Final = ("fps", "exportFps")
_IN_TEXT: Final = re.compile(rb"facsNames|exportFps|" + "|".join(names.NAMES).encode(), re.IGNORECASE)
_PERCENT, _MOST, _LEAST = 10.0, 2.0, -1.0  # of units; recorders write up to 1.1
_DEGREES: Final = 1.7  # above it angles are no radians of a head or an eye
_SHOWN: Final = 4
_WIDE: Final = 40  # characters of a cell that a sentence shows


def _tells(spellings: Iterable[str]) -> bool:
    """Whether so many units are among these names that a file is a face's."""
    found = {names.known(spelling) for spelling in spellings}
    return len(found & set(names.NAMES)) >= _FEWEST


def _refuse_few(spellings: Iterable[str], path: Path) -> None:
    """Raise SequenceError for names that are too few for a face."""
    found = {names.known(spelling) for spelling in spellings} & set(names.NAMES)
    if len(found) < _FEWEST:
        some = "only " + str(len(found)) if found else "none"
        raise SequenceError(
            f"{path}: has {some} of ARKit's 52 units; expected them as columns, {_FEWEST} at least, such as JawOpen "
            "and EyeBlinkLeft."
        )


def is_unit_table(place: Place) -> bool:
    """Whether the file is a table whose first row names some of ARKit's units, or counts them."""
    named = (header_of(place.path) or ()) if place.path.suffix.lower() == ".csv" else ()
    return any(names.known(name) or name.lower() == _COUNT for name in named)


def is_take(path: Path) -> bool:
    """Whether a table is of units, or of what else has timecodes; a list of sequences has neither."""
    return is_unit_table(Place(path)) or "timecode" in (name.lower() for name in header_of(path) or ())


def _read_table(place: Place) -> Draft:
    path = place.path
    _refuse_few(header_of(path) or (), path)
    table = read_table(path, lambda name: names.known(name) is not None, lambda name: name.lower() in _CLOCKS)
    draft = _start(path)
    full = np.flatnonzero(~np.isnan(table.values).all(axis=0)).tolist()
    spelt, values = [table.names[index] for index in table.columns], table.values[:, full]
    draft.leave_out((name for place, name in enumerate(spelt) if place not in full), "holds no numbers")
    when = _timing(draft, table)
    lost = int((~np.isfinite(values).all(1)).sum())
    odd = [(table.odd[place][0], place) for place in full or table.odd if place in table.odd]
    row, told = table.odd[min(odd)[1]] if odd else (0, "")
    if lost == len(values) or not full:
        raise SequenceError(
            f"{path}: holds no row of numbers (row {row}: {told}); expected ARKit's units, from 0 to 1."
        )
    if lost:
        draft.warnings.append(
            f"{path}: {lost} of {len(values)} rows hold no face (row {row}: {told}); it passes evenly over them, so "
            "that the time is kept."
        )
    draft.used |= {name for name in table.names if name.lower() == _COUNT}
    even = when.even(values)
    _fill(draft, {spelt[index]: even[:, place] for place, index in enumerate(full)}, table.names, is_table=True)
    return draft


def _timing(draft: Draft, table: Table) -> Timing:
    """Where the rows lie by the column that tells the time; the draft's rate and remarks of it."""
    clock = "" if table.clock is None else table.names[table.clock]
    count, path = len(table.values), draft.source
    if not clock:
        return timing(None, count, path)
    seconds = seconds_in(table.times)
    odd: list[int] = np.flatnonzero(np.isnan(seconds)).tolist()
    most = 2 * len(odd) > count
    when = timing(None if most else between(seconds) * _CLOCKS[clock.lower()], count, path)
    draft.warnings += when.remarks
    if odd:
        evenly = "frames of one rate" if most else "evenly between their neighbours"
        draft.warnings.append(
            f"{path}: {len(odd)} of {count} rows of its {clock} tell no time (row {odd[0] + 1} is "
            f"{table.times[odd[0]].strip()[:_WIDE]!r}); they are taken as {evenly}."
        )
    if when.rate is None:
        draft.leave_out([clock], "tells no time")
        if count > 1:
            draft.doubt = (
                f"{path}: its {clock} tells no rate; {draft.fps:g} frames a second are assumed. --fps sets others."
            )
        return when
    draft.settle_fps(when.rate, "read")
    draft.used.add(clock)
    doubt = doubt_of(table.times, when.rate)
    draft.doubt = f"{path}: its {clock} {doubt}." if doubt else ""
    return when


def _start(path: Path) -> Draft:
    draft = Draft(named_place(path).name, path, fps=LIVE_LINK_FPS)
    draft.audio = sound_of(path)
    return draft


def _fill(draft: Draft, columns: Columns, keys: Iterable[str], is_table: bool = False) -> None:
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


def _matrix_keys(keys: Iterable[str]) -> tuple[str, str] | None:
    """The keys of a list of names and of the weights under them."""
    there = set(keys)
    listed = next((key for key in _NAME_KEYS if key in there), None)
    weights = next((key for key in _WEIGHT_KEYS if key in there), None)
    return (listed, weights) if listed and weights else None


def _is_archive(place: Place) -> bool:
    if place.npz is None:
        return False
    return _tells(place.npz.keys) or (_matrix_keys(place.npz.keys) is not None and _tells(_listed(place.npz)))


def _listed(npz: NpzFile) -> list[str]:
    listed = npz.read((_matrix_keys(npz.keys) or ("", ""))[0])
    return [str(name) for name in listed.ravel()] if listed.dtype.kind == "U" and listed.size <= 4096 else []


def _read_archive(place: Place) -> Draft:
    npz = place.npz
    assert npz
    draft = _start(place.path)
    settle_rate(draft, npz)
    if _tells(npz.keys):
        columns = {key: npz.read(key) for key in npz.keys if names.known(key)}
        for key, values in columns.items():
            if values.ndim != 1 or values.dtype.kind not in "fiu":
                raise SequenceError(f"{npz.where(key)}: is {values.dtype} {values.shape}; expected a number a frame.")
        _fill_even(draft, columns, npz.keys)
        return draft
    pair = _matrix_keys(npz.keys)
    assert pair
    draft.used |= set(pair)
    _fill_even(draft, _of_matrix(_listed(npz), npz.read(pair[1]), npz.where(pair[1])), npz.keys)
    return draft


def _fill_even(draft: Draft, columns: Mapping[str, Any], keys: Iterable[str], times: Floats | None = None) -> None:
    """`_fill` for columns that must be in order: a number a frame, equally long, and finite."""
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
    if not np.isfinite(values).all():
        frame, place = np.argwhere(~np.isfinite(values))[0].tolist()
        raise SequenceError(
            f"{draft.source}, {list(columns)[place]}: is not finite at frame {frame}; expected numbers throughout."
        )
    if times is not None:
        when = timing(times, len(values), draft.source)
        draft.warnings += when.remarks
        if when.rate is not None and draft.fps_source == "assumed":
            draft.settle_fps(when.rate, "read")
        values = when.even(values)
    _fill(draft, dict(zip(columns, values.T, strict=True)), keys)


def _of_matrix(listed: list[str], weights: NDArray[Any], where: str) -> Columns:
    """The columns of weights (T, n) by the n names; the others than ARKit's are accounted for by `_fill`."""
    if weights.ndim != 2 or weights.shape[1] != len(listed) or weights.dtype.kind not in "fiu":
        raise SequenceError(f"{where}: has shape {weights.shape} for {len(listed)} names; expected (T, {len(listed)}).")
    return {name: weights[:, index] for index, name in reversed([*enumerate(listed)])}


def _frames_in(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    items = data.get("frames")
    listed = cast("list[Any]", items) if isinstance(items, list) else []
    return cast("list[dict[str, Any]]", listed) if all(isinstance(item, dict) for item in listed) else []


def _record(frame: Mapping[str, Any]) -> Mapping[str, Any]:
    """A frame's units by name: its own keys, or those of a record in it."""
    inner = next(
        (frame[key] for key in ("blendshapes", "blendShapes", "weights") if isinstance(frame.get(key), dict)), None
    )
    return cast("Mapping[str, Any]", inner) if inner is not None else frame


def _listed_names(data: Mapping[str, Any]) -> list[str]:
    listed: Any = next((data[key] for key in _NAME_KEYS if isinstance(data.get(key), list)), None)
    return [name for name in cast("list[Any]", listed or []) if isinstance(name, str)]


def _is_json(place: Place) -> bool:
    if not _IN_TEXT.search(place.head) or place.json is None:
        return False
    data = place.json
    first = _frames_in(data)[:1]
    return _tells(data) or _tells(_listed_names(data)) or bool(first and _tells(_record(first[0])))


def _rate(value: object, where: str) -> NDArray[Any]:
    return np.asarray(value) if isinstance(value, str) else numbers(value, where)


def _cell(listed: list[str], frame: int, place: int | None = None, *_: int) -> str:
    """What to call a frame's weights, or one of them."""
    return f"frame {frame}" if place is None or place >= len(listed) else f"frame {frame}, {listed[place]}"


def _read_json(place: Place) -> Draft:
    data, path = place.json or {}, place.path
    draft = _start(path)
    frames, listed = _frames_in(data), _listed_names(data)
    for key in data:
        if key in _RATE_KEYS:
            where = f"{path}, key {key!r}"
            draft.read_fps(partial(_rate, data[key], where), where)
            draft.used.add(key)
    clock = next((key for key in _CLOCKS if frames and key in frames[0]), None)
    times = numbers([frame.get(clock) for frame in frames], f"{path}, {clock}", "frame {}".format) if clock else None
    times = None if times is None else times * _CLOCKS[str(clock)]
    if listed:
        key = next((key for key in _WEIGHT_KEYS if isinstance(data.get(key), list)), None)
        rows = data[key] if key else [frame.get("weights") for frame in frames]
        draft.used |= {key or "frames", *(key for key in _NAME_KEYS if key in data)}
        weights = numbers(rows, str(path), partial(_cell, listed))
        columns = _of_matrix(listed, weights, f"{path}, its weights")
    elif _tells(data):
        columns = {key: numbers(data[key], f"{path}, {key}", "frame {}".format) for key in data if names.known(key)}
    else:
        records = [_record(frame) for frame in frames]
        keys = dict.fromkeys(key for record in records for key in record if names.known(key))
        short = [(frame, key) for frame, record in enumerate(records) for key in keys if key not in record]
        if short:
            count = len({frame for frame, _ in short})
            draft.warnings.append(
                f"{path}: {count} of {len(records)} frames lack units that others have (frame {short[0][0]}: "
                f"{short[0][1]}); they are 0 there."
            )
        columns = {
            key: numbers([record.get(key, 0.0) for record in records], f"{path}, {key}", "frame {}".format)
            for key in keys
        }
        draft.used.add("frames")
    inner = {key for frame in frames for key in frame} - {clock, "weights", "blendshapes", "blendShapes"}
    _fill_even(draft, columns, [*data, *columns, *sorted(inner)], times)
    return draft


TABLE_LAYOUT: Final = Layout("Live Link Face and others, .csv of ARKit's units", (".csv",), is_unit_table, _read_table)
ARCHIVE_LAYOUT: Final = Layout(".npz of ARKit's units", (".npz",), _is_archive, _read_archive)
JSON_LAYOUT: Final = Layout("BEAT, Audio2Face and others, .json of ARKit's units", (".json",), _is_json, _read_json)


def holds_units(path: Path) -> bool:
    """Whether the file holds ARKit's units, which XTalker's own head shows exactly."""
    place = Place(path)
    try:
        return path.suffix.lower() in (".csv", ".npz", ".json") and any(
            layout.holds(place) for layout in (TABLE_LAYOUT, ARCHIVE_LAYOUT, JSON_LAYOUT)
        )
    except SequenceError:
        return False
