"""The scale of colours that distances are shown in, in Blender and in review pictures alike."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

# From the same place to as far apart as the legend goes: display values, each a step of 21 to 25 in CIELAB from the
# last and lighter than it, so that the eye goes to where the distance is largest.
COLOURS: Final = (
    *((0.29, 0.32, 0.36), (0.30, 0.32, 0.50), (0.43, 0.31, 0.62), (0.64, 0.28, 0.61), (0.80, 0.29, 0.55)),
    *((0.89, 0.33, 0.45), (0.96, 0.38, 0.35), (1.00, 0.49, 0.27), (1.00, 0.61, 0.21), (1.00, 0.78, 0.26)),
    (1.00, 0.95, 0.37),
)
_STEPS: Final = 256


def colour_scale() -> NDArray[np.float32]:
    """(256, 3) display values from no distance to the scale's end."""
    steps, last = np.linspace(0.0, len(COLOURS) - 1.0, _STEPS), np.arange(len(COLOURS))
    return np.stack([np.interp(steps, last, channel) for channel in zip(*COLOURS, strict=True)], axis=1).astype(
        np.float32
    )
