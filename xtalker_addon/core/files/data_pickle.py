"""Reads what people pickle or torch.save: dictionaries and lists of arrays. Nothing in the file is run.

Arrays of numpy and tensors of torch come out alike, whichever of the two kinds of file holds them. Whatever else a
pickle would make stays a name that nobody asks, so that settings or an optimizer in it do not cost the clip.
"""

from __future__ import annotations

import io
import math
import struct
import zipfile
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError, SequenceError
from . import storage
from .foreign import HEAD_BYTES, NPY_MAGIC, ZIP_MAGIC
from .pickle_machine import FUNCTIONS, Machine, Made, Name, PickleRefusedError, PickleTooLongError
from .torch_file import TorchFile, TorchMachine, storage_in, tensor_of
from .unpickle import Values

_SIZE_LIMIT: Final = 1 << 30
_SPARE_BYTES: Final = 64 << 20
_DICTIONARIES: Final = ("collections.OrderedDict", "collections.defaultdict")
_NUMPY: Final = ("reconstruct", "frombuffer", "scalar")
_LEGACY_TORCH: Final = b"\x8a\x0al\xfc\x9c\x46\xf9"  # its magic number, soon after the first byte
_FAULTS: Final = (
    *(ValueError, TypeError, KeyError, IndexError, AttributeError, EOFError, OverflowError, MemoryError),
    *(RecursionError, struct.error, zipfile.BadZipFile, NotImplementedError),
)


class _DataMachine(TorchMachine):
    purpose = "a clip"
    limit = 10_000_000  # a dictionary of arrays for each of many thousand frames

    def name(self, module: object, name: object) -> None:
        text = f"{module}.{name}"
        if text in FUNCTIONS:
            self.push(Name(FUNCTIONS[text], text))
        elif text in _DICTIONARIES:
            self.push(Name("dict", text))
        else:
            super().name(module, name)

    def set_items(self, items: list[Any]) -> None:
        """Numbers of frames are keys as good as names."""
        if isinstance(self.top(object), dict):
            pairs = zip(items[::2], items[1::2], strict=True)
            named = [(str(key), value) for key, value in pairs if isinstance(key, (str, int))]
            Machine.set_items(self, [item for pair in named for item in pair])


class NoClipError(SequenceError):
    """A pickle that is far larger than any clip."""


class DataFile:
    """What is in a file of pickle.dump, of torch.save, or of numpy.save where that pickles.

    is_torch : whether torch.save wrote it
    content  : dictionaries, lists, texts and numbers as the file holds them; of arrays, what `shape` and `array` take
    """

    def __init__(self, path: Path) -> None:
        """Raises SequenceError where the file is broken, absurdly large, or no such file."""
        self.path = path
        self._torch: TorchFile | None = None
        try:
            stored = storage.find(path)
            self._budget = 4 * stored.size + _SPARE_BYTES
            with stored.open() as file:
                head = file.peek(HEAD_BYTES)[:HEAD_BYTES]
                if stored.size > _SIZE_LIMIT and not head.startswith(
                    ZIP_MAGIC
                ):  # whose numbers are read when asked for
                    raise PickleTooLongError(f"it takes {stored.size >> 20} MiB, which no clip does")
                self.content = self._open(file, head)
        except PickleTooLongError as fault:
            raise NoClipError(f"{path}: {fault}; save its arrays again with numpy.savez.") from None
        except PickleRefusedError as fault:
            raise SequenceError(f"{path}: {fault}; save its arrays again with numpy.savez.") from None
        except ModelError as fault:
            raise SequenceError(str(fault).replace("the checkpoint", "the PyTorch file")) from None
        except OSError as error:
            raise SequenceError(f"{path}: cannot be read ({error.strerror}).") from None
        except _FAULTS:
            raise SequenceError(f"{path}: is a broken pickle or cut short; copy it again.") from None

    @property
    def is_torch(self) -> bool:
        return self._torch is not None

    def _open(self, file: io.BufferedReader, head: bytes) -> object:
        if head.startswith(ZIP_MAGIC) or _LEGACY_TORCH in head[:16]:
            self._torch = TorchFile(self.path, _DataMachine)
            return self._torch.content
        if head.startswith(NPY_MAGIC):
            _skip_npy_header(file)
        return _unboxed(_DataMachine().run(file))

    def shape(self, value: object) -> tuple[int, ...] | None:
        """The shape of an array or a tensor, () of a number; None for what is none of them."""
        tensor = tensor_of(value)
        if tensor:
            return tensor.shape
        match value:
            case bool() | int() | float() | Made(what=Name(kind="scalar")):
                return ()
            case Made(what=Name(kind="reconstruct"), state=(_, shape, *_)):
                return _sizes(shape)
            case Made(what=Name(kind="frombuffer"), args=(_, _, shape, *_)):
                return _sizes(shape)
            case list():
                return self._listed(cast(list[object], value))
            case _:
                return None

    def array(self, value: object, where: str) -> NDArray[Any]:
        """The numbers of an array, a tensor, a number or lists of them. Raises SequenceError, which says `where`."""
        try:
            return self._array(value)
        except (ModelError, *_FAULTS, OSError):
            raise SequenceError(f"{where}: is no array of numbers, or is broken; save it with numpy.savez.") from None

    def _array(self, value: object) -> NDArray[Any]:
        tensor = tensor_of(value)
        if tensor:
            return self._torch.read(value, "a tensor") if self._torch and tensor.storage else storage_in(value)
        if isinstance(value, Made) and value.what.kind in _NUMPY:
            return np.asarray(Values(self._budget).plain(value))
        if isinstance(value, list):
            return np.stack([self._array(item) for item in cast(list[object], value)])
        if isinstance(value, (bool, int, float, str)):
            return np.asarray(value)
        raise ValueError(type(value))

    def _listed(self, items: list[object]) -> tuple[int, ...] | None:
        inner = self.shape(items[0]) if items else None
        return None if inner is None else (len(items), *inner)


def _skip_npy_header(file: io.BufferedReader) -> None:
    read = (np.lib.format.read_array_header_1_0, np.lib.format.read_array_header_2_0)
    try:
        read[np.lib.format.read_magic(file) != (1, 0)](file)
    except Exception:  # Python's own parser raises nearly anything
        raise ValueError("the header is broken") from None


def _unboxed(value: object) -> object:
    """What numpy wraps into an array of Python objects where something else than numbers is saved."""
    match value:
        case Made(what=Name(kind="reconstruct"), state=(_, shape, Made(args=("O8" | "O", *_)), _, items)):
            objects = cast(list[object], items) if isinstance(items, list) else []
            return objects[0] if _sizes(shape) == () and len(objects) == 1 else objects
        case _:
            return value


def _sizes(shape: object) -> tuple[int, ...] | None:
    items = cast(tuple[object, ...], shape) if isinstance(shape, tuple) else (None,)
    sizes = tuple(size for size in items if isinstance(size, int) and 0 <= size < 1 << 40)
    return sizes if len(sizes) == len(items) and math.prod(sizes) < 1 << 40 else None
