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


def find(path: Path) -> Stored:
    """Where the file lies. Raises OSError where it is neither on disk nor in an archive that can be read."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):  # a pipe keeps its reader waiting
            raise OSError(errno.EINVAL, "it is no ordinary file", str(path))
        return Stored(path, 0, status.st_size, status.st_mtime_ns, packed=False)
    except OSError:
        for archive, inside, listing in _archives_above(path):
            member = listing.members.get(inside)
            if member:
                return Stored(archive, *member)
        raise


def open_file(path: Path) -> io.BufferedReader:
    """The file's bytes. Raises OSError as `Path.open` does."""
    return find(path).open()


def is_file(path: Path) -> bool:
    """Whether there is such a file, on disk or in an archive."""
    text = os.fspath(path)
    return os.path.isfile(text) or any(  # noqa: PTH113
        inside in listing.members for _, inside, listing in _archives_above(text)
    )


def is_folder(path: Path) -> bool:
    """Whether there is such a folder, on disk or in an archive."""
    text = os.fspath(path)
    return os.path.isdir(text) or any(  # noqa: PTH112
        inside.rpartition("/")[0] in listing.folders for _, inside, listing in _archives_above(f"{text}{os.sep}any")
    )


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
    for archive, inside, listing in _archives_above(folder / "any"):
        start = inside.removesuffix("any")
        names = listing.folders.get(start.removesuffix("/"))
        if names is not None:
            return {name: Stored(archive, *listing.members[start + name]) for name in names}
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))


def packed_folders(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """Every folder of an archive at and below the one that is named, with the names of the files right in it.

    Raises SequenceError where the archive is refused.
    """
    for archive, inside, listing in _archives_above(folder / "any"):
        if listing.fault:
            raise SequenceError(listing.fault)
        start, top = inside.removesuffix("any"), archive.with_suffix("")
        yield from ((top / place, names) for place, names in listing.folders.items() if f"{place}/".startswith(start))


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


def _archives_above(place: str | os.PathLike[str]) -> Iterator[tuple[Path, str, _Listing]]:
    """Archives that stand for a folder above `place`: each with the name that `place` has there, and what it holds.

    The search ends at a folder that is on disk. Plain strings: every sound that is looked for and not there comes here.
    """
    text = os.fspath(place)
    folder, name = os.path.split(text)
    while folder and name and not os.path.isdir(folder):  # noqa: PTH112
        archive = folder + SUFFIX
        try:
            status = os.stat(archive)  # noqa: PTH116
        except OSError:
            pass
        else:
            inside = text[len(folder) + 1 :].replace(os.sep, "/")
            with _lock:  # of many threads, one lists it
                listing = _listing(archive, status.st_size, status.st_mtime_ns)
            yield Path(archive), inside, listing
        folder, name = os.path.split(folder)


@lru_cache(maxsize=_ARCHIVES_KEPT)
def _listing(place: str, _size: int, _modified_ns: int) -> _Listing:
    archive = Path(place)
    if not is_tar(archive):
        return _Listing({}, {})  # a checkpoint
    try:
        members = list_members(archive)
    except SequenceError as error:
        return _Listing({}, {}, str(error))
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
