"""What the checks of many sequences come to, subset by subset."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Final

from .finding import SEVERITIES, Finding, Report

EXAMPLES: Final = 12  # sequences that are named for each kind of finding
NO_SUBSET: Final = "(no subset)"


def _values() -> defaultdict[str, array[float]]:
    return defaultdict(lambda: array("f"))


@dataclass(slots=True)
class Subset:
    """Counts and measures of one subset. kinds counts sequences, not findings."""

    sequences: int = 0
    seconds: float = 0.0
    severities: Counter[str] = field(default_factory=Counter[str])
    kinds: Counter[str] = field(default_factory=Counter[str])
    measures: defaultdict[str, array[float]] = field(default_factory=_values)


@dataclass(slots=True)
class Summary:
    """Filled by `add`, one report after the other; what it keeps of each are its numbers.

    left_out : of a key of files and the reason why nothing came of it, in how many sequences
    """

    subsets: defaultdict[str, Subset] = field(default_factory=lambda: defaultdict(Subset))
    examples: defaultdict[str, list[tuple[str, Finding]]] = field(default_factory=lambda: defaultdict(list))
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])

    def add(self, report: Report) -> None:
        """Count one report in."""
        subset = self.subsets[report.labels.get("subset", NO_SUBSET)]
        subset.sequences += 1
        subset.seconds += report.measures.get("seconds", 0.0)
        subset.severities[report.severity or "clean"] += 1
        self.left_out.update(report.left_out.items())
        subset.kinds.update({found.kind for found in report.findings})
        for name, value in report.measures.items():
            subset.measures[name].append(value)
        for found in report.findings:
            if len(self.examples[found.kind]) < EXAMPLES:
                self.examples[found.kind].append((report.name, found))

    @property
    def sequences(self) -> int:
        """How many were checked."""
        return sum(subset.sequences for subset in self.subsets.values())

    @property
    def seconds(self) -> float:
        """How much motion was checked."""
        return sum(subset.seconds for subset in self.subsets.values())

    def count(self, severity: str) -> int:
        """Sequences whose worst finding is of that severity; 'clean' for those without any."""
        return sum(subset.severities[severity] for subset in self.subsets.values())

    def kinds(self) -> list[str]:
        """Kinds that were found, worst first, then the most frequent."""
        total = Counter[str]()
        for subset in self.subsets.values():
            total.update(subset.kinds)
        severity = {kind: SEVERITIES.index(self.examples[kind][0][1].severity) for kind in total}
        return sorted(total, key=lambda kind: (-severity[kind], -total[kind], kind))
