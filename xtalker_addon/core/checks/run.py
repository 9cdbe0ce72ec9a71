"""Checks many sequences in many processes, with memory that does not grow with their number."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from pathlib import Path
from typing import Final

from ...errors import MachineError
from . import Report, check_path

_CHUNK: Final = 16  # sequences a task: some hundred milliseconds, so that passing tasks round costs nothing
_AHEAD: Final = 3  # tasks a process that may wait for their turn


def check_paths(paths: Iterable[Path], jobs: int, fps: float | None = None) -> Iterator[Report]:
    """Reports in the order of `paths`, by `jobs` processes; 1 works in this one. fps: see `check_path`.

    Raises MachineError where a process dies.
    """
    if jobs == 1:
        yield from (check_path(path, fps) for path in paths)
        return
    left = iter(paths)
    chunks = iter(lambda: tuple(islice(left, _CHUNK)), ())
    waiting: deque[Future[list[Report]]] = deque()
    # One thread a process: theirs would fight over the same cores. Set before they start, for numpy reads it only then.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        try:
            waiting.extend(pool.submit(_check_chunk, chunk, fps) for chunk in islice(chunks, jobs * _AHEAD))
            while waiting:
                yield from waiting.popleft().result()
                waiting.extend(pool.submit(_check_chunk, chunk, fps) for chunk in islice(chunks, 1))
        except BrokenProcessPool:
            raise MachineError("A checking process died, perhaps of too little memory; use fewer --jobs.") from None
        finally:
            pool.shutdown(cancel_futures=True)


def _check_chunk(paths: tuple[Path, ...], fps: float | None) -> list[Report]:
    return [check_path(path, fps) for path in paths]
