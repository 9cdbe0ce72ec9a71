"""Reopens what is finished and plays it to its end: is it what was asked for? Its contact strip falls out of it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..core.amounts import counted
from ..core.ffmpeg import DISPLAY_FROM_LINEAR, JPEG_MATRIX, NO_WINDOW, find_ffmpeg, source_seconds
from ..errors import RenderError
from ..render.settings import VIDEO_SUFFIXES, RenderSettings
from ..render.video.pictures import numbered
from ..render.video.streams import AUDIO_RATE

STRIP_PICTURES: Final = 8
STRIP_HEIGHT: Final = 144
_SLACK_SECONDS: Final = 0.05  # AAC comes in blocks of 21 ms
_EVEN: Final = 6  # levels out of 255 by which an even colour may vary once it was compressed
_GREY: Final = 237  # about as bright as the usual background
_WAVE_POINTS: Final = 360
_SIZE: Final = re.compile(r"Stream #0:\d+.*?: Video: .*?, (\d+)x(\d+)")


@dataclass(frozen=True, slots=True)
class Expected:
    """What the video should hold."""

    frames: int
    fps: float
    sound: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What it holds: width and height in pixels, and the loudest sample of each of up to 360 stretches, 0..255."""

    size: tuple[int, int]
    outline: list[int]


def inspect_video(
    video: Path,
    expected: Expected,
    strip: Path,
    limit_seconds: float | None = None,
    settings: RenderSettings | None = None,
) -> Seen:
    """Play the video or folder and write its contact strip (JPEG, STRIP_PICTURES or fewer pictures in a row).

    settings : that it was rendered with; None: the usual ones

    Raises RenderError where the video cannot be played, or its frames, length, sound or picture are not as expected.
    """
    pictures = min(STRIP_PICTURES, expected.frames)
    raw, progress = strip.with_suffix(".rgb"), strip.with_suffix(".progress")
    settings = settings or RenderSettings()
    command = _command(video, expected, settings, pictures, strip, raw, progress)
    try:
        played = subprocess.run(command, capture_output=True, timeout=limit_seconds, creationflags=NO_WINDOW)
        log = played.stderr.decode("utf-8", "replace")
        size = _SIZE.search(log)
        if played.returncode or not size:
            words = log.strip().splitlines() or ["no reason given"]
            raise RenderError(f"{video}: the finished video cannot be played ({words[-1]}); render it again.")
        _check_length(video, progress.read_text("utf-8"), source_seconds(log), expected)
        _check_picture(video, np.fromfile(raw, np.uint8).reshape(-1, 3))
    except subprocess.TimeoutExpired:
        raise RenderError(f"{video}: playing the finished video took longer than {limit_seconds:g} s.") from None
    finally:
        raw.unlink(missing_ok=True)
        progress.unlink(missing_ok=True)
    outline = _outline(video, np.frombuffer(played.stdout, np.int16), expected) if expected.sound else []
    return Seen((int(size[1]), int(size[2])), outline)


def _command(
    video: Path,
    expected: Expected,
    settings: RenderSettings,
    pictures: int,
    strip: Path,
    raw: Path,
    progress: Path,
) -> Sequence[str]:
    chosen = sorted({int((index + 0.5) * expected.frames / pictures) for index in range(pictures)})
    select = "+".join(rf"eq(n\,{index})" for index in chosen)
    display = f",{DISPLAY_FROM_LINEAR}" if settings.output == "exr" else ""
    graph = (
        f"[0:v:0]split[all][some];[some]select={select}{display}{_over_grey(settings)},"
        f"scale=-2:{STRIP_HEIGHT}:flags=area,format=rgb24,tile={pictures}x1,split[raw][shown];[shown]{JPEG_MATRIX}[jpeg]"
    )
    outputs = [
        *("-map", "[all]", "-fps_mode", "passthrough", "-f", "null", "-"),
        *("-map", "[raw]", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", str(raw)),
        *("-map", "[jpeg]", "-fps_mode", "passthrough", "-update", "1", "-q:v", "5", str(strip)),
    ]
    if expected.sound:
        source = "0:a:0" if settings.output in VIDEO_SUFFIXES else "1:a:0"
        outputs += ["-map", source, "-ac", "1", "-ar", str(AUDIO_RATE), "-f", "s16le", "-"]
    plain = ("-hide_banner", "-nostdin", "-nostats", "-y", "-progress", str(progress))
    return [find_ffmpeg(), *plain, *_inputs(video, expected, settings), "-filter_complex", graph, *outputs]


def _inputs(video: Path, expected: Expected, settings: RenderSettings) -> Sequence[str]:
    """The video, or the pictures and then their sound."""
    threads = ["-threads", str(settings.threads)] if settings.threads else []
    if settings.output in VIDEO_SUFFIXES:
        return [*threads, "-i", str(video)]
    first = settings.frames[0] if settings.frames else 0
    pictures = ["-framerate", str(expected.fps), "-start_number", str(first)]
    sound = ["-i", str(video / f"{video.name}.wav")] if expected.sound else []
    return [*threads, *pictures, "-i", numbered(video / video.name, settings.output), *sound]


def _over_grey(settings: RenderSettings) -> str:
    """A filter that puts pictures with nothing behind the head before an even grey."""
    if settings.backdrop != "transparent":
        return ""
    alpha = "premultiplied" if settings.output == "exr" else "straight"
    ground = f"lutrgb=r={_GREY}:g={_GREY}:b={_GREY}:a=255"
    return f",format=rgba,split[head][ground];[ground]{ground}[grey];[grey][head]overlay=format=rgb:alpha={alpha}"


def _check_length(video: Path, progress: str, seconds: float | None, expected: Expected) -> None:
    counts = re.findall(r"^frame=\s*(\d+)", progress, re.MULTILINE)
    frames = int(counts[-1]) if counts else 0
    if frames != expected.frames:
        raise RenderError(f"{video}: holds {counted(frames, 'frame')}; expected {expected.frames}.")
    wanted = expected.frames / expected.fps
    if seconds is None or abs(seconds - wanted) > _SLACK_SECONDS + 1 / expected.fps:
        lasts = "does not say how long it is" if seconds is None else f"lasts {seconds:.2f} s"
        raise RenderError(f"{video}: {lasts}; expected {wanted:.2f} s.")


def _check_picture(video: Path, strip: NDArray[np.uint8]) -> None:
    span = strip.max(0).astype(int) - strip.min(0)
    if span.max() <= _EVEN:
        colour = ", ".join(str(round(value)) for value in strip.mean(0))
        raise RenderError(f"{video}: is one even colour ({colour}) from beginning to end; no head is in the picture.")


def _outline(video: Path, samples: NDArray[np.int16], expected: Expected) -> list[int]:
    seconds, wanted = samples.size / AUDIO_RATE, expected.frames / expected.fps
    if abs(seconds - wanted) > _SLACK_SECONDS:
        raise RenderError(f"{video}: its sound lasts {seconds:.2f} s and its picture {wanted:.2f} s.")
    stretches = np.array_split(np.abs(samples.astype(np.int32)), min(_WAVE_POINTS, samples.size))
    return [min(255, int(part.max()) >> 7) for part in stretches]
