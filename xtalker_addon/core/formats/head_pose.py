"""Head poses that trackers keep as a camera which moves about a head that stands: shown as the head's own motion."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...errors import SequenceError
from ..motion.rotation import axis_angle_from_matrix, matrix_from_euler_xyz
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
    _add_seen_pose(draft, _FLAME_FROM_VIEW @ rotation.swapaxes(1, 2), translation @ _FLAME_FROM_VIEW, where)


def add_placed_camera_pose(draft: Draft, camera: Array, where: str) -> None:
    """The head as flame-head-tracker's camera sees it, which looks along the head's -z where it is not turned.

    camera : (T, 6) turns about y, x and z in radians, the x turn first and the z turn last, and place in metres
    """
    rotation = matrix_from_euler_xyz(-camera[:, [1, 0, 2]])  # the camera's transposed
    _add_seen_pose(draft, rotation, -np.einsum("tij,tj->ti", rotation, camera[:, 3:]), where)


def _add_seen_pose(draft: Draft, rotation: Array, translation: Array, where: str) -> None:
    add_origin_pose(draft, rotation, translation, where)
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
