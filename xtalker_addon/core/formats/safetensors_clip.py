"""Clips in `.safetensors`: arrays by key, or rows of codes (T, 159).

Format (huggingface/safetensors): the length of a JSON header in eight bytes, the header, the numbers. There is nothing
in it to run, and so little to read that no library is needed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import numpy as np

from ...errors import SequenceError
from ..files import storage
from . import columns
from .arrays import Array
from .code_keys import draft_codes, expression_key
from .codes_npz import outline_codes
from .draft import Draft
from .layout import Layout, Outline, Place
from .smplx_npz import draft_body, is_body, usual_fps

_SUFFIX: Final = ".safetensors"
_HEADER_LIMIT: Final = 1 << 20  # of a clip; a model's may be larger, and is none
_TYPES: Final = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",
    "BOOL": "|b1",
    **{f"{kind}{8 * size}": f"<{code}{size}" for kind, code in (("I", "i"), ("U", "u")) for size in (1, 2, 4, 8)},
}


class SafetensorsFile:
    """The arrays of the file by key; each is read when it is asked for."""

    def __init__(self, path: Path) -> None:
        """Raises SequenceError where the file is broken."""
        self.path = path
        try:
            stored = storage.find(path)
            with stored.open() as file:
                length = int.from_bytes(file.read(8), "little")
                header: Any = json.loads(file.read(length)) if 1 < length <= _HEADER_LIMIT else None
            self._start, self._end = 8 + length, stored.size
            if not isinstance(header, dict):
                raise ValueError
        except OSError as error:
            raise SequenceError(f"{path}: cannot be read ({error.strerror}).") from None
        except (ValueError, RecursionError):
            raise SequenceError(f"{path}: is no safetensors file of a clip, or is broken; copy it again.") from None
        self._header = cast(Mapping[str, Any], header)
        self.keys = tuple(key for key in self._header if key != "__metadata__")

    def where(self, key: str) -> str:
        """How a message names the array `key`."""
        return f"{self.path}, key {key!r}"

    def shape(self, key: str) -> tuple[int, ...]:
        """The shape of the array `key`. Raises SequenceError where the header makes no sense."""
        return self._entry(key)[1]

    def read(self, key: str) -> Array:
        """The array `key`. Raises SequenceError where it is broken."""
        kind, shape, first, size = self._entry(key)
        with storage.open_file(self.path) as file:
            file.seek(self._start + first)
            data = file.read(size)
        if len(data) != size:
            raise SequenceError(f"{self.where(key)}: is cut short; copy it again.")
        array = np.frombuffer(data, _TYPES[kind]).reshape(shape)
        return (array.astype(np.uint32) << 16).view(np.float32) if kind == "BF16" else array

    def _entry(self, key: str) -> tuple[str, tuple[int, ...], int, int]:
        """Type, shape, first byte and number of bytes."""
        match self._header[key]:
            case {"dtype": str(kind), "shape": [*sizes], "data_offsets": [int(first), int(last)]}:
                listed = cast(list[object], sizes)
                shape = tuple(size for size in listed if isinstance(size, int) and size >= 0)
            case _:
                raise SequenceError(f"{self.where(key)}: has a broken header; copy it again.")
        size = math.prod(shape) * np.dtype(_TYPES.get(kind, "V0")).itemsize
        fits = 0 <= first <= last <= self._end - self._start and last - first == size
        if kind not in _TYPES or len(shape) != len(listed) or not fits:
            raise SequenceError(f"{self.where(key)}: does not fit its type, its shape or its file; copy it again.")
        return kind, shape, first, size


def _file(place: Place) -> SafetensorsFile | None:
    return SafetensorsFile(place.path) if place.path.suffix.lower() == _SUFFIX else None


def _rows_key(file: SafetensorsFile) -> str | None:
    """The key of rows of codes, where the file holds nothing else."""
    return file.keys[0] if len(file.keys) == 1 and columns.fits(file.shape(file.keys[0])) else None


def _holds(place: Place) -> bool:
    file = _file(place)
    return file is not None and (expression_key(file) is not None or _rows_key(file) is not None)


def _read(place: Place) -> Draft:
    file = SafetensorsFile(place.path)
    rows = _rows_key(file)
    if rows:
        return columns.draft_columns(place.path, file.read(rows))
    return draft_body(file) if is_body(file) else draft_codes(file)


def _outline(place: Place) -> Outline:
    file = SafetensorsFile(place.path)
    rows = _rows_key(file)
    return (
        columns.outline(file.shape(rows)) if rows else outline_codes(file, usual_fps(file) if is_body(file) else None)
    )


LAYOUT: Final = Layout(".safetensors of FLAME codes", (_SUFFIX,), _holds, _read, _outline)
