"""Sequences in memory, with motion of realistic size in every field."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xtalker_addon.core.sequence import Sequence


def smooth(rng: np.random.Generator, frames: int, width: int, size: float) -> np.ndarray:
    """(frames, width) slow random oscillations of amplitude `size`."""
    time = np.linspace(0, frames / 25, frames)[:, None]
    return size * np.sin(2 * np.pi * rng.uniform(0.1, 2.5, width) * time + rng.uniform(0, 6.28, width))


def talking_clip(rng: np.random.Generator, frames: int = 40, name: str = "clip", **fields) -> Sequence:
    """A clip with all fifteen pose numbers, 100 identity and 50 expression codes, light and camera moving."""
    light = np.zeros((frames, 9, 3)) + smooth(rng, frames, 27, 0.12).reshape(frames, 9, 3)
    light[:, 0] += 2.7
    light[:, 3] += 0.4
    values = {
        "expression": smooth(rng, frames, 50, 1.5),
        "shape": rng.normal(0, 1, 100),
        "global_rotation": smooth(rng, frames, 3, 0.4),
        "neck": smooth(rng, frames, 3, 0.2),
        "jaw": np.abs(smooth(rng, frames, 3, 0.2)),
        "eyes": smooth(rng, frames, 6, 0.3),
        "light": light,
        "camera": np.array([8.0, 0.0, 0.02]) + smooth(rng, frames, 3, 0.005),
    }
    return Sequence(name, Path(f"{name}.npz"), 25.0, **{**values, **fields})
