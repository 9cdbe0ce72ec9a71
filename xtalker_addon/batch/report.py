"""What became of every sequence: OUT/report.json, complete after each sequence."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import Final, Literal

from ..core.flame import FlameModel
from .plan import Plan, Task

Status = Literal["done", "skipped", "failed"]
REPORT: Final = "report.json"
_WRITE_EVERY_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """One sequence's fate. seconds: what reading, rendering and encoding took together."""

    task: Task
    status: Status
    seconds: float = 0.0
    frames: int = 0
    renderer: str = ""
    error: str = ""
    warnings: tuple[str, ...] = ()

    def sentence(self) -> str:
        """For the log."""
        if self.status == "done":
            return f"{self.frames} frames in {self.seconds:.1f} s ({self.frames / self.seconds:.1f} frames a second)"
        return self.error if self.status == "failed" else "is there already"


class Report:
    """Gathers outcomes and keeps report.json up to date."""

    def __init__(self, plan: Plan, model: FlameModel) -> None:
        self._plan, self._model = plan, model
        self._started = time.time()
        self._written = 0.0
        self.outcomes: list[Outcome] = []

    @property
    def failed(self) -> list[Outcome]:
        """The sequences that could not be rendered."""
        return [outcome for outcome in self.outcomes if outcome.status == "failed"]

    def add(self, outcome: Outcome) -> None:
        """Record one outcome."""
        self.outcomes.append(outcome)
        if outcome.status == "failed" or time.monotonic() - self._written > _WRITE_EVERY_SECONDS:
            self.write()

    def write(self) -> None:
        """Write the report; the file is replaced whole."""
        counts = {status: sum(o.status == status for o in self.outcomes) for status in ("done", "skipped", "failed")}
        content = {
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._started)),
            "seconds": round(time.time() - self._started, 3),
            "model": {"name": self._model.name, "source": str(self._model.source)},
            "settings": asdict(self._plan.settings),
            "planned": len(self._plan.tasks),
            **counts,
            "sequences": [_entry(outcome) for outcome in self.outcomes],
        }
        self._plan.output.mkdir(parents=True, exist_ok=True)
        partial = self._plan.output / f".{REPORT}.part"
        partial.write_text(json.dumps(content, indent=1), "utf-8")
        partial.replace(self._plan.output / REPORT)
        self._written = time.monotonic()


def _entry(outcome: Outcome) -> dict[str, object]:
    entry: dict[str, object] = {
        "name": outcome.task.name,
        "source": str(outcome.task.source),
        "output": str(outcome.task.output),
        "status": outcome.status,
    }
    if outcome.status == "done":
        entry |= {"frames": outcome.frames, "seconds": round(outcome.seconds, 3), "renderer": outcome.renderer}
    if outcome.error:
        entry["error"] = outcome.error
    if outcome.warnings:
        entry["warnings"] = list(outcome.warnings)
    return entry
