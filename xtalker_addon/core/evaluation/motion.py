"""Metrics of curves: rotations of head and jaw, mouth openings, beats."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..motion.rotation import Floats, matrix_from_axis_angle, quaternion_wxyz_from_axis_angle

Doubles = NDArray[np.float64]

SMOOTHING_FRAMES: Final = 3.0  # standard deviation of the Gaussian over the head's speed
BEAT_VARIANCE: Final = 7.0  # of the distance between beats, in frames squared
_GAUSSIAN_REACH: Final = 4  # standard deviations, as scipy.ndimage cuts it
_FLAT: Final = 1e-12


def angles_between(first: Floats, second: Floats) -> Doubles:
    """(T,) angles in radians between the rotations of two (T, 3) axis-angle curves."""
    a, b = quaternion_wxyz_from_axis_angle(first), quaternion_wxyz_from_axis_angle(second)
    # The vector part of the rotation between them keeps small angles exact, which an arc cosine would not.
    w = (a * b).sum(-1)
    vector = a[:, :1] * b[:, 1:] - b[:, :1] * a[:, 1:] - np.cross(a[:, 1:], b[:, 1:])
    return 2 * np.arctan2(np.linalg.norm(vector, axis=-1), np.abs(w))


def head_angles_between(first: Floats, second: Floats) -> Doubles:
    """(T,) angles between heads, each turned by its root and then its neck; poses are (T, 15)."""
    a, b = (
        matrix_from_axis_angle(pose[:, :3]) @ matrix_from_axis_angle(pose[:, 3:6])
        for pose in (np.asarray(first), np.asarray(second))
    )
    between = a.swapaxes(-1, -2) @ b
    sine = np.stack([between[:, (i + 2) % 3, (i + 1) % 3] - between[:, (i + 1) % 3, (i + 2) % 3] for i in range(3)], -1)
    return np.arctan2(np.linalg.norm(sine, axis=-1), np.trace(between, axis1=1, axis2=2) - 1)


def correlation(first: Floats, second: Floats) -> float | None:
    """Pearson's correlation; None where one of them does not move."""
    a, b = (np.asarray(curve, np.float64) - np.mean(curve, dtype=np.float64) for curve in (first, second))
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / size if size > _FLAT else None


def lag_frames(truth: Floats, prediction: Floats, reach: int) -> float | None:
    """By how many frames `prediction` is late: the shift of at most `reach` at which the two correlate best.

    At every shift only the frames that both have are compared. Between frames, the top of the parabola through the
    best shift and its neighbours. None where one of them does not move.
    """
    reach = min(reach, len(truth) - 3)
    shifts = range(-reach, reach + 1)
    found = [correlation(*_shifted(truth, prediction, shift)) for shift in shifts] if reach >= 0 else []
    scores = np.array([-np.inf if score is None else score for score in found])
    if not scores.size or not np.isfinite(scores.max()):
        return None
    best = int(np.argmax(scores))
    lag = float(shifts[best])
    if 0 < best < len(scores) - 1 and np.isfinite(scores[best - 1 : best + 2]).all():
        before, top, after = scores[best - 1 : best + 2]
        curvature = before - 2 * top + after
        lag += float(0.5 * (before - after) / curvature) if curvature < -_FLAT else 0.0
    return lag


def _shifted(truth: Floats, prediction: Floats, shift: int) -> tuple[Floats, Floats]:
    late = max(shift, 0)
    early = max(-shift, 0)
    return truth[early : len(truth) - late], prediction[late : len(prediction) - early]


def pose_variation(rotation: Floats) -> float:
    """The mean of the variances (of n) over time of the three numbers of (T, 3) axis-angle."""
    return float(np.var(np.asarray(rotation, np.float64), axis=0).mean())


def beat_alignment(beat_seconds: Floats, rotation: Floats, fps: float) -> float | None:
    """How near the beats of a sound are to moments at which the head is slow: 1 for all on the spot.

    beat_seconds : (n,) times of the beats. rotation : (T, 3) axis-angle of the head
    0 where no beat falls into the motion; None where the head has no slow moment to compare with.
    """
    rotation = np.asarray(rotation, np.float64)
    speed = np.linalg.norm(np.diff(rotation, axis=0), axis=1)
    beats = (np.asarray(beat_seconds, np.float64) * fps).astype(int)
    beats = beats[beats < len(speed)]
    if not beats.size:
        return 0.0
    smooth = gaussian_smoothed(speed, SMOOTHING_FRAMES)
    slow = 1 + np.flatnonzero((smooth[1:-1] < smooth[:-2]) & (smooth[1:-1] < smooth[2:]))
    if not slow.size:
        return None
    nearest = np.abs(beats[:, None] - slow).min(1)
    return float(np.exp(-np.square(nearest) / (2 * BEAT_VARIANCE)).mean())


def gaussian_smoothed(values: Floats, sigma: float) -> Doubles:
    """(n,) values smoothed by a Gaussian, mirrored at the ends with the last value repeated."""
    radius = int(_GAUSSIAN_REACH * sigma + 0.5)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    padded = np.pad(np.asarray(values, np.float64), radius, mode="symmetric")
    return np.asarray(np.convolve(padded, kernel / kernel.sum(), "valid"), np.float64)
