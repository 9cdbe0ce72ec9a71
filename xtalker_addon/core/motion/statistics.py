"""How large and how lively the codes of talking faces usually are.

Standard deviations of codes relative to a clip's first frame, as 3DXTalker publishes them with its code
(EngineeringAI-LAB/3DXTalker: data_provider/data_mean_std.npz, MIT licence), rounded.
"""

from __future__ import annotations

from typing import Final

import numpy as np

# fmt: off
EXPRESSION_STD: Final = np.array([
    0.771, 0.791, 0.564, 0.820, 0.716, 0.861, 0.818, 1.028, 0.810, 0.925, 0.797, 1.011, 1.076, 1.086, 0.768, 0.954,
    0.768, 0.562, 0.682, 0.703, 0.671, 0.752, 0.857, 0.690, 1.008, 0.528, 0.626, 0.746, 0.567, 1.106, 1.049, 1.115,
    0.548, 0.769, 0.515, 0.464, 0.730, 0.588, 0.431, 0.611, 0.639, 0.489, 0.934, 0.482, 0.468, 0.429, 0.580, 0.551,
    1.172, 0.951,
], np.float32)
# fmt: on
HEAD_STD: Final = np.array([0.0768, 0.1203, 0.0745], np.float32)  # radians
JAW_STD: Final = np.array([0.0607, 0.0099, 0.0239], np.float32)  # radians
SHAPE_NORM: Final = 0.949  # of the standard deviations of all 100 identity codes
SHAPE_STD: Final = SHAPE_NORM / 10  # a code
DETAIL_STD: Final = 0.0785  # a code


def expression_std(width: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """(width,) for a basis of any width: beyond the published fifty their last ten stand for the rest."""
    rest = np.full(max(0, width - EXPRESSION_STD.size), EXPRESSION_STD[-10:].mean(), np.float32)
    return np.concatenate([EXPRESSION_STD, rest])[:width]
