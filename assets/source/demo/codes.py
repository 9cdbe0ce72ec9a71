"""Codes by the names of the head's columns, and from articulators to those of its expression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from xtalker_addon.core.model.flame import FlameModel

from .motion import Array

EXPRESSION_WIDTH = 50  # columns that the layout can drive


def by_name(values: Mapping[str, Array | float], names: Sequence[str], width: int) -> Array:
    """Codes (..., width) from values (...) by column name, 0 for all other columns.

    Raises ValueError where the first `width` columns have no such name.
    """
    codes = np.zeros((*np.shape(next(iter(values.values()))), width))
    for name, value in values.items():
        if name not in names[:width]:
            raise ValueError(f"the head has no column '{name}' among the first {width}.")
        codes[..., names.index(name)] = value
    return codes


def mouth_codes(paths: Mapping[str, Array]) -> dict[str, Array]:
    """Codes (N,) by expression name for the articulators' paths (N,), save the one that seals the lips."""
    bite = paths["bite"]
    paired = {
        "mouth_stretch": 1.6 * paths["spread"],
        "mouth_lower_down": 1.7 * paths["teeth"] * (1 - bite),
        "mouth_upper_up": 1.4 * paths["teeth"] + 1.0 * bite,
    }
    codes = {
        "mouth_pucker": 4.0 * paths["pucker"],
        "mouth_funnel": 2.0 * paths["funnel"],
        "mouth_roll_lower": 2.9 * bite,
    }
    for name, code in paired.items():
        codes[f"{name}_left"] = codes[f"{name}_right"] = code
    return codes


def lip_gap(model: FlameModel, shape: Array, expression: Array, jaw: Array) -> Array:
    """Opening (T, K) in metres between facing vertices in the middle half of the mouth; negative where they overlap.

    shape (S,), expression (T, E), jaw (T, 3); measured upright, so that the head's motion does not matter.
    """
    pose = np.zeros((len(jaw), 15))
    pose[:, 6:9] = jaw
    vertices = model.evaluate(shape, expression, pose)
    upper, lower = model.regions["upper_seam"], model.regions["lower_seam"]
    side = np.abs(model.template[upper, 0])
    middle = side < 0.5 * side.max()
    return vertices[:, upper[middle], 1] - vertices[:, lower[middle], 1]


def sealing_code(model: FlameModel, shape: Array, expression: Array, jaw: Array, column: int) -> Array:
    """The code (T,) of the lip-closing `column` that just brings the lips together over the jaw and all other codes.

    Vertices move linearly with a code, so two evaluations say where the gap closes.
    """
    closing = expression.copy()
    closing[:, column] += 1.0
    gap = lip_gap(model, shape, expression, jaw)
    gain = gap - lip_gap(model, shape, closing, jaw)
    return np.clip((gap / np.maximum(gain, 1e-5)).max(1), 0.0, 3.6)
