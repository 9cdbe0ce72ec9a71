"""Bytes into a program's input, by as few copies as the system can do with."""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import sys
from typing import IO, Final

_MOST_BYTES: Final = 1 << 20  # the most that Linux grants everybody
_CANNOT: Final = (errno.EINVAL, errno.ENOSYS, errno.EPERM)


class InputPipe:
    """A pipe that another process reads.

    Linux can hand whole pages over instead of copying them: bytes lie in a ring of memory whose pages are lent to the
    pipe. It holds no more than its capacity, and the ring is three times as large and written in pieces of no more than
    that; so what is written anew has been read.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._capacity, self._at = _widened(pipe), 0
        self._ring: mmap.mmap | None = None
        if self._capacity and hasattr(os, "splice") and hasattr(os, "memfd_create"):
            with contextlib.suppress(OSError):
                self._memory = os.memfd_create("frames")
                try:
                    os.ftruncate(self._memory, 3 * self._capacity)
                    self._ring = mmap.mmap(self._memory, 3 * self._capacity)
                except BaseException:
                    os.close(self._memory)
                    raise

    def write(self, data: memoryview) -> None:
        """Write bytes; waits for room. Raises OSError where nobody reads any more."""
        step = self._capacity or len(data)
        for start in range(0, len(data), step):
            piece = data[start : start + step]
            if self._ring is None or not self._lent(self._ring, piece):
                self._pipe.write(piece)

    def _lent(self, ring: mmap.mmap, piece: memoryview) -> bool:
        """Whether it went by the ring; not where this system has the call and cannot do it."""
        first = self._at if self._at + len(piece) <= len(ring) else 0
        self._at = first + len(piece)
        ring[first : self._at] = piece
        sent = first
        while sent < self._at:
            try:
                sent += os.splice(self._memory, self._pipe.fileno(), self._at - sent, offset_src=sent)
            except OSError as error:
                if error.errno not in _CANNOT or sent > first:
                    raise
                self.close()
                return False
        return True

    def close(self) -> None:
        """Give the memory back; what is in the pipe stays there."""
        if self._ring is not None:
            self._ring.close()
            os.close(self._memory)
            self._ring = None


def _widened(pipe: IO[bytes]) -> int:
    """The bytes that a pipe holds, as many as the system grants; 0 where that is not known."""
    if sys.platform != "linux":
        return 0
    import fcntl  # which other systems lack

    with contextlib.suppress(OSError):  # more than this user may have
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _MOST_BYTES)
    return fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)
