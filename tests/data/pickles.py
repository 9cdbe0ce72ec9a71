"""Writes FLAME-layout pickles as Python 2 and 3 do, with chumpy and scipy objects though neither is installed."""

from __future__ import annotations

import io
import pickle
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray


class Python2Pickler(pickle._Pickler):
    """Writes bytes and ASCII text as Python 2 writes `str`: quoted in protocol 0, raw in 1 and 2."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_str2(self, value: bytes | str) -> None:
        data = value.encode("latin1") if isinstance(value, str) else value
        if self.proto == 0:
            self.write(b"S" + repr(data)[1:].encode("ascii") + b"\n")
        else:
            self.write(b"T" + len(data).to_bytes(4, "little") + data)
        self.memoize(value)

    dispatch[bytes] = dispatch[str] = save_str2


def dumps(value: object, protocol: int, python2: bool = False) -> bytes:
    if not python2:
        return pickle.dumps(value, protocol)
    stream = io.BytesIO()
    Python2Pickler(stream, protocol).dump(value)
    return stream.getvalue()


@contextmanager
def fake_class(module: str, name: str) -> Iterator[type]:
    """A class that pickles as `module.name`, for as long as the context lasts."""
    kind = type(name, (), {"__module__": module})
    holder = ModuleType(module)
    setattr(holder, name, kind)
    before = {key: sys.modules.get(key) for key in (module, module.split(".")[0])}
    sys.modules[module] = holder
    sys.modules.setdefault(module.split(".")[0], ModuleType(module.split(".")[0]))
    try:
        yield kind
    finally:
        for key, old in before.items():
            if old is None:
                sys.modules.pop(key, None)
            else:
                sys.modules[key] = old


def dump_object(module: str, name: str, state: dict[str, object], protocol: int, python2: bool = False) -> bytes:
    """The pickle of {'field': an instance of module.name whose attributes are `state`}."""
    with fake_class(module, name) as kind:
        instance = kind()
        instance.__dict__.update(state)
        return dumps({"field": instance}, protocol, python2)


def flame_fields(vertices: int = 12, seed: int = 0) -> dict[str, NDArray | str]:
    """Fields of a FLAME model by their published keys, small and random."""
    rng = np.random.default_rng(seed)
    return {
        "v_template": rng.normal(0, 0.1, (vertices, 3)),
        "f": rng.integers(0, vertices, (2 * vertices, 3)).astype(np.uint32),
        "shapedirs": rng.normal(0, 0.01, (vertices, 3, 400)),
        "posedirs": np.asfortranarray(rng.normal(0, 0.01, (vertices, 3, 36))),
        "J_regressor": rng.random((5, vertices)),
        "weights": rng.random((vertices, 5)),
        "kintree_table": np.array([[2**32 - 1, 0, 1, 1, 1], range(5)], np.uint32),
        "J": rng.normal(0, 0.1, (5, 3)),
        "bs_style": "lbs",
        "bs_type": "lrotmin",
    }


def csc_state(dense: NDArray) -> dict[str, object]:
    """What scipy keeps of a csc_matrix."""
    columns, rows = np.nonzero(dense.T)
    pointers = np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=dense.shape[1]))])
    return {
        "_shape": dense.shape,
        "maxprint": 50,
        "data": dense[rows, columns],
        "indices": rows.astype(np.int32),
        "indptr": pointers.astype(np.int32),
    }
