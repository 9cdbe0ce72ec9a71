"""BEAT2: motion of a whole body in SMPL-X, of which the head is taken.

Layout: PantoMatrix:emage_utils/motion_io.py. SMPL-X shares FLAME's expression basis.
"""

from __future__ import annotations

from typing import Final

from ..sequence import Sequence
from .arrays import NpzFile
from .codes_npz import expression_key, find_key, start_draft

_POSE_WIDTH: Final = 165  # 55 joints

# Columns of SMPL-X's pose. Its neck joint carries all of a FLAME head, its head joint sits where FLAME's neck does.
_COLUMNS: Final = {
    "global_rotation": slice(36, 39),
    "neck": slice(45, 48),
    "jaw": slice(66, 69),
    "eyes": slice(69, 75),
}


def is_smplx(npz: NpzFile) -> bool:
    """Whether the archive's poses are those of an SMPL-X body."""
    key = find_key(npz, ("poses", "pose"))
    return key is not None and npz.shape(key)[-1:] == (_POSE_WIDTH,)


def read_smplx(npz: NpzFile) -> Sequence:
    """The head's expression, neck, jaw and eyes. SMPL-X's identity and the body's place and pose are left out."""
    draft = start_draft(npz)
    expression, poses = expression_key(npz), find_key(npz, ("poses", "pose"))
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
    return draft.finish()
