"""Renders a plan, one sequence after the other; a failure costs its own sequence only."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from ..core.flame import FlameModel, load_model
from ..core.formats import read_sequence
from ..errors import MachineError, XTalkerError
from ..render import render_sequence
from .plan import Plan, Task
from .report import Outcome, Report


class Stopped(BaseException):
    """SIGINT or SIGTERM arrived: what is half done is dropped, nothing more is begun."""


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Turns SIGINT and SIGTERM into Stopped for the time of the block."""

    def stop(number: int, _frame: FrameType | None) -> None:
        raise Stopped(signal.Signals(number).name)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            # None: a handler that a Blender program set itself, which Python cannot put back.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def run(plan: Plan, say: Callable[[str], None] = print) -> Report:
    """Render every task of the plan that is not done yet; write OUT/report.json after each.

    Raises MachineError (this machine cannot render at all), ModelError, and Stopped; the report holds what was done.
    """
    model = load_model(plan.model)
    report = Report(plan, model)
    for index, task in enumerate(plan.tasks, start=1):
        outcome = _render_task(task, plan, model)
        report.add(outcome)
        say(f"[{index}/{len(plan.tasks)}] {task.name}: {outcome.sentence()}")
        for warning in outcome.warnings:
            say(f"    {warning}")
    report.write()
    return report


def _render_task(task: Task, plan: Plan, model: FlameModel) -> Outcome:
    if task.output.exists() and not plan.overwrite:
        return Outcome(task, "skipped")
    started = time.perf_counter()
    try:
        sequence = read_sequence(task.source)
        result = render_sequence(sequence, model, plan.settings, task.output)
    except MachineError:
        raise
    except (XTalkerError, OSError, MemoryError) as error:
        return Outcome(task, "failed", time.perf_counter() - started, error=str(error) or type(error).__name__)
    return Outcome(
        task,
        "done",
        time.perf_counter() - started,
        frames=result.frames,
        renderer=result.renderer,
        warnings=tuple(dict.fromkeys((*sequence.warnings, *result.warnings))),
    )
