"""Frames and sound in, a finished video file out: everything that is asked of ffmpeg."""

from __future__ import annotations

import contextlib
import queue
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Literal

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from ..core.ffmpeg import NO_WINDOW, find_ffmpeg, last_words, source_seconds
from ..errors import RenderError
from .settings import VIDEO_SUFFIXES, Output

PixelFormat = Literal["rgb24", "rgba", "nv12", "gbrapf32le"]

AUDIO_RATE: Final = 48_000  # what video players and editors expect beside H.264
BYTES_PER_PIXEL: Final[Mapping[PixelFormat, Fraction]] = {
    "rgb24": Fraction(3),
    "rgba": Fraction(4),
    "nv12": Fraction(3, 2),
    "gbrapf32le": Fraction(16),
}
_QUEUE_BYTES: Final = 64 << 20
_TAGS: Final = {"color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709", "color_range": "tv"}

_SRGB: Final = {"color_primaries": "bt709", "color_trc": "iec61966-2-1"}


@dataclass(frozen=True, slots=True)
class _Format:
    """How an output is asked for: ffmpeg options, and the pixel formats that it stores without and with alpha."""

    opaque: str
    alpha: str | None
    video: Mapping[str, Any]
    audio: Mapping[str, Any]


_PCM: Final = {"acodec": "pcm_s16le"}
_PNG: Final = {"vcodec": "png", "compression_level": 4}
FORMATS: Final[Mapping[Output, _Format]] = {
    # A key frame every 12 pictures keeps scrubbing instant; without B-frames the first picture has time 0 even for
    # players that ignore edit lists. A chroma sample is the mean of four pixels, so it lies in their middle
    # (chromaloc 1); players take it for the left one's where nothing is said.
    "h264": _Format(
        "yuv420p",
        None,
        {
            "vcodec": "libx264",
            "crf": 18,
            "preset": "superfast",
            "g": 12,
            "bf": 0,
            "x264-params": "chromaloc=1",
            "movflags": "+faststart",
        },
        {"acodec": "aac", "aac_coder": "fast", "audio_bitrate": "160k"},
    ),
    "prores": _Format(
        "yuv422p10le", "yuva444p10le", {"vcodec": "prores_ks", "vendor": "apl0", "movflags": "+faststart"}, _PCM
    ),
    "ffv1": _Format("bgr0", "bgra", {"vcodec": "ffv1", "level": 3, "slicecrc": 1}, _PCM),
    "png": _Format("rgb24", "rgba", _PNG, _PCM),
    "exr": _Format("gbrapf32le", "gbrapf32le", {"vcodec": "exr", "format:v": "half", "compression": "zip1"}, _PCM),
}


