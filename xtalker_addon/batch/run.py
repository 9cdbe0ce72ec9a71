"""Runs a plan: hands its sequences to whoever works, gathers what becomes of them, keeps the report up to date."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .make import Job, Outcome
from .plan import Task
from .report import Report
from .stop import StopSignals
from .workers import Cluster, work_here, work_on_cluster


@dataclass(frozen=True, slots=True)
class Plan:
    """What a batch is to do, and with how many processes; cluster: None for this one alone."""

    tasks: tuple[Task, ...]
    job: Job
    cluster: Cluster | None = None
    shard: tuple[int, int] = (1, 1)


def run(plan: Plan, tell: Callable[[Outcome], None], signals: StopSignals | None = None) -> Report:
    """Make every video of the plan that is not there yet; the report in the output is written again and again.

    Raises OSError (the report cannot be written), MachineError (nothing can be rendered here, or no more), UsageError
    (the output cannot be written, no scheduler answers) and Stopped (a signal, where `signals` is given); the report on
    disk then tells of what was done.
    """
    inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
    if signals:
        signals.deliver_to(inbox)
    report = Report(plan.job, plan.tasks, plan.shard)
    if plan.cluster is None:
        workers = work_here(plan.job, plan.tasks, inbox)
    else:
        workers = work_on_cluster(plan.cluster, plan.job, plan.tasks, inbox)
    try:
        with workers:
            for _ in plan.tasks:
                item = inbox.get()
                if isinstance(item, BaseException):
                    raise item
                report.add(item)
                tell(item)
    except BaseException:
        with contextlib.suppress(OSError):
            report.write()
        raise
    report.write()
    return report
