"""Rotations, batched over any leading axes. Right-handed, column vectors, radians, quaternions in w, x, y, z order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def matrix_from_axis_angle(axis_angle: Floats) -> NDArray[np.float64]:
    """Rodrigues' formula, from (..., 3) axis-angle to (..., 3, 3) matrices.

    The quotients sin(a)/a and (1 - cos(a))/a^2 are written with sinc, which is exact at and near zero.
    """
    r = np.asarray(axis_angle, np.float64)
    angle = np.linalg.norm(r, axis=-1)[..., None, None]
    skew = np.zeros((*r.shape, 3))
    skew[..., 0, 1], skew[..., 0, 2] = -r[..., 2], r[..., 1]
    skew[..., 1, 0], skew[..., 1, 2] = r[..., 2], -r[..., 0]
    skew[..., 2, 0], skew[..., 2, 1] = -r[..., 1], r[..., 0]
    half = np.sinc(angle / (2 * np.pi))
    return np.eye(3) + np.sinc(angle / np.pi) * skew + 0.5 * half * half * (skew @ skew)


def quaternion_wxyz_from_axis_angle(axis_angle: Floats) -> NDArray[np.float64]:
    """From (..., 3) axis-angle to (..., 4) unit quaternions."""
    r = np.asarray(axis_angle, np.float64)
    angle = np.linalg.norm(r, axis=-1, keepdims=True)
    return np.concatenate([np.cos(angle / 2), 0.5 * np.sinc(angle / (2 * np.pi)) * r], axis=-1)


def axis_angle_from_quaternion_wxyz(quaternion_wxyz: Floats) -> NDArray[np.float64]:
    """From (..., 4) unit quaternions to (..., 3) axis-angle with angles in [0, pi]."""
    q = np.asarray(quaternion_wxyz, np.float64)
    q = np.where(q[..., :1] < 0, -q, q)
    sine = np.linalg.norm(q[..., 1:], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, q[..., :1])
    # For tiny angles the quotient angle/sin(angle/2) tends to 2.
    return q[..., 1:] * np.where(sine > 1e-12, angle / np.maximum(sine, 1e-12), 2.0)


def continuous_signs(quaternion_wxyz: Floats) -> NDArray[np.float64]:
    """Flip signs along the first axis of (T, 4) so that neighbours lie on one hemisphere.

    A quaternion and its negative are one rotation, but an F-curve that runs from one to the other spins the bone.
    """
    q = np.asarray(quaternion_wxyz, np.float64)
    flips = np.where((q[1:] * q[:-1]).sum(-1) < 0, -1.0, 1.0)
    return q * np.concatenate([[1.0], np.cumprod(flips)])[:, None]


def quaternion_wxyz_from_matrix(matrix: Floats) -> NDArray[np.float64]:
    """From (..., 3, 3) rotation matrices to (..., 4) unit quaternions.

    The eigenvector of Bar-Itzhack's symmetric 4 x 4 matrix ("New method for extracting the quaternion from a rotation
    matrix", 2000): exact for rotations, the nearest one for matrices that are nearly rotations, and good at half turns.
    """
    m = np.asarray(matrix, np.float64)
    k = np.zeros((*m.shape[:-2], 4, 4))
    k[..., 1:, 1:] = m + np.swapaxes(m, -1, -2) - np.trace(m, axis1=-2, axis2=-1)[..., None, None] * np.eye(3)
    axis = np.stack([m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]], axis=-1)
    k[..., 0, 1:], k[..., 1:, 0] = axis, axis
    k[..., 0, 0] = np.trace(m, axis1=-2, axis2=-1)
    return np.linalg.eigh(k)[1][..., -1]


def axis_angle_from_matrix(matrix: Floats) -> NDArray[np.float64]:
    """From (..., 3, 3) rotation matrices to (..., 3) axis-angle with angles in [0, pi]."""
    return axis_angle_from_quaternion_wxyz(quaternion_wxyz_from_matrix(matrix))


def matrix_from_6d_rows(rows: Floats) -> NDArray[np.float64]:
    """From (..., 6), the first two rows of rotation matrices one after the other, to the matrices (..., 3, 3).

    The rows are made orthonormal in their order, as Zhou et al. do ("On the continuity of rotation representations",
    2019); PyTorch3D takes rows where others take columns.
    """
    values = np.asarray(rows, np.float64)
    matrix = np.empty((*values.shape[:-1], 3, 3))
    matrix[..., 0, :] = _unit(values[..., :3])
    across = (matrix[..., 0, :] * values[..., 3:]).sum(-1, keepdims=True)
    matrix[..., 1, :] = _unit(values[..., 3:] - across * matrix[..., 0, :])
    matrix[..., 2, :] = np.cross(matrix[..., 0, :], matrix[..., 1, :])
    return matrix


def _unit(vectors: Floats) -> Floats:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def matrix_from_euler_xyz(angles: Floats) -> NDArray[np.float64]:
    """From (..., 3) angles about x, y and z to the matrices Rx Ry Rz (..., 3, 3)."""
    axes = np.eye(3)
    x, y, z = (matrix_from_axis_angle(np.asarray(angles)[..., i, None] * axes[i]) for i in range(3))
    return x @ y @ z


def euler_xyz_from_matrix(matrix: Floats) -> NDArray[np.float64]:
    """From rotation matrices (..., 3, 3) to angles (..., 3) whose Rx Ry Rz they are; that about y is in -pi/2..pi/2."""
    m = np.asarray(matrix, np.float64)
    x = np.arctan2(-m[..., 1, 2], m[..., 2, 2])
    y = np.arcsin(np.clip(m[..., 0, 2], -1, 1))
    return np.stack([x, y, np.arctan2(-m[..., 0, 1], m[..., 0, 0])], axis=-1)
