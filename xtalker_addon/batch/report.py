"""What became of every sequence of a run: OUT/report.json and OUT/report.csv, complete at any time."""

from __future__ import annotations

import csv
import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final

from .make import Job, Outcome
from .plan import Task

_COLUMNS: Final = (
    *("name", "subset", "subject", "emotion", "status", "frames", "fps", "video_seconds", "render_seconds"),
    *("attempts", "renderer", "warnings", "error", "source", "output", "made"),
)
_WRITE_EVERY_SECONDS: Final = 2.0
_WRITE_SHARE: Final = 0.02  # of the time goes into writing, however long the report grows


class Report:
    """Gathers outcomes. A part of a batch (shard I of N) has files of its own: report-I-of-N.json and .csv."""

    def __init__(self, job: Job, tasks: tuple[Task, ...], shard: tuple[int, int]) -> None:
        self._job, self._planned = job, len(tasks)
        self.name = "report" if shard == (1, 1) else f"report-{shard[0]:0{len(str(shard[1]))}}-of-{shard[1]}"
        self._started = time.time()
        self._next_write = time.monotonic() + _WRITE_EVERY_SECONDS
        self.outcomes: list[Outcome] = []

    @property
    def counts(self) -> dict[str, int]:
        """How many were done, skipped, failed, quarantined."""
        seen = Counter(outcome.status for outcome in self.outcomes)
        return {status: seen[status] for status in ("done", "skipped", "failed", "quarantined")}

    @property
    def failed(self) -> list[Outcome]:
        """The sequences without a video."""
        return [outcome for outcome in self.outcomes if outcome.record.failure]

    def add(self, outcome: Outcome) -> None:
        """Record one outcome."""
        self.outcomes.append(outcome)
        if time.monotonic() > self._next_write:
            self.write()

    def write(self) -> None:
        """Write both files; each is replaced whole. Raises OSError."""
        started = time.monotonic()
        entries = [_entry(outcome) for outcome in sorted(self.outcomes, key=lambda outcome: outcome.task.name)]
        content = {
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._started)),
            "seconds": round(time.time() - self._started, 3),
            "model": {"name": self._job.model_name, "sha256": self._job.model_sha256},
            "planned": self._planned,
            **self.counts,
            "quarantine": sorted(outcome.task.name for outcome in self.failed),
            "sequences": entries,
        }
        path = self._job.output / f"{self.name}.json"
        replace_file(path, lambda file: json.dump(content, file, indent=1))
        replace_file(path.with_suffix(".csv"), lambda file: _write_csv(file, entries))
        now = time.monotonic()
        self._next_write = now + max(_WRITE_EVERY_SECONDS, (now - started) / _WRITE_SHARE)


def _entry(outcome: Outcome) -> dict[str, Any]:
    record, task = outcome.record, outcome.task
    values: dict[str, Any] = {
        "name": task.name,
        **{key: record.labels.get(key, "") for key in ("subset", "subject", "emotion")},
        "status": outcome.status,
        "frames": record.frames,
        "fps": record.fps,
        "video_seconds": round(record.seconds, 3),
        "render_seconds": round(sum(record.timings.values()), 3),
        "attempts": record.attempts,
        "renderer": record.renderer,
        "warnings": list(record.warnings),
        "error": record.error,
        "source": str(task.source),
        "output": str(task.output),
        "made": record.made,
    }
    return values | ({"traceback": record.traceback} if record.traceback else {})


def _write_csv(file: IO[str], entries: list[dict[str, Any]]) -> None:
    writer = csv.DictWriter(file, _COLUMNS, extrasaction="ignore")
    writer.writeheader()
    for entry in entries:
        writer.writerow({**entry, "warnings": " ".join(entry["warnings"])})


def replace_file(path: Path, write: Callable[[IO[str]], object], partial: Path | None = None) -> None:
    """Write a text file that appears whole or not at all. Raises OSError.

    partial : where it is written before, on the same disk, where several processes may write it
    """
    partial = partial or path.with_name(f".{path.name}.part")
    try:
        with partial.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            write(file)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
