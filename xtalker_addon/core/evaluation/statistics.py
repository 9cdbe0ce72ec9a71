"""How sure a mean over clips is, and whether two models differ by more than chance: the paired bootstrap.

Efron and Tibshirani, "An introduction to the bootstrap" (1993): clips are drawn with replacement, the same ones for
all models, so that what makes a clip hard for all of them does not blur their difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

DRAWS: Final = 5000
CONFIDENCE: Final = 0.95
SMALLEST_P: Final = 2 / DRAWS
_AT_ONCE: Final = 1 << 17  # weights in memory together; few enough that many clips take no more memory than few
_SEED: Final = 0


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over clips with its 95 % interval; low and high are nan for fewer than two clips."""

    mean: float
    low: float
    high: float
    clips: int


@dataclass(frozen=True, slots=True)
class Difference:
    """The first model's mean minus the second's over the clips that both have, its interval, and its chance.

    p : two-sided: twice the share of draws on the other side of zero (at least one draw)
    """

    mean: float
    low: float
    high: float
    p: float
    clips: int

    @property
    def beyond_chance(self) -> bool:
        """Whether the interval leaves zero out."""
        return bool(self.low > 0 or self.high < 0)


def mean_with_interval(values: Doubles, weights: Doubles) -> Interval:
    """Of (n,) values of clips, nan where a clip has none; weights: how much each counts, such as its frames."""
    there = np.isfinite(values)
    values, weights = values[there], weights[there]
    if not values.size:
        return Interval(np.nan, np.nan, np.nan, 0)
    mean = float((values * weights).sum() / weights.sum())
    low, high = _interval(_resampled(values[:, None], weights)[:, 0])
    return Interval(mean, low, high, len(values))


def paired_difference(first: Doubles, second: Doubles, weights: Doubles) -> Difference | None:
    """Of (n,) values of the same clips by two models; None where they share no clip."""
    there = np.isfinite(first) & np.isfinite(second)
    if not there.any():
        return None
    apart, weights = (first - second)[there], weights[there]
    draws = _resampled(apart[:, None], weights)[:, 0]
    low, high = _interval(draws)
    mean = float((apart * weights).sum() / weights.sum())
    p = np.nan
    if draws.size:
        sides = np.minimum((draws <= 0).mean(), (draws >= 0).mean())
        p = float(min(1.0, max(2 * sides, SMALLEST_P)))
    return Difference(mean, low, high, p, len(apart))


def _resampled(values: Doubles, weights: Doubles) -> Doubles:
    """(DRAWS, k) weighted means of (n, k) values of clips drawn with replacement; none for fewer than two clips."""
    clips = len(values)
    if clips < 2:
        return np.zeros((0, values.shape[1]))
    generator = np.random.default_rng(_SEED)
    weighted = np.concatenate([values * weights[:, None], weights[:, None]], axis=1)
    means: list[Doubles] = []
    step = max(1, _AT_ONCE // clips)
    for start in range(0, DRAWS, step):
        draws = min(step, DRAWS - start)
        chosen = generator.integers(0, clips, (draws, clips))
        chosen += np.arange(draws)[:, None] * clips
        counts = np.bincount(chosen.ravel(), minlength=draws * clips).reshape(draws, clips)
        sums = counts @ weighted
        means.append(sums[:, :-1] / sums[:, -1:])
    return np.concatenate(means)


def _interval(draws: Doubles) -> tuple[float, float]:
    if not draws.size:
        return np.nan, np.nan
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(draws, (tail, 1 - tail))
    return float(low), float(high)
