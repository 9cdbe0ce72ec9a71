"""Motion of a whole body in SMPL-X, of which the head is taken: BEAT2 / EMAGE, SHOW / TalkSHOW, HeadStudio.

Layouts: PantoMatrix:emage_utils/motion_io.py; SHOW's results by their keys. SMPL-X shares FLAME's expression basis. Its
neck joint carries all of a FLAME head, its head joint sits where FLAME's neck does; how the body below them stands is
not the head's.
"""

from __future__ import annotations

from typing import Final

from ...errors import SequenceError
from .arrays import Array
from .code_keys import CodeArrays, account_for, add_codes, add_rotations, expression_key, find_key, start_draft
from .codes_npz import outline_codes
from .draft import Draft
from .layout import Layout, Outline, Place

_POSE_WIDTH: Final = 165  # 55 joints
_POSES: Final = ("poses", "pose", "fullpose")
_BODY_POSES: Final = ("body_pose_axis", "body_pose")
_BODY_POSE_WIDTH: Final = 63  # 21 joints below the root
# Any of these is a body's, not a head's.
_MARKS: Final = (*_BODY_POSES, "left_hand_pose", "right_hand_pose", "lhand_pose", "rhand_pose")

# Columns of the whole pose; in a body's own, which begins after the root, they lie three before.
_COLUMNS: Final = {
    "global_rotation": slice(36, 39),
    "neck": slice(45, 48),
    "jaw": slice(66, 69),
    "eyes": slice(69, 75),
}
_ROOT_WIDTH: Final = 3
_SHOW_FPS: Final = 30.0
_LEFT_OUT: Final = {
    "the body's, not the head's": (*_MARKS, "global_orient", "transl", "trans", "left_hand_pca", "right_hand_pca"),
    "SMPL-X's identity, not FLAME's": ("betas",),
}


def is_body(arrays: CodeArrays) -> bool:
    """Whether codes are those of an SMPL-X body, whose root is the pelvis and whose betas are not FLAME's."""
    if expression_key(arrays) is None:
        return False
    whole = find_key(arrays, _POSES)
    return find_key(arrays, _MARKS) is not None or (whole is not None and arrays.shape(whole)[-1:] == (_POSE_WIDTH,))


def draft_body(arrays: CodeArrays) -> Draft:
    """The head's expression, neck, jaw and eyes. SMPL-X's identity and the body's place and pose are left out."""
    draft = start_draft(arrays)
    add_codes(draft, arrays, ("expression", "jaw", "eyes"))
    whole, body = find_key(arrays, _POSES), find_key(arrays, _BODY_POSES)
    if whole and arrays.shape(whole)[-1:] == (_POSE_WIDTH,):
        draft.used.add(whole)
        poses = arrays.read(whole)
        for name, columns in _COLUMNS.items():
            draft.add(name, poses[..., columns], arrays.where(whole))
    else:
        add_rotations(draft, arrays)
        if body:
            _add_neck(draft, arrays, body)
    usual = usual_fps(arrays)
    if usual and draft.fps_source == "assumed":
        draft.settle_fps(usual, "layout")
    turned = "turns as its neck does" if "global_rotation" in draft.fields else "does not turn"
    draft.warnings.append(
        f"{arrays.path}: betas, trans and the body's pose are SMPL-X's and were left out; the head has the mean "
        f"identity of its model and {turned}, not as the body."
    )
    for reason, keys in _LEFT_OUT.items():
        draft.leave_out((key for key in arrays.keys if key.lower() in keys and key not in draft.used), reason)
    account_for(draft, arrays.keys)
    return draft


def usual_fps(arrays: CodeArrays) -> float | None:
    """The rate of SHOW, where the codes are its."""
    return _SHOW_FPS if "body_pose_axis" in arrays.keys else None


def _add_neck(draft: Draft, arrays: CodeArrays, key: str) -> None:
    """The turns of the body's neck and head joints; of a compressed pose nothing comes."""
    poses = _flat(arrays.read(key), arrays.where(key))
    if poses.shape[-1] != _BODY_POSE_WIDTH:
        return
    draft.used.add(key)
    for name in ("global_rotation", "neck"):
        columns = _COLUMNS[name]
        draft.add(name, poses[:, columns.start - _ROOT_WIDTH : columns.stop - _ROOT_WIDTH], arrays.where(key))


def _flat(poses: Array, where: str) -> Array:
    """(T, n) of poses (T, n) or (T, joints, 3)."""
    if poses.ndim == 3 and poses.shape[2] == 3:
        poses = poses.reshape(len(poses), -1)
    if poses.ndim != 2:
        raise SequenceError(f"{where}: has shape {poses.shape}; expected (T, 63), axis-angle of 21 joints.")
    return poses


def _read(place: Place) -> Draft:
    assert place.npz
    return draft_body(place.npz)


def _outline(place: Place) -> Outline:
    assert place.npz
    return outline_codes(place.npz, usual_fps(place.npz))


LAYOUT: Final = Layout(
    "BEAT2 / EMAGE, SHOW / TalkSHOW: SMPL-X .npz",
    (".npz",),
    lambda place: place.npz is not None and is_body(place.npz),
    _read,
    _outline,
)
