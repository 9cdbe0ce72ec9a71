"""Angles, lags and beats are what they are said to be."""

from __future__ import annotations

import numpy as np
import pytest

from xtalker_addon.core.evaluation.motion import (
    angles_between,
    beat_alignment,
    correlation,
    gaussian_smoothed,
    head_angles_between,
    lag_frames,
    pose_variation,
)
from xtalker_addon.core.motion.rotation import matrix_from_axis_angle


def angle_of_matrices(a, b):
    return np.arccos(np.clip((np.trace(a.swapaxes(-1, -2) @ b, axis1=1, axis2=2) - 1) / 2, -1, 1))


def test_angles_are_those_of_the_matrices():
    rng = np.random.default_rng(0)
    first, second = rng.normal(0, 1, (2, 200, 3))
    expected = angle_of_matrices(matrix_from_axis_angle(first), matrix_from_axis_angle(second))
    assert np.abs(angles_between(first, second) - expected).max() < 1e-7


def test_tiny_and_known_angles_are_exact():
    turn = np.array([[0.3, -0.2, 0.1]])
    axis = turn / np.linalg.norm(turn)
    for angle in (1e-9, 1e-4, 0.5, 3.0):
        assert angles_between(turn, turn + angle * axis)[0] == pytest.approx(angle, rel=1e-6)
        pose = np.zeros((2, 1, 15))
        pose[:, :, 3:6] = turn
        pose[1, :, 3:6] += angle * axis
        assert head_angles_between(*pose)[0] == pytest.approx(angle, rel=1e-6)


def test_the_head_is_turned_by_root_then_neck():
    rng = np.random.default_rng(1)
    poses = rng.normal(0, 0.6, (2, 50, 15))
    first, second = (matrix_from_axis_angle(p[:, :3]) @ matrix_from_axis_angle(p[:, 3:6]) for p in poses)
    assert np.abs(head_angles_between(*poses) - angle_of_matrices(first, second)).max() < 1e-7


@pytest.mark.parametrize("lag", [-7, -3, 0, 2, 11])
def test_a_late_curve_has_a_positive_lag(lag):
    rng = np.random.default_rng(lag + 20)
    curve = gaussian_smoothed(rng.normal(size=400), 2)
    shifted = curve[50 - lag : 300 - lag]
    assert lag_frames(curve[50:300], 0.5 * shifted + 3, 25) == pytest.approx(lag, abs=0.05)


def test_curves_that_stand_still_have_no_correlation():
    assert correlation(np.ones(30), np.arange(30)) is None
    assert lag_frames(np.ones(30), np.arange(30.0), 5) is None
    assert lag_frames(np.arange(3.0), np.arange(3.0), 25) is not None
    assert lag_frames(np.arange(2.0), np.arange(2.0), 25) is None


def test_pose_variation_is_the_mean_variance():
    rotation = np.random.default_rng(2).normal(0, 0.2, (77, 3))
    expected = np.mean([np.mean((column - column.mean()) ** 2) for column in rotation.T])
    assert pose_variation(rotation) == pytest.approx(expected, rel=1e-12)


def test_beats_are_compared_as_scipy_would():
    ndimage, signal = pytest.importorskip("scipy.ndimage"), pytest.importorskip("scipy.signal")
    rng = np.random.default_rng(3)
    for frames in (40, 200, 251):
        rotation = np.cumsum(rng.normal(0, 0.02, (frames, 3)), 0)
        speed = np.sqrt(((rotation[1:] - rotation[:-1]) ** 2).sum(1))
        smooth = ndimage.gaussian_filter(speed, 3)
        assert np.abs(gaussian_smoothed(speed, 3.0) - smooth).max() < 1e-15
        slow = signal.argrelextrema(smooth, np.less)[0]
        beats = np.sort(rng.uniform(0, frames / 25 + 1, 9))
        kept = [int(beat * 25) for beat in beats if int(beat * 25) < frames - 1]
        expected = np.mean([np.exp(-min((slow - beat) ** 2) / (2 * 7)) for beat in kept])
        assert beat_alignment(beats, rotation, 25) == pytest.approx(expected, rel=1e-9)


def test_without_beats_the_score_is_nought_and_without_motion_there_is_none():
    rotation = np.random.default_rng(4).normal(0, 0.1, (50, 3))
    assert beat_alignment(np.zeros(0), rotation, 25) == 0
    assert beat_alignment(np.array([1.0]), np.zeros((50, 3)), 25) is None
