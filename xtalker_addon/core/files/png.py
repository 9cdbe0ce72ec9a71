"""PNG files (ISO/IEC 15948): as much of the format as masks and pictures of displacement need."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_CHANNELS: Final = {0: 1, 2: 3, 4: 2, 6: 4}  # by colour type: grey, RGB, each with alpha
_LARGEST: Final = 1 << 26  # pixels
_LEVEL: Final = 4  # of compression: higher ones cost much and gain little
_SUB: Final = 1
_UP: Final = 2
_AVERAGE: Final = 3
_PAETH: Final = 4


def png(pixels: NDArray[Any]) -> bytes:
    """A file of (H, W, 3) uint8 or (H, W) uint16."""
    height, width = pixels.shape[:2]
    deep = pixels.dtype == np.uint16
    rows = np.ascontiguousarray(pixels, ">u2" if deep else "u1").view("u1").reshape(height, -1)
    # Each row as its difference from the one above, which packs smooth pictures well.
    filtered = np.full((height, rows.shape[1] + 1), _UP, np.uint8)
    filtered[0, 1:] = rows[0]
    filtered[1:, 1:] = rows[1:] - rows[:-1]
    header = struct.pack(">IIBBBBB", width, height, 16 if deep else 8, 0 if deep else 2, 0, 0, 0)
    data = zlib.compress(filtered.tobytes(), _LEVEL)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def read_png(path: Path) -> NDArray[Any]:
    """(H, W, channels) uint8 or uint16, first row on top. Raises ModelError for what is no such file.

    Grey or RGB, with alpha or without, of 8 or 16 bits, not interlaced.
    """
    try:
        header, data = _parts(path.read_bytes())
        width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
        if colour not in _CHANNELS or depth not in (8, 16) or interlaced or not 0 < width * height <= _LARGEST:
            raise ModelError(
                f"{path}: is a kind of PNG that is not read; save it as grey or RGB of 8 or 16 bits, not interlaced."
            )
        step = _CHANNELS[colour] * depth // 8
        length = height * (width * step + 1)
        lines = np.frombuffer(zlib.decompressobj().decompress(data, length), np.uint8).reshape(height, -1)
    except (OSError, ValueError, struct.error, zlib.error) as error:
        raise ModelError(f"{path}: cannot be read as a PNG ({error}); get it again or take it away.") from None
    rows = _unfiltered(lines[:, 0], lines[:, 1:], step)
    return rows.view("u1" if depth == 8 else ">u2").reshape(height, width, -1)


def _parts(content: bytes) -> tuple[bytes, bytes]:
    """The header, and the packed pixels."""
    if not content.startswith(_SIGNATURE):
        raise ValueError("it has another beginning")
    header, data, at = b"", b"", len(_SIGNATURE)
    while at + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        chunk = content[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            header = chunk
        elif kind == b"IDAT":
            data += chunk
        at += 12 + length
    return header, data


def _unfiltered(kinds: NDArray[np.uint8], lines: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
    """Rows of bytes from their differences; step: bytes a pixel."""
    rows = np.array(lines)
    above = np.zeros(rows.shape[1], np.uint8)
    for kind, row in zip(kinds.tolist(), rows, strict=True):
        if kind == _UP:
            row += above
        elif kind == _SUB:
            row[:] = np.cumsum(row.reshape(-1, step), axis=0, dtype=np.uint8).ravel()
        elif kind in (_AVERAGE, _PAETH):
            _predicted_by_left(kind, row, above, step)
        above = row
    return rows


def _predicted_by_left(kind: int, row: NDArray[np.uint8], above: NDArray[np.uint8], step: int) -> None:
    """Undo a filter that needs each pixel's left neighbour, in place."""
    values, upper = row.tolist(), above.tolist()
    for at in range(len(values)):
        a = values[at - step] if at >= step else 0
        b, c = upper[at], upper[at - step] if at >= step else 0
        if kind == _AVERAGE:
            guess = (a + b) // 2
        else:
            # Whichever of left, above and upper left is nearest to left + above - upper left.
            guess = min((a, b, c), key=lambda value, near=a + b - c: abs(near - value))
        values[at] = (values[at] + guess) & 255
    row[:] = values
