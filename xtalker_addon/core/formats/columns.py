"""Arrays with all codes of a frame in one row, known by how wide they are.

ARTalk, UniLS, ViBES, 3DMEAD / ProbTalk3D, SingingHead, Learning to Listen, TalkSHOW. The numbers must look like what
the columns should hold: a row of something else is as wide by accident.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from ...errors import SequenceError
from ..motion.rotation import axis_angle_from_matrix, matrix_from_6d_rows
from .arrays import Array, open_npy
from .draft import Draft
from .frames import Stack
from .layout import Layout, Outline
from .naming import named_place, sound_of
from .smplx_npz import draft_body

_JAW_X, _EYES_XY = "jaw x", "eyes x and y"  # what a model that needs no other axes has
_MOST_RADIANS: Final = 2 * np.pi + 0.1
_MOST_SIGMAS: Final = 60.0
_OFF: Final = 0.02  # by which the rows of a rotation may differ from unit length and a right angle
_LOOKED_AT: Final = 2000  # frames
_WINDOW: Final = 64  # frames in a piece of Learning to Listen


class Columns(NamedTuple):
    """What the columns of one project are, in order."""

    project: str
    fps: float | None
    parts: tuple[tuple[str, int], ...]


_ARTALK: Final = (("expression", 100), ("global_rotation", 3))
_TABLE: Final = {
    59: Columns("SingingHead", 30.0, (("expression", 50), ("global_rotation", 3), ("neck", 3), ("jaw", 3))),
    106: Columns("ARTalk", 25.0, (*_ARTALK, ("jaw", 3))),
    108: Columns("UniLS", 25.0, (*_ARTALK, (_JAW_X, 1), (_EYES_XY, 4))),
    112: Columns("UniLS", 25.0, (*_ARTALK, ("jaw", 3), ("eyes", 6))),
    159: Columns(
        "a video project's (T, 159)",
        25.0,
        (("shape", 100), ("expression", 50), ("jaw", 3), ("global_rotation", 3), ("translation", 3)),
    ),
    184: Columns("Learning to Listen", None, (("expression", 50), ("global_rotation", 3), ("jaw", 3), ("detail", 128))),
    403: Columns("3DMEAD", 25.0, (("shape", 300), ("expression", 100), ("jaw", 3))),
}
_VIBES: Final = Columns("ViBES", 25.0, (("global_rotation 6D", 6), ("jaw 6D", 6), ("expression", 100)))
# TalkSHOW's are a whole body's, by the keys of SHOW.
_BODY_WIDTH: Final = 265
_BODY: Final = (
    *(("jaw_pose", 3), ("leye_pose", 3), ("reye_pose", 3), ("global_orient", 3), ("body_pose", 63)),
    *(("left_hand_pose", 45), ("right_hand_pose", 45), ("expression", 100)),
)
_BODY_FPS: Final = 30.0
_ROTATIONS: Final = ("global_rotation", "neck", "jaw", _JAW_X, _EYES_XY, "jaw_pose", "leye_pose", "reye_pose")
WIDTHS: Final = frozenset({*_TABLE, _BODY_WIDTH})


def fits(shape: tuple[int, ...] | None) -> bool:
    """Whether an array of this shape may be rows of codes: (T, n), (1, T, n) or Learning to Listen's (N, 64, 184)."""
    if shape is None or len(shape) not in (2, 3) or shape[-1] not in WIDTHS:
        return False
    return len(shape) == 2 or shape[0] == 1 or shape[1:] == (_WINDOW, 184)


def draft_columns(path: Path, array: Array) -> Draft:
    """The clip in rows of codes, whose shape `fits`. Raises SequenceError where they do not hold what they should."""
    rows = array.reshape(-1, array.shape[-1])
    if rows.dtype.kind not in "fiu":
        raise SequenceError(f"{path}: has shape {array.shape} and holds {rows.dtype}; expected numbers.")
    if rows.shape[1] == _BODY_WIDTH:
        for name, part in _split(rows, _BODY):
            _check(part, name, "TalkSHOW", path, array.shape)
        draft = draft_body(Stack(path, [key for key, _ in _BODY], {}, dict(_split(rows, _BODY))))
        if draft.fps_source == "assumed":
            draft.settle_fps(_BODY_FPS, "layout")
        return draft
    columns = _VIBES if rows.shape[1] == 112 and _holds_rotations(rows) else _TABLE[rows.shape[1]]
    draft = Draft(named_place(path).name, path)
    draft.audio = sound_of(path)
    if columns.fps:
        draft.settle_fps(columns.fps, "layout")
    for name, part in _split(rows, columns.parts):
        _check(part, name, columns.project, path, array.shape)
        if name.endswith(" 6D"):
            draft.add(name.removesuffix(" 6D"), axis_angle_from_matrix(matrix_from_6d_rows(part)), str(path))
        elif name == _JAW_X:
            draft.add("jaw", np.pad(part, ((0, 0), (0, 2))), str(path))
        elif name == _EYES_XY:
            draft.add("eyes", np.pad(part.reshape(-1, 2, 2), ((0, 0), (0, 0), (0, 1))).reshape(-1, 6), str(path))
        else:
            draft.add(name, part, str(path))
    if array.ndim == 3 and len(array) > 1:
        draft.warnings.append(
            f"{path}: holds {len(array)} pieces of {array.shape[1]} frames; they are shown one after the other."
        )
    return draft


def _split(rows: Array, parts: tuple[tuple[str, int], ...]) -> list[tuple[str, Array]]:
    ends = np.cumsum([width for _, width in parts])
    return [(name, rows[:, end - width : end]) for (name, width), end in zip(parts, ends.tolist(), strict=True)]


def _holds_rotations(rows: Array) -> bool:
    """Whether the first twelve columns are the first two rows of rotation matrices, for head and jaw."""
    some = np.asarray(rows[:_LOOKED_AT, :12], np.float64).reshape(-1, 2, 3)
    gram = some @ some.swapaxes(1, 2)
    return bool(np.abs(gram - np.eye(2)).max() < _OFF)


def _check(part: Array, name: str, project: str, path: Path, shape: tuple[int, ...]) -> None:
    """Raises SequenceError where rotations or expressions are out of all bounds."""
    if name not in (*_ROTATIONS, "expression"):
        return
    some = np.asarray(part[:_LOOKED_AT], np.float64)
    size = np.abs(some).max() if name == "expression" else np.linalg.norm(some, axis=1).max()
    if not size <= (_MOST_SIGMAS if name == "expression" else _MOST_RADIANS):
        what = "expression codes" if name == "expression" else "rotations in radians"
        raise SequenceError(
            f"{path}: has shape {shape}, as {project} writes codes, but where {name} should be there are no "
            f"{what}; if it holds codes, save them with numpy.savez under the keys exp, pose and shape."
        )


def outline(shape: tuple[int, ...]) -> Outline:
    """Frames and rate of rows of this shape, which `fits`."""
    columns = _TABLE.get(shape[-1])
    return Outline(int(np.prod(shape[:-1])), columns.fps if columns else _BODY_FPS)


LAYOUT: Final = Layout(
    "ARTalk, UniLS, ViBES, 3DMEAD, SingingHead, Learning to Listen, TalkSHOW arrays",
    (".npy",),
    lambda place: fits(place.shape),
    lambda place: draft_columns(place.path, open_npy(place.path)),
    lambda place: outline(place.shape or (0, 0)),
)
