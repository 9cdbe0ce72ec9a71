"""What a batch says: a line that moves on a terminal, plain lines in a log."""

from __future__ import annotations

import io
import json
from pathlib import Path

from xtalker_addon.batch.console import Console
from xtalker_addon.batch.make import Outcome
from xtalker_addon.batch.plan import Task
from xtalker_addon.batch.record import Record
from xtalker_addon.render.settings import RenderSettings


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def outcome(name: str, **facts) -> Outcome:
    task = Task(name, Path(name), Path(f"{name}.mp4"), RenderSettings(), frames=100)
    record = Record(name=name, source=name, labels={}, settings={}, model={}, **facts)
    return Outcome(task, "failed" if record.failure else "done", record)


DONE = outcome(
    "a", frames=100, fps=25.0, timings={"render": 2.0}, renderer="llvmpipe, Vulkan", warnings=("It is silent.",)
)
FAILED = outcome("b", failure="input", error="b: is cut short.")


def told(stream: io.StringIO, log: Path | None = None) -> str:
    console = Console(stream, log)
    console.begin((DONE.task, FAILED.task, DONE.task))
    console.tell(DONE)
    console.tell(FAILED)
    console.end("finished", done=1)
    console.close()
    return stream.getvalue()


def test_a_log_has_one_plain_line_for_each(tmp_path):
    assert told(io.StringIO(), tmp_path / "log").splitlines() == [
        "Drawn by llvmpipe, Vulkan.",
        "[1/3] a: 100 frames in 2.0 s (50 a second)",
        "    It is silent.",
        "[2/3] b: b: is cut short.",
    ]
    events = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [event["event"] for event in events] == ["plan", "done", "failed", "finished"]
    assert events[1]["renderer"] == "llvmpipe, Vulkan"
    assert events[2]["error"] == "b: is cut short."


def test_a_terminal_shows_rate_and_time_left():
    text = told(Terminal())
    assert "2 of 3 sequences, " in text
    assert " frames a second, " in text
    assert " left" in text
    assert text.endswith("\r\x1b[K")
