"""Head poses that trackers keep as a camera which moves about a head that stands: shown as the head's own motion."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...errors import SequenceError
from ..motion.rotation import axis_angle_from_matrix
from .arrays import Array
from .draft import Draft

# A camera of PyTorch3D looks along its z, with x to the left and y up; FLAME's face looks along z, with x to its left.
_FLAME_FROM_VIEW: Final = np.diag([-1.0, 1.0, -1.0])
_OFF: Final = 1e-2


def add_pytorch3d_pose(draft: Draft, rotation: Array, translation: Array, where: str) -> None:
    """The head as PyTorch3D's camera sees it: rows x R + T, in view coordinates, turned to FLAME's axes.

    rotation : (T, 3, 3) R; translation : (T, 3) T in metres. How far the camera stands, which is the clip's mean
    place, is left out. Raises SequenceError where R is no rotation.
    """
    check_rotations(rotation, where)
    add_origin_pose(draft, _FLAME_FROM_VIEW @ rotation.swapaxes(1, 2), translation @ _FLAME_FROM_VIEW, where)
    draft.warnings.append(
        f"{where}: the camera moves and the head stands; shown is how the head moves before a camera that stands, "
        "about its mean place."
    )
    draft.fields["translation"] = draft.fields["translation"] - draft.fields["translation"].mean(0)


def add_origin_pose(draft: Draft, rotation: Array, translation: Array, where: str) -> None:
    """The pose v' = R v + t about the origin, which FLAME's root is to be given: (T, 3, 3) and (T, 3)."""
    draft.add("global_rotation", axis_angle_from_matrix(rotation), where)
    draft.add("origin_rotation", draft.fields["global_rotation"], where)
    draft.add("translation", translation, where)


def check_rotations(matrices: Array, where: str) -> None:
    """Raises SequenceError where (T, 3, 3) are no rotations."""
    with np.errstate(all="ignore"):
        product = matrices @ matrices.swapaxes(1, 2)
        turned = np.abs(product - np.eye(3)).max() < _OFF and np.linalg.det(matrices).min() > 0
    if not turned:
        raise SequenceError(f"{where}: holds no rotation matrices; expected some.")
