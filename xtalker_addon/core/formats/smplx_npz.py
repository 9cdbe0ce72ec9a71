"""BEAT2: motion of a whole body in SMPL-X, of which the head is taken.

Layout: PantoMatrix:emage_utils/motion_io.py. SMPL-X shares FLAME's expression basis.
"""

from __future__ import annotations

from typing import Final

from .codes_npz import FPS_KEYS, expression_key, find_key, outline_codes, start_draft
from .draft import Draft
from .layout import Layout, Place

_POSE_WIDTH: Final = 165  # 55 joints

_POSES: Final = ("poses", "pose")
_BODY: Final = ("betas", "trans")
_LABELS: Final = ("model", "gender", "mocap_time_length", "surface_model_type")

# Columns of SMPL-X's pose. Its neck joint carries all of a FLAME head, its head joint sits where FLAME's neck does.
_COLUMNS: Final = {
    "global_rotation": slice(36, 39),
    "neck": slice(45, 48),
    "jaw": slice(66, 69),
    "eyes": slice(69, 75),
}


def _holds(place: Place) -> bool:
    """Whether the archive's poses are those of an SMPL-X body."""
    if place.npz is None or expression_key(place.npz) is None:
        return False
    key = find_key(place.npz, _POSES)
    return key is not None and place.npz.shape(key)[-1:] == (_POSE_WIDTH,)


def _read(place: Place) -> Draft:
    """The head's expression, neck, jaw and eyes. SMPL-X's identity and the body's place and pose are left out."""
    npz = place.npz
    assert npz
    draft = start_draft(npz)
    expression, poses = expression_key(npz), find_key(npz, _POSES)
    assert expression
    assert poses
    draft.add("expression", npz.read(expression), npz.where(expression))
    body = npz.read(poses)
    for name, columns in _COLUMNS.items():
        draft.add(name, body[..., columns], npz.where(poses))
    draft.warnings.append(
        f"{npz.path}: betas, trans and the body's pose are SMPL-X's and were left out; the head has the mean "
        "identity of its model."
    )
    draft.leave_out((key for key in npz.keys if key.lower() in _BODY), "SMPL-X's, not FLAME's")
    draft.leave_out((key for key in npz.keys if key.lower() in _LABELS), "says nothing of the face")
    draft.leave_out(key for key in npz.keys if key not in (expression, poses) and key.lower() not in FPS_KEYS)
    return draft


LAYOUT: Final = Layout("BEAT2 / EMAGE: SMPL-X .npz", (".npz",), _holds, _read, outline_codes)
