"""Finds clips in a dataset of any size: names where they suffice, else headers; never an array."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ...errors import SequenceError, UsageError
from ..files import storage
from ..files.foreign import is_lost
from ..files.lmdb import DATA
from ..files.tar import SUFFIX
from .all_in_one import named_all_in_one
from .layout import Place
from .layouts import FILES, SUFFIXES, file_layout, folder_layout
from .npz_frames import CANONICAL
from .webtalk import in_webtalk

_LOOKED_AT: Final = 8  # records of a database
_ARRAYS: Final = (".npz", ".npy", ".pkl")  # no text is called so


def find_sequences(root: Path) -> list[Path]:
    """Paths below `root`, sorted, that `read_sequence` takes; `root` itself where it is one clip.

    A file that carries a clip's name but is broken is among them, so that reading it says what is wrong.
    Raises UsageError where `root` is not there.
    """
    root = Path(root)
    folder = storage.folder_of(root) or root
    if folder.is_dir():
        return sorted(_walk(folder), key=lambda path: path.parts)
    if storage.is_folder(folder) or folder != root:
        return sorted(_packed_clips(folder, root), key=lambda path: path.parts)
    if not storage.is_file(root):
        what = "is no ordinary file or folder" if root.exists() else "does not exist"
        raise UsageError(f"{root}: {what}; expected a folder with sequences.")
    return [root]


def _walk(root: Path) -> Iterator[Path]:
    pending, seen = [os.fspath(root)], set[tuple[int, int]]()
    while pending:
        folder = pending.pop()
        try:
            status = Path(folder).stat()
            with os.scandir(folder) as scan:
                entries = [entry for entry in scan if not entry.name.startswith(".")]
        except OSError:  # one unreadable folder does not keep the others from being found
            continue
        # Links may lead back to where we came from. Some file systems number nothing.
        if status.st_ino and (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        if folder_layout(Place(Path(folder), tuple(entry.name for entry in entries))):
            yield Path(folder)
            continue
        names = {entry.name for entry in entries}
        for entry in entries:
            if _is_folder(entry):
                pending.append(entry.path)
            elif _is_clip(entry.path):
                yield Path(entry.path)
            elif entry.name == DATA or (entry.name.endswith(SUFFIX) and entry.name[: -len(SUFFIX)] not in names):
                packed = storage.folder_of(Path(entry.path))
                yield from _packed_clips(packed, Path(entry.path)) if packed else ()


def _packed_clips(place: Path, archive: Path) -> Iterator[Path]:
    """The clips in a folder of an archive; the archive itself where it is refused."""
    pending = [place]
    try:
        while pending:
            folder = pending.pop()
            files, folders = (
                [name for name in names if not name.startswith(".")] for names in storage.list_packed(folder)
            )
            if folder_layout(Place(folder, (*files, *folders))):
                yield folder
                continue
            if archive.name == DATA:
                yield from _records(folder, files)
            else:
                yield from (folder / name for name in files if _is_clip(f"{folder}/{name}"))
            pending += [folder / name for name in folders]
    except SequenceError:
        yield archive


def _records(folder: Path, names: list[str]) -> list[Path]:
    """The records of a database that are clips. All of them are of a kind, and have no suffix to tell it."""
    paths = [folder / name for name in names]
    return paths if any(file_layout(Place(path)) for path in paths[:_LOOKED_AT]) else []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _is_clip(name: str) -> bool:
    """Whether the file is a clip, or is named as one."""
    path = Path(name)
    if not path.name.lower().endswith(SUFFIXES) or path.name == CANONICAL:
        return False
    if in_webtalk(path) or named_all_in_one(path):  # thousands of these need not be opened
        return True
    place = Place(path)
    try:
        if path.suffix.lower() in _ARRAYS and is_lost(place.head):
            return True
        return any(layout.holds(place) for layout in FILES if path.name.lower().endswith(layout.suffixes))
    except SequenceError:
        return True
