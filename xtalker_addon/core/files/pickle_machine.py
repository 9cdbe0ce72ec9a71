"""Turns the opcodes of a pickle into inert data: nothing is imported, called or built while a file is read.

The standard unpickler, however its `find_class` is restricted, still calls what it finds, sets attributes that the file
chooses and sizes its memo by a number in the file. Here a reference to a class is a `Name`, and a call is a `Made` that
says what would have been called; `unpickle` decides what the few known ones mean. Opcodes and their arguments are
described by the standard library's `pickletools`.
"""

from __future__ import annotations

import codecs
import pickletools
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

_OPCODES: Final = {opcode.code: opcode for opcode in pickletools.opcodes}
_MEMO_LIMIT: Final = 1 << 32


class PickleRefusedError(ValueError):
    """Why a pickle is refused, as the middle of a sentence that begins with the name of its file."""


class PickleTooLongError(PickleRefusedError):
    """A pickle of more operations than what is expected has."""


class ByteStream(Protocol):
    """What opcodes are read from; `read` gives less than asked for at the end."""

    def read(self, n: int, /) -> bytes: ...

    def readline(self) -> bytes: ...


@dataclass(frozen=True, slots=True, eq=False)
class Name:
    """A class or function that the pickle refers to; `kind` is what it means here."""

    kind: str
    text: str


@dataclass(slots=True, eq=False)
class Made:
    """What calling `what` with `args`, then setting `state`, would have made."""

    what: Name
    args: tuple[Any, ...] = ()
    state: Any = None


_BUILTINS: Final = {"set": "list", "frozenset": "list", "object": "object", "bytes": "bytes"}
FUNCTIONS: Final = {
    "numpy.ndarray": "ndarray",
    "numpy.dtype": "dtype",
    "_codecs.encode": "encode",
    "copy_reg._reconstructor": "reconstructor",
    "copyreg._reconstructor": "reconstructor",
    **{f"{module}.{name}": kind for module in ("__builtin__", "builtins") for name, kind in _BUILTINS.items()},
    **{
        f"numpy.{core}.{name}": kind
        for core in ("core", "_core")
        for name, kind in (
            ("multiarray._reconstruct", "reconstruct"),
            ("multiarray.scalar", "scalar"),
            ("numeric._frombuffer", "frombuffer"),
        )
    },
}
_SPARSE: Final = ("csc_matrix", "csr_matrix", "coo_matrix", "csc_array", "csr_array", "coo_array")


def resolve_name(module: object, name: object) -> Name:
    """The meaning of a global; raises PickleRefusedError for all that a FLAME model does not need."""
    text = f"{module}.{name}"
    if text in FUNCTIONS:
        return Name(FUNCTIONS[text], text)
    package = str(module).split(".")[0]
    if package == "scipy" and str(module).startswith("scipy.sparse") and name in _SPARSE:
        return Name(str(name)[:3], text)
    if package == "chumpy" and str(name).isidentifier():
        return Name(f"chumpy {name}", text)
    raise PickleRefusedError(f"the pickle refers to {text[:80]!r}, which is not part of a FLAME model, and was not run")


def _read_py2_string(stream: ByteStream) -> str:
    """A quoted Python-2 string of protocol 0, which may hold any byte (`pickletools` takes it for ASCII)."""
    quoted = stream.readline().strip()
    if len(quoted) < 2 or quoted[:1] not in (b"'", b'"') or quoted[-1:] != quoted[:1]:
        raise PickleRefusedError("the pickle is broken: a string has no closing quote")
    return codecs.escape_decode(quoted[1:-1])[0].decode("latin1")


def read_opcodes(stream: ByteStream, limit: int) -> Iterator[tuple[str, Any]]:
    """(name, argument) of every opcode up to STOP; raises PickleRefusedError, or ValueError for nonsense."""
    for _ in range(limit):
        code = stream.read(1)
        opcode = _OPCODES.get(code.decode("latin1"))
        if opcode is None:
            raise PickleRefusedError("the pickle breaks off" if not code else "it is not a pickle")
        if opcode.name == "STOP":
            return
        if opcode.name == "STRING":
            yield opcode.name, _read_py2_string(stream)
        else:
            yield opcode.name, opcode.arg.reader(cast(Any, stream)) if opcode.arg else None
    raise PickleTooLongError(f"the pickle has more than {limit} operations")


