"""One .npz a frame: VHAP's export, which GaussianAvatars and LAM read, and flame-head-tracker's results.

The first is called `flame_param/00000.npz` and so on, the second `0.npz`, `1.npz`, ...
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from ...errors import SequenceError
from .arrays import Array, NpzFile, npz_arrays
from .code_keys import expression_key, fill, keys_read
from .draft import Draft
from .frames import ArrayBytes, Frames, Stack, numbered, one_identity, stack, start_draft
from .head_pose import add_placed_camera_pose
from .layout import Layout, Outline, Place

_NAME: Final = re.compile(r"(?:[A-Za-z]+[_-]?)?(\d+)\.npz")
CANONICAL: Final = "canonical_flame_param.npz"  # a head at rest, with its mouth open; no frame of any clip

_CAMERA: Final = "cam"
_CAMERA_KEYS: Final = frozenset((_CAMERA, "fov", "K"))  # flame-head-tracker's, in which the head itself stands


def is_part(path: Path) -> bool:
    """Whether a file is called as one of many frames, and holds one."""
    return _NAME.fullmatch(path.name) is not None and _is_frame(path)


def _frames(place: Place) -> Frames | None:
    return numbered(place.names, _NAME)


def _holds(place: Place) -> bool:
    """Whether the folder's numbered archives hold one row of codes each, by the first, the middle and the last."""
    frames = _frames(place)
    if frames is None or len(frames.names) < 2:
        return False
    return all(_is_frame(place.path / name) for name in frames.names[:: max(1, (len(frames.names) - 1) // 2)][:3])


def _is_frame(path: Path) -> bool:
    try:
        npz = NpzFile(path)
        key = expression_key(npz)
        shape = npz.shape(key) if key else (0, 0)
    except SequenceError:
        return False
    return len(shape) == 1 or (len(shape) == 2 and shape[0] == 1)


def _read(place: Place) -> Draft:
    frames = _frames(place)
    assert frames
    draft = draft_frames(place.path, frames, {name: name for name in frames.names})
    others = set(place.names) - set(frames.names) - {CANONICAL}
    draft.leave_out(sorted(name for name in others if name.endswith(".npz")), "no frame by its name")
    return draft


def draft_frames(folder: Path, frames: Frames, files: Mapping[str, str]) -> Draft:
    """The clip of frames, each in a file below `folder`: `files` has it by the frame's name. Raises SequenceError."""
    first = NpzFile(folder / files[frames.names[0]])
    wanted = keys_read(first)
    parser = ArrayBytes()

    def read(name: str) -> Mapping[str, Array]:
        return npz_arrays(folder / files[name], wanted, parser.array)

    arrays = stack(frames, read, wanted, folder)
    draft = start_draft(folder, frames)
    stands = set(first.keys) >= _CAMERA_KEYS and not np.any(arrays.get("head_pose", 0))
    if stands and arrays[_CAMERA].shape[1:] == (6,):
        add_placed_camera_pose(draft, arrays[_CAMERA], f"{folder}, {_CAMERA!r} of its frames")
        draft.used.add(_CAMERA)
    shapes = {key: first.shape(key) for key in first.keys if key not in wanted}
    fill(draft, Stack(folder, first.keys, shapes, arrays))
    one_identity(draft)
    return draft


def _outline(place: Place) -> Outline:
    frames = _frames(place)
    return Outline(len(frames.rows) if frames else 0)


LAYOUT: Final = Layout(
    "VHAP / GaussianAvatars / LAM flame_param folder, flame-head-tracker folder", (), _holds, _read, _outline
)
