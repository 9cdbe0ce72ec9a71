"""The ffmpeg program: which one is used, and what differs between its versions.

Versions 5.1 to 9.0 do the same for the same arguments, as long as those keep to what all of them have. What does not:

- Options of the EXR decoder that turn linear light into display values are gone in 9.0: `DISPLAY_FROM_LINEAR` does it.
- Whether a picture remembers the matrix of the video that it came from, once it is RGB, changes between versions. A
  JPEG means BT.601, so that must be said: `JPEG_MATRIX`.
- The times that `-progress` tells are the longest output's or the shortest's; its frames are the first output's
  everywhere. How long a file is says the log: `source_seconds`.
- 4.4 and older lack `-fps_mode`, for which 9.0 knows no other spelling.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

from ..errors import MachineError

OLDEST: Final = "5.1"
NO_WINDOW: Final[int] = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows would open a console for each program

_ENCODED: Final = r"maxval*if(lte(val\,maxval*0.0031308)\,12.92*val/maxval\,1.055*pow(val/maxval\,1/2.4)-0.055)"
# Native, where zscale is not always built in. IEC 61966-2-1's curve, clipped at 1.
DISPLAY_FROM_LINEAR: Final = f"format=gbrap16le,lutrgb=r={_ENCODED}:g={_ENCODED}:b={_ENCODED}"
JPEG_MATRIX: Final = "scale=out_color_matrix=bt601:out_range=pc"

_DURATION: Final = re.compile(r"Duration: (\d+):(\d+):([\d.]+)")
_EMPTY_WORDS: Final = (
    "Conversion failed!",
    "Error opening input files",
    "Error opening output file",
    "Error selecting an encoder",
)


def find_ffmpeg() -> str:
    """The ffmpeg program to use: the system's, or the one that comes with imageio-ffmpeg where that can do more.

    Raises MachineError where neither will do: it says what each one lacks.
    """
    candidates = [program for program in (shutil.which("ffmpeg"), _bundled()) if program]
    usable = [program for program in candidates if not _lacks(program)]
    if usable:
        return max(usable, key=_writes_exr)
    found = " and ".join(f"{program} {_lacks(program)}" for program in candidates) or "there is no ffmpeg"
    raise MachineError(
        f"{found}; install ffmpeg {OLDEST} or later with the system's package manager, or `pip install imageio-ffmpeg`."
    )


def _bundled() -> str | None:
    if importlib.util.find_spec("imageio_ffmpeg"):
        with contextlib.suppress(RuntimeError):
            return str(importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe())
    return None


@cache
def _lacks(program: str) -> str:
    """What keeps a program from being used, as the end of a sentence; empty where nothing does."""
    try:
        if b"\n-fps_mode" not in _output(program, "-h", "long"):
            return f"is older than {OLDEST}"
    except OSError as error:
        return f"cannot be run ({error.strerror})"
    return "" if b" libx264 " in _output(program, "-encoders") else "cannot write H.264 (it lacks libx264)"


@cache
def _writes_exr(program: str) -> bool:
    return b" exr " in _output(program, "-encoders")


@cache
def _output(program: str, *arguments: str) -> bytes:
    return subprocess.run([program, "-hide_banner", *arguments], capture_output=True, creationflags=NO_WINDOW).stdout


def source_seconds(log: str) -> float | None:
    """Length of the first input, in seconds, as ffmpeg's log tells it; None where it does not."""
    found = _DURATION.search(log)
    if found is None:
        return None
    hours, minutes, seconds = (float(part) for part in found.groups())
    return 3600 * hours + 60 * minutes + seconds


def last_words(log: str, output: Path) -> str:
    """The line of the log that names the cause: the last that tells of a failure of the system, else the last.

    output : the file that was to be written, whose name is left out
    """
    lines = [re.sub(r"^(\[[^\]]*\]\s*)+", "", line).strip().rstrip(".") for line in log.splitlines()]
    lines = [line.replace(f" {output}", "") for line in lines if line and not line.startswith(_EMPTY_WORDS)]
    causes = ("No space left", "Permission denied", "Read-only", "No such file", "Invalid data", "matches no streams")
    telling = [line for line in lines if any(cause in line for cause in causes)]
    return (telling or lines or [""])[-1]
