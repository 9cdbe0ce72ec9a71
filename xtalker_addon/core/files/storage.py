"""Finds files where they lie: on disk, in a .tar that was never unpacked, or in an LMDB database.

An archive `FLAME_coeffs_25.tar` stands for the folder `FLAME_coeffs_25` beside it, and what is in it is named as if it
lay there. So a clip has one name, one video and one record, packed or not, and its sound is found in the neighbouring
archive as it is in the neighbouring folder. Where the folder is there, the archive is not looked at. The records of a
database are files in its folder, `TH050/000` in folders; what is told of archives below goes for databases too.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
import stat
import threading
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from ...errors import AudioError, SequenceError
from .index_file import keep_members, load_members
from .lmdb import DATA, list_records
from .stored import Stored
from .tar import SUFFIX, Member, is_tar, list_members

_ARCHIVES_KEPT: Final = 64
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Listing:
    """What is in an archive, by names below the folder that it stands for.

    folders : the names of the files right in each folder, and of the folders in it; '' is the top
    fault   : why the archive is refused; then nothing is in it
    """

    members: dict[str, Member]
    folders: dict[str, tuple[list[str], list[str]]]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """Files of a kind that are made of what archives hold, such as a sound whose pieces lie in several records.

    sources : what is in an archive, and the name of a file -> the names of what that is made of; () for no such file
    content : the places of these -> the bytes. May raise what it likes
    """

    sources: Callable[[Mapping[str, Member], str], tuple[str, ...]]
    content: Callable[[tuple[Path, ...]], bytes]


@dataclass(frozen=True, slots=True)
class _Packed:
    """An archive that a folder may be in.

    top    : the folder that the archive stands for
    inside : what the folder is called in it; '' for its top
    """

    archive: Path
    top: Path
    inside: str
    listing: _Listing

    @property
    def holds_folder(self) -> bool:
        return self.inside in self.listing.folders

    def name(self, file: str) -> str:
        """What a file in the folder is called in the archive."""
        return f"{self.inside}/{file}" if self.inside else file


class _Kept:
    """What this process holds on to.

    index  : the file of `use_index`
    made   : kinds of files that can be made
    resting : how many are inside `at_rest`
    places : what they found out: archives that a folder may be in
    """

    index: Path | None = None
    made: Final[list[Made]] = []
    resting = 0
    places: Final[dict[str, tuple[_Packed, ...]]] = {}


def can_make(made: Made) -> None:
    """From now on find such files too."""
    _Kept.made.append(made)


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
    try:
        status = path.stat()
    except OSError:
        stored = _packed(os.fspath(path))
        if stored is None:
            raise
        return stored
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):  # a pipe keeps its reader waiting
        raise OSError(errno.EINVAL, "it is no ordinary file", str(path))
    return Stored(path, 0, status.st_size, status.st_mtime_ns, packed=False)


def open_file(path: Path) -> io.BufferedReader:
    """The file's bytes. Raises OSError as `Path.open` does."""
    return find(path).open()


def is_file(path: Path) -> bool:
    """Whether there is such a file, on disk or in an archive."""
    text = os.fspath(path)
    folder, _, name = text.rpartition(os.sep)
    if os.path.isfile(text):  # noqa: PTH113
        return True
    return any(p.name(name) in p.listing.members or _sources(p, name) for p in _where(folder))


def is_folder(path: Path) -> bool:
    """Whether there is such a folder, on disk or in an archive."""
    text = os.fspath(path)
    return os.path.isdir(text) or any(p.holds_folder for p in _where(text))  # noqa: PTH112


def is_packed(folder: Path) -> bool:
    """Whether a folder is in an archive, and so not on disk."""
    return not folder.is_dir() and is_folder(folder)


def folder_of(path: Path) -> Path | None:
    """The folder that an archive stands for; None for what is no archive."""
    if path.name == DATA and path.is_file():
        return path.parent
    return path.with_suffix("") if path.suffix == SUFFIX and path.is_file() and is_tar(path) else None


def as_folder(path: Path) -> Path:
    """The folder that an archive stands for; else `path`. Raises SequenceError where the archive is refused."""
    folder = folder_of(path)
    if folder is None:
        return path
    list_packed(folder)
    return folder


def exists(path: Path) -> bool:
    """Whether there is such a file or folder, on disk or in an archive."""
    return path.exists() or is_file(path) or is_folder(path)


def list_names(folder: Path) -> list[str]:
    """The names of what is right in a folder. Raises OSError where there is no such folder."""
    if folder.is_dir():
        return os.listdir(folder)  # noqa: PTH208
    found = [packed.listing.folders[packed.inside] for packed in _where(os.fspath(folder)) if packed.holds_folder]
    if not found:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))
    return [*found[0][0], *found[0][1]]


def list_folder(folder: Path) -> dict[str, Stored]:
    """The files right in a folder, by their names. Raises OSError where there is no such folder."""
    if folder.is_dir():
        with os.scandir(folder) as scan:
            files = [(entry.name, entry.stat()) for entry in scan if entry.is_file()]
        return {name: Stored(folder / name, 0, stat.st_size, stat.st_mtime_ns, packed=False) for name, stat in files}
    for packed in _where(os.fspath(folder)):
        if packed.holds_folder:
            files, _ = packed.listing.folders[packed.inside]
            return {name: Stored(packed.archive, *packed.listing.members[packed.name(name)]) for name in files}
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))


