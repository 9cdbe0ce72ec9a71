"""One `.frame` a frame, as torch.save writes it: metrical-tracker's `checkpoint/00000.frame`, and Pixel3DMM's.

Rotations are the first two rows of their matrices (PyTorch3D's 6D). In metrical-tracker the head stands and the camera
moves; in Pixel3DMM the posed head is turned about the origin.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

from ...errors import SequenceError
from ..files.data_pickle import DataFile
from ..motion.rotation import axis_angle_from_matrix, matrix_from_6d_rows
from .arrays import Array
from .draft import Draft
from .frames import numbered, one_identity, stack, start_draft
from .head_pose import add_origin_pose, add_pytorch3d_pose
from .layout import Layout, Outline, Place

_NAME: Final = re.compile(r"(?:[A-Za-z]+[_-]?)?(\d+)\.frame")
_METRICAL_FPS: Final = 25.0
_CODES: Final = {"exp": "expression", "shape": "shape", "eyelids": "eyelids"}
_TURNS: Final = {"jaw": "jaw", "neck": "neck", "eyes": "eyes"}
_LEFT_OUT: Final = {"tex": "texture of another kind than the codes have", "sh": "light in coordinates of another kind"}
_TURN, _SHIFT = "R", "t"


def is_part(path: Path) -> bool:
    """Whether a file is called as one of many frames."""
    return _NAME.fullmatch(path.name) is not None


def _holds(place: Place) -> bool:
    return any(_NAME.fullmatch(name) for name in place.names)


def _read(place: Place) -> Draft:
    frames = numbered(place.names, _NAME)
    assert frames
    folder = place.path
    first = _parameters(folder / frames.names[0])
    known = {*_CODES, *_TURNS, _TURN, _SHIFT}
    wanted = [key for key in first if key in known]

    def read(name: str) -> Mapping[str, Array]:
        return _parameters(folder / name)

    arrays = stack(frames, read, wanted, folder)
    if "exp" not in arrays:
        raise SequenceError(f"{folder / frames.names[0]}: has no exp under flame; expected a tracker's frame.")
    draft = start_draft(folder, frames)
    for key, name in _CODES.items():
        if key in arrays:
            draft.add(name, arrays[key], _where(folder, key))
    for key, name in _TURNS.items():
        if key in arrays:
            draft.add(name, _axis_angle(arrays[key], _where(folder, key)), _where(folder, key))
    for key, reason in _LEFT_OUT.items():
        draft.leave_out([key] if key in first else [], reason)
    draft.leave_out(_beside_codes(folder / frames.names[0]), "of the camera or the picture, not of the face")
    draft.leave_out(key for key in first if key not in known and key not in _LEFT_OUT and key != "R_rotation_matrix")
    where = _where(folder, _TURN)
    if _is_pixel3dmm(first):
        rotation = _matrices(arrays[_TURN], where)
        add_origin_pose(draft, rotation, arrays[_SHIFT], where)
    else:
        draft.settle_fps(_METRICAL_FPS, "layout")
        if _TURN in arrays:
            add_pytorch3d_pose(draft, _matrices(arrays[_TURN], where), arrays[_SHIFT], where)
    one_identity(draft)
    return draft


def _parameters(path: Path) -> dict[str, Array]:
    """The arrays under `flame`, and the camera's R and t where the head has none of its own. Raises SequenceError."""
    data = DataFile(path)
    content = _content(data)
    parts = [content.get("camera"), content.get("flame")]
    if not isinstance(parts[1], dict):
        raise SequenceError(f"{path}: has no codes under flame; expected a frame of metrical-tracker or Pixel3DMM.")
    values: dict[str, object] = {}
    for part, keys in zip(parts, ((_TURN, _SHIFT), None), strict=True):
        if isinstance(part, dict):
            named = cast(dict[str, object], part)
            values |= {key: named[key] for key in named if keys is None or key in keys}
    return {key: data.array(value, f"{path}, {key!r}") for key, value in values.items()}


def _is_pixel3dmm(parameters: Mapping[str, Array]) -> bool:
    return "R_rotation_matrix" in parameters or "neck" in parameters


def _content(data: DataFile) -> dict[str, object]:
    whole: Any = data.content
    return cast(dict[str, object], whole) if isinstance(whole, dict) else {}


def _beside_codes(path: Path) -> list[str]:
    return [key for key in _content(DataFile(path)) if key != "flame"]


def _where(folder: Path, key: str) -> str:
    return f"{folder}, {key!r} of its frames"


def _matrices(turns: Array, where: str) -> Array:
    """(T, 3, 3) of turns as matrices or as their first two rows."""
    if turns.shape[1:] == (3, 3):
        return turns
    if turns.shape[1:] != (6,):
        raise SequenceError(f"{where}: has shape {turns.shape}; expected the first two rows of matrices (T, 6).")
    return matrix_from_6d_rows(turns)


def _axis_angle(turns: Array, where: str) -> Array:
    """(T, 3) of one joint's turns (T, 6), or (T, 6) of both eyes' (T, 12)."""
    if turns.ndim != 2 or turns.shape[1] not in (6, 12):
        raise SequenceError(f"{where}: has shape {turns.shape}; expected the first two rows of matrices (T, 6).")
    matrices = matrix_from_6d_rows(turns.reshape(len(turns), -1, 6))
    return axis_angle_from_matrix(matrices).reshape(len(turns), -1)


def _outline(place: Place) -> Outline:
    frames = numbered(place.names, _NAME)
    assert frames
    turned_about_origin = _is_pixel3dmm(_parameters(place.path / frames.names[0]))
    return Outline(len(frames.rows), None if turned_about_origin else _METRICAL_FPS)


LAYOUT: Final = Layout("metrical-tracker, Pixel3DMM .frame folder", (), _holds, _read, _outline)
