"""A table of comma-separated values with a frame in each row, its times, and how frames are made even in time."""

from __future__ import annotations

import codecs
import csv
import math
import re
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import BytesIO, TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...errors import SequenceError
from ..amounts import clock, counted
from ..files import storage

Floats = NDArray[np.float64]

_LIMIT: Final = 512 << 20  # bytes of text
_HEADER_LIMIT: Final = 1 << 16
_SEPARATORS: Final = ",;\t"
_TELLS_SEPARATOR: Final = re.compile('"?sep=.?"?', re.IGNORECASE)
_TIMECODE: Final = re.compile(r"\s*(\d+)[:;](\d+)[:;](\d+)[:;](\d+(?:\.\d+)?)\s*")
_TIME: Final = re.compile(r"\s*(?:\d+-\d+-\d+[T ])?(\d+):(\d+):(\d+(?:\.\d+)?)(?:Z|[+-]\d\d:?\d\d)?\s*")
# What a second of a timecode is counted in: frames, or thousandths.
_COUNTS: Final = (24, 25, 30, 48, 50, 60, 100, 120, 240, 1000)
_USUAL_COUNT: Final = 60  # Live Link Face's, where less than a second tells nothing
_RATES: Final = (*(60.0, 30.0, 25.0, 24.0, 50.0, 48.0, 90.0, 100.0, 120.0, 240.0), *(n / 1.001 for n in (60, 30, 24)))
_SAME: Final = 5e-5  # relative, of rates
_DROPPING: Final = (30, 60, 120)  # counts of SMPTE's drop-frame timecodes: two of 30 are left out each minute
_FILM: Final = (24.0, 30.0, 48.0, 60.0, 120.0)  # rates that have a sister a thousandth slower
_NTSC: Final = 1.001  # seconds of the clock in a second of frames, there
_HALF: Final = 0.5  # of a frame
_DAY: Final = 86400.0
_DAY_DROPPED: Final = (_DAY * 30 - 2 * 1296) * _NTSC / 30  # ten minutes leave out 18 numbers of 30 a second
_SLOWEST: Final = 0.5  # seconds from row to row; where times go by more, they are of another unit
_FASTEST: Final = 0.0025
_UNITS: Final = {"milliseconds": 1e-3, "microseconds": 1e-6, "nanoseconds": 1e-9}
_COARSE: Final = 0.6  # of rows that have the time of the one before, beyond which the clock is too coarse for them
_LONGEST_GAP: Final = 600.0  # seconds; a longer one is another take
_UNEVEN: Final = 0.75  # frames that rows may stray from even steps
_TREMBLING: Final = 0.1  # frames by which steps miss whole ones on average, beyond which these are no count of frames
_NARROW: Final = 2.5  # frames; a wider step is a gap, however the clock trembles
_NEAR: Final = 0.02  # relative, of rates
# In remarks about rows without a face or a time of their own.
LOST_WORDS: Final = ("so that the time is kept", "tell no time", "timecodes run back", "uneven in time")
_SHOWN: Final = 3
_WIDE: Final = 40  # characters of a cell that a sentence shows


def header_of(path: Path) -> list[str] | None:
    """The names in the first row of a table; None where the file begins with no row of text, or cannot be read."""
    try:
        with storage.open_file(path) as file:
            start = file.read(_HEADER_LIMIT)
    except OSError:
        return None
    text = start.decode(_encoding(start), "replace")
    if "\0" in text:
        return None
    line = next((line for line in text.splitlines() if _is_row(line)), "")
    return [name.strip() for name in next(csv.reader([line.strip()], delimiter=_separator(line)))] if line else None


def _is_row(line: str) -> bool:
    """Whether a line is none of the empty ones, nor the one by which spreadsheets tell each other what parts cells."""
    return bool(line.strip()) and not _TELLS_SEPARATOR.fullmatch(line.strip())


def _encoding(start: bytes) -> str:
    """UTF-16 where its mark says so, as some spreadsheets save text; else UTF-8."""
    return "utf-16" if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"


def _separator(line: str) -> str:
    return max(_SEPARATORS, key=line.count)


@dataclass(frozen=True, slots=True)
class Table:
    """Of a table's rows what was asked for.

    names   : all in the first row
    columns : the numbers of those whose cells are numbers
    values  : (R, n) these cells; not a number where there is none, and throughout a row with more cells than names
    times   : (R,) the text of the column that tells the time, whose number is `clock`; None where there is none
    odd     : by place in `columns`, the first of its cells that is no finite number: the row from 1, and what is there
    """

    names: list[str]
    columns: list[int]
    values: Floats
    clock: int | None
    times: list[str]
    odd: dict[int, tuple[int, str]]


