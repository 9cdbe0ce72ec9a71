"""Steadier versions of what was fitted frame by frame, clip by clip between cuts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .cuts import segments
from .rotation import Floats


def smoothed(values: Floats, cuts: NDArray[np.int64], reach: int) -> NDArray[np.float32]:
    """(T, n) weighted by a raised cosine over `reach` frames to both sides, never across a cut.

    At the ends of a clip the weights of the frames that are there count.
    """
    weights = np.hanning(2 * reach + 3)[1:-1]
    result = np.empty(np.shape(values), np.float32)
    for part in segments(len(values), cuts):
        piece = np.asarray(values[part], np.float64)
        total = np.convolve(np.ones(len(piece)), weights)[reach : reach + len(piece)]
        for column in range(piece.shape[1]):
            result[part, column] = np.convolve(piece[:, column], weights)[reach : reach + len(piece)] / total
    return result
