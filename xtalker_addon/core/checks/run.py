"""Checks many sequences in many processes, with memory that does not grow with their number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from ..processes import map_in_order
from . import Report, check_path

_CHUNK: Final = 16  # sequences a task: some hundred milliseconds


def check_paths(
    paths: Iterable[Path], jobs: int, fps: float | None = None, truth: Path | None = None
) -> Iterator[Report]:
    """Reports in the order of `paths`, by `jobs` processes; 1 works in this one. fps, truth: see `check_path`.

    Raises MachineError where a process dies.
    """
    return map_in_order(partial(check_path, fps=fps, truth=truth), paths, jobs, _CHUNK)
