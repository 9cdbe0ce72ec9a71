"""Finds clips in a dataset of any size: names where they suffice, else headers; never an array."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ...errors import SequenceError, UsageError
from . import predictions, vertices
from .all_in_one import is_all_in_one, named_all_in_one
from .arrays import NpzFile, npy_shape
from .codes_npz import expression_key
from .threedxtalker import CODES
from .webtalk import in_webtalk


def find_sequences(root: Path) -> list[Path]:
    """Paths below `root`, sorted, that `read_sequence` takes; `root` itself where it is one clip.

    A file that carries a clip's name but is broken is among them, so that reading it says what is wrong.
    Raises UsageError where `root` is not there.
    """
    root = Path(root)
    if root.is_file():
        return [root]
    if not root.is_dir():
        raise UsageError(f"{root}: does not exist; expected a folder with sequences.")
    return sorted(_walk(root))


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
        names = {entry.name for entry in entries}
        if not CODES.isdisjoint(names) or predictions.is_sample(names):
            yield Path(folder)
            continue
        for entry in entries:
            if _is_folder(entry):
                pending.append(entry.path)
            elif _is_clip(entry.path):
                yield Path(entry.path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _is_clip(name: str) -> bool:
    """Whether the file is a clip, or is named as one."""
    if not name.endswith((".npz", ".npy", ".pc2")):
        return False
    path = Path(name)
    if in_webtalk(path) or named_all_in_one(path):
        return True
    if path.suffix != ".npz":
        shape = npy_shape(path)
        return (shape is not None and is_all_in_one(shape)) or vertices.is_clip(path)
    try:
        npz = NpzFile(path)
        return expression_key(npz) is not None or vertices.vertex_key(npz) is not None
    except SequenceError:
        return True
