"""What the records of an evaluation come to: model by model, group by group, and over time."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations, count
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .metrics import METRICS
from .records import Record
from .statistics import Difference, Interval, mean_with_interval, paired_difference

Doubles = NDArray[np.float64]

WORST: Final = 6  # clips of each prediction that the page shows
OVER_TIME: Final = "lip_max"
_INSTEAD: Final = "face_mean"  # where no lips are known
_PLACES: Final = {name: place for place, name in enumerate(METRICS)}
_BINS_A_SECOND: Final = 5  # of the mean curve over time


@dataclass(slots=True)
class MeanCurve:
    """The mean over clips of a curve over time, in bins, with the number of clips in each."""

    total: Doubles = field(default_factory=lambda: np.zeros(0))
    clips: Doubles = field(default_factory=lambda: np.zeros(0))

    def add(self, curve: Doubles, fps: float) -> None:
        """Take one clip's curve."""
        bins = (np.arange(len(curve)) / fps * _BINS_A_SECOND).astype(int)
        size = int(bins[-1]) + 1
        if size > len(self.total):
            more = size - len(self.total)
            self.total, self.clips = np.pad(self.total, (0, more)), np.pad(self.clips, (0, more))
        self.total[:size] += np.bincount(bins, curve, size) / np.bincount(bins, minlength=size)
        self.clips[:size] += 1

    def points(self) -> tuple[Doubles, Doubles]:
        """Seconds and means, as far as a tenth of the clips last."""
        enough = int((self.clips >= 0.1 * self.clips.max(initial=0)).sum())
        seconds = (np.arange(enough) + 0.5) / _BINS_A_SECOND
        return seconds, self.total[:enough] / self.clips[:enough]


@dataclass(slots=True)
class Summary:
    """Filled by `add`, one record after the other; what it keeps of each are its numbers.

    values : (prediction, clip) -> its metrics in the order of METRICS, nan where there is none
    frames : clip -> frames that were compared, at most over the predictions
    labels : clip -> subset, subject and emotion as far as they are known
    """

    predictions: tuple[str, ...]
    values: dict[tuple[str, str], Doubles] = field(default_factory=dict[tuple[str, str], Doubles])
    frames: dict[str, int] = field(default_factory=dict[str, int])
    labels: dict[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    over_time: defaultdict[str, MeanCurve] = field(default_factory=lambda: defaultdict(MeanCurve))
    problems: list[str] = field(default_factory=list[str])
    warnings: Counter[str] = field(default_factory=Counter[str])
    _worst: defaultdict[str, list[tuple[float, int, Record]]] = field(
        default_factory=lambda: defaultdict(list[tuple[float, int, Record]])
    )
    _order: count[int] = field(default_factory=count)
    _intervals: dict[tuple[str, str, str], Interval] = field(default_factory=dict[tuple[str, str, str], Interval])

    def add(self, record: Record) -> None:
        """Count one record in."""
        comparison = record.comparison
        if comparison is None:
            self.problems.append(record.problem)
            return
        self._intervals.clear()
        self.values[record.prediction, record.key] = np.array(
            [comparison.metrics.get(name, np.nan) for name in METRICS]
        )
        self.frames[record.key] = max(comparison.frames, self.frames.get(record.key, 0))
        self.labels[record.key] = record.labels
        self.warnings.update(comparison.warnings)
        curve = shown_curve(comparison.curves)
        self.over_time[record.prediction].add(curve, comparison.fps)
        entry = (float(curve.mean()), next(self._order), record)
        worst = self._worst[record.prediction]
        if len(worst) < WORST:
            heapq.heappush(worst, entry)
        else:
            heapq.heappushpop(worst, entry)

    def worst(self, prediction: str) -> list[Record]:
        """The clips with the largest lip error, the worst first."""
        return [entry[2] for entry in sorted(self._worst[prediction], reverse=True)]

    def column(self, prediction: str, metric: str) -> Doubles:
        """(clips,) values in the order of `frames`; nan where there is none."""
        place, rows = _PLACES[metric], (self.values.get((prediction, key)) for key in self.frames)
        return np.array([np.nan if row is None else row[place] for row in rows])

    def measured(self) -> list[str]:
        """The metrics that any clip has, in their usual order."""
        there = np.zeros(len(METRICS), bool)
        for row in self.values.values():
            there |= np.isfinite(row)
        return [name for name, known in zip(METRICS, there, strict=True) if known]

    def interval(self, prediction: str, metric: str, over: str = "") -> Interval:
        """The mean over clips, or frames where the metric is defined so or `over` says so, with its interval."""
        key = prediction, metric, over
        if key not in self._intervals:  # the tables and the page ask again
            self._intervals[key] = mean_with_interval(self.column(prediction, metric), self._weights(metric, over))
        return self._intervals[key]

    def differences(self, metric: str) -> dict[tuple[str, str], Difference]:
        """For each pair of predictions, where they share a clip."""
        columns = {name: self.column(name, metric) for name in self.predictions}
        weights = self._weights(metric)
        found = {
            pair: paired_difference(columns[pair[0]], columns[pair[1]], weights)
            for pair in combinations(self.predictions, 2)
        }
        return {pair: difference for pair, difference in found.items() if difference is not None}

    def groups(self, label: str, metric: str) -> dict[str, dict[str, Doubles]]:
        """Group -> prediction -> its clips' values, for the groups of a label such as subset."""
        keys = list(self.frames)
        names = [self.labels[key].get(label, "") for key in keys]
        found: dict[str, dict[str, Doubles]] = {}
        columns = {name: self.column(name, metric) for name in self.predictions}
        for group in sorted({name for name in names if name}):
            here = np.array([name == group for name in names])
            values = {name: column[here & np.isfinite(column)] for name, column in columns.items()}
            found[group] = {name: column for name, column in values.items() if column.size}
        return {group: values for group, values in found.items() if values}

    def _weights(self, metric: str, over: str = "") -> Doubles:
        frames = np.array(list(self.frames.values()), np.float64)
        return frames if (over or METRICS[metric].over) == "frames" else np.ones_like(frames)


def shown_curve(curves: Mapping[str, Doubles]) -> Doubles:
    """The curve that stands for a clip: the lips' largest error, else the face's mean, in metres."""
    return curves.get(OVER_TIME, curves[_INSTEAD])
