"""How much of each unit makes a face: least squares with every share between 0 and 1, all frames at once."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_PRIOR: Final = 1e-3  # of the mean unit's own size: what decides between units that make the same face
_SWEEPS: Final = 500
_STILL: Final = 1e-6


def shares(gram: Floats, projections: Floats) -> Floats:
    """(T, n) the w in 0..1 of least |y - w U|^2 + p |w|^2, by coordinate descent over all frames together.

    gram : (n, n) U U'; projections : (T, n) y U'. The problem is convex, so that each sweep comes nearer to its one
    answer. Units that move nothing stay 0.
    """
    size = np.diag(gram).copy()
    moving = np.flatnonzero(size > 1e-9 * max(float(size.max(initial=0.0)), 1e-30))
    prior = _PRIOR * float(size[moving].mean()) if moving.size else 0.0
    out = np.zeros_like(projections)
    for _ in range(_SWEEPS):
        change = 0.0
        for unit in moving:
            left = projections[:, unit] - out @ gram[:, unit] + size[unit] * out[:, unit]
            new = np.clip(left / (size[unit] + prior), 0.0, 1.0)
            change = max(change, float(np.abs(new - out[:, unit]).max(initial=0.0)))
            out[:, unit] = new
        if change < _STILL:
            break
    return out
