"""Lists the records of an LMDB database (a folder with `data.mdb`): their keys, and where in the file their bytes lie.

Read by the file's own description (LMDB 0.9 and 1.0, data version 1, 64-bit, little-endian): two meta pages, then a
tree of branch and leaf pages; a value lies in one piece, in a leaf or in overflow pages. So a record is read as a
member of an archive is. The library maps the file into memory, where one that is cut short ends the process (SIGBUS),
and leaves a lock beside it.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Final

from ...errors import SequenceError
from .tar import Member

DATA: Final = "data.mdb"
_MAGIC, _VERSION = 0xBEEFC0DE, 1
_HEAD: Final = 16  # bytes before what a page holds
_BRANCH, _LEAF, _OVERFLOW = 1, 2, 4
_BIG: Final = 1  # a node whose value lies in overflow pages
_SUBTREES: Final = 2 | 4  # nodes with databases, or several values, of their own
_META: Final = struct.Struct("<II16x")  # magic, version; then an address and the size of the map
_FREE, _MAIN, _LAST = _HEAD + 24, _HEAD + 24 + 48, _HEAD + 24 + 2 * 48
_ROOT: Final = 40  # within the description of a tree
_NODE: Final = struct.Struct("<HHHH")  # size of the value, low and high; flags; size of the key
_NONE: Final = 2**64 - 1
_DEPTH: Final = 32


def list_records(path: Path) -> dict[str, Member]:
    """The records of the database in the file `path`, by their keys.

    Raises SequenceError where it is no database, is broken or cut short.
    """
    try:
        with path.open("rb") as file:
            changed = os.fstat(file.fileno()).st_mtime_ns
            with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
                return {key: Member(start, size, changed) for key, start, size in _records(data)}
    except OSError as error:
        raise SequenceError(f"{path}: cannot be read ({error.strerror}).") from None
    except (ValueError, struct.error, IndexError):
        raise SequenceError(f"{path}: is no LMDB database, or is broken or cut short; copy it again.") from None


def _records(data: mmap) -> Iterator[tuple[str, int, int]]:
    """Key, first byte and bytes of each record. Raises ValueError, struct.error or IndexError for a broken file."""
    size = _page_size(data)
    pages = len(data) // size
    roots = [_meta(data, start) for start in (0, size)]
    _, root = max(roots)
    pending, seen = [(root, 0)] if root != _NONE else [], set[int]()
    while pending:
        number, depth = pending.pop()
        if number >= pages or number in seen or depth > _DEPTH:
            raise ValueError("a page that is not there, or is there twice")
        seen.add(number)
        start = number * size
        flags, lower = struct.unpack_from("<HH", data, start + 10)
        if not _HEAD <= lower <= size or flags & (_BRANCH | _LEAF | _OVERFLOW) not in (_BRANCH, _LEAF):
            raise ValueError("no page of a tree")
        for at in struct.unpack_from(f"<{(lower - _HEAD) // 2}H", data, start + _HEAD):
            if at + _NODE.size > size:
                raise ValueError("a node that leads out of its page")
            low, high, kind, key_size = _NODE.unpack_from(data, start + at)
            if flags & _BRANCH:
                pending.append((low | high << 16 | kind << 32, depth + 1))
            elif not kind & _SUBTREES:
                yield _record(data, size, start, at, low | high << 16, kind, key_size)


def _record(data: mmap, page: int, start: int, at: int, size: int, kind: int, key_size: int) -> tuple[str, int, int]:
    key, value = start + at + _NODE.size, start + at + _NODE.size + key_size
    if kind & _BIG:
        (number,) = struct.unpack_from("<Q", data, value)
        value = number * page + _HEAD
        (flags,) = struct.unpack_from("<H", data, value - _HEAD + 10)
        inside = flags & _OVERFLOW and value + size <= len(data)
    else:
        inside = value + size <= start + page
    if not inside:
        raise ValueError("a value that leads out of its page")
    return data[key : key + key_size].decode("utf-8", "surrogateescape"), value, size


def _page_size(data: mmap) -> int:
    (size,) = struct.unpack_from("<I", data, _FREE)
    if size not in (1 << bits for bits in range(8, 17)):
        raise ValueError("a page size that there is not")
    return size


def _meta(data: mmap, start: int) -> tuple[int, int]:
    """Number of the last transaction, and the first page of the tree."""
    magic, version = _META.unpack_from(data, start + _HEAD)
    if (magic, version) != (_MAGIC, _VERSION):
        raise ValueError("no meta page")
    (root,) = struct.unpack_from("<Q", data, start + _MAIN + _ROOT)
    (transaction,) = struct.unpack_from("<Q", data, start + _LAST + 8)
    return transaction, root
