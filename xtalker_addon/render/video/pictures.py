"""Single pictures, and how those of a folder are called."""

from __future__ import annotations

import re
import subprocess
import uuid
from pathlib import Path

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from ...core.ffmpeg import NO_WINDOW, find_ffmpeg, last_words
from ...errors import RenderError
from ..settings import Output
from .streams import PNG


def numbered(stem: Path, output: Output) -> str:
    """The pictures `stem`.0000.png and so on, as ffmpeg names all of them."""
    return f"{str(stem).replace('%', '%%')}.%04d.{output}"


def holds_pictures_only(folder: Path) -> bool:
    """Whether a folder is what an earlier render left, and may be replaced."""
    ours = re.compile(rf"{re.escape(folder.name)}\.(\d{{4,}}\.(png|exr)|wav)")
    return all(ours.fullmatch(item.name) for item in folder.iterdir())


def write_picture(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write (H, W, 4) straight-alpha display values as one PNG, whole or not at all. Raises RenderError."""
    height, width = pixels.shape[:2]
    partial = path.with_name(f".{uuid.uuid4().hex[:8]}.png")
    source = ffmpeg.input("pipe:", format="rawvideo", pix_fmt="rgba", video_size=(width, height))
    output = ffmpeg.output(source, str(partial), update=1, **PNG).global_args("-hide_banner", "-loglevel", "error")
    try:
        done = subprocess.run(
            output.compile(cmd=find_ffmpeg()),
            input=pixels.tobytes(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            creationflags=NO_WINDOW,
        )
        if done.returncode:
            reason = last_words(done.stderr.decode("utf-8", "replace"), partial)
            raise RenderError(f"{path}: cannot be written ({reason}); name another output.")
        partial.replace(path)
    except OSError as error:
        raise RenderError(f"{path}: cannot be written ({error.strerror}); name another output.") from error
    finally:
        partial.unlink(missing_ok=True)
