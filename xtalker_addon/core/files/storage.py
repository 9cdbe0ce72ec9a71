"""Finds files where they lie: on disk, or in a .tar that was never unpacked.

An archive `FLAME_coeffs_25.tar` stands for the folder `FLAME_coeffs_25` beside it, and what is in it is named as if it
lay there. So a clip has one name, one video and one record, packed or not, and its sound is found in the neighbouring
archive as it is in the neighbouring folder. Where the folder is there, the archive is not looked at.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
import stat
import threading
import uuid
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from ...errors import AudioError, SequenceError
from .index_file import keep_members, load_members
from .tar import SUFFIX, Member, is_tar, list_members

_ARCHIVES_KEPT: Final = 64
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Stored:
    """Where the bytes of a file lie: all of a file on disk, or a part of an archive.

    path   : of the file, or of the archive
    packed : whether it is an archive
    """

    path: Path
    offset: int
    size: int
    modified_ns: int
    packed: bool = True

    def open(self) -> io.BufferedReader:
        """The bytes, to be read and sought in. Raises OSError."""
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


@dataclass(frozen=True, slots=True)
class _Listing:
    """What is in an archive, by names below the folder that it stands for.

    folders : the names of the files right in each folder; '' is the top
    fault   : why the archive is refused; then nothing is in it
    """

    members: dict[str, Member]
    folders: dict[str, list[str]]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class _Packed:
    """An archive that a folder may be in, and what the folder is called inside; '' for the archive's top."""

    archive: Path
    inside: str
    listing: _Listing


class _Kept:
    """What this process holds on to.

    index  : the file of `use_index`
    resting : how many are inside `at_rest`
    places : what they found out: archives that a folder may be in
    """

    index: Path | None = None
    resting = 0
    places: Final[dict[str, tuple[_Packed, ...] | None]] = {}


def use_index(database: Path) -> None:
    """From now on take from this file (see `index_file`) what is in archives, and put there what it lacks.

    Listing a large archive takes long, above all on a disk of the network, and each process that renders opens the
    same ones.
    """
    _Kept.index = database.absolute()


@contextmanager
def at_rest() -> Generator[None]:
    """While it lasts, folders and archives are taken to stay as they are: each is asked for once, for all threads.

    For a look through thousands of clips, whose sounds are looked for in the same few places.
    """
    with _lock:
        _Kept.resting += 1
    try:
        yield
    finally:
        with _lock:
            _Kept.resting -= 1
            if not _Kept.resting:
                _Kept.places.clear()


def find(path: Path) -> Stored:
    """Where the file lies. Raises OSError where it is neither on disk nor in an archive that can be read."""
    member = _member(os.fspath(path))
    if member:
        return Stored(member[0], *member[1])
    status = path.stat()
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):  # a pipe keeps its reader waiting
        raise OSError(errno.EINVAL, "it is no ordinary file", str(path))
    return Stored(path, 0, status.st_size, status.st_mtime_ns, packed=False)


def open_file(path: Path) -> io.BufferedReader:
    """The file's bytes. Raises OSError as `Path.open` does."""
    return find(path).open()


def is_file(path: Path) -> bool:
    """Whether there is such a file, on disk or in an archive."""
    text = os.fspath(path)
    return _member(text) is not None or os.path.isfile(text)  # noqa: PTH113


def is_folder(path: Path) -> bool:
    """Whether there is such a folder, on disk or in an archive."""
    text = os.fspath(path)
    where = _where(text)
    return where is None or any(packed.inside in packed.listing.folders for packed in where)


def is_archive(path: Path) -> bool:
    """Whether the file is an archive, which stands for the folder of its name."""
    return path.suffix == SUFFIX and path.is_file() and is_tar(path)


def as_folder(path: Path) -> Path:
    """The folder that an archive stands for; else `path`. Raises SequenceError where the archive is refused."""
    if not is_archive(path):
        return path
    next(packed_folders(path.with_suffix("")), None)
    return path.with_suffix("")


def exists(path: Path) -> bool:
    """Whether there is such a file or folder, on disk or in an archive."""
    return path.exists() or is_file(path) or is_folder(path)


def list_names(folder: Path) -> list[str]:
    """The names of what is right in a folder; of one in an archive, of files alone. Raises OSError as `list_folder`."""
    return os.listdir(folder) if folder.is_dir() else list(list_folder(folder))  # noqa: PTH208


