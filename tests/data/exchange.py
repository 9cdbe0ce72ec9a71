"""What is in exchange files, read without Blender: binary FBX and Alembic's time samplings, no more than tests need."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

KTIME_SECOND = 46186158000  # FBX counts time in these
_ARRAYS = {b"f": "<f4", b"d": "<f8", b"l": "<i8", b"i": "<i4", b"b": "?", b"c": "u1"}
_SCALARS = {b"Y": "<h", b"C": "<?", b"I": "<i", b"F": "<f", b"D": "<d", b"L": "<q"}

_OGAWA_NUMBERS = {6: "<i", 8: "<q", 10: "<f", 11: "<d"}


def read_fbx(path: Path) -> list[tuple[str, list, list]]:
    """Records as (name, properties, records inside)."""
    data = path.read_bytes()
    assert data.startswith(b"Kaydara FBX Binary")
    wide = struct.unpack_from("<I", data, 23)[0] >= 7500
    return _fbx_records(data, 27, len(data), wide)[0]


def fbx_records(records, name):
    """All records of a name, wherever they are."""
    for record in records:
        if record[0] == name:
            yield record
        yield from fbx_records(record[2], name)


def _fbx_records(data, at, end, wide):
    found = []
    head = "<QQQB" if wide else "<IIIB"
    while at < end:
        close, count, _, letters = struct.unpack_from(head, data, at)
        at += struct.calcsize(head)
        if not close:
            break
        name = data[at : at + letters].decode()
        at += letters
        values = []
        for _ in range(count):
            value, at = _fbx_value(data, at)
            values.append(value)
        inside = _fbx_records(data, at, close, wide)[0] if at < close else []
        found.append((name, values, inside))
        at = close
    return found, at


def _fbx_value(data, at):
    kind, at = data[at : at + 1], at + 1
    if kind in _SCALARS:
        return struct.unpack_from(_SCALARS[kind], data, at)[0], at + struct.calcsize(_SCALARS[kind])
    if kind in b"SR":
        size = struct.unpack_from("<I", data, at)[0]
        return data[at + 4 : at + 4 + size], at + 4 + size
    count, packed, size = struct.unpack_from("<III", data, at)
    raw = data[at + 12 : at + 12 + size]
    return np.frombuffer(zlib.decompress(raw) if packed else raw, _ARRAYS[kind], count), at + 12 + size


def alembic_samplings(path: Path) -> list[tuple[float, list[float]]]:
    """Of each time sampling in an Alembic file: seconds between two samples, and the time of the first (or of all)."""
    data = path.read_bytes()
    assert data.startswith(b"Ogawa")
    root = _ogawa_children(data, struct.unpack_from("<Q", data, 8)[0])
    at = root[4] & (1 << 63) - 1
    size, at = struct.unpack_from("<Q", data, at)[0], at + 8
    end, found = at + size, []
    while at < end:
        _, step, count = struct.unpack_from("<IdI", data, at)
        found.append((step, list(struct.unpack_from(f"<{count}d", data, at + 16))))
        at += 16 + 8 * count
    return found


def alembic_values(path: Path, name: str) -> list[float]:
    """First samples of all properties of that name in an Alembic file, wherever in it they are."""
    data = path.read_bytes()
    root = _ogawa_children(data, struct.unpack_from("<Q", data, 8)[0])
    return [value for found, value in _ogawa_object(data, root[2]) if found == name]


def _ogawa_object(data, at):
    """Names and first values of the numbers of an object and of those below it."""
    properties, *below = _ogawa_children(data, at)
    yield from _ogawa_properties(data, properties)
    for child in below[:-1]:  # the last are the names of the objects
        yield from _ogawa_object(data, child)


def _ogawa_properties(data, at):
    children = _ogawa_children(data, at)
    if not children:
        return
    headers = _ogawa_data(data, children[-1])
    for child, (name, kind) in zip(children[:-1], _ogawa_headers(headers), strict=True):
        if kind is None:
            yield from _ogawa_properties(data, child)
        elif kind in _OGAWA_NUMBERS and (samples := _ogawa_children(data, child)):
            key_and_value = _ogawa_data(data, samples[0])
            if len(key_and_value) > 16:
                yield name, struct.unpack_from(_OGAWA_NUMBERS[kind], key_and_value, 16)[0]


def _ogawa_headers(headers):
    """Name and type of each property; None for one that holds others."""
    at = 0

    def number(width):
        nonlocal at
        at += width
        return int.from_bytes(headers[at - width : at], "little")

    while at < len(headers):
        info = number(4)
        width, is_simple = (1, 2, 4)[info >> 2 & 3], bool(info & 3)
        # The number of samples; which of them changed; the time sampling.
        for _ in range((1 + 2 * (info >> 9 & 1) + (info >> 8 & 1)) if is_simple else 0):
            number(width)
        length = number(width)
        at += length
        name = headers[at - length : at].decode()
        if info >> 20 & 0xFF == 0xFF:
            length = number(width)
            at += length
        yield name, (info >> 4 & 15) if is_simple else None


def _ogawa_data(data, at):
    at &= (1 << 63) - 1
    return data[at + 8 : at + 8 + struct.unpack_from("<Q", data, at)[0]] if at else b""


def _ogawa_children(data, at):
    if not at:
        return ()
    count = struct.unpack_from("<Q", data, at)[0]
    return struct.unpack_from(f"<{count}Q", data, at + 8)
