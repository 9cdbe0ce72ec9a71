"""Opens .npy and .npz files that nobody vouches for.

Headers are compared with the size of the file before anything is allocated, object arrays are refused unread, and only
the members of an .npz that a reader asks for are unpacked.
"""

from __future__ import annotations

import math
import warnings
import weakref
import zipfile
from collections.abc import Callable, Generator, Iterable
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import SequenceError, XTalkerError
from ..files import storage
from ..files.foreign import HEAD_BYTES, ZIP_MAGIC, describe

Array = NDArray[Any]

MEMBER_LIMIT: Final = 1 << 30  # an hour of every code that FLAME has is a fifth of this
_NPY_SUFFIX: Final = ".npy"
_USUAL_HEADER: Final = 256


def first_bytes(path: Path, count: int = HEAD_BYTES) -> bytes:
    """The first 512 bytes of a file, or so many. Raises SequenceError where it cannot be opened."""
    try:
        with storage.open_file(path) as file:
            return file.read(count)
    except OSError as error:
        raise SequenceError(f"{path}: cannot be read ({error.strerror}).") from None


class ObjectArrayError(SequenceError):
    """An array of Python objects, as numpy stores a None or a dictionary."""


def read_head(path: Path) -> bytes:
    """The first bytes of a file. Raises SequenceError where it cannot be opened or is known not to hold arrays."""
    head = first_bytes(path)
    _refuse_foreign(head, path)
    return head


def _refuse_foreign(head: bytes, path: Path) -> None:
    foreign = describe(head)
    if foreign:
        raise SequenceError(f"{path}: is {foreign.what}; {foreign.advice}.")


def open_npy(path: Path) -> Array:
    """A memory-mapped, read-only view of an .npy file. Raises SequenceError."""
    read_head(path)
    with reading(path, "an .npy array"):
        stored = storage.find(path)
        with stored.open() as file:
            dtype, shape, fortran = read_header(file, stored.size, str(path))
            start = stored.offset + file.tell()
        return np.memmap(stored.path, dtype, "r", start, shape, "F" if fortran else "C")


def npy_shape(path: Path) -> tuple[int, ...] | None:
    """The shape of an .npy array of numbers, from its header alone; None for all else."""
    try:
        stored = storage.find(path)
        with stored.open() as file:
            return read_header(file, stored.size, str(path))[1]
    except Exception:  # `read_header` raises what Python's own parser raises
        return None


def read_header(file: IO[bytes], size: int, where: str) -> tuple[np.dtype[Any], tuple[int, ...], bool]:
    """dtype, shape and Fortran order of the array in the `size` bytes of `file`, which is left at its first number.

    Raises SequenceError where they do not fit the size, and whatever numpy raises for a header that makes no sense.
    """
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0), (3, 0)):
        raise SequenceError(
            f"{where}: is an .npy file of the unknown version {version}; save it again with numpy.save."
        )
    length = file.read(2 if version == (1, 0) else 4)
    header = length + file.read(int.from_bytes(length, "little"))
    parse = _parse_header if len(header) < _USUAL_HEADER else _parse_header.__wrapped__
    shape, fortran, dtype = parse(header, version == (1, 0))
    if dtype.hasobject:
        raise ObjectArrayError(f"{where}: holds Python objects (a pickle), which are never loaded; save plain numbers.")
    claimed, there = math.prod(shape) * dtype.itemsize, size - file.tell()
    if min(shape, default=1) <= 0 or dtype.itemsize == 0:
        raise SequenceError(f"{where}: holds no numbers (its shape is {_short(shape)}); expected at least one frame.")
    if claimed > there:
        raise SequenceError(
            f"{where}: is cut short: its header claims the shape {_short(shape)}, {_short(claimed)} bytes, "
            f"and {there} bytes follow; copy it again."
        )
    return dtype, shape, fortran