def read_table(path: Path, is_number: Callable[[str], bool], is_clock: Callable[[str], bool]) -> Table:
    """Columns of the table in a file, by their names. Raises SequenceError where it is too large, or has no rows."""
    try:
        stored = storage.find(path)
        if stored.size > _LIMIT:
            raise SequenceError(f"{path}: is {stored.size >> 20} MiB of text; expected at most {_LIMIT >> 20}.")
        with stored.open() as file:
            data = file.read()
    except OSError as error:
        raise SequenceError(f"{path}: cannot be read ({error.strerror}).") from None
    text = TextIOWrapper(BytesIO(data), _encoding(data), "replace", newline="")
    first = next((line for line in text if _is_row(line)), "")
    separator = _separator(first)
    names = [name.strip() for name in next(csv.reader([first.strip()], delimiter=separator), list[str]())]
    columns = [index for index, name in enumerate(names) if is_number(name)]
    clock = next((index for index, name in enumerate(names) if is_clock(name)), None)
    values, times, odd, count = array("d"), list[str](), dict[int, tuple[int, str]](), 0
    try:
        for row in csv.reader(text, delimiter=separator):
            if any(cell.strip() for cell in row):
                count += 1
                more = any(cell.strip() for cell in row[len(names) :])
                row = row if more else row[: len(names)]
                full = row + [""] * (len(names) - len(row))
                cells = [full[index].replace(",", ".") for index in columns]  # the decimal point of a comma's lands
                numbers = [math.nan] * len(cells) if more else _numbers(cells)
                values.extend(numbers)
                if not math.isfinite(sum(numbers)):
                    for place, index in enumerate(columns):
                        if place not in odd and not math.isfinite(numbers[place]):
                            odd[place] = count, _told(row, index, names)
                times += [] if clock is None else [full[clock]]
    except csv.Error:
        raise SequenceError(f"{path}: is no table of comma-separated values; export it again.") from None
    if not values:
        raise SequenceError(f"{path}: has names and no rows; expected a row a frame.")
    return Table(names, columns, np.array(values).reshape(-1, len(columns)), clock, times, odd)


def _told(row: Sequence[str], index: int, names: Sequence[str]) -> str:
    """Why a row has no number in a column."""
    if len(row) != len(names) and not (index < len(row) and len(row) < len(names)):
        why = ", as where a comma is the decimal point" if len(row) > len(names) else ""
        return f"it has {counted(len(row), 'cell')} for {counted(len(names), 'name')}{why}"
    cell = row[index].strip()
    return f"{names[index]} is {cell[:_WIDE]!r}" if cell else f"{names[index]} is empty"


def _numbers(cells: list[str]) -> list[float]:
    try:
        return [float(cell) for cell in cells]
    except ValueError:
        return [_number(cell) for cell in cells]


def _number(cell: str) -> float:
    text = cell.strip()
    try:
        return float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return math.nan


def seconds_in(texts: Sequence[str]) -> Floats:
    """(R,) seconds of timecodes (HH:MM:SS:FF.sss), clock times or plain numbers of seconds; not a number of others.

    What most are is what all are taken for. What FF counts is told by how the seconds go over; a fraction is of a
    frame. Semicolons, or minutes that begin with the third frame, tell that frames are dropped (29.97, 59.94).
    """
    texts = [text.replace(",", ".") for text in texts]
    codes = _parts(texts, _TIMECODE, 4)
    times = _parts(texts, _TIME, 3)
    plain = np.array(_numbers(texts))
    plain[~np.isfinite(plain)] = np.nan
    whole = codes[:, :3] @ [3600.0, 60.0, 1.0]
    forms: list[Callable[[], Floats]] = [
        lambda: _seconds_of(whole, codes[:, 3], any(";" in text for text in texts)),
        lambda: _over_midnight(times @ [3600.0, 60.0, 1.0]),
        lambda: plain,
    ]
    found = [int(np.isfinite(part).sum()) for part in (whole, times[:, 0], plain)]
    return forms[int(np.argmax(found))]()


def _parts(texts: Sequence[str], pattern: re.Pattern[str], count: int) -> Floats:
    """(R, count) the numbers that the pattern finds; not a number where it does not fit."""
    nothing = (math.nan,) * count
    return np.array([m.groups() if (m := pattern.fullmatch(text)) else nothing for text in texts], np.float64)


