"""Many tasks in many processes, their results in order, with memory that does not grow with their number."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Final, TypeVar

from ..errors import MachineError

Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD: Final = 3  # tasks a process that may wait for their turn


def map_in_order(
    function: Callable[[Item], Result], items: Iterable[Item], jobs: int, at_once: int = 1
) -> Iterator[Result]:
    """Results of `function`, which other processes can import, in the order of `items`; 1 job works in this process.

    at_once : items a task, so that passing tasks round costs nothing. Raises MachineError where a process dies.
    """
    if jobs == 1:
        yield from map(function, items)
        return
    left = iter(items)
    chunks = iter(lambda: tuple(islice(left, at_once)), ())
    waiting: deque[Future[list[Result]]] = deque()
    # One thread a process: theirs would fight over the same cores. Set before they start, for numpy reads it only then.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        try:
            waiting.extend(pool.submit(_map_chunk, function, chunk) for chunk in islice(chunks, jobs * _AHEAD))
            while waiting:
                yield from waiting.popleft().result()
                waiting.extend(pool.submit(_map_chunk, function, chunk) for chunk in islice(chunks, 1))
        except BrokenProcessPool:
            raise MachineError("A working process died, perhaps of too little memory; use fewer --jobs.") from None
        finally:
            pool.shutdown(cancel_futures=True)


def _map_chunk(function: Callable[[Item], Result], items: tuple[Item, ...]) -> list[Result]:
    return [function(item) for item in items]
