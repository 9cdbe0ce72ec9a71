"""Long work in steps: between two of them Blender's window lives, and what is left can be dropped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from typing import TypeVar

T = TypeVar("T")
Steps = Generator[float, None, T]  # yields the share that is done, from 0 to 1, and returns what was made
Watch = Callable[[float], None]
_PATIENCE = 0.05  # seconds between two looks at a thread


class _DroppedError(Exception):
    """Nobody waits for the result any more."""


def finish(steps: Steps[T]) -> T:
    """All steps at once; returns what they return."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def within(start: float, end: float, steps: Steps[T]) -> Steps[T]:
    """Steps that are a part of longer work, from its share `start` to `end`; returns what they return."""
    while True:
        try:
            share = next(steps)
        except StopIteration as last:
            return last.value
        yield start + (end - start) * share


def beside(work: Callable[[Watch], T], start: float, end: float) -> Steps[T]:
    """Do `work` in a thread of its own, while the share that is done goes from `start` to `end`.

    work : must not touch Blender's data. What it gets is to be called with its own share, from 0 to 1, wherever it
    can; when the steps were dropped meanwhile, that call raises and so ends the work.
    """
    share, dropped, result = [0.0], threading.Event(), Future[T]()

    def watch(part: float) -> None:
        share[0] = part
        if dropped.is_set():
            raise _DroppedError

    def run() -> None:
        try:
            result.set_result(work(watch))
        except BaseException as error:
            result.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        while not wait([result], _PATIENCE).done:
            yield start + (end - start) * share[0]
    finally:
        dropped.set()
    return result.result()
