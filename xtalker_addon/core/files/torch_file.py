"""Reads tensors from files that torch.save wrote, without torch and without running the pickle in them.

Formats: the zip archive of torch 1.6 and later, and the row of pickles before it (pytorch:torch/serialization.py). What
a checkpoint holds besides tensors (settings, optimizers, callbacks) is passed over: its classes are names and no more.
"""

from __future__ import annotations

import io
import math
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError
from . import storage
from .foreign import HEAD_BYTES, ZIP_MAGIC, describe
from .pickle_machine import Machine, Made, Name, PickleRefusedError

_MAGIC: Final = 0x1950A86A20F9469CFC6C  # the first pickle of the older format
_NUMBER_LIMIT: Final = 1 << 27  # of a tensor that repeats itself
_STORAGES: Final = {
    "torch.FloatStorage": "f4",
    "torch.DoubleStorage": "f8",
    "torch.HalfStorage": "f2",
    "torch.LongStorage": "i8",
    "torch.IntStorage": "i4",
    "torch.ShortStorage": "i2",
    "torch.CharStorage": "i1",
    "torch.ByteStorage": "u1",
    "torch.BoolStorage": "b1",
}
_KINDS: Final = {
    "torch._utils._rebuild_tensor": "tensor",
    "torch._utils._rebuild_tensor_v2": "tensor",
    "torch._utils._rebuild_parameter": "parameter",
    "torch.storage._load_from_bytes": "bytes",
    "collections.OrderedDict": "dict",
    **dict.fromkeys(_STORAGES, "storage"),
}


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where the numbers of a tensor are: in a storage, from an offset on, so many apart along each axis."""

    storage: str
    dtype: np.dtype[Any]
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class TorchMachine(Machine):
    """Knows tensors and dictionaries; whatever else the pickle makes stays a name that nobody asks."""

    purpose = "a checkpoint"

    def __init__(self) -> None:
        super().__init__()
        self._operations["BINPERSID"] = lambda _: self.push(Made(Name("reference", "storage"), (self.pop(),)))

    def name(self, module: object, name: object) -> None:
        text = f"{module}.{name}"
        self.push(Name(_KINDS.get(text, "unknown"), text))

    def make(self, keywords: object = None) -> None:
        args, what = self.pop(), self.pop()
        given = cast(tuple[Any, ...], args) if isinstance(args, tuple) else ()
        if isinstance(what, Name) and what.kind == "dict":
            pairs = cast(list[Any], given[0]) if given and isinstance(given[0], list) else []
            self.push({pair[0]: pair[1] for pair in pairs if isinstance(pair[0], str)})
        else:
            self.push(Made(what if isinstance(what, Name) else Name("unknown", "call"), given))

    def build(self) -> None:
        state = self.pop()
        if isinstance(self.top(object), Made):
            self.top(Made).state = state

    def append(self, items: list[Any]) -> None:
        if isinstance(self.top(object), list):
            super().append(items)

    def set_items(self, items: list[Any]) -> None:
        if isinstance(self.top(object), dict):
            named = [pair for pair in zip(items[::2], items[1::2], strict=True) if isinstance(pair[0], str)]
            super().set_items([item for pair in named for item in pair])


class TorchFile:
    """The dictionaries of a checkpoint, and its tensors when they are asked for."""

    def __init__(self, path: Path, machine: type[TorchMachine] = TorchMachine) -> None:
        """machine: reads its pickles. Raises ModelError where `path` is no file of torch.save, or a broken one."""
        self.path = path
        self._machine = machine
        self._legacy: dict[str, tuple[int, int]] = {}  # storage: its first byte and its length, in the older format
        self._prefix = ""
        try:
            with storage.open_file(path) as file:
                head = file.read(HEAD_BYTES)
                if head.startswith(ZIP_MAGIC):
                    self.content = self._open_zip()
                elif head.startswith(b"\x80"):
                    file.seek(0)
                    self.content = self._open_legacy(file)
                else:
                    foreign = describe(head)
                    what = foreign.what if foreign else "not a file of torch.save"
                    raise ModelError(f"{path}: is {what}; expected a checkpoint such as deca_model.tar.")
        except PickleRefusedError as fault:
            raise ModelError(f"{path}: {fault}; get the checkpoint again.") from None
        except OSError as error:
            raise ModelError(f"{path}: cannot be read ({error.strerror}).") from None
        except (
            ValueError,
            TypeError,
            KeyError,
            IndexError,
            EOFError,
            MemoryError,
            OverflowError,
            struct.error,
        ) as error:
            raise ModelError(f"{path}: the checkpoint is broken ({error}); get it again.") from None
        except (zipfile.BadZipFile, NotImplementedError) as error:
            raise ModelError(f"{path}: the checkpoint is broken ({error}); get it again.") from None

    def dictionary(self, *keys: str) -> Mapping[str, object] | None:
        """The dictionary at `keys` from the top down, or None."""
        found = self.content
        for key in keys:
            found = cast(dict[str, object], found).get(key) if isinstance(found, dict) else None
        return cast(Mapping[str, object], found) if isinstance(found, dict) else None

    def read(self, value: object, where: str) -> NDArray[Any]:
        """The numbers of a tensor in one of the dictionaries. Raises ModelError, which names it as `where`."""
        tensor = tensor_of(value)
        if tensor is None:
            raise ModelError(f"{self.path}: {where} is no tensor; expected a checkpoint of DECA or EMOCA.")
        try:
            flat = np.frombuffer(self._bytes(tensor.storage), tensor.dtype)
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise ModelError(f"{self.path}: the numbers of {where} are not there ({error}); get it again.") from None
        try:
            return _strided(flat, tensor)
        except ValueError as error:
            raise ModelError(f"{self.path}: {where} {error}; get the checkpoint again.") from None

    def _open_zip(self) -> object:
        with storage.open_file(self.path) as packed, zipfile.ZipFile(packed) as archive:
            pickles = [name for name in archive.namelist() if name.endswith("data.pkl")]
            if len(pickles) != 1:
                raise ValueError("it holds no data.pkl")
            self._prefix = pickles[0].removesuffix("data.pkl")
            order = f"{self._prefix}byteorder"
            if order in archive.namelist() and archive.read(order) != b"little":
                raise ValueError("its numbers are big-endian")
            with archive.open(pickles[0]) as file:
                return self._machine().run(file)

    def _open_legacy(self, view: io.BufferedReader) -> object:
        magic, _version, _system = (self._machine().run(view) for _ in range(3))
        if magic != _MAGIC:
            raise ValueError("it is a pickle, but not torch's")
        content = self._machine().run(view)
        keys = cast(list[str], self._machine().run(view))
        widths = {key: dtype.itemsize for key, dtype in _storages(content)}
        for key in keys:
            (count,) = struct.unpack("<q", view.read(8))
            # A storage that nothing here refers to: its width, and so where the next begins, is not known.
            if key not in widths:
                raise ValueError(f"it holds the storage {key} of unknown type")
            self._legacy[key] = (view.tell(), count * widths[key])
            view.seek(count * widths[key], 1)
        return content

    def _bytes(self, name: str) -> bytes:
        if self._legacy:
            start, length = self._legacy[name]
            with storage.open_file(self.path) as file:
                file.seek(start)
                return file.read(length)
        with storage.open_file(self.path) as packed, zipfile.ZipFile(packed) as archive:
            info = archive.getinfo(f"{self._prefix}data/{name}")
            if info.compress_type != zipfile.ZIP_STORED:  # torch compresses nothing; what does may be a bomb
                raise ValueError("it is compressed")
            return archive.read(info)


def storage_in(value: object) -> NDArray[Any]:
    """The numbers of a tensor that was pickled without torch.save, and so carries its own. Raises ValueError."""
    match value:
        case Made(args=(Made(args=(bytes() as data,)), *_)):
            tensor = tensor_of(value)
            assert tensor
            dtype, numbers = _loose(data)
            return _strided(np.frombuffer(numbers, dtype), tensor)
        case _:
            raise ValueError("no tensor of its own")


def _loose(data: bytes) -> tuple[np.dtype[Any], bytes]:
    """Type and bytes of a storage in the older format. Raises ValueError."""
    stream = io.BytesIO(data)
    magic, _version, _system, content, _keys = (TorchMachine().run(stream) for _ in range(5))
    found = _reference(content) if isinstance(content, Made) else None
    if magic != _MAGIC or found is None:
        raise ValueError("it is no storage of torch")
    (count,) = struct.unpack("<q", stream.read(8))
    numbers = stream.read()
    if count * found[1].itemsize != len(numbers):
        raise ValueError("the storage is cut short")
    return found[1], numbers


def _strided(flat: NDArray[Any], tensor: Tensor) -> NDArray[Any]:
    """The numbers of a tensor out of those of its storage. Raises ValueError where it reaches beyond them."""
    last = tensor.offset + sum((n - 1) * s for n, s in zip(tensor.shape, tensor.strides, strict=True))
    if min((*tensor.shape, *tensor.strides, tensor.offset + 1), default=1) < 0 or last >= flat.size:
        raise ValueError("reaches beyond its numbers")
    if math.prod(tensor.shape) > max(flat.size, _NUMBER_LIMIT):
        raise ValueError("unfolds to far more numbers than it holds")
    strides = tuple(step * flat.itemsize for step in tensor.strides)
    return np.lib.stride_tricks.as_strided(flat[tensor.offset :], tensor.shape, strides, writeable=False).copy()


def tensor_of(value: object) -> Tensor | None:
    """What a pickle says of a tensor; None where `value` is none."""
    match value:
        case Made(what=Name(kind="parameter"), args=(inner, *_)):
            return tensor_of(inner)
        case Made(what=Name(kind="tensor"), args=(Made() as reference, int(offset), sizes, steps, *_)):
            found, shape, strides = _reference(reference), _integers(sizes), _integers(steps)
            if found is None or shape is None or strides is None or len(shape) != len(strides):
                return None
            return Tensor(*found, offset, shape, strides)
        case _:
            return None


def _integers(value: object) -> tuple[int, ...] | None:
    items = cast(tuple[object, ...], value) if isinstance(value, tuple) else None
    return cast(tuple[int, ...], items) if items is not None and all(isinstance(i, int) for i in items) else None


def _reference(made: Made) -> tuple[str, np.dtype[Any]] | None:
    match made:
        case Made(what=Name(kind="reference"), args=(("storage", Name(kind="storage", text=kind), str(key), *_),)):
            return key, np.dtype("<" + _STORAGES[kind])
        case Made(what=Name(kind="bytes"), args=(bytes() as data,)):
            return "", _loose(data)[0]
        case _:
            return None


def _storages(content: object) -> list[tuple[str, np.dtype[Any]]]:
    """Every storage that is referred to anywhere; visited without recursion, each object once."""
    found: list[tuple[str, np.dtype[Any]]] = []
    pending, seen = [content], set[int]()
    while pending:
        value = pending.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Made):
            reference = _reference(value)
            found += [reference] if reference else []
            pending += [*value.args, value.state]
        elif isinstance(value, dict):
            pending += cast(dict[object, object], value).values()
        elif isinstance(value, (list, tuple)):
            pending += cast(list[object], value)
    return found
