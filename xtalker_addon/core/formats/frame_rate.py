"""Frames a second as files give them: a number, a pair such as 30000 and 1001, or either as text."""

from __future__ import annotations

import math
import re
from typing import Final

import numpy as np

from .arrays import Array

HIGHEST: Final = 1000.0
_SLOWEST_PAIR: Final = 5.0  # below it, two numbers are two numbers, and no fraction
_NUMBER: Final = r"(\d+\.?\d*|\.\d+)"
_TEXT: Final = re.compile(rf"\s*{_NUMBER}\s*(?:/\s*{_NUMBER}\s*)?(?:fps|hz)?\s*", re.IGNORECASE)


def frame_rate(value: Array) -> float | None:
    """The rate that an array holds, or None: one number, two as numerator and denominator, or text or bytes of that."""
    if value.dtype.kind in "fiu" and value.size in (1, 2):
        return _quotient(*map(float, value.reshape(-1)))
    if value.dtype.kind in "SU" and value.size in (1, 2):
        texts = [item.decode("latin-1") if isinstance(item, bytes) else str(item) for item in value.reshape(-1)]
        found = _TEXT.fullmatch("/".join(texts))
        return _quotient(*(float(part) for part in found.groups() if part)) if found else None
    return None


def rate_in(text: str) -> float:
    """Frames a second from '30' or '30000/1001'. Raises ValueError with words for the user."""
    rate = frame_rate(np.array(text))
    if rate is None:
        raise ValueError(f"{text!r} is not a number of frames a second such as 30 or 30000/1001")
    return rate


def _quotient(numerator: float, denominator: float | None = None) -> float | None:
    if denominator == 0:
        return None
    rate = numerator / (denominator or 1)
    lowest = 0.0 if denominator in (None, 1) else _SLOWEST_PAIR
    return rate if math.isfinite(rate) and lowest < rate <= HIGHEST else None
