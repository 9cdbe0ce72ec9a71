"""Pictures of a clip, one a frame, kept in a folder that the user named: written once, found again by their codes."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from ...errors import UsageError, reason
from .png import png

_NUMBER: Final = "{:05}.png"  # from 1: what Blender calls the first picture of a sequence
_NAME_BYTES: Final = 200


def picture_folder(
    cache: Path,
    name: str,
    content: Iterable[bytes],
    frames: int,
    pictures: Callable[[], Iterable[NDArray[Any]]],
    watch: Callable[[float], None] | None = None,
) -> Path:
    """The folder below `cache` with 00001.png and so on; made from `pictures` unless it is there.

    content : what the pictures depend on; its hash is in the folder's name
    pictures : gives (H, W, 3) bytes or (H, W) 16-bit numbers, first row on top, `frames` of them
    watch : is called with the share that is written, from 0 to 1; what it raises ends the work

    The folder appears with all of them or not at all. Raises UsageError where it cannot be written.
    """
    digest = hashlib.blake2b(b"\0".join(content), digest_size=6).hexdigest()
    # File systems allow 255 bytes.
    folder = cache / f"{os.fsencode(name)[:_NAME_BYTES].decode('utf-8', 'ignore')}-{digest}"
    if picture_file(folder, frames).is_file():
        return folder
    partial = cache / f".{uuid.uuid4().hex[:8]}"
    try:
        partial.mkdir(parents=True)
        for number, picture in enumerate(pictures(), start=1):
            picture_file(partial, number).write_bytes(png(picture))
            if watch:
                watch(number / frames)
        shutil.rmtree(folder, ignore_errors=True)
        partial.replace(folder)
    except OSError as error:
        raise UsageError(f"{cache}: cannot be written ({reason(error)}); name another folder for pictures.") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def picture_file(folder: Path, number: int = 1) -> Path:
    """The file of a picture, counted from 1; the first one stands for the whole sequence."""
    return folder / _NUMBER.format(number)
