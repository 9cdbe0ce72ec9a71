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
    """Linear blend skinning of (T, 3, V) by (T, J, 3, 4) with (V, J) weights."""
    matrices = transforms.astype(np.float32)
    holds = [_hold(column) for column in weights.T]
    out = np.zeros_like(posed)
    for start in range(0, len(posed), _SKINNED_AT_ONCE):
        rows = slice(start, start + _SKINNED_AT_ONCE)
        for joint, (span, weight) in enumerate(holds):
            moved = matrices[rows, joint, :, :3] @ posed[rows, :, span]
            moved += matrices[rows, joint, :, 3:]
            moved *= weight
            out[rows, :, span] += moved
    return out


def _hold(weights: Array) -> tuple[slice, Array]:
    """The run of vertices that a joint has a hold on, and its weights there: single ones are slow to pick."""
    held = np.flatnonzero(weights)
    span = slice(held[0], held[-1] + 1) if held.size else slice(0)
    return span, np.ascontiguousarray(weights[span])