def files_below(folder: Path) -> Iterator[Stored]:
    """The files in a folder and in the folders in it."""
    for name in list_names(folder):
        path = folder / name
        if is_folder(path):
            yield from files_below(path)
        elif is_file(path):
            yield find(path)


def list_packed(folder: Path) -> tuple[list[str], list[str]]:
    """The names of the files right in a folder of an archive, and of the folders in it; none where there is none.

    Raises SequenceError where the archive is refused.
    """
    for packed in _where(os.fspath(folder)):
        if packed.listing.fault:
            raise SequenceError(packed.listing.fault)
        if packed.holds_folder:
            return packed.listing.folders[packed.inside]
    return [], []


def archive_stamp(folder: Path) -> str:
    """Time of change and size of the archive that a folder is in. Raises OSError where it is in none."""
    archive = next((packed.archive for packed in _where(os.fspath(folder)) if packed.holds_folder), folder)
    status = archive.stat()
    return f"{status.st_mtime_ns}:{status.st_size}"


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


def _packed(text: str) -> Stored | None:
    """Where in an archive a file lies, or what it is when it was made; None where it is in none. Raises OSError."""
    folder, _, name = text.rpartition(os.sep)
    for packed in _where(folder):
        member = packed.listing.members.get(packed.name(name))
        if member:
            return Stored(packed.archive, *member)
        sources = _sources(packed, name)
        if sources:
            made, paths = sources
            status = packed.archive.stat()
            content = _content(made, paths, status.st_size, status.st_mtime_ns)
            return Stored(packed.archive, 0, len(content), status.st_mtime_ns, content=content)
    return None


def _sources(packed: _Packed, name: str) -> tuple[Made, tuple[Path, ...]] | None:
    """What a file is made of."""
    for made in _Kept.made:
        sources = made.sources(packed.listing.members, packed.name(name))
        if sources:
            return made, tuple(packed.top / source for source in sources)
    return None


@lru_cache(maxsize=2)
def _content(made: Made, paths: tuple[Path, ...], _size: int, _modified_ns: int) -> bytes:
    try:
        return made.content(paths)
    except Exception as error:
        raise OSError(errno.EIO, f"what it is made of is broken: {error}", str(paths[0])) from None


def _where(folder: str) -> tuple[_Packed, ...]:
    """Archives that a folder, or what is in it, may be in, the nearest first."""
    if not _Kept.resting:
        return _archives_above(folder)
    try:
        return _Kept.places[folder]
    except KeyError:
        return _Kept.places.setdefault(folder, _archives_above(folder))


def _archives_above(folder: str) -> tuple[_Packed, ...]:
    """As `_where`. Plain strings: every sound that is looked for and not there comes here."""
    if not folder:
        return ()
    if os.path.isdir(folder):  # noqa: PTH112  no archive counts beside it
        return _opened(Path(folder), f"{folder}{os.sep}{DATA}")
    above, name = os.path.split(folder)
    outer = (_Packed(p.archive, p.top, p.name(name), p.listing) for p in _where(above)) if name else ()
    return (*_opened(Path(folder), folder + SUFFIX), *outer)


def _opened(top: Path, archive: str) -> tuple[_Packed, ...]:
    """The archive, which stands for the folder `top`; () where it is not there."""
    try:
        status = os.stat(archive)  # noqa: PTH116
    except OSError:
        return ()
    with _lock:  # of many threads, one lists it
        return (_Packed(Path(archive), top, "", _listing(archive, status.st_size, status.st_mtime_ns)),)


@lru_cache(maxsize=_ARCHIVES_KEPT)
def _listing(place: str, size: int, modified_ns: int) -> _Listing:
    archive, is_database = Path(place), place.endswith(DATA)
    if not is_database and not is_tar(archive):
        return _Listing({}, {})  # a checkpoint
    database, whole = _Kept.index, os.path.abspath(place)  # noqa: PTH100
    members = load_members(database, whole, size, modified_ns) if database else None
    if members is None:
        try:
            members = list_records(archive) if is_database else list_members(archive)
        except SequenceError as error:
            return _Listing({}, {}, str(error))
        if database:
            keep_members(database, whole, size, modified_ns, members)
    top = f"{archive.stem}/"
    if not is_database and all(name.startswith(top) for name in members):
        members = {name.removeprefix(top): member for name, member in members.items()}
    return _Listing(members, _folders(members))


def _folders(members: Iterable[str]) -> dict[str, tuple[list[str], list[str]]]:
    folders: dict[str, tuple[list[str], list[str]]] = {"": ([], [])}

    def folder_at(place: str) -> tuple[list[str], list[str]]:
        if place not in folders:
            folders[place] = [], []
            above, _, name = place.rpartition("/")
            folder_at(above)[1].append(name)
        return folders[place]

    for member in members:
        place, _, name = member.rpartition("/")
        folder_at(place)[0].append(name)
    return folders