def list_folder(folder: Path) -> dict[str, Stored]:
    """The files right in a folder, by their names. Raises OSError where there is no such folder."""
    if folder.is_dir():
        with os.scandir(folder) as scan:
            files = [(entry.name, entry.stat()) for entry in scan if entry.is_file()]
        return {name: Stored(folder / name, 0, stat.st_size, stat.st_mtime_ns, packed=False) for name, stat in files}
    for packed in _where(os.fspath(folder)) or ():
        names = packed.listing.folders.get(packed.inside)
        if names is not None:
            start = f"{packed.inside}/" if packed.inside else ""
            return {name: Stored(packed.archive, *packed.listing.members[start + name]) for name in names}
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))


def packed_folders(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """Every folder of an archive at and below the one that is named, with the names of the files right in it.

    Raises SequenceError where the archive is refused.
    """
    for packed in _where(os.fspath(folder)) or ():
        if packed.listing.fault:
            raise SequenceError(packed.listing.fault)
        start, top = f"{packed.inside}/" if packed.inside else "", packed.archive.with_suffix("")
        folders = packed.listing.folders.items()
        yield from ((top / place, names) for place, names in folders if f"{place}/".startswith(start))


@contextmanager
def as_file(path: Path, folder: Path) -> Generator[Path]:
    """A sound for a program that needs a file: itself, or a copy in `folder` while it is needed.

    Raises AudioError where the copy cannot be made.
    """
    if path.exists():
        yield path
        return
    copy = folder / f".{uuid.uuid4().hex[:8]}{path.suffix}"
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with open_file(path) as file, copy.open("wb") as out:
                shutil.copyfileobj(file, out)
        except OSError as error:
            raise AudioError(f"{path}: cannot be copied to {folder} ({error.strerror}); make room there.") from None
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def _member(text: str) -> tuple[Path, Member] | None:
    """The archive that a file is in, and where in it; None where it is in none."""
    folder, _, name = text.rpartition(os.sep)
    for packed in _where(folder) or ():
        member = packed.listing.members.get(f"{packed.inside}/{name}" if packed.inside else name)
        if member:
            return packed.archive, member
    return None


def _where(folder: str) -> tuple[_Packed, ...] | None:
    """Archives that a folder may be in, the nearest first; None where it is on disk, and so in none."""
    if not _Kept.resting:
        return _archives_above(folder)
    try:
        return _Kept.places[folder]
    except KeyError:
        return _Kept.places.setdefault(folder, _archives_above(folder))


def _archives_above(folder: str) -> tuple[_Packed, ...] | None:
    """As `_where`. Plain strings: every sound that is looked for and not there comes here."""
    if not folder or os.path.isdir(folder):  # noqa: PTH112
        return None
    above, name = os.path.split(folder)
    outer = _where(above) if name else None
    if outer is not None:  # where a folder is packed, nothing below it is on disk
        return tuple(_Packed(p.archive, f"{p.inside}/{name}" if p.inside else name, p.listing) for p in outer)
    archive = folder + SUFFIX
    try:
        status = os.stat(archive)  # noqa: PTH116
    except OSError:
        return ()
    with _lock:  # of many threads, one lists it
        listing = _listing(archive, status.st_size, status.st_mtime_ns)
    return (_Packed(Path(archive), "", listing),)


@lru_cache(maxsize=_ARCHIVES_KEPT)
def _listing(place: str, size: int, modified_ns: int) -> _Listing:
    archive = Path(place)
    if not is_tar(archive):
        return _Listing({}, {})  # a checkpoint
    database, whole = _Kept.index, os.path.abspath(place)  # noqa: PTH100
    members = load_members(database, whole, size, modified_ns) if database else None
    if members is None:
        try:
            members = list_members(archive)
        except SequenceError as error:
            return _Listing({}, {}, str(error))
        if database:
            keep_members(database, whole, size, modified_ns, members)
    top = f"{archive.stem}/"
    if all(name.startswith(top) for name in members):
        members = {name.removeprefix(top): member for name, member in members.items()}
    folders: dict[str, list[str]] = {"": []}
    for name in members:
        folder, _, file = name.rpartition("/")
        if folder not in folders:
            parts = folder.split("/")
            for depth in range(1, len(parts) + 1):
                folders.setdefault("/".join(parts[:depth]), [])
        folders[folder].append(file)
    return _Listing(members, folders)
