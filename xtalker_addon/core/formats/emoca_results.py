"""EMOCA's and inferno's results: a folder a frame, `000000_000/`, with one array a file.

The first number is the frame's, the second that of the face in it; inferno's folders hold camera and light as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

from ...errors import SequenceError
from ..amounts import counted
from ..files import storage
from .arrays import Array, reading
from .code_keys import fill, keys_read
from .draft import Draft
from .frames import ArrayBytes, Frames, Stack, numbered, one_identity, stack, start_draft
from .layout import Layout, Outline, Place

_FIRST_FACE: Final = re.compile(r"(\d{3,})_0+")
_FACE: Final = re.compile(r"\d{3,}_\d{2,}")
_MARKER: Final = "exp.npy"


def is_part(path: Path) -> bool:
    """Whether a file lies where one of a frame does, by names alone."""
    return _FACE.fullmatch(path.parent.name) is not None


def _frames(place: Place) -> Frames | None:
    return numbered(place.names, _FIRST_FACE)


def _holds(place: Place) -> bool:
    frames = _frames(place)
    return frames is not None and storage.is_file(place.path / frames.names[0] / _MARKER)


def _read(place: Place) -> Draft:
    frames, folder = _frames(place), place.path
    assert frames
    names = Place(folder / frames.names[0]).names
    keys = tuple(sorted(name.removesuffix(".npy") for name in names if name.endswith(".npy")))
    wanted = keys_read(Stack(folder, keys, {}, {}))
    arrays = stack(frames, partial(_read_frame, folder, wanted, ArrayBytes()), wanted, folder)
    draft = start_draft(folder, frames)
    fill(draft, Stack(folder, keys, {}, arrays))
    one_identity(draft)
    draft.leave_out((name for name in names if not name.endswith(".npy")), "no codes")
    second = sum(1 for name in place.names if _FACE.fullmatch(name)) - len(frames.names)
    if second > 0:
        draft.warnings.append(
            f"{folder}: second faces, in {counted(second, 'folder')}, were left out; the first of each frame is shown."
        )
    return draft


def _read_frame(folder: Path, wanted: list[str], parser: ArrayBytes, name: str) -> Mapping[str, Array]:
    arrays: dict[str, Array] = {}
    for key in wanted:
        path = folder / name / f"{key}.npy"
        with reading(path, "an .npy array"):
            try:
                with storage.open_file(path) as file:
                    data = file.read()
            except FileNotFoundError:
                raise SequenceError(f"{path}: is not there; expected it, as in the first frame.") from None
            array = parser.array(data, str(path))
            arrays[key] = array.reshape(9, 3) if key.startswith("light") and array.size == 27 else array
    return arrays


def _outline(place: Place) -> Outline:
    frames = _frames(place)
    return Outline(len(frames.rows) if frames else 0)


LAYOUT: Final = Layout("EMOCA / inferno result folders", (), _holds, _read, _outline)
