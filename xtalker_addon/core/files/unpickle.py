"""Reads FLAME's model pickles (2019, 2020, 2023, 2023 Open; `FLAME_masks.pkl`) without running them.

They were written by Python 2, and any field may be a numpy array, a chumpy object or a scipy sparse matrix. All of them
come out as plain numpy arrays, with neither chumpy nor scipy installed. What a pickle may mean is the list below; every
other thing that it refers to is refused by name.
"""

from __future__ import annotations

import math
import mmap
import re
import struct
from pathlib import Path
from typing import Any, Final, NoReturn, cast

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError
from .foreign import HEAD_BYTES, is_pickle, not_a_pickle
from .pickle_machine import Machine, Made, Name, PickleRefusedError

_TEXT: Final = re.compile(rb"[\t\r\n -~\xa0-\xff]*")
_DEPTH_LIMIT: Final = 40
_DIMENSION_LIMIT: Final = 32
_SPARE_BYTES: Final = 64 << 20  # what dense copies of sparse fields may take beyond the file's own size

Array = NDArray[Any]


def load_pickle(path: Path) -> object:
    """The data of a pickle as dict, list, tuple, str, bool, int, float, None and read-only ndarray.

    Byte strings become text (Latin-1), sets become lists, sparse matrices become dense, big-endian numbers native.
    Raises ModelError for a pickle that is broken, absurdly large, or refers to anything that FLAME does not need.
    """
    try:
        with path.open("rb") as file:
            head, size = file.read(HEAD_BYTES), path.stat().st_size
            other = not_a_pickle(head)
            if other is None and _TEXT.fullmatch(head) and not is_pickle(head):
                other = "text and no FLAME model"
            if other:
                raise ModelError(f"{path}: is {other}; expected a FLAME model as its authors distribute it.")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
                return Values(4 * size + _SPARE_BYTES).plain(Machine().run(view))
    except PickleRefusedError as fault:
        raise ModelError(f"{path}: {fault}; use the model file as its authors distribute it.") from None
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}).") from None
    except (ValueError, TypeError, IndexError, OverflowError, MemoryError, struct.error):
        raise ModelError(f"{path}: the pickle is broken; use the model file as its authors distribute it.") from None


def _fail(what: str) -> NoReturn:
    raise PickleRefusedError(what)


