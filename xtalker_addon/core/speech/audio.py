"""Reads sound: WAV of any width (float32 too), FLAC and OGG through soundfile, all else through ffmpeg.

No header is believed: what counts are the samples that come. MP3 as speech services write it says nothing of its
length, and soundfile, which guesses it from the first frame, stops there; so ffmpeg reads MP3 wherever it can be had.
"""

from __future__ import annotations

import io
import os
import re
import struct
import subprocess
import tempfile
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import AudioError, MachineError
from ..ffmpeg import NO_WINDOW, find_ffmpeg
from ..files import storage
from ..files.foreign import HEAD_BYTES, describe

_KINDS: Final = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".aac", ".aiff", ".wma")
SUFFIXES: Final = (*_KINDS, *map(str.upper, _KINDS))
_UNKNOWN: Final = 1 << 48  # samples; a FLAC that was written to a pipe claims more
_BLOCK: Final = 1 << 16  # numbers read at once
# What ffmpeg may take a file for: sound, and no playlist that leads it to other files.
_CONTAINERS: Final = "mov,mp3,aac,ogg,flac,wav,w64,aiff,au,caf,matroska,asf,amr,ac3,eac3"
_AU_HEADER: Final = struct.Struct(">4s5I")  # magic, where the samples begin, their bytes, encoding, rate, channels
_TELLS_LENGTH: Final = re.compile(rb"Xing|Info|VBRI")  # in the first frame of an MP3
_EXPECTED: Final = "expected WAV, FLAC, OGG, MP3 or another sound that ffmpeg reads"


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """Length in seconds and in samples a channel, and samples a second."""

    seconds: float
    sample_rate: int
    samples: int


Blocks = Iterator[NDArray[np.float32]]  # (n, channels), in order


def read_mono(path: Path) -> tuple[NDArray[np.float32], int]:
    """Samples (N,) in -1..1, the mean of the channels, and the sample rate. Raises AudioError as `check` does."""
    with _decode(path) as (blocks, rate):
        return np.concatenate([block.mean(1) for block in _finite(blocks, path)]), rate


def check(path: Path) -> AudioInfo:
    """Decode all of it, in memory that stays flat. Raises AudioError where it is no sound or holds no samples."""
    with _decode(path) as (blocks, rate):
        samples = sum(len(block) for block in _finite(blocks, path))
    return AudioInfo(samples / rate, rate, samples)


def length(path: Path) -> float:
    """Seconds, by the header where that can be relied on; else all of it is decoded. Raises AudioError as `check`."""
    with suppress(Exception):  # whatever it is, decoding puts it into words
        soundfile: Any = import_module("soundfile")
        with storage.open_file(path) as file, soundfile.SoundFile(file) as sound:
            if _is_believable(sound) and sound.format != "MP3":
                return sound.frames / sound.samplerate
    return check(path).seconds


def sound_file(path: Path | None, folder: Path) -> AbstractContextManager[Path | None]:
    """The sound, if there is one, for a program that needs a file: itself, or out of an archive a copy in `folder`.

    Raises AudioError where the copy cannot be made.
    """
    return nullcontext() if path is None else storage.as_file(path, folder)


def _finite(blocks: Blocks, path: Path) -> Blocks:
    samples = 0
    for block in blocks:
        if not np.isfinite(block).all():
            raise AudioError(f"{path}: has a sample that is not a number; expected finite samples throughout.")
        samples += len(block)
        yield block
    if not samples:
        raise AudioError(f"{path}: holds no sound; expected at least one sample.")


