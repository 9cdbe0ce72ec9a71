"""Linear blend skinning along FLAME's joint chain, batched over frames.

Equations: SMPL (Loper et al., 2015), with the joints of FLAME (Li et al., 2017). Written from the equations.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..motion.rotation import Floats, matrix_from_axis_angle

JOINTS: Final = ("root", "neck", "jaw", "left_eye", "right_eye")
PARENTS: Final = (-1, 0, 1, 1, 1)
CORRECTIVES: Final = 9 * (len(JOINTS) - 1)
_SKINNED_AT_ONCE: Final = 8  # frames whose blended matrices stay in the cache

Array = NDArray[np.float32]


def pose_features(pose: Floats) -> Array:
    """(T, 36) row-major R - I of every joint but the root."""
    rotations = matrix_from_axis_angle(pose.reshape(len(pose), len(JOINTS), 3)[:, 1:])
    return (rotations - np.eye(3)).reshape(len(pose), CORRECTIVES).astype(np.float32)


def skinning_transforms(
    pose: Floats, joints: NDArray[np.float64], translation: Floats | None, scale: Floats | None = None
) -> NDArray[np.float64]:
    """(T, 5, 3, 4) transforms from rest to posed space along the chain of `PARENTS`, then by scale and translation."""
    rotations = matrix_from_axis_angle(pose.reshape(len(pose), len(JOINTS), 3))
    world_rotation = [rotations[:, 0]]
    world_origin = [joints[:, 0]]
    for joint, parent in enumerate(PARENTS[1:], start=1):
        offset = joints[:, joint] - joints[:, parent]
        world_rotation.append(world_rotation[parent] @ rotations[:, joint])
        world_origin.append(world_origin[parent] + (world_rotation[parent] @ offset[..., None])[..., 0])
    rotation = np.stack(world_rotation, axis=1)
    shift = np.stack(world_origin, axis=1) - (rotation @ joints[..., None])[..., 0]
    if scale is not None:
        factor = np.asarray(scale, np.float64)[:, None]
        rotation, shift = rotation * factor[..., None, None], shift * factor[..., None]
    if translation is not None:
        shift = shift + np.asarray(translation, np.float64)[:, None]
    return np.concatenate([rotation, shift[..., None]], axis=-1)


def merge_still_joints(weights: Array, pose: Floats) -> tuple[Array, list[int]]:
    """Weights (V, n) and the n joints that still matter: one that never turns moves exactly as its parent does."""
    merged = weights.astype(np.float32).copy()
    turns = np.any(pose.reshape(len(pose), len(JOINTS), 3) != 0, axis=(0, 2))
    kept = [0]
    for joint in range(len(JOINTS) - 1, 0, -1):
        if turns[joint]:
            kept.append(joint)
        else:
            merged[:, PARENTS[joint]] += merged[:, joint]
    kept.sort()
    return np.ascontiguousarray(merged[:, kept]), kept


def skin(posed: Array, transforms: NDArray[np.float64], weights: Array) -> Array:
    """Linear blend skinning of (T, V, 3) by (T, J, 3, 4) with (V, J) weights."""
    matrices = transforms.reshape(len(posed), -1, 12).swapaxes(1, 2).astype(np.float32)
    out = np.empty_like(posed)
    for start in range(0, len(posed), _SKINNED_AT_ONCE):
        rows = slice(start, start + _SKINNED_AT_ONCE)
        blended = (matrices[rows].reshape(-1, matrices.shape[2]) @ weights.T).reshape(-1, 3, 4, len(weights))
        x, y, z = (np.ascontiguousarray(posed[rows, :, axis]) for axis in range(3))
        for axis in range(3):
            m = blended[:, axis]
            out[rows, :, axis] = m[:, 0] * x + m[:, 1] * y + m[:, 2] * z + m[:, 3]
    return out
