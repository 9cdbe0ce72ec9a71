"""Frames and sound in, a finished video file or folder of pictures out."""

from __future__ import annotations

import contextlib
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import uuid
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final

import ffmpeg

from ...core.amounts import counted
from ...core.ffmpeg import NO_WINDOW, find_ffmpeg, last_words
from ...errors import RenderError
from ..settings import VIDEO_SUFFIXES, Output
from .pictures import holds_pictures_only, numbered
from .pipe import InputPipe
from .streams import BYTES_PER_PIXEL, FORMATS, TAGS, PixelFormat, picture_stream, sound_stream

_QUEUE_BYTES: Final = 64 << 20


class VideoWriter:
    """Encodes frames into one video with its sound, or into a folder of both; a context manager.

    path         : the video, or the folder of pictures; appears under this name only once it is complete. Parent
                   folders are made
    size         : width and height of the frames in pixels; padded, not scaled, where the codec needs even sizes
    fps          : frames a second
    frames       : how many will be written; sets the length of the sound
    audio        : a sound file, or None. Cut, or padded with silence, to the length of the video
    audio_offset_seconds : time in the sound at which the first frame lies
    output       : h264 (quantiser 18, AAC; .mp4), prores (422 HQ, or 4444 for rgba; .mov), ffv1 (lossless; .mkv), or a
                   folder `name` with `name.0000.png` (or .exr: half floats) and so on, and the sound as `name.wav`
    pixel_format : of the frames handed to `write`: rgb24 or rgba (straight alpha, sRGB values), rows from the top; or
                   nv12, a plane of luma and one of chroma pairs, BT.709 in video range, each pair in the middle of its
                   four pixels; or gbrapf32le, float planes, for exr. H.264 drops the alpha
    first        : number of the first picture in a folder
    crop         : width and height of the frames' upper left part that is the picture, where they hold more
    threads      : that encoding may take; 0: as many as ffmpeg likes

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
        threads: int = 0,
    ) -> None:
        self._path = path
        self._audio = audio
        self._frames = frames
        self._written = 0
        self._frame_bytes = int(size[0] * size[1] * BYTES_PER_PIXEL[pixel_format])
        self._suffix = VIDEO_SUFFIXES.get(output, "")
        rate = Fraction(fps).limit_denominator(10_000)
        picture = picture_stream(size, crop or size, rate, output, pixel_format)
        sound = [] if audio is None else [sound_stream(audio, audio_offset_seconds, Fraction(frames) / rate)]
        form = FORMATS[output]
        options = {**form.video, **(TAGS if form.opaque.startswith("yuv") else {})}
        if threads:
            options["threads"] = threads
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
        assert self._process.stdin
        self._pipe = InputPipe(self._process.stdin)
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
        while (frame := self._queue.get()) is not None:
            if not self._broken.is_set():
                try:
                    self._pipe.write(frame)
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
            self._pipe.close()
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
            raise RenderError(
                f"{self._path}: {self._written} of {counted(self._frames, 'frame')} were drawn; render it again."
            )
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
        if reason.startswith("Unknown encoder"):
            reason = f"{reason} in {self._command[0]}; install an ffmpeg that has it, or choose another output"
        return RenderError(f"{self._path}: cannot be encoded: {reason or f'ffmpeg ended with code {code}'}.")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
