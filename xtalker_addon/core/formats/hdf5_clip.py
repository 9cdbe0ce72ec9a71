"""3DMEAD (EMICA-MEAD, inferno): `shape_pose_cam.hdf5` with codes (1, T, n), `appearance.hdf5` beside it.

Read through h5py, which is an extra of the command line. Nothing is followed out of the file: links to other files,
data that lies in others and virtual data are refused.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np

from ...errors import SequenceError
from ..files import storage
from .arrays import MEMBER_LIMIT, Array
from .code_keys import expression_key, fill, start_draft
from .codes_npz import outline_codes
from .draft import Draft
from .layout import Layout, Outline, Place

_SUFFIXES: Final = (".hdf5", ".h5")
_MAGIC: Final = b"\x89HDF\r\n\x1a\n"
_CODES, _APPEARANCE = "shape_pose_cam", "appearance"
_FPS: Final = 25.0
_DEPTH: Final = 3  # hickle's groups within groups


class Hdf5File:
    """The arrays of an HDF5 file by key, with hickle's groups and quotes taken off; each is read when asked for."""

    def __init__(self, path: Path) -> None:
        """Raises SequenceError where the file is broken or h5py is not there."""
        self.path = path
        with self._open() as file:
            self._shapes = dict(_datasets(file, _DEPTH))
        self._names = {_plain(name): name for name in self._shapes}
        self.keys = tuple(self._names)

    def where(self, key: str) -> str:
        """How a message names the array `key`."""
        return f"{self.path}, {key!r}"

    def shape(self, key: str) -> tuple[int, ...]:
        """The shape of the array `key`."""
        return self._shapes[self._names[key]]

    def read(self, key: str) -> Array:
        """The array `key`. Raises SequenceError where it is broken, or its numbers lie in another file."""
        with self._open() as file:
            dataset = file[self._names[key]]
            if dataset.is_virtual or dataset.external or dataset.nbytes > MEMBER_LIMIT:
                raise SequenceError(f"{self.where(key)}: has its numbers elsewhere, or far too many; save it anew.")
            return np.asarray(dataset[()])

    @contextmanager
    def _open(self) -> Generator[Any]:
        try:
            h5py: Any = import_module("h5py")
        except ImportError:
            raise SequenceError(
                f"{self.path}: is an HDF5 file, which needs h5py; install it with `pip install '.[hdf5]'` in "
                "XTalker's folder."
            ) from None
        try:
            stored = storage.find(self.path)
            with stored.open() as packed, h5py.File(packed if stored.packed else self.path, "r") as file:
                yield file
        except SequenceError:
            raise
        except Exception:  # h5py raises nearly anything for a damaged file
            raise SequenceError(f"{self.path}: is a broken HDF5 file or cut short; copy it again.") from None


def _plain(name: str) -> str:
    """`exp` of /exp, and of hickle's /data/'exp'/data."""
    parts = [part.strip("'\"") for part in name.split("/")]
    return next((part for part in reversed(parts) if part not in ("", "data")), name)


def _datasets(group: Any, depth: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes of the arrays in a group and its groups; links that lead elsewhere are passed by."""
    h5py: Any = import_module("h5py")
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            continue
        item = group[name]
        if isinstance(item, h5py.Dataset) and item.shape is not None and item.dtype.kind in "fiu":
            yield item.name, tuple(item.shape)
        elif isinstance(item, h5py.Group) and depth:
            yield from _datasets(item, depth - 1)


def _file(place: Place) -> Hdf5File | None:
    named = place.path.suffix.lower() in _SUFFIXES and place.path.stem != _APPEARANCE
    return Hdf5File(place.path) if named and place.head.startswith(_MAGIC) else None


def _holds(place: Place) -> bool:
    file = _file(place)
    return file is not None and expression_key(file) is not None


def _read(place: Place) -> Draft:
    file = Hdf5File(place.path)
    draft = start_draft(file)
    if draft.fps_source == "assumed" and place.path.stem == _CODES:
        draft.settle_fps(_FPS, "layout")
    fill(draft, file)
    beside = place.path.with_name(f"{_APPEARANCE}{place.path.suffix}")
    if place.path.stem == _CODES and storage.is_file(beside):
        fill(draft, Hdf5File(beside))
    return draft


def _outline(place: Place) -> Outline:
    return outline_codes(Hdf5File(place.path), _FPS if place.path.stem == _CODES else None)


LAYOUT: Final = Layout("3DMEAD shape_pose_cam.hdf5", _SUFFIXES, _holds, _read, _outline)
