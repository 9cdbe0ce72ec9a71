"""What a batch says while it works: a line that moves on a terminal, lines in a log, JSON for programs."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from pathlib import Path
from typing import IO, Any, TextIO

from ..core.amounts import clock, counted
from .make import Outcome
from .plan import Task


class Console:
    """Tells people, on `stream`, and programs, in the file `log` (JSON lines, appended)."""

    def __init__(self, stream: TextIO, log: Path | None = None) -> None:
        self._stream, self._live = stream, stream.isatty()
        self._log: IO[str] | None = log.open("a", encoding="utf-8") if log else None
        self._total = self._done = 0
        self._renderer = ""
        self._frames_left = self._frames_made = 0
        self._started = time.monotonic()

    def close(self) -> None:
        """Leave the terminal on a line of its own."""
        if self._live:
            self._write("\r\x1b[K")
        if self._log:
            self._log.close()

    def begin(self, tasks: tuple[Task, ...]) -> None:
        """Say what is to be done."""
        self._total, self._started = len(tasks), time.monotonic()
        self._frames_left = sum(task.frames_to_render for task in tasks)
        self._record("plan", sequences=self._total, frames=self._frames_left)

    def tell(self, outcome: Outcome) -> None:
        """Say what became of a sequence."""
        record = outcome.record
        self._done += 1
        self._frames_left -= outcome.task.frames_to_render
        self._frames_made += record.frames if outcome.status == "done" else 0
        self._record(
            outcome.status,
            name=outcome.task.name,
            frames=record.frames,
            renderer=record.renderer,
            seconds=round(sum(record.timings.values()), 3),
            **({"error": record.error} if record.error else {}),
            warnings=list(record.warnings),
        )
        if outcome.status == "done" and record.renderer != self._renderer:
            self._renderer = record.renderer
            self.say(f"Drawn by {record.renderer}.")
        if not (self._live and outcome.status == "skipped"):
            self.say(f"[{self._done}/{self._total}] {outcome.task.name}: {_sentence(outcome)}")
        for warning in record.warnings if outcome.status == "done" else ():
            self.say(f"    {warning}")
        if self._live:
            line = self._progress()[: shutil.get_terminal_size().columns - 1]
            self._write(f"\r\x1b[K{line}")

    def say(self, text: str) -> None:
        """A line that stays."""
        self._write(f"\r\x1b[K{text}\n" if self._live else f"{text}\n")

    def end(self, event: str, **facts: Any) -> None:
        """The last line of the log for programs."""
        self._record(event, **facts)

    def _write(self, text: str) -> None:
        """A terminal that has gone, or a reader that has had enough, stops no batch: records and report tell it all."""
        with contextlib.suppress(OSError):
            self._stream.write(text)
            self._stream.flush()

    def _progress(self) -> str:
        rate = self._frames_made / max(1e-6, time.monotonic() - self._started)
        left = f", {clock(self._frames_left / rate)} left" if rate > 0 else ""
        return f"{self._done} of {counted(self._total, 'sequence')}, {rate:.0f} frames a second{left}"

    def _record(self, event: str, **facts: Any) -> None:
        if self._log:
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            self._log.write(json.dumps({"time": now, "event": event, **facts}) + "\n")
            self._log.flush()


def _sentence(outcome: Outcome) -> str:
    record = outcome.record
    if outcome.status == "skipped":
        return "is there already"
    if outcome.status == "quarantined":
        return f"failed before and was left out (--only failed tries again): {record.error}"
    if outcome.status == "failed":
        return record.error
    taken = max(1e-6, record.timings["render"])
    frames, seconds = counted(record.frames, "frame"), sum(record.timings.values())
    return f"{frames} in {seconds:.1f} s ({record.frames / taken:.0f} a second)"