class VideoWriter:
    """Encodes frames into one video with its sound, or into a folder of both; a context manager.

    path         : the video, or the folder of pictures; appears under this name only once it is complete. Parent
                   folders are made
    size         : width and height of the frames in pixels; padded, not scaled, where the codec needs even sizes
    fps          : frames a second
    frames       : how many will be written; sets the length of the sound
    audio        : a sound file, or None. Cut, or padded with silence, to the length of the video
    audio_offset_seconds : time in the sound at which the first frame lies
    output       : h264 (CRF 18, AAC; .mp4), prores (422 HQ, or 4444 for rgba; .mov), ffv1 (lossless; .mkv), or a
                   folder `name` with `name.0000.png` (or .exr: half floats) and so on, and the sound as `name.wav`
    pixel_format : of the frames handed to `write`: rgb24 or rgba (straight alpha, sRGB values), rows from the top; or
                   nv12, a plane of luma and one of chroma pairs, BT.709 in video range, each pair in the middle of its
                   four pixels; or gbrapf32le, float planes, for exr. H.264 drops the alpha
    first        : number of the first picture in a folder
    crop         : width and height of the frames' upper left part that is the picture, where they hold more

    Colours are converted with the BT.709 matrix to video range and tagged so (FFV1 and pictures store RGB).
    Raises RenderError, one sentence, when anything fails; then, and when the block raises, nothing is left behind.
    """

    def __init__(
        self,
        path: Path,
        size: tuple[int, int],
        fps: float,
        frames: int,
        *,
        audio: Path | None = None,
        audio_offset_seconds: float = 0.0,
        output: Output = "h264",
        pixel_format: PixelFormat = "rgb24",
        crop: tuple[int, int] | None = None,
        first: int = 0,
    ) -> None:
        self._path = path
        self._audio = audio
        self._frames = frames
        self._written = 0
        self._frame_bytes = int(size[0] * size[1] * BYTES_PER_PIXEL[pixel_format])
        self._suffix = VIDEO_SUFFIXES.get(output, "")
        rate = Fraction(fps).limit_denominator(10_000)
        picture = _picture(size, crop or size, rate, output, pixel_format)
        sound = [] if audio is None else [_sound(audio, audio_offset_seconds, Fraction(frames) / rate)]
        form = FORMATS[output]
        options = {**form.video, **(_TAGS if form.opaque.startswith("yuv") else {})}
        if output == "prores":
            options["profile:v"] = 4 if pixel_format == "rgba" else 3
        if self._suffix:
            self._partial = path.with_name(f".{uuid.uuid4().hex[:8]}{self._suffix}")
            streams = ffmpeg.output(picture, *sound, str(self._partial), **options, **(form.audio if sound else {}))
        else:
            self._partial = path.with_name(f".{uuid.uuid4().hex[:8]}")
            streams = ffmpeg.output(picture, numbered(self._partial / path.name, output), start_number=first, **options)
            if sound:
                own = ffmpeg.output(*sound, str(self._partial / f"{path.name}.wav"), **form.audio)
                streams = ffmpeg.merge_outputs(streams, own)
        program = find_ffmpeg()
        self._command = streams.global_args("-hide_banner", "-nostdin", "-loglevel", "error").compile(cmd=program)

    def __enter__(self) -> VideoWriter:
        try:
            (self._path.parent if self._suffix else self._partial).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RenderError(
                f"{self._path.parent}: cannot be made ({error.strerror}); name another output."
            ) from error
        self._log: IO[bytes] = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            creationflags=NO_WINDOW,
        )
        self._broken = threading.Event()
        self._queue: queue.Queue[Any] = queue.Queue(max(2, min(16, _QUEUE_BYTES // self._frame_bytes)))
        self._thread = threading.Thread(target=self._feed, name="ffmpeg", daemon=True)
        self._thread.start()
        return self

    def write(self, frame: Any) -> None:
        """Queue one frame: bytes, or any C-contiguous buffer of the right size. It must not be changed afterwards."""
        data = memoryview(frame).cast("B")
        if len(data) != self._frame_bytes:
            raise ValueError(f"a frame has {len(data)} bytes; expected {self._frame_bytes}")
        if self._broken.is_set():
            raise self._failure()
        self._queue.put(data)
        self._written += 1

    def _feed(self) -> None:
        """Hand queued frames to ffmpeg. Once it has failed, frames are dropped, so that `write` never blocks."""
        assert self._process.stdin
        while (frame := self._queue.get()) is not None:
            if not self._broken.is_set():
                try:
                    self._process.stdin.write(frame)
                except OSError:
                    self._broken.set()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        finished = False
        try:
            if kind is not None:
                self._broken.set()
                self._process.kill()
            self._queue.put(None)
            self._thread.join()
            with contextlib.suppress(OSError):
                self._process.communicate()  # closes the pipe: ffmpeg writes its index and ends
            if kind is None:
                self._settle()
                finished = True
        finally:
            if not finished:
                self._process.kill()
                self._process.wait()
                with contextlib.suppress(OSError):
                    _remove(self._partial)
            self._log.close()

    def _settle(self) -> None:
        if self._broken.is_set() or self._process.returncode:
            raise self._failure()
        if self._written != self._frames:
            raise RenderError(f"{self._path}: {self._written} of {self._frames} frames were drawn; render it again.")
        try:
            if not self._suffix and self._path.is_dir() and holds_pictures_only(self._path):
                _remove(self._path)
            self._partial.replace(self._path)
        except OSError as error:
            raise RenderError(f"{self._path}: cannot be written ({error.strerror}); name another output.") from error

    def _failure(self) -> RenderError:
        code = self._process.wait()
        self._log.seek(0)
        reason = last_words(self._log.read().decode("utf-8", "replace"), self._partial)
        if code < 0:
            reason = f"ffmpeg was stopped by {signal.Signals(-code).name}"
        # The other input is our own pipe.
        if f"{self._audio}:" in reason or "opening input" in reason or "matches no streams" in reason:
            reason = f"{self._audio} cannot be read as sound ({reason})"
        return RenderError(f"{self._path}: cannot be encoded: {reason or f'ffmpeg ended with code {code}'}.")


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
    output = ffmpeg.output(source, str(partial), update=1, **_PNG).global_args("-hide_banner", "-loglevel", "error")
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


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _picture(
    size: tuple[int, int], crop: tuple[int, int], rate: Fraction, output: Output, pixel_format: PixelFormat
) -> Any:
    """The stream of raw frames, cropped, padded and converted."""
    target = FORMATS[output]
    stored = (target.alpha if pixel_format == "rgba" else None) or target.opaque
    stream = ffmpeg.input("pipe:", format="rawvideo", pix_fmt=pixel_format, video_size=size, framerate=str(rate))
    even = (crop[0] + crop[0] % 2, crop[1] + crop[1] % 2) if stored.startswith("yuv") else crop
    kept = (min(even[0], size[0]), min(even[1], size[1]))  # 4:2:0 frames are cropped to even sizes only
    if kept != size:
        stream = stream.filter("crop", *kept, 0, 0)
    if kept != even:
        stream = stream.filter("pad", *even)
        stream = stream.filter("fillborders", right=even[0] - kept[0], bottom=even[1] - kept[1], mode="smear")
    if stored.startswith("yuv"):
        if pixel_format != "nv12":  # which x264 takes as it is
            # In 4:2:2 a chroma sample lies on the left one of its two pixels; in our 4:2:0 in the middle (see FORMATS).
            siting = {"out_h_chr_pos": 0} if stored.startswith("yuv422") else {}
            flags = "bicubic+accurate_rnd"
            stream = stream.filter("scale", out_color_matrix="bt709", out_range="tv", flags=flags, **siting)
            stream = stream.filter("format", stored)
        tags = {"color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709", "range": "tv"}
        return stream.filter("setparams", **tags)
    stream = stream.filter("format", stored)
    return stream.filter("setparams", **_SRGB) if output == "png" else stream


def _sound(audio: Path, offset_seconds: float, seconds: Fraction) -> Any:
    """The sound from `offset_seconds` on, exactly `seconds` long, at AUDIO_RATE in one or two channels."""
    samples = round(seconds * AUDIO_RATE)
    return (
        ffmpeg.input(str(audio))
        .audio.filter("aresample", AUDIO_RATE)
        .filter("aformat", channel_layouts="mono|stereo")
        .filter("atrim", start_sample=round(offset_seconds * AUDIO_RATE))
        .filter("asetpts", "PTS-STARTPTS")
        .filter("apad", whole_len=samples)
        .filter("atrim", end_sample=samples)
    )


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
