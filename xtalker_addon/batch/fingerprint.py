"""Contents by hash: what a video was made from and the video itself, and whether they still are the same."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ..core.files import storage
from ..core.formats import predictions
from ..core.formats.naming import sound_in, sound_of
from ..core.formats.threedxtalker import FILES, MARKER

_FRAMES: Final = "flame_param"
_UNUSED: Final = frozenset({"metadata.pkl"})  # moves no face
_DEPTH: Final = 2  # parts of a path that tell an input of one clip


def file_hash(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal; of a folder's files and their names where it is one."""
    if storage.is_folder(path):
        files = (path / name for name in sorted(storage.list_names(path)))
        listing = "\n".join(f"{file_hash(file)} {file.name}" for file in files)
        return hashlib.sha256(os.fsencode(listing)).hexdigest()
    with storage.open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe(path: Path) -> dict[str, Any]:
    """Size, time of change and hash of a file, or of all files in a folder. Raises OSError."""
    return {**_stat(path), "sha256": file_hash(path)}


def inputs_of(source: Path, truth: Path | None = None) -> Iterator[Path]:
    """The files that a clip's picture and sound come from; the folder, where it has a file a frame."""
    lent = sound_in(truth, source) if truth else None
    if lent:
        yield lent
    if storage.is_file(source / MARKER):
        yield from (source / name for name in sorted(FILES - _UNUSED) if storage.is_file(source / name))
        return
    if storage.is_folder(source) and predictions.is_sample(tuple(storage.list_names(source))):
        yield from (source / name for name in predictions.FILES if storage.is_file(source / name))
    else:
        yield source
    if source.suffix == ".json" and (source.parent / _FRAMES).is_dir():
        yield source.parent / _FRAMES  # what a transforms.json names
    audio = sound_of(source)
    if audio and not lent:
        yield audio


def describe_inputs(sources: Iterable[Path], truth: Path | None = None) -> dict[str, dict[str, Any]]:
    """Size, time of change and hash of every input of some clips, by its path. Raises OSError.

    truth : a tree that the sound is taken from (see `core.formats.read_sequence`)
    """
    return {str(path): describe(path) for source in sources for path in inputs_of(source, truth)}


def inputs_unchanged(
    sources: Iterable[Path], recorded: Mapping[str, Mapping[str, Any]], truth: Path | None = None
) -> bool:
    """Whether the inputs are what they were. A file is only read again where its size is the same and its time is not.

    Paths count by their last two parts, so that a dataset may move to another disk; wholly where several clips are
    involved, which have the same names in several trees.
    """
    try:
        depth = _DEPTH if len(sources := tuple(sources)) == 1 else 0
        now = {path.parts[-depth:]: path for source in sources for path in inputs_of(source, truth)}
        before = {Path(path).parts[-depth:]: entry for path, entry in recorded.items()}
        return now.keys() == before.keys() and all(same_file(path, before[key]) for key, path in now.items())
    except (OSError, AttributeError, TypeError):
        return False


def same_file(path: Path, recorded: Mapping[str, Any]) -> bool:
    """Whether the file or folder at `path` has the recorded content. Raises OSError where it is not there."""
    now = _stat(path)
    if any(now.get(key) != recorded.get(key) for key in ("bytes", "files")):
        return False
    return now["modified_ns"] == recorded.get("modified_ns") or file_hash(path) == recorded.get("sha256")


def _stat(path: Path) -> dict[str, int]:
    if not storage.is_folder(path):
        stored = storage.find(path)
        return {"bytes": stored.size, "modified_ns": stored.modified_ns}
    files = list(storage.files_below(path))
    latest = max((file.modified_ns for file in files), default=0)
    return {"bytes": sum(file.size for file in files), "modified_ns": latest, "files": len(files)}
