"""Intervals hold what they promise, and differences of chance are not taken for real ones."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from xtalker_addon.core.evaluation.statistics import mean_with_interval, paired_difference


def test_intervals_are_those_of_the_normal_law_for_many_clips():
    values = np.random.default_rng(0).normal(3, 2, 400)
    found = mean_with_interval(values, np.ones(400))
    error = values.std() / 20
    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)


def test_nineteen_of_twenty_intervals_hold_the_true_mean():
    rng = np.random.default_rng(1)
    hits = [
        found.low <= 5 <= found.high
        for found in (mean_with_interval(rng.normal(5, 1, 60), np.ones(60)) for _ in range(120))
    ]
    assert 0.87 <= np.mean(hits) <= 1


def test_frames_weigh_as_many_as_they_are():
    found = mean_with_interval(np.array([1.0, 4.0, np.nan]), np.array([3.0, 1.0, 50.0]))
    assert found.mean == 1.75
    assert found.clips == 2


def test_pairing_sees_what_scatter_hides():
    rng = np.random.default_rng(2)
    hard = rng.normal(10, 5, 50)
    first, second = hard + rng.normal(0, 0.2, 50), hard + 0.3 + rng.normal(0, 0.2, 50)
    ones = np.ones(50)
    difference = paired_difference(first, second, ones)
    assert difference.beyond_chance
    assert difference.mean == pytest.approx((first - second).mean())
    assert difference.p < 0.01
    assert mean_with_interval(first, ones).high > mean_with_interval(second, ones).low  # alone, they overlap


def test_models_that_are_equal_seldom_differ():
    rng = np.random.default_rng(3)
    found = [paired_difference(*rng.normal(0, 1, (2, 40)), np.ones(40)) for _ in range(100)]
    assert np.mean([difference.beyond_chance for difference in found]) <= 0.12


def test_one_clip_has_no_interval_and_none_no_difference():
    assert np.isnan(mean_with_interval(np.array([1.0]), np.ones(1)).low)
    assert paired_difference(np.array([1.0, np.nan]), np.array([np.nan, 2.0]), np.ones(2)) is None
    single = paired_difference(np.array([1.0]), np.array([3.0]), np.ones(1))
    assert single.mean == -2
    assert not single.beyond_chance


def test_many_clips_take_no_more_memory_than_few():
    peaks: list[int] = []
    for clips in (200, 5000):
        values = np.random.default_rng(4).normal(size=clips)
        tracemalloc.start()
        mean_with_interval(values, np.ones(clips))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0] < 16e6
