"""Clips that lie on disk as one file, or one folder, a frame: numbered names in order of time, and arrays put together.

What stands here holds for all such layouts; each has a module of its own that says what a frame is called and holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np

from ...errors import SequenceError
from .arrays import Array, read_header
from .draft import Draft
from .naming import named_place, sound_of

_FEW: Final = 8  # numbers that a sentence holds
_SPARSE: Final = 4  # times as many missing frames as there are: those numbers count something else


@dataclass(frozen=True, slots=True)
class Frames:
    """The frames of a clip, in order of time.

    names   : of the files or folders, one each
    numbers : theirs, ascending
    rows    : (T,) which of the names is shown in each frame; the one before, where a number is missing
    """

    names: tuple[str, ...]
    numbers: tuple[int, ...]
    rows: Array

    def gaps(self) -> str | None:
        """Words about numbers that are missing, and about what they were filled with; None where none are."""
        span = self.numbers[-1] - self.numbers[0] + 1
        if span == len(self.numbers):
            return None
        if len(self.rows) != span:
            first, last = self.numbers[0], self.numbers[-1]
            return f"its frames are numbered from {first} to {last} with wide gaps; they are shown one after the other"
        there = set(self.numbers)
        lacking = [number for number in range(self.numbers[0], self.numbers[-1]) if number not in there]
        shown = ", ".join(map(str, lacking[:_FEW])) + (", ..." if len(lacking) > _FEW else "")
        return f"{len(lacking)} of {span} frames are missing ({shown}); the frame before each stands still in its place"


def numbered(names: Iterable[str], pattern: re.Pattern[str]) -> Frames | None:
    """The frames among `names`: those that match, by the number in the pattern's first group; None where none do.

    Of names with the same number the first counts: 2.npz before 02.npz, the first face of a picture before a second.
    """
    found: dict[int, str] = {}
    for name in sorted(names):
        match = pattern.fullmatch(name)
        if match:
            found.setdefault(int(match[1]), name)
    if not found:
        return None
    numbers = sorted(found)
    span = numbers[-1] - numbers[0] + 1
    if span > (_SPARSE + 1) * len(numbers) + 100:
        rows = np.arange(len(numbers))
    else:
        rows = np.searchsorted(numbers, np.arange(numbers[0], numbers[-1] + 1), side="right") - 1
    return Frames(tuple(found[number] for number in numbers), tuple(numbers), rows)


def one_identity(draft: Draft) -> None:
    """Keep one identity code where all frames repeat it."""
    shape = draft.fields.get("shape")
    if shape is not None and shape.ndim == 2 and (shape == shape[0]).all():
        draft.fields["shape"] = shape[0]


def start_draft(place: Path, frames: Frames | None = None) -> Draft:
    """A draft with the clip's name, its sound, and what there is to say about its numbering."""
    draft = Draft(named_place(place).name, place)
    draft.audio = sound_of(place)
    gaps = frames.gaps() if frames else None
    if gaps:
        draft.warnings.append(f"{place}: {gaps}.")
    if frames and frames.numbers[0] > 1 and draft.audio:
        draft.warnings.append(
            f"{place}: its first frame has the number {frames.numbers[0]}; it is shown where the sound starts."
        )
    return draft


class Stack:
    """Arrays of many frames as if they lay in one file: (T, ...) each, or one for the clip where all frames agree."""

    def __init__(
        self, path: Path, keys: Sequence[str], shapes: Mapping[str, tuple[int, ...]], arrays: Mapping[str, Array]
    ) -> None:
        self.path, self.keys = path, tuple(keys)
        self._shapes, self._arrays = shapes, arrays

    def where(self, key: str) -> str:
        """How a message names the array `key`."""
        return f"{self.path}, {key!r} of its frames"

    def shape(self, key: str) -> tuple[int, ...]:
        """The shape of the array `key`: of all frames where it was read, of the first else."""
        return self._arrays[key].shape if key in self._arrays else self._shapes[key]

    def read(self, key: str) -> Array:
        """The array `key` of all frames."""
        return self._arrays[key]


def stack(
    frames: Frames, read: Callable[[str], Mapping[str, Array]], keys: Sequence[str], folder: Path
) -> dict[str, Array]:
    """The arrays `keys` of all frames, each (T, ...); `read` gives those of one name. Raises SequenceError.

    Only what the first frame holds is asked for; a later frame must hold it too, in the same shape.
    """
    columns: dict[str, list[Array]] = {key: [] for key in keys}
    for name in frames.names:
        arrays = read(name)
        for key, column in columns.items():
            array = arrays.get(key)
            if array is None:
                raise SequenceError(f"{folder / name}: has no {key}; expected it, as in {frames.names[0]}.")
            array = array[0] if array.ndim > 1 and len(array) == 1 else array
            if column and array.shape != column[0].shape:
                shapes = f"{array.shape}; expected {column[0].shape}"
                raise SequenceError(f"{folder / name}: {key} has shape {shapes}, as in {frames.names[0]}.")
            if array.dtype.kind not in "fiu":
                raise SequenceError(f"{folder / name}: {key} holds {array.dtype}; expected numbers.")
            column.append(array)
    return {key: np.stack(column)[frames.rows] for key, column in columns.items()}


class ArrayBytes:
    """Makes arrays of the bytes of many small .npy files; headers that repeat are understood once."""

    def __init__(self) -> None:
        self._headers: dict[tuple[bytes, int], tuple[np.dtype[Any], tuple[int, ...], bool]] = {}

    def array(self, data: bytes, where: str) -> Array:
        """The array in the bytes of an .npy file. Raises SequenceError, and what numpy raises for senseless headers."""
        length = 10 + int.from_bytes(data[8:10], "little")
        key = data[:length], len(data)
        if key not in self._headers:
            file = BytesIO(data)
            self._headers[key] = read_header(file, len(data), where)
            if file.tell() != length:  # of a later version, with a longer header
                del self._headers[key]
                return np.load(BytesIO(data), allow_pickle=False)
        dtype, shape, fortran = self._headers[key]
        count = int(np.prod(shape, dtype=np.int64))
        return np.frombuffer(data, dtype, count, length).reshape(shape, order="F" if fortran else "C")
