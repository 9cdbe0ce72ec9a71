"""Timing on machines that are noisy: the best of several runs."""

from __future__ import annotations

import time
from collections.abc import Callable


def best_seconds(action: Callable[[], object], repeats: int = 5) -> float:
    """The shortest of `repeats` runs."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - started)
    return min(seconds)
