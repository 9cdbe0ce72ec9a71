"""FLAME's equations once more, as plainly as they can be written: what tests hold vertices against."""

from __future__ import annotations

import numpy as np

from xtalker_addon.core.model.skinning import PARENTS
from xtalker_addon.core.motion.rotation import matrix_from_axis_angle


def plain_flame(model, shape, expression, pose, offset=0.0) -> np.ndarray:
    """FLAME's equations for one frame, one joint and one vertex at a time, in double precision.

    offset : (V, 3) metres that are added to the shaped head before its joints are found, as VHAP and GaussianAvatars do
    """
    shaped = model.template.astype(np.float64) + offset
    shaped = shaped + sum(c * d for c, d in zip(shape, model.identity_basis, strict=False))
    shaped = shaped + sum(c * d for c, d in zip(expression, model.expression_basis, strict=False))
    joints = model.joint_regressor.astype(np.float64) @ shaped
    rotations = [matrix_from_axis_angle(pose[3 * j : 3 * j + 3]) for j in range(5)]
    features = np.concatenate([(rotation - np.eye(3)).ravel() for rotation in rotations[1:]])
    posed = shaped + sum(f * d for f, d in zip(features, model.corrective_basis, strict=True))
    transforms = []
    for joint, parent in enumerate(PARENTS):
        local = np.eye(4)
        local[:3, :3] = rotations[joint]
        local[:3, 3] = joints[joint] - (joints[parent] if parent >= 0 else 0)
        transforms.append(local if parent < 0 else transforms[parent] @ local)
    result = np.zeros_like(posed)
    for joint, transform in enumerate(transforms):
        moved = (posed - joints[joint]) @ transform[:3, :3].T + transform[:3, 3]
        result += model.weights[:, joint, None] * moved
    return result
