"""Paths that gestures are made of."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

Array = NDArray[np.float64]


def ease(x: Array) -> Array:
    """From 0 to 1 for x from 0 to 1 with the least jerk: 10 x^3 - 15 x^4 + 6 x^5 (Flash and Hogan, 1985)."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * x * (10 + x * (6 * x - 15))


def through(times: Array, keys: Iterable[tuple[float, float]]) -> Array:
    """The path (N,) that rests at each (second, value) and eases between them."""
    seconds, values = np.array(sorted(keys)).T
    after = np.clip(np.searchsorted(seconds, times), 1, len(seconds) - 1)
    share = (times - seconds[after - 1]) / np.maximum(seconds[after] - seconds[after - 1], 1e-6)
    return values[after - 1] + (values[after] - values[after - 1]) * ease(share)


def pulse(times: Array, peak: float, rise: float, hold: float, fall: float) -> Array:
    """From 0 to 1 in `rise` seconds, there from `peak` for `hold`, and back in `fall`; (N,)."""
    return ease((times - peak + rise) / rise) * (1 - ease((times - peak - hold) / fall))


def drift(times: Array, seconds: float, seed: int) -> Array:
    """Seeded aimless motion (N,) of unit standard deviation that changes over `seconds`."""
    step = times[1] - times[0]
    sigma = seconds / step / 2.5
    noise = np.random.default_rng(seed).normal(size=len(times) + round(8 * sigma))
    smooth = gaussian_filter1d(noise, sigma)[round(4 * sigma) :][: len(times)]
    return (smooth - smooth.mean()) / smooth.std()
