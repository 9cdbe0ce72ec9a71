"""Codes of all kinds side by side in one array, told by its width: ARTalk (T, 106), UniLS (T, 108) and (T, 112)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from ...errors import SequenceError
from .arrays import Array, open_npy
from .draft import Draft, is_six_d_pair
from .frames import start_draft
from .layout import Layout, Outline, Place, frames_in

FPS: Final = 25.0
_PARTS: Final = {
    106: (("expression", 100), ("global_rotation", 3), ("jaw", 3)),
    108: (("expression", 100), ("global_rotation", 3), ("jaw", 1)),
    112: (("expression", 100), ("global_rotation", 3), ("jaw", 3), ("eyes", 6)),
}


def draft_columns(path: Path, codes: Array) -> Draft:
    """The clip in `codes` (T, 106), (T, 108) or (T, 112) at `path`. Raises SequenceError where they are others'."""
    if codes.shape[1] == 112 and is_six_d_pair(codes[:, :12]):
        raise SequenceError(
            f"{path}: has shape {codes.shape}, which are ViBES's features with head and jaw as six numbers each (6D); "
            "expected the codes that they were made from, with exp (T, 100) and pose (T, 6)."
        )
    draft = start_draft(path)
    draft.settle_fps(FPS, "layout")
    start = 0
    for name, width in _PARTS[codes.shape[1]]:
        part = codes[:, start : start + width]
        draft.add(name, np.pad(part, ((0, 0), (0, 2))) if width == 1 else part, f"{path}, columns from {start}")
        start += width
    if start < codes.shape[1]:
        draft.leave_out([f"columns {start} to {codes.shape[1] - 1}"], "the eyes, about axes that are not documented")
    return draft


def _codes(place: Place) -> Array:
    codes = open_npy(place.path)
    return codes[0] if codes.ndim == 3 else codes


def _holds(place: Place) -> bool:
    shape = place.shape
    return shape is not None and len(shape) in (2, 3) and shape[-1] in _PARTS and (len(shape) == 2 or shape[0] == 1)


def _read(place: Place) -> Draft:
    return draft_columns(place.path, _codes(place))


LAYOUT: Final = Layout(
    "ARTalk (T, 106), UniLS (T, 108) and (T, 112)",
    (".npy",),
    _holds,
    _read,
    lambda place: Outline(frames_in(place.shape or ()), FPS),
)
