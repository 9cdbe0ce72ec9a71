"""From articulators and gestures to expression codes of the head, by the names of its columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from xtalker_addon.core.flame import FlameModel

Array = NDArray[np.float64]

EXPRESSION_WIDTH: Final = 50  # columns that the layout can drive
_UPPER, _LOWER = "lip_inner_upper", "lip_inner_lower"  # edges that meet when the mouth is shut


def mouth_codes(paths: Mapping[str, Array], smile: Array) -> dict[str, Array]:
    """Codes (N,) by expression name for the articulators' paths (N,), save the one that seals the lips."""
    sealed, bite = paths["closure"], paths["bite"]
    paired = {
        "lip_stretch": 1.1 * paths["spread"] * (1 - 0.5 * np.clip(smile, 0, 1)),
        "lower_lip_depress": 1.1 * paths["teeth"] * (1 - bite),
        "upper_lip_raise": 0.7 * paths["teeth"] + 0.6 * bite,
    }
    codes = {
        "lip_pucker": 1.7 * paths["pucker"],
        "lip_funnel": 1.9 * paths["funnel"],
        "lip_bite": 1.7 * bite,
        "lip_roll_lower": 0.6 * bite,
        "lip_press": 0.2 * sealed,
    }
    for name, code in paired.items():
        codes[f"{name}_left"] = codes[f"{name}_right"] = code
    return codes


def lip_closing(paths: Mapping[str, Array], seal: Array) -> Array:
    """The code (T,) of `lip_close`: all of what seals the lips in a closure, half where the lower lip meets the teeth."""
    return np.maximum(paths["closure"], 0.5 * paths["bite"]) * seal


def expression_codes(model: FlameModel, codes: Mapping[str, Array], frames: int) -> Array:
    """Expression (frames, 50) from codes (frames,) by name.

    Raises ValueError where the head has no such column among those that the layout can drive.
    """
    expression = np.zeros((frames, EXPRESSION_WIDTH))
    for name, code in codes.items():
        if name not in model.expression_names[:EXPRESSION_WIDTH]:
            raise ValueError(f"{model.source}: no expression '{name}' among the first {EXPRESSION_WIDTH} columns.")
        expression[:, model.expression_names.index(name)] += code
    return expression


def lip_gap(model: FlameModel, shape: Array, expression: Array, jaw: Array) -> Array:
    """Opening (T, K) in metres between facing vertices of the inner lips, from corner to corner; negative: overlapping.

    shape (S,), expression (T, E), jaw (T, 3); measured upright, so that the head's motion does not matter.
    """
    pose = np.zeros((len(jaw), 15))
    pose[:, 6:9] = jaw
    vertices = model.evaluate(shape, expression, pose)
    return vertices[:, model.regions[_UPPER], 1] - vertices[:, model.regions[_LOWER], 1]


def sealing_code(model: FlameModel, shape: Array, expression: Array, jaw: Array) -> Array:
    """The code (T,) of `lip_close` that just brings the lips together over the jaw's opening and all other codes.

    Vertices move linearly with a code, so two evaluations say where the gap closes; the middle of the lips decides.
    """
    column = model.expression_names.index("lip_close")
    closing = expression.copy()
    closing[:, column] += 1.0
    gap = lip_gap(model, shape, expression, jaw)
    gain = gap - lip_gap(model, shape, closing, jaw)
    quarter = gap.shape[1] // 4
    middle = slice(quarter, gap.shape[1] - quarter)
    return np.clip((gap[:, middle] / np.maximum(gain[:, middle], 1e-5)).mean(1), 0.0, 5.0)
