"""3DXTalker's training arrays: `<name>-AllInOne.npy` with all codes of a frame in one row (data_provider/)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from ..files import storage
from .arrays import Array, open_npy
from .companions import find_audio
from .draft import DEFAULT_FPS, Draft
from .layout import Layout, Outline, Place

_PARTS: Final = (("shape", 100), ("expression", 50), ("pose", 6), ("detail", 128), ("texture", 50))
WIDTHS: Final = (284, 334)  # without and with texture
_SUFFIX: Final = re.compile("-allinone$", re.IGNORECASE)


def is_all_in_one(shape: tuple[int, ...]) -> bool:
    """Whether an array of this shape is one row of codes a frame."""
    return len(shape) in (2, 3) and shape[-1] in WIDTHS and (len(shape) == 2 or shape[0] == 1)


def named_all_in_one(path: Path) -> bool:
    """Whether the file's name says that it is such an array."""
    return path.suffix == ".npy" and _SUFFIX.search(path.stem) is not None


def _holds(place: Place) -> bool:
    return place.shape is not None and is_all_in_one(place.shape)


def _outline(place: Place) -> Outline:
    return Outline(place.shape[-2] if place.shape else 0, DEFAULT_FPS)


def _read(place: Place) -> Draft:
    """The clip in an array (T, 284) or (T, 334), with `<name>.wav` and `<name>-evlp.npy` beside it."""
    path, codes = place.path, open_npy(place.path)
    name = _SUFFIX.sub("", path.stem)
    draft = Draft(name, path)
    draft.settle_fps(DEFAULT_FPS, "layout")
    add_all(draft, codes, str(path))
    envelope = path.with_name(f"{name}-evlp.npy")
    if storage.is_file(envelope):
        draft.add("envelope", open_npy(envelope), str(envelope))
    draft.audio = find_audio(path.parent, name)
    return draft


def add_all(draft: Draft, codes: Array, origin: str) -> None:
    """Set the fields that the columns of (T, 284) or (T, 334) are."""
    rows = codes.reshape(-1, codes.shape[-1])
    start = 0
    for part, width in _PARTS:
        columns = rows[:, start : start + width]
        if part == "pose":
            draft.add_pose(columns, origin)
        elif columns.shape[1]:
            draft.add(part, columns, origin)
        start += width


LAYOUT: Final = Layout("3DXTalker array", (".npy",), _holds, _read, _outline)
