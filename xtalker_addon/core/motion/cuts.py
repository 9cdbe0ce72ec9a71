"""Finds where clips were joined: GRID, RAVDESS and MEAD sequences are rows of short clips, without a mark between them.

At a cut all codes jump at once, for one frame, by much more than they move around it. A blink or a nod lasts several
frames, and a stray frame jumps there and back. Vertices are made by predictors and not joined: they are taken as whole.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..sequence import Sequence
from .rotation import Floats, continuous_signs, quaternion_wxyz_from_axis_angle
from .statistics import JAW_STD, expression_std

_REACH: Final = 10  # frames on either side that a step is compared with
_NEIGHBOUR_SHARE: Final = 0.8  # how much the two steps next to it count: they share a blink's or a stray frame's
_RATIO: Final = 2.2  # the geometric mean, over the groups of codes, of how far a step sticks out
_FACE_STEP: Final = 0.45  # of expression and jaw at a cut, in published standard deviations (root mean square)
_USUAL_SHARE: Final = 0.95  # of the steps, the smaller ones, that tell how a clip usually moves
_RIDGE: Final = 0.3  # of the mean variance: keeps directions in which a clip hardly moves from deciding alone

Steps = NDArray[np.float32]
Array = NDArray[np.float64]


def find_cuts(sequence: Sequence) -> NDArray[np.int64]:
    """(C,) sorted indices of the frames that begin another clip; never 0. Motion must not be joined across them."""
    if sequence.frames < 4 or sequence.expression is None:
        return np.zeros(0, np.int64)
    groups = _groups(sequence)
    score = np.mean([np.log(_prominence(_surprise(group))) for group in groups], axis=0)
    return np.flatnonzero((score > np.log(_RATIO)) & (step_sizes(groups[0]) > _FACE_STEP)) + 1


def segments(frames: int, cuts: NDArray[np.int64]) -> list[slice]:
    """The clips between cuts, as slices of frames."""
    bounds = [0, *cuts.tolist(), frames]
    return [slice(start, end) for start, end in pairwise(bounds)]


def face_codes(sequence: Sequence) -> Steps:
    """(T, n) expression and jaw in published standard deviations; of clips with codes."""
    assert sequence.expression is not None
    expression = sequence.expression / expression_std(sequence.expression.shape[1])
    return expression if sequence.jaw is None else np.concatenate([expression, sequence.jaw / JAW_STD], axis=1)


def step_sizes(values: Floats) -> Steps:
    """(T - 1,) root mean square of the change from each frame of (T, n) to the next."""
    return np.sqrt(np.mean(np.square(np.diff(values, axis=0)), axis=1, dtype=np.float32))


def _groups(sequence: Sequence) -> list[Steps]:
    """The groups of codes (T, n) that are there and move; the face first."""
    # As quaternions of continuous sign: axis-angle jumps where it wraps, though the head does not.
    head = [
        continuous_signs(quaternion_wxyz_from_axis_angle(part))
        for part in (sequence.global_rotation, sequence.neck)
        if part is not None
    ]
    others: list[Floats] = [np.concatenate(head, axis=1)] if head else []
    if sequence.shape is not None and sequence.shape.ndim == 2:
        others.append(sequence.shape)
    if sequence.detail is not None:
        others.append(sequence.detail)
    if sequence.light is not None:
        others.append(sequence.light.reshape(sequence.frames, -1))
    return [face_codes(sequence), *(group for group in others if np.median(step_sizes(group)) > 0)]


def _surprise(group: Floats) -> Steps:
    """(T - 1,) size of each step, measured by how the clip usually moves.

    Faces move in habitual directions: a blink is long in one of them, a cut goes into all.
    """
    change: Array = np.diff(np.asarray(group, np.float64), axis=0)
    size = np.square(change).sum(1)
    usual = change[size <= np.quantile(size, _USUAL_SHARE)]
    covariance = usual.T @ usual / float(len(usual))
    covariance += (_RIDGE * np.trace(covariance) / len(covariance) + 1e-12) * np.eye(len(covariance))
    unusual = change @ np.asarray(np.linalg.inv(covariance), np.float64)
    return np.sqrt(np.mean(change * unusual, axis=1)).astype(np.float32)


def _prominence(sizes: Steps) -> Steps:
    """How many times each step (T - 1,) exceeds what is usual around it, from 1/4 to 20."""
    padded = np.pad(sizes, _REACH, mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _REACH + 1)
    around = np.median(windows, axis=1)
    beside = np.maximum(windows[:, _REACH - 1], windows[:, _REACH + 1]) * np.float32(_NEIGHBOUR_SHARE)
    return np.clip(sizes / np.maximum(np.maximum(around, beside), 1e-6), 0.25, 20).astype(np.float32)
