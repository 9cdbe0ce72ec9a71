"""What a layout is to the rest: how it is told from what lies there, and how it is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, cast

from ...errors import SequenceError
from ..files import storage
from ..files.data_pickle import DataFile
from ..files.foreign import NPY_MAGIC, ZIP_MAGIC, is_pickle
from ..sequence import FpsSource
from .arrays import NpzFile, first_bytes, npy_shape
from .draft import DEFAULT_FPS, Draft

_JSON_LIMIT: Final = 512 << 20


class Place:
    """A file or folder that may be a clip. It is looked into no further than its properties are asked for, each once.

    names : of a folder, the names in it without hidden ones, in no order; () for a file or what cannot be listed
    head  : the first 512 bytes of a file. Raises SequenceError where it cannot be opened
    npz   : the archive that a file is, None for other files, torch's too. Raises SequenceError where it is broken
    data  : what a pickle, a file of torch.save, or an .npy of Python objects holds, None for other files. Raises
            SequenceError where it is broken
    json  : the object in a file of JSON text, of a list of objects {"frames": the list}, None for other files. Raises
            SequenceError where it is broken
    shape : of the array of numbers in an .npy file, None for other files
    """

    def __init__(self, path: Path, names: tuple[str, ...] | None = None) -> None:
        self.path = path
        if names is not None:
            self.names = names

    @cached_property
    def names(self) -> tuple[str, ...]:
        try:
            return tuple(name for name in storage.list_names(self.path) if not name.startswith("."))
        except OSError:
            return ()

    @cached_property
    def head(self) -> bytes:
        return first_bytes(self.path)

    @cached_property
    def npz(self) -> NpzFile | None:
        archive = NpzFile(self.path) if self.head.startswith(ZIP_MAGIC) else None
        return None if archive is None or archive.is_torch else archive

    @cached_property
    def json(self) -> dict[str, Any] | None:
        if not self.head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
            return None
        try:
            stored = storage.find(self.path)
            if stored.size > _JSON_LIMIT:
                raise SequenceError(
                    f"{self.path}: is {stored.size >> 20} MiB of JSON; expected at most {_JSON_LIMIT >> 20}."
                )
            with stored.open() as file:
                data = _json_in(file.read())
        except (ValueError, RecursionError):
            raise SequenceError(f"{self.path}: is broken JSON or cut short; copy it again.") from None
        except OSError as error:
            raise SequenceError(f"{self.path}: cannot be read ({error.strerror}).") from None
        if isinstance(data, list) and all(isinstance(item, dict) for item in cast("list[Any]", data)):
            return {"frames": data}
        return cast(dict[str, Any], data) if isinstance(data, dict) else None

    @cached_property
    def data(self) -> DataFile | None:
        boxed = self.head.startswith(NPY_MAGIC) and b"|O'" in self.head
        torch = self.head.startswith(ZIP_MAGIC) and self.npz is None
        return DataFile(self.path) if boxed or torch or is_pickle(self.head) else None

    @cached_property
    def shape(self) -> tuple[int, ...] | None:
        return npy_shape(self.path) if self.head.startswith(NPY_MAGIC) else None


def _json_in(text: bytes) -> Any:
    """What JSON text holds, or the list of what its lines hold (JSON Lines). Raises ValueError."""
    try:
        return json.loads(text)
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]


@dataclass(frozen=True, slots=True)
class Outline:
    """What is known of a clip from headers alone: its frames, and its rate where the file or its layout tells.

    fps_source    : who tells the rate, where it is known
    usual_fps     : the rate that is assumed where nothing tells it
    sound, labels : whether there is a sound, and what is known of the clip, where its layout knows it better than names
    """

    frames: int
    fps: float | None = None
    fps_source: FpsSource = "layout"
    usual_fps: float = DEFAULT_FPS
    sound: bool | None = None
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Layout:
    """One way in which clips lie on disk.

    name     : project and file, as people know them
    suffixes : how the names of its files end, in lower case; none for a layout of folders, or of files that are not
               clips of their own where a data set is searched
    holds    : whether a clip of this layout lies at a place; asked for every file with such a suffix, or every folder,
               of a data set, so it reads names and headers only. May raise SequenceError for what is broken
    read     : the clip, without its rate and its sound settled (`Draft.finish` does that). Raises SequenceError
    outline  : the same from headers alone; None where that is no quicker than reading
    """

    name: str
    suffixes: tuple[str, ...]
    holds: Callable[[Place], bool]
    read: Callable[[Place], Draft]
    outline: Callable[[Place], Outline] | None = None


def outline_of(draft: Draft, frames: int) -> Outline:
    """What a draft tells beside its frames; a rate that it assumes, it does not tell."""
    return Outline(frames, None if draft.fps_source == "assumed" else draft.fps, draft.fps_source, draft.fps)


def frames_in(shape: tuple[int, ...]) -> int:
    """Frames of codes (T, n), (1, T, n) or (T, 1, n), by the shape of their array."""
    if len(shape) == 3 and 1 in shape[:2]:
        return shape[1] if shape[0] == 1 else shape[0]
    return shape[0] if len(shape) == 2 else 0