def _count_of(whole: Floats, frames: Floats) -> int:
    """How many frames make a second of timecodes."""
    if np.isnan(frames).all():
        return _USUAL_COUNT
    steps, over = np.diff(frames), np.diff(whole)
    usual = np.median(steps[over == 0]) if (over == 0).any() else 1.0
    fitting = [count for count in _COUNTS if count > np.nanmax(frames)] or [_COUNTS[-1]]
    if not (over == 1).any():
        return _USUAL_COUNT if _USUAL_COUNT in fitting else fitting[0]
    told = np.median(usual - steps[over == 1])
    return min(fitting, key=lambda count: abs(count - told))


def _seconds_of(whole: Floats, frames: Floats, marked: bool) -> Floats:
    """(R,) seconds of timecodes in whole seconds and frames; marked: as some that leave out numbers of frames."""
    count = _count_of(whole, frames)
    numbers, minutes = whole * count + frames, np.floor(whole / 60)
    if count not in _DROPPING or not (marked or _skips(numbers, minutes, count // 15)):
        return _over_midnight(numbers / count)
    seconds = (numbers - count // 15 * (minutes - np.floor(minutes / 10))) * _NTSC / count
    return _over_midnight(seconds, _DAY_DROPPED)


def doubt_of(texts: Sequence[str], rate: float) -> str:
    """What timecodes at this rate leave open about it, in words; '' where they leave nothing.

    A fraction tells the clock's time, and a semicolon that frames are dropped.
    """
    codes = _parts(texts, _TIMECODE, 4)
    seconds = codes[np.isfinite(codes).all(1), :3]
    if not len(seconds) or any(mark in text for text in texts for mark in ".,;"):
        return ""
    if (seconds == seconds[0]).all():
        return f"stays within one second; {rate:g} frames in it are assumed. --fps sets others"
    if rate not in _FILM:
        return ""
    slow = f"{rate / _NTSC:.5g}"
    return f"counts {rate:g} frames a second, and would at {slow} too; if it was recorded so, say --fps {slow}"


def _skips(numbers: Floats, minutes: Floats, dropped: int) -> bool:
    """Whether each minute that leaves out `dropped` numbers (all but every tenth) begins as much later."""
    there = np.isfinite(numbers)
    steps, begun = np.diff(numbers[there]), minutes[there][1:]
    begins = (np.diff(minutes[there]) == 1) & (begun % 10 != 0)
    return bool(begins.any() and (np.abs(steps[begins] - np.median(steps) - dropped) < _HALF).all())


def _over_midnight(seconds: Floats, day: float = _DAY) -> Floats:
    there = np.flatnonzero(np.isfinite(seconds))
    steps = np.diff(seconds[there], prepend=seconds[there[:1]])
    out = seconds.copy()
    out[there] += day * np.cumsum(steps < -_DAY / 2)
    return out


def between(seconds: Floats) -> Floats:
    """(R,) times where those that are not a number lie on the steps between their neighbours, or go on evenly."""
    there, rows = np.flatnonzero(np.isfinite(seconds)), np.arange(len(seconds))
    steps = np.diff(seconds[there]) / np.diff(there)
    if len(there) == len(rows) or not (steps > 0).any():
        return seconds
    usual = float(np.median(steps[steps > 0]))
    even = np.interp(rows, there, seconds[there]) + usual * (rows - rows.clip(there[0], there[-1]))
    before = seconds[there[np.maximum(np.searchsorted(there, rows, "right") - 1, 0)]]
    return np.where(np.isfinite(seconds), seconds, before + usual * np.rint((even - before) / usual))


@dataclass(frozen=True, slots=True)
class Timing:
    """Where rows lie in time.

    rate   : frames a second, None where the times do not tell: where they stand still, or count frames
    places : (R,) the frame that each row is, from 0; whole but where rows are uneven in time
    frames : how many there are
    """

    rate: float | None
    places: Floats
    frames: int
    remarks: tuple[str, ...] = field(default=())

    def even(self, values: Floats) -> Floats:
        """(frames, n) of (R, n): rows where they lie, the frames between passing evenly; rows of nan are none."""
        there = np.isfinite(values).all(1)
        places, rows = self.places[there], values[there]
        grid = np.arange(self.frames)
        if len(places) == self.frames and (places == grid).all():
            return rows
        columns: list[Floats] = [np.interp(grid, places, column) for column in rows.T]
        return np.stack(columns, axis=1)


def timing(seconds: Floats | None, rows: int, path: Path) -> Timing:
    """How `rows` of these times lie on frames of one rate; times too large for seconds are of another unit, or counts.

    Raises SequenceError for two takes in one file.
    """
    steps = np.diff(seconds) if seconds is not None else np.zeros(0)
    if seconds is None or not (steps > 0).any():
        return Timing(None, np.arange(rows, dtype=np.float64), rows)
    if (steps == 0).mean() > _COARSE:
        return _coarsely(steps, path)
    usual = float(np.median(steps[steps > 0]))
    remarks: list[str] = []
    unit = next((name for name, size in _UNITS.items() if _FASTEST <= usual * size <= _SLOWEST), "")
    is_count = usual > _SLOWEST and not unit
    if usual > _SLOWEST:
        size = _UNITS[unit] if unit else 1 / (_USUAL_COUNT * usual)
        steps, usual = steps * size, usual * size
        remarks += [f"{path}: its times go up by {usual / size:g} a row and are taken as {unit}."] if unit else []
    counts = np.rint(steps / usual)
    back = np.flatnonzero(counts < 0)
    if back.size:
        remarks.append(
            f"{path}: its timecodes run back at row {back[0] + 2}, {counted(back.size, 'time')} in all; the rows are "
            "shown one after the other there."
        )
        counts[back] = 1
    if steps.max() > _LONGEST_GAP:
        row = int(steps.argmax()) + 2
        raise SequenceError(
            f"{path}: its timecodes leap by {clock(float(steps.max()))} at row {row}; cut the file there "
            "into two clips."
        )
    places = np.concatenate([[0.0], np.cumsum(counts)])
    onwards = np.where(np.isin(np.arange(len(steps)), back), usual, steps)
    forward = np.maximum.accumulate(np.concatenate([[0.0], np.cumsum(onwards)]))
    if not places[-1] or not forward[-1]:
        return Timing(None, np.arange(rows, dtype=np.float64), rows)
    if is_count:
        return Timing(None, places, int(places[-1]) + 1, (*remarks, *_gaps(places, path)))
    rate = _rate(float(places[-1] / forward[-1]), float(forward[-1]))
    strays = np.abs(forward * rate - places).max() > _UNEVEN + abs(forward[-1] * rate - places[-1])
    trembles = np.abs(onwards / usual - counts).mean() > _TREMBLING or onwards[counts == 0].sum() > usual
    if trembles or (strays and not back.size):
        rate = _rate_of_trembling(onwards[(onwards > 0) & (onwards < _NARROW * usual)]) if trembles else rate
        places = forward * rate
        remarks.append(
            f"{path}: its rows are uneven in time, the widest step being {steps.max():.2g} s at row "
            f"{int(steps.argmax()) + 2}; shown are {rate:g} frames a second, passing evenly between the rows."
        )
    else:
        remarks += _gaps(places, path)
    return Timing(rate, places, int(np.rint(places[-1])) + 1, tuple(remarks))


def _coarsely(steps: Floats, path: Path) -> Timing:
    """The same where many rows have one time, as of a clock of whole seconds: rows are even between its changes."""
    rows, changes = len(steps) + 1, np.flatnonzero(steps)
    seconds = float(steps[changes[1:]].sum())
    rate = _rate(int(changes[-1] - changes[0]) / seconds, seconds) if seconds > 0 else None
    remark = f"{path}: many of its rows have one time; they are taken as evenly between those where it goes on."
    return Timing(rate, np.arange(rows, dtype=np.float64), rows, (remark,))


def _rate(measured: float, span: float) -> float:
    """The usual rate that the times tell, or that they stray from by less than half a frame in all; else theirs."""
    exact = (rate for rate in _RATES if abs(rate - measured) < _SAME * rate)
    near = (rate for rate in _RATES if abs(rate - measured) * span < 0.5 and abs(rate - measured) < _NEAR * rate)
    return next(chain(exact, near), round(measured, 3))


def _rate_of_trembling(steps: Floats) -> float:
    """The usual rate that is near to the mean of uneven steps; else theirs."""
    measured = 1 / float(steps.mean())
    return next((rate for rate in _RATES if abs(rate - measured) < _NEAR * rate), round(measured, 3))


def _gaps(places: Floats, path: Path) -> list[str]:
    wide = np.flatnonzero(np.diff(places) > 1)
    remarks: list[str] = []
    if wide.size:
        missing = int((np.diff(places)[wide] - 1).sum())
        ends = ((int(places[i]) + 1, int(places[i + 1]) - 1) for i in wide[:_SHOWN])
        shown = ", ".join(f"{first} to {last}" if first < last else str(first) for first, last in ends)
        remarks.append(
            f"{path}: {missing} of {int(places[-1]) + 1} frames are missing in its timecodes ({shown}"
            f"{', ...' if wide.size > _SHOWN else ''}); the face passes evenly over them, so that the time is kept."
        )
    double = int((np.diff(places) == 0).sum())
    if double:
        remarks.append(
            f"{path}: {counted(double, 'row')} of the same time as the one before; the last of each is shown."
        )
    return remarks
