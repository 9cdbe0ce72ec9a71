"""The bytes of a file, wherever they lie."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Stored:
    """Where the bytes of a file lie: all of a file on disk, or a part of an archive.

    path    : of the file, or of the archive
    packed  : whether it is an archive
    content : the bytes of a file that lies nowhere and was made (see `Made`)
    """

    path: Path
    offset: int
    size: int
    modified_ns: int
    packed: bool = True
    content: bytes | None = None

    def open(self) -> io.BufferedReader:
        """The bytes, to be read and sought in. Raises OSError."""
        if self.content is not None:
            return io.BufferedReader(io.BytesIO(self.content))  # pyright: ignore[reportArgumentType]
        return io.BufferedReader(_Part(self)) if self.packed else self.path.open("rb")


class _Part(io.RawIOBase):
    """Some bytes in the middle of a file, as a file of their own."""

    def __init__(self, stored: Stored) -> None:
        super().__init__()
        self._file = stored.path.open("rb", buffering=0)
        self._offset, self._size, self._position = stored.offset, stored.size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        position = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if position < 0:
            raise ValueError("a place before the first byte")
        self._position = position
        return position

    def readinto(self, buffer: object, /) -> int:
        view = memoryview(buffer)[: max(0, self._size - self._position)]  # pyright: ignore[reportArgumentType]
        self._file.seek(self._offset + self._position)
        count = self._file.readinto(view) or 0  # pyright: ignore[reportAttributeAccessIssue]
        self._position += count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()
