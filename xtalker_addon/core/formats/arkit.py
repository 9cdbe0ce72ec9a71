"""ARKit's 52 units by name: the CSV of Live Link Face and of what writes its form, and .npz with the same names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from ...errors import SequenceError
from ..arkit import names
from .arrays import NpzFile
from .code_keys import settle_rate
from .draft import Draft
from .layout import Layout, Place
from .unit_draft import clock_in, fill, fill_even, of_matrix, read_times, refuse_few, start, tells
from .unit_json import JSON_LAYOUT, NAME_KEYS, WEIGHT_KEYS
from .unit_table import header_of, read_table

_COUNT: Final = "blendshapecount"


def is_unit_table(place: Place) -> bool:
    """Whether the file is a table whose first row names some of ARKit's units, or counts them."""
    named = (header_of(place.path) or ()) if place.path.suffix.lower() == ".csv" else ()
    return any(names.known(name) or name.lower() == _COUNT for name in named)


def is_take(path: Path) -> bool:
    """Whether a table is of units, or of what else has timecodes; a list of sequences has neither."""
    return is_unit_table(Place(path)) or "timecode" in (name.lower() for name in header_of(path) or ())


def _read_table(place: Place) -> Draft:
    path = place.path
    spelt = header_of(path) or []
    refuse_few(spelt, path)
    clock = clock_in(spelt)
    table = read_table(path, lambda name: names.known(name) is not None, lambda name: name == clock)
    draft = start(path)
    full = np.flatnonzero(~np.isnan(table.values).all(axis=0)).tolist()
    spelt, values = [table.names[index] for index in table.columns], table.values[:, full]
    draft.leave_out((name for place, name in enumerate(spelt) if place not in full), "holds no numbers")
    when = read_times(draft, table.times or [""] * len(table.values), clock)
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
    fill(draft, {spelt[index]: even[:, place] for place, index in enumerate(full)}, table.names, is_table=True)
    return draft


def _matrix_keys(keys: Iterable[str]) -> tuple[str, str] | None:
    """The keys of a list of names and of the weights under them."""
    there = set(keys)
    listed = next((key for key in NAME_KEYS if key in there), None)
    weights = next((key for key in WEIGHT_KEYS if key in there), None)
    return (listed, weights) if listed and weights else None


def _is_archive(place: Place) -> bool:
    if place.npz is None:
        return False
    return tells(place.npz.keys) or (_matrix_keys(place.npz.keys) is not None and tells(_listed(place.npz)))


def _listed(npz: NpzFile) -> list[str]:
    listed = npz.read((_matrix_keys(npz.keys) or ("", ""))[0])
    return [str(name) for name in listed.ravel()] if listed.dtype.kind == "U" and listed.size <= 4096 else []


def _read_archive(place: Place) -> Draft:
    npz = place.npz
    assert npz
    draft = start(place.path)
    settle_rate(draft, npz)
    clock = clock_in(npz.keys)
    times = [] if clock is None else [repr(time) for time in npz.read(clock).ravel().tolist()]
    if tells(npz.keys):
        columns = {key: npz.read(key) for key in npz.keys if names.known(key)}
        for key, values in columns.items():
            if values.ndim != 1 or values.dtype.kind not in "fiu":
                raise SequenceError(f"{npz.where(key)}: is {values.dtype} {values.shape}; expected a number a frame.")
        fill_even(draft, columns, npz.keys, times, clock)
        return draft
    pair = _matrix_keys(npz.keys)
    assert pair
    draft.used |= set(pair)
    fill_even(draft, of_matrix(_listed(npz), npz.read(pair[1]), npz.where(pair[1])), npz.keys, times, clock)
    return draft


TABLE_LAYOUT: Final = Layout("Live Link Face and others, .csv of ARKit's units", (".csv",), is_unit_table, _read_table)
ARCHIVE_LAYOUT: Final = Layout(".npz of ARKit's units", (".npz",), _is_archive, _read_archive)


def holds_units(path: Path) -> bool:
    """Whether the file holds ARKit's units, which XTalker's own head shows exactly."""
    place = Place(path)
    try:
        return path.suffix.lower() in (".csv", ".npz", ".json") and any(
            layout.holds(place) for layout in (TABLE_LAYOUT, ARCHIVE_LAYOUT, JSON_LAYOUT)
        )
    except SequenceError:
        return False
