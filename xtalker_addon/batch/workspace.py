"""A folder for what is half done, inside the output so that finished files can be moved from it in one step."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import uuid
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import IO, Final

from ..errors import UsageError

_FOLDER: Final = ".work"
_TRIES: Final = 5
_PAUSE_SECONDS: Final = 0.01


class WorkFolder:
    """OUT/.work/<id>/, this process's own; a context manager.

    The process holds a lock beside it. What a killed process left behind is recognised by its lock being free, on any
    machine that shares the disk, and removed by whoever comes next.
    Raises UsageError where the output cannot be written.
    """

    def __init__(self, output: Path) -> None:
        self._parent = output / _FOLDER
        self.path = self._parent / uuid.uuid4().hex[:12]
        self._lock: IO[bytes] | None = None

    def __enter__(self) -> WorkFolder:
        try:
            self._parent.mkdir(parents=True, exist_ok=True)
            self._sweep()
            self._lock = _held(_lock_file(self.path))
            self.path.mkdir(parents=True)
        except OSError as error:
            raise UsageError(
                f"{self._parent.parent}: cannot be written ({error.strerror}); name another output, or make room."
            ) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock:
            self._lock.close()
        with contextlib.suppress(OSError):
            _lock_file(self.path).unlink(missing_ok=True)
            self._parent.rmdir()  # unless others work in it

    def _sweep(self) -> None:
        for lock in self._parent.glob("*.lock"):
            with contextlib.suppress(OSError), lock.open("r+b") as file:
                if _try_lock(file):
                    shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
                    lock.unlink(missing_ok=True)


def _lock_file(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _held(path: Path) -> IO[bytes]:
    """A new lock file, open and locked; only open where the disk knows no locks.

    Who sweeps may lock and remove it before it is locked here: what is locked then is no longer the file at `path`.
    """
    for _ in range(_TRIES):
        lock = path.open("wb")
        with contextlib.suppress(FileNotFoundError):
            if _try_lock(lock) and os.path.samestat(os.fstat(lock.fileno()), path.stat()):
                return lock
        lock.close()
        time.sleep(_PAUSE_SECONDS)
    return path.open("wb")


def _try_lock(file: IO[bytes]) -> bool:
    """Lock the file for as long as it is open; False where another holds it, or the disk knows no locks."""
    try:
        import fcntl
    except ImportError:  # Windows
        msvcrt = import_module("msvcrt")

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