class Machine:
    """The stack machine that pickle opcodes drive.

    purpose : what the pickle is expected to be, for messages
    limit   : how many operations it may have; a FLAME model has some hundreds
    """

    purpose = "a FLAME model"
    limit = 500_000

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._outer: list[list[Any]] = []  # stacks below the open marks
        self._memo: dict[int, object] = {}
        self._operations: dict[str, Callable[[Any], object]] = _operations(self)

    def run(self, stream: ByteStream) -> object:
        """The value that the pickle in `stream` stands for, made of plain data, `Name` and `Made`."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python 3, about escapes in text that Python 2 let pass
            for name, argument in read_opcodes(stream, self.limit):
                operation = self._operations.get(name)
                if operation is None:
                    raise PickleRefusedError(
                        f"the pickle uses the operation {name}, which {self.purpose} does not need"
                    )
                operation(argument)
        return self.pop()

    def push(self, value: object) -> None:
        self._stack.append(value)

    def pop(self) -> Any:
        if not self._stack:
            raise PickleRefusedError("the pickle is broken: it takes more from its stack than it put there")
        return self._stack.pop()

    def top(self, kind: type) -> Any:
        if not self._stack or not isinstance(self._stack[-1], kind):
            raise PickleRefusedError(f"the pickle is broken: it fills something that is no {kind.__name__.lower()}")
        return self._stack[-1]

    def mark(self) -> None:
        self._outer.append(self._stack)
        self._stack = []

    def pop_mark(self) -> list[Any]:
        if not self._outer:
            raise PickleRefusedError("the pickle is broken: a mark is missing")
        items, self._stack = self._stack, self._outer.pop()
        return items

    def pop_items(self, count: int) -> tuple[Any, ...]:
        return tuple(reversed([self.pop() for _ in range(count)]))

    def get(self, index: int) -> None:
        if index not in self._memo:
            raise PickleRefusedError(f"the pickle is broken: it uses item {index}, which it never stored")
        self.push(self._memo[index])

    def put(self, index: int | None) -> None:
        index = len(self._memo) if index is None else index
        if not 0 <= index < _MEMO_LIMIT:
            raise PickleRefusedError("the pickle is broken: it stores an item under an impossible number")
        self._memo[index] = self.top(object)

    def append(self, items: list[Any]) -> None:
        self.top(list).extend(items)

    def set_items(self, items: list[Any]) -> None:
        target = self.top(dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            # Small integers and text only: long ones can be chosen to collide.
            if not (isinstance(key, str) or (isinstance(key, int) and abs(key) < 1 << 31)):
                raise PickleRefusedError(
                    f"the pickle has a dictionary key of type {type(key).__name__}; expected names"
                )
            target[key] = value

    def make_dict(self, items: list[Any]) -> None:
        self.push({})
        self.set_items(items)

    def make(self, keywords: object = None) -> None:
        args, what = self.pop(), self.pop()
        if not isinstance(what, Name) or not isinstance(args, tuple) or keywords:
            raise PickleRefusedError("the pickle is broken: it calls something that is no function")
        given = cast(tuple[Any, ...], args)
        # Protocols 0 and 1 make objects through this helper; later ones name the class themselves.
        if what.kind == "reconstructor" and given and isinstance(given[0], Name):
            what, given = given[0], ()
        self.push(Made(what, given))

    def build(self) -> None:
        state = self.pop()
        self.top(Made).state = state

    def name(self, module: object, name: object) -> None:
        self.push(resolve_name(module, name))


_VALUES: Final = (
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    *("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
)


def _operations(m: Machine) -> dict[str, Callable[[Any], object]]:
    """What each opcode does; sets become lists, persistent ids, extensions and old-style instances have no place."""
    return {
        **dict.fromkeys(_VALUES, m.push),
        **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), m.get),
        **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), m.put),
        **dict.fromkeys(("PROTO", "FRAME"), lambda _: None),
        "NONE": lambda _: m.push(None),
        "NEWTRUE": lambda _: m.push(True),
        "NEWFALSE": lambda _: m.push(False),
        "EMPTY_DICT": lambda _: m.push({}),
        "EMPTY_LIST": lambda _: m.push([]),
        "EMPTY_SET": lambda _: m.push([]),
        "EMPTY_TUPLE": lambda _: m.push(()),
        "MARK": lambda _: m.mark(),
        "POP": lambda _: m.pop(),
        "POP_MARK": lambda _: m.pop_mark(),
        "DUP": lambda _: m.push(m.top(object)),
        "TUPLE1": lambda _: m.push(m.pop_items(1)),
        "TUPLE2": lambda _: m.push(m.pop_items(2)),
        "TUPLE3": lambda _: m.push(m.pop_items(3)),
        "TUPLE": lambda _: m.push(tuple(m.pop_mark())),
        "LIST": lambda _: m.push(m.pop_mark()),
        "FROZENSET": lambda _: m.push(m.pop_mark()),
        "DICT": lambda _: m.make_dict(m.pop_mark()),
        "APPEND": lambda _: m.append([m.pop()]),
        "APPENDS": lambda _: m.append(m.pop_mark()),
        "ADDITEMS": lambda _: m.append(m.pop_mark()),
        "SETITEM": lambda _: m.set_items(list(m.pop_items(2))),
        "SETITEMS": lambda _: m.set_items(m.pop_mark()),
        "GLOBAL": lambda pair: m.name(*pair.split(" ", 1)),
        "STACK_GLOBAL": lambda _: m.name(*m.pop_items(2)),
        "REDUCE": lambda _: m.make(),
        "NEWOBJ": lambda _: m.make(),
        "NEWOBJ_EX": lambda _: m.make(m.pop()),
        "BUILD": lambda _: m.build(),
    }
