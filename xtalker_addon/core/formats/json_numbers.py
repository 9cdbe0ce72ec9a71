"""Arrays out of JSON's lists, and where a list holds something else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, cast

import numpy as np

from ...errors import SequenceError
from ..amounts import counted
from .arrays import Array

_WIDE: Final = 40  # characters of an entry that a sentence shows


def numbers(value: object, where: str, entry: Callable[..., str] | None = None) -> Array:
    """An array of JSON's lists of numbers. Raises SequenceError where they are none, naming the first that is not.

    entry : what to call the one at an index; None: by its numbers
    """
    try:
        return np.asarray(value, np.float64)
    except (TypeError, ValueError, OverflowError):
        index, told = _first_odd(value)
        called = entry(*index) if entry and index else f"entry {', '.join(map(str, index))}"
        raise SequenceError(f"{where}{f', {called}' if index else ''}: {told}.") from None


def _first_odd(value: Any) -> tuple[tuple[int, ...], str]:
    """The index of the first entry that is no number, or has another length than those before it; and what it is."""
    if not isinstance(value, list):
        return (), "" if _is_number(value) else f"is {json.dumps(value)[:_WIDE]}; expected a number"
    items = cast("list[Any]", value)
    for place, item in enumerate(items):
        index, told = _first_odd(item)
        if told:
            return (place, *index), told
        if _size(item) != _size(items[0]):
            return (place,), f"has {_size(item)}; expected {_size(items[0])}, as the first has"
    return (), ""


def _is_number(value: Any) -> bool:
    try:
        return np.asarray(value, np.float64).ndim == 0
    except (TypeError, ValueError, OverflowError):
        return False


def _size(item: object) -> str:
    if isinstance(item, list):
        return counted(len(cast("list[Any]", item)), "number")
    return "nothing" if item is None else "one number"
