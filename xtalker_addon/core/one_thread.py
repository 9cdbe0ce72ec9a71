"""Matrix products on one thread.

OpenBLAS, numpy's library in the wheels, shares even small products among a thread for each core, and these wait for one
another in busy loops: beside other work that costs several times what the product itself does.
"""

from __future__ import annotations

import ctypes
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

# As numpy 2 and numpy 1 name them.
_PREFIXES: Final = ("scipy_openblas", "openblas")
_SUFFIXES: Final = ("64_", "")


@contextmanager
def one_thread() -> Generator[None]:
    """Products within take the caller's thread alone; nothing changes where numpy has another library."""
    found = _functions()
    if found is None:
        yield
        return
    count, limit = found
    before = int(count())
    limit(1)
    try:
        yield
    finally:
        limit(before)


@cache
def _functions() -> tuple[Any, Any] | None:
    """What tells and what sets the number of threads of the library that numpy has loaded."""
    package = Path(np.__file__).parent
    for path in (*package.parent.glob("numpy.libs/*openblas*"), *package.glob(".dylibs/*openblas*")):
        try:
            library = ctypes.CDLL(str(path))
        except OSError:
            continue
        for names in ((f"{prefix}_%s_num_threads{suffix}") for prefix in _PREFIXES for suffix in _SUFFIXES):
            if hasattr(library, names % "set"):
                return getattr(library, names % "get"), getattr(library, names % "set")
    return None
