"""3DXTalker's training arrays: `<name>-AllInOne.npy` with all codes of a frame in one row (data_provider/)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from ..sequence import Sequence
from .arrays import Array, open_npy
from .companions import find_audio
from .draft import Draft

_PARTS: Final = (("shape", 100), ("expression", 50), ("pose", 6), ("detail", 128), ("texture", 50))
WIDTHS: Final = (284, 334)  # without and with texture
_SUFFIX: Final = re.compile("-allinone$", re.IGNORECASE)


def is_all_in_one(shape: tuple[int, ...]) -> bool:
    """Whether an array of this shape is one row of codes a frame."""
    return len(shape) in (2, 3) and shape[-1] in WIDTHS and (len(shape) == 2 or shape[0] == 1)


def named_all_in_one(path: Path) -> bool:
    """Whether the file's name says that it is such an array."""
    return path.suffix == ".npy" and _SUFFIX.search(path.stem) is not None


def read_all_in_one(path: Path, codes: Array) -> Sequence:
    """The clip in `codes`, (T, 284) or (T, 334), with `<name>.wav` and `<name>-evlp.npy` beside it."""
    name = _SUFFIX.sub("", path.stem)
    draft = draft_all_in_one(Draft(name, path), codes, str(path))
    envelope = path.with_name(f"{name}-evlp.npy")
    if envelope.is_file():
        draft.add("envelope", open_npy(envelope), str(envelope))
    draft.audio = find_audio(path.parent, name)
    return draft.finish()


def draft_all_in_one(draft: Draft, codes: Array, origin: str) -> Draft:
    """`draft` with the codes of (T, 284) or (T, 334)."""
    rows = codes.reshape(-1, codes.shape[-1])
    start = 0
    for part, width in _PARTS:
        columns = rows[:, start : start + width]
        if part == "pose":
            draft.add_pose(columns, origin)
        elif columns.shape[1]:
            draft.add(part, columns, origin)
        start += width
    return draft
