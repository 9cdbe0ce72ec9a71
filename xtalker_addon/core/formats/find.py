"""Finds clips in a dataset of any size: names where they suffice, else headers; never an array."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ...errors import SequenceError, UsageError
from ..files import storage
from .all_in_one import named_all_in_one
from .layout import Place
from .layouts import SUFFIXES, file_layout, folder_layout
from .npz_frames import CANONICAL
from .webtalk import in_webtalk


def find_sequences(root: Path) -> list[Path]:
    """Paths below `root`, sorted, that `read_sequence` takes; `root` itself where it is one clip.

    A file that carries a clip's name but is broken is among them, so that reading it says what is wrong.
    Raises UsageError where `root` is not there.
    """
    root = Path(root)
    folder = root.with_suffix("") if storage.is_archive(root) else root
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
            elif entry.name.endswith(".tar") and entry.name[:-4] not in names and storage.is_archive(Path(entry.path)):
                yield from _packed_clips(Path(entry.path[:-4]), Path(entry.path))


def _packed_clips(place: Path, archive: Path) -> Iterator[Path]:
    """The clips in a folder of an archive; the archive itself where it is refused."""
    try:
        for folder, names in storage.packed_folders(place):
            seen = tuple(name for name in names if not name.startswith("."))
            if any(part.startswith(".") for part in folder.relative_to(place).parts):
                continue
            if folder_layout(Place(folder, seen)):
                yield folder
            else:
                yield from (folder / name for name in seen if _is_clip(f"{folder}/{name}"))
    except SequenceError:
        yield archive


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
    try:
        return file_layout(Place(path)) is not None
    except SequenceError:
        return True
