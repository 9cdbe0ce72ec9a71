"""Pictures of a clip, one a frame, kept in a folder that the user named: written once, found again by their codes."""

from __future__ import annotations

import hashlib
import shutil
import struct
import uuid
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError

_NUMBER: Final = "{:05}.png"  # from 1: what Blender calls the first picture of a sequence
_LEVEL: Final = 4  # of compression: higher ones cost much and gain little


def picture_folder(
    cache: Path, name: str, content: Iterable[bytes], frames: int, pictures: Callable[[], Iterable[NDArray[Any]]]
) -> Path:
    """The folder below `cache` with 00001.png and so on; made from `pictures` unless it is there.

    content : what the pictures depend on; its hash is in the folder's name
    pictures : gives (H, W, 3) bytes or (H, W) 16-bit numbers, first row on top, `frames` of them

    The folder appears with all of them or not at all. Raises UsageError where it cannot be written.
    """
    digest = hashlib.blake2b(b"\0".join(content), digest_size=6).hexdigest()
    folder = cache / f"{name}-{digest}"
    if (folder / _NUMBER.format(frames)).is_file():
        return folder
    partial = cache / f".{folder.name}.{uuid.uuid4().hex[:8]}"
    try:
        partial.mkdir(parents=True)
        for number, picture in enumerate(pictures(), start=1):
            (partial / _NUMBER.format(number)).write_bytes(png(picture))
        shutil.rmtree(folder, ignore_errors=True)
        partial.replace(folder)
    except OSError as error:
        raise UsageError(f"{cache}: cannot be written ({error.strerror}); name another folder for pictures.") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def first_picture(folder: Path) -> Path:
    """The file that stands for the whole sequence."""
    return folder / _NUMBER.format(1)


def png(pixels: NDArray[Any]) -> bytes:
    """A PNG file (ISO/IEC 15948) of (H, W, 3) uint8 or (H, W) uint16."""
    height, width = pixels.shape[:2]
    deep = pixels.dtype == np.uint16
    rows = np.ascontiguousarray(pixels, ">u2" if deep else "u1").view("u1").reshape(height, -1)
    # Each row as its difference from the one above (filter 2), which packs smooth pictures well.
    filtered = np.full((height, rows.shape[1] + 1), 2, np.uint8)
    filtered[0, 1:] = rows[0]
    filtered[1:, 1:] = rows[1:] - rows[:-1]
    header = struct.pack(">IIBBBBB", width, height, 16 if deep else 8, 0 if deep else 2, 0, 0, 0)
    data = zlib.compress(filtered.tobytes(), _LEVEL)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