@lru_cache(maxsize=1024)
def _parse_header(header: bytes, first: bool) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and type in a header; first: of version 1. Those of thousands of clips are few."""
    read = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Python, about the spelling of a hostile header
        return read(BytesIO(header))


class NpzFile:
    """The arrays of an .npz file by key; each is read when it is asked for. The file is open for as long as this is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with reading(path, "an .npz file"), ExitStack() as stack:
            file = stack.enter_context(storage.open_file(path))
            head = file.read(HEAD_BYTES)
            _refuse_foreign(head, path)
            if not head.startswith(ZIP_MAGIC):
                raise SequenceError(f"{path}: is not an .npz file; expected an archive of numpy arrays.")
            self._archive = zipfile.ZipFile(file)
            weakref.finalize(self, stack.pop_all().close)
        self._members = self._archive.NameToInfo
        self.is_torch = any(name.endswith("data.pkl") for name in self._members)
        arrays = [name for name in self._members if name.endswith(_NPY_SUFFIX) and "/" not in name]
        if self._members and not arrays and not self.is_torch:
            raise SequenceError(f"{path}: is a zip archive, and no .npz of arrays; unpack it first.")
        self.keys = tuple(name.removesuffix(_NPY_SUFFIX) for name in self._members if name.endswith(_NPY_SUFFIX))

    def where(self, key: str) -> str:
        """How a message names the array `key`."""
        return f"{self.path}, key {key!r}"

    def shape(self, key: str) -> tuple[int, ...]:
        """The shape of the array `key`, from its header alone. Raises SequenceError as `read` does."""
        with self._open(key) as (member, size):
            return read_header(member, size, self.where(key))[1]

    def read(self, key: str) -> Array:
        """The array `key`. Raises SequenceError where it is broken, absurdly large or holds Python objects."""
        with self._open(key) as (member, size):
            dtype, shape, fortran = read_header(member, size, self.where(key))
            data = member.read()  # at most `size` bytes, whatever the archive unfolds to
            return np.frombuffer(data, dtype, math.prod(shape)).reshape(shape, order="F" if fortran else "C")

    @contextmanager
    def _open(self, key: str) -> Generator[tuple[IO[bytes], int]]:
        """The unpacked bytes of the array `key`, and how many there are."""
        info, where = self._members[key + _NPY_SUFFIX], self.where(key)
        _refuse_absurd(info, where)
        with reading(where, "an array"), self._archive.open(info) as member:
            yield member, info.file_size


def npz_arrays(path: Path, keys: Iterable[str], parse: Callable[[bytes, str], Array]) -> dict[str, Array]:
    """Those of `keys` that the archive at `path` holds, each made by `parse` of its bytes and its name.

    Quicker than an `NpzFile` where thousands of small ones are read. Raises SequenceError as that does.
    """
    found: dict[str, Array] = {}
    with reading(path, "an .npz file"), storage.open_file(path) as file, zipfile.ZipFile(file) as archive:
        for key in keys:
            info, where = archive.NameToInfo.get(key + _NPY_SUFFIX), f"{path}, key {key!r}"
            if info:
                _refuse_absurd(info, where)
                found[key] = parse(archive.read(info), where)
    return found


def _refuse_absurd(info: zipfile.ZipInfo, where: str) -> None:
    if info.file_size > MEMBER_LIMIT:
        raise SequenceError(f"{where}: unpacks to {info.file_size >> 20} MiB; expected at most {MEMBER_LIMIT >> 20}.")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise SequenceError(f"{where}: is compressed in a way that numpy does not write; save it with numpy.savez.")


@contextmanager
def reading(where: Path | str, what: str) -> Generator[None]:
    """Give numpy's, zipfile's and Python's parsers, which raise nearly anything for hostile bytes, one voice."""
    try:
        yield
    except XTalkerError:
        raise
    except OSError as error:
        raise SequenceError(f"{where}: cannot be read ({error.strerror or error}).") from None
    except Exception:
        raise SequenceError(f"{where}: is not {what}, or is broken or cut short; copy it again.") from None


def _short(value: object) -> str:
    """`value` as text of bounded length; the integers of a hostile header may be too long to print."""
    try:
        text = str(value)
    except ValueError:
        return "of absurd size"
    return text if len(text) <= 60 else f"{text[:60]}..."