class Values:
    """Gives inert pickle data its meaning, within a budget of bytes."""

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._done: dict[int, tuple[object, object]] = {}  # by identity; the key object is kept so that its id is

    def plain(self, value: object, depth: int = 0) -> object:
        """`value` as plain data; what is shared in the pickle stays shared."""
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, (bytes, bytearray)):
            return self._spend_on(value).decode("latin1")
        if isinstance(value, Name):
            _fail(f"the pickle holds {value.text} itself where data is expected")
        if depth > _DEPTH_LIMIT:
            _fail(f"the pickle is nested more than {_DEPTH_LIMIT} deep")
        if id(value) not in self._done:
            self._done[id(value)] = (value, Values)  # stands for "under way"
            self._done[id(value)] = (value, self._convert(value, depth + 1))
        found = self._done[id(value)][1]
        if found is Values:
            _fail("the pickle holds something that contains itself")
        return found

    def _convert(self, value: object, depth: int) -> object:
        if isinstance(value, dict):
            items = cast(dict[object, object], value).items()
            return {key: self.plain(item, depth) for key, item in items}
        if isinstance(value, (list, tuple)):
            sequence = [self.plain(item, depth) for item in cast(list[object], value)]
            return sequence if isinstance(value, list) else tuple(sequence)
        if isinstance(value, Made):
            return self._evaluate(value, depth)
        _fail(f"the pickle holds a {type(value).__name__}")

    def _evaluate(self, made: Made, depth: int) -> object:
        args, state = made.args, made.state
        match made.what.kind, len(args):
            case "reconstruct", _ if isinstance(state, tuple) and len(cast(Any, state)) == 5:
                _, shape, dtype, fortran, data = cast(tuple[object, ...], state)
                return self._ndarray(self._bytes(data), dtype, shape, bool(fortran))
            case "frombuffer", 4:
                return self._ndarray(self._bytes(args[0]), args[1], args[2], args[3] == "F")
            case "scalar", 2:
                return self._ndarray(self._bytes(args[1]), args[0], (), False).item()
            case (("encode" | "bytes"), _):
                return self._bytes(made).decode("latin1")
            case "list", 1:
                return self.plain(args[0], depth)
            case ("csc" | "csr" | "coo") as layout, _ if isinstance(state, dict):
                return self._dense(layout, cast(dict[str, object], state), depth)
            case kind, _ if kind.startswith("chumpy ") and isinstance(state, dict):
                return self._chumpy(made.what, cast(dict[str, object], state), depth)
            case _:
                _fail(f"the pickle uses {made.what.text} in a way that is not FLAME's")

    def _spend(self, count: int) -> None:
        self._budget -= count
        if self._budget < 0:
            _fail("the pickle unfolds to far more data than it holds")

    def _spend_on(self, data: bytes | bytearray) -> bytes:
        self._spend(len(data))
        return bytes(data)

    def _bytes(self, value: object) -> bytes:
        """Raw bytes, which Python 2 wrote as a string and Python 3 at old protocols as an encoded text."""
        match value:
            case bytes() | bytearray():
                return self._spend_on(value)
            case str():
                self._spend(len(value))
                return value.encode("latin1")
            case Made(what=Name(kind="encode"), args=(str(text), "latin1" | "latin-1")):
                return self._bytes(text)
            case Made(what=Name(kind="bytes"), args=()):
                return b""
            case _:
                _fail("an array in the pickle holds Python objects instead of numbers")

    def _ndarray(self, data: bytes, dtype: object, shape: object, fortran: bool) -> Array:
        kind = _dtype(dtype)
        sizes = _integers(shape)
        if len(sizes) > _DIMENSION_LIMIT or min(sizes, default=0) < 0 or math.prod(sizes) * kind.itemsize != len(data):
            _fail(f"an array in the pickle claims the shape {str(sizes)[:60]} but holds {len(data)} bytes")
        array = np.frombuffer(data, kind) if data else np.empty(0, kind)
        return array.reshape(sizes, order="F" if fortran else "C").astype(kind.newbyteorder("="), copy=False)

    def _dense(self, layout: str, state: dict[str, object], depth: int) -> Array:
        """A scipy sparse matrix as a dense one; repeated entries add up, as they do there."""
        shape = _integers(state.get("_shape", state.get("shape")))
        if len(shape) != 2 or min(shape) < 0:
            _fail("a sparse matrix in the pickle has no two-dimensional shape")
        values = self._field(state, "data", depth).ravel()
        self._spend(math.prod(shape) * values.itemsize)
        if layout == "coo" and "coords" in state:
            rows, columns = (self._array(c, depth) for c in cast(list[object], state["coords"]))
        elif layout == "coo":
            rows, columns = self._field(state, "row", depth), self._field(state, "col", depth)
        else:
            pointers, inner = self._field(state, "indptr", depth), self._field(state, "indices", depth)
            counts = np.diff(pointers.astype(np.int64))
            outer_size = shape[1 if layout == "csc" else 0]
            if counts.shape != (outer_size,) or counts.min(initial=0) < 0 or int(counts.sum()) != values.size:
                _fail("the index of a sparse matrix in the pickle does not fit its values")
            outer = np.repeat(np.arange(outer_size), counts)
            rows, columns = (inner, outer) if layout == "csc" else (outer, inner)
        if min(rows.min(initial=0), columns.min(initial=0)) < 0:
            _fail("a sparse matrix in the pickle has negative indices")
        dense = np.zeros(shape, values.dtype)
        np.add.at(dense, (rows, columns), values)
        return dense

    def _chumpy(self, what: Name, state: dict[str, object], depth: int) -> Array:
        """The value of a chumpy object (class names and fields: chumpy/ch.py, chumpy/reordering.py)."""

        def field(name: str) -> Array:
            return self._field(state, name, depth)

        match what.kind.removeprefix("chumpy "):
            case "Ch":
                return field("x")
            case "Select":
                source = field("a").ravel()
                indices = field("idxs").ravel()
                self._spend(indices.size * source.itemsize)
                return source[indices].reshape(_integers(state.get("preferred_shape", (-1,))))
            case "Reshape":
                return field("a").reshape(_integers(state.get("newshape")))
            case "transpose":
                axes = state.get("axes")
                return field("a").transpose(None if axes is None else _integers(axes))
            case "swapaxes":
                return field("a").swapaxes(*_integers((state.get("axis1"), state.get("axis2"))))
            case "AtleastNd":
                widen = {1: np.atleast_1d, 2: np.atleast_2d, 3: np.atleast_3d}
                return widen[_integers((state.get("ndims"),))[0]](field("x"))
            case "Concatenate":
                parts = [field(str(name)) for name in cast(list[object], state.get("dterms"))]
                self._spend(sum(part.nbytes for part in parts))
                return np.concatenate(parts, axis=_integers((state.get("axis"),))[0])
            case _:
                _fail(f"the pickle holds a {what.text}, whose value cannot be worked out without chumpy")

    def _field(self, state: dict[str, object], name: str, depth: int) -> Array:
        if name not in state:
            _fail(f"an object in the pickle lacks its {name}")
        return self._array(state[name], depth)

    def _array(self, value: object, depth: int) -> Array:
        found = self.plain(value, depth)
        if not isinstance(found, (np.ndarray, int, float)):
            _fail("an object in the pickle holds something else than numbers")
        return np.asarray(found)


def _dtype(value: object) -> np.dtype[Any]:
    """The dtype of numbers or truth values, in the byte order that the pickle states."""
    match value:
        case Made(what=Name(kind="dtype"), args=(str(code), *_), state=state):
            pass
        case _:
            _fail("an array in the pickle has no dtype")
    order = cast(tuple[object, ...], state)[1] if isinstance(state, tuple) and len(cast(Any, state)) > 1 else "="
    if not re.fullmatch("b1|[iu][1248]|f[248]", code) or order not in ("<", ">", "|", "="):
        _fail(f"an array in the pickle has the type {code[:20]!r}; expected numbers")
    return np.dtype(code).newbyteorder(cast(Any, order))


def _integers(value: object) -> tuple[int, ...]:
    """A tuple of small integers, as shapes and axes are."""
    items = cast(tuple[object, ...], value) if isinstance(value, (tuple, list)) else ()
    if not isinstance(value, (tuple, list)) or not all(isinstance(i, int) and abs(i) < 1 << 40 for i in items):
        _fail("a shape or an axis in the pickle is not made of integers")
    return cast(tuple[int, ...], tuple(items))
