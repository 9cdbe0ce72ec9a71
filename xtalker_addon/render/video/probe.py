"""What a video file holds."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ...core.ffmpeg import NO_WINDOW, find_ffmpeg, last_words, source_seconds
from ...errors import RenderError
from .streams import AUDIO_RATE


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a video file holds, found by decoding all of it.

    width, height, frames, fps : of the picture, and how many were decoded
    seconds       : length of the container
    video_codec, pixel_format : as ffmpeg names them
    colour        : 'range, matrix/primaries/transfer' as ffmpeg prints them; 'tv, bt709' where all three agree
    audio_codec, audio_rate : None where there is no sound
    audio_seconds : length of the decoded sound; 0 where there is none
    """

    width: int
    height: int
    frames: int
    fps: float
    seconds: float
    video_codec: str
    pixel_format: str
    colour: str
    audio_codec: str | None
    audio_rate: int | None
    audio_seconds: float

    @property
    def has_audio(self) -> bool:
        return self.audio_codec is not None


_VIDEO_LINE: Final = re.compile(r"Stream #0:\d+.*?: Video: (\w+).*?, (\w+)(?:\(([^)]*)\))?, (\d+)x(\d+).*?([\d.]+) fps")
_AUDIO_LINE: Final = re.compile(r"Stream #0:\d+.*?: Audio: (\w+).*?, (\d+) Hz")


def probe_video(path: Path) -> VideoInfo:
    """Reopen a video and decode it to its end. Raises RenderError where it cannot be read."""
    program = find_ffmpeg()
    arguments = ["-hide_banner", "-nostdin", "-nostats", "-i", str(path)]
    decode = [
        program,
        *arguments,
        "-map",
        "0:v:0",
        "-fps_mode",
        "passthrough",
        "-f",
        "null",
        "-progress",
        "pipe:1",
        "-",
    ]
    seen = subprocess.run(decode, capture_output=True, text=True, errors="replace", creationflags=NO_WINDOW)
    source = seen.stderr.split("Stream mapping:")[0].split("Output #0")[0]
    video, audio, seconds = _VIDEO_LINE.search(source), _AUDIO_LINE.search(source), source_seconds(source)
    counts = re.findall(r"^frame=\s*(\d+)", seen.stdout, re.MULTILINE)
    if seen.returncode or seconds is None or not (video and counts):
        raise RenderError(
            f"{path}: is not a video that can be played ({last_words(seen.stderr, path)}); render it again."
        )
    return VideoInfo(
        width=int(video[4]),
        height=int(video[5]),
        frames=int(counts[-1]),
        fps=float(video[6]),
        seconds=seconds,
        video_codec=video[1],
        pixel_format=video[2],
        colour=(video[3] or "").replace(", progressive", ""),
        audio_codec=audio[1] if audio else None,
        audio_rate=int(audio[2]) if audio else None,
        audio_seconds=_decoded_audio_seconds(program, path) if audio else 0.0,
    )


def _decoded_audio_seconds(program: str, path: Path) -> float:
    raw = ["-map", "0:a:0", "-ac", "1", "-ar", str(AUDIO_RATE), "-f", "s16le", "-"]
    command = [program, "-hide_banner", "-nostdin", "-loglevel", "error", "-i", str(path), *raw]
    decoded = subprocess.run(command, capture_output=True, creationflags=NO_WINDOW)
    return len(decoded.stdout) / (2 * AUDIO_RATE)