@contextmanager
def _decode(path: Path) -> Generator[tuple[Blocks, int]]:
    """The blocks of the sound, and its rate; whatever goes wrong meanwhile becomes an AudioError."""
    try:
        soundfile: Any = import_module("soundfile")
    except (ImportError, OSError) as error:
        raise AudioError(
            f"{path}: cannot be read because soundfile is not there ({error}); install XTalker again."
        ) from None
    try:
        stored = storage.find(path)
        with stored.open() as file:
            head = file.read(HEAD_BYTES)
        foreign = describe(head)
        if foreign and foreign.what not in ("a sound", "a video"):  # an .m4a begins as a video does
            raise AudioError(f"{path}: is {foreign.what}; {_EXPECTED}.")
        sound = _open(soundfile, stored, path)
        if sound:
            with sound:
                yield _blocks_of(sound), int(sound.samplerate)
        else:
            with (
                tempfile.TemporaryDirectory(prefix="xtalker-") as folder,
                storage.as_file(path, Path(folder)) as file,
                _through_ffmpeg(file) as decoded,
            ):
                yield decoded
    except OSError as error:
        raise AudioError(f"{path}: cannot be read ({error.strerror}).") from None
    except (soundfile.SoundFileError, ValueError, MemoryError):
        raise AudioError(f"{path}: is broken or not a sound; {_EXPECTED}.") from None


def _open(soundfile: Any, stored: storage.Stored, path: Path) -> Any:
    """An open soundfile.SoundFile; None where it cannot read this file, or would not read all of it."""
    try:
        if stored.packed:
            with stored.open() as file:
                sound = soundfile.SoundFile(io.BytesIO(file.read()))
        else:  # its own encoding of names refuses those that are not text
            sound = soundfile.SoundFile(os.fsencode(path) if os.name == "posix" else path)
    except soundfile.SoundFileError:
        return None
    if _is_believable(sound) and not (sound.format == "MP3" and _better_through_ffmpeg(path)):
        return sound
    sound.close()
    return None


def _is_believable(sound: Any) -> bool:
    return 0 < sound.frames < _UNKNOWN and sound.samplerate > 0


def _better_through_ffmpeg(path: Path) -> bool:
    """Of an MP3, whether ffmpeg is there, or nothing else will do."""
    try:
        find_ffmpeg()
    except MachineError:
        return not _tells_length(path)
    return True


def _tells_length(path: Path) -> bool:
    """Whether the first frame of an MP3, behind its ID3 tag, says how many there are."""
    with storage.open_file(path) as file:
        head = file.read(10)
        if head.startswith(b"ID3"):
            a, b, c, d = (byte & 127 for byte in head[6:10])
            file.seek(10 + (a << 21 | b << 14 | c << 7 | d))
        else:
            file.seek(0)
        return _TELLS_LENGTH.search(file.read(HEAD_BYTES)) is not None


def _blocks_of(sound: Any) -> Blocks:
    while len(block := sound.read(max(1, _BLOCK // sound.channels), dtype="float32", always_2d=True)):
        yield block


@contextmanager
def _through_ffmpeg(path: Path) -> Generator[tuple[Blocks, int]]:
    """As `_decode`; the samples come through a pipe, in Sun's AU format, which is the simplest that tells the rate."""
    try:
        program = find_ffmpeg()
    except MachineError as error:
        raise AudioError(f"{path}: needs ffmpeg to be read, and {error}") from None
    source = ("-protocol_whitelist", "file", "-format_whitelist", _CONTAINERS, "-i", f"file:{path}")
    form = ("-map", "0:a:0", "-c:a", "pcm_f32be", "-f", "au", "-")
    with subprocess.Popen(
        [program, "-nostdin", "-loglevel", "quiet", *source, *form],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        creationflags=NO_WINDOW,
    ) as process:
        pipe = process.stdout
        assert pipe
        try:
            header = pipe.read(_AU_HEADER.size)
            if len(header) < _AU_HEADER.size:
                raise AudioError(f"{path}: is broken or not a sound; {_EXPECTED}.")
            _, start, _, _, rate, channels = _AU_HEADER.unpack(header)
            pipe.read(start - _AU_HEADER.size)
            yield _blocks_in(pipe, channels), rate
        finally:
            process.kill()


def _blocks_in(pipe: IO[bytes], channels: int) -> Blocks:
    size = max(1, _BLOCK // channels) * channels * 4
    while data := pipe.read(size):
        whole = len(data) - len(data) % (channels * 4)
        yield np.frombuffer(data[:whole], ">f4").reshape(-1, channels).astype(np.float32)
