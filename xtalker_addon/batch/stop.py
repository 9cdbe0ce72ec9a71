"""SIGINT and SIGTERM end a batch in good order."""

from __future__ import annotations

import queue
import signal
from types import FrameType, TracebackType
from typing import Any


class Stopped(BaseException):
    """A signal arrived: what is half done is dropped, nothing more is begun. Its text is the signal's name."""


class StopSignals:
    """For the time of a block, turns SIGINT and SIGTERM into Stopped.

    Before `deliver_to` was called it is raised at once, wherever the program is. Afterwards it is put into that queue,
    so that files are never left half-written by it.
    """

    def __init__(self) -> None:
        self._inbox: queue.SimpleQueue[Any] | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> StopSignals:
        self._before = {number: signal.signal(number, self._handle) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            # None: a handler that a Blender program set itself, which Python cannot put back.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def deliver_to(self, inbox: queue.SimpleQueue[Any]) -> None:
        """From now on put Stopped into `inbox`."""
        self._inbox = inbox

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        stopped = Stopped(signal.Signals(number).name)
        if self._inbox is None:
            raise stopped
        self._inbox.put(stopped)
