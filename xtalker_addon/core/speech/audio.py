"""Reads sound through soundfile: WAV of any width (float32 too), FLAC, OGG, MP3."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import AudioError
from ..files import storage
from ..files.foreign import HEAD_BYTES, describe

SUFFIXES: Final = (".wav", ".flac", ".ogg", ".mp3")
_BLOCK: Final = 1 << 16  # numbers read at once


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """Length in seconds and in samples a channel, samples a second, and the number of channels."""

    seconds: float
    sample_rate: int
    channels: int
    samples: int


@contextmanager
def _open(path: Path) -> Generator[Any]:
    """An open soundfile.SoundFile; whatever goes wrong while it is open becomes an AudioError."""
    try:
        soundfile: Any = import_module("soundfile")
    except (ImportError, OSError) as error:
        raise AudioError(
            f"{path}: cannot be read because soundfile is not there ({error}); install XTalker again."
        ) from None
    try:
        stored = storage.find(path)
        with stored.open() as file:
            if not file.read(1):
                raise AudioError(f"{path}: the sound file is empty; copy it again.")
            file.seek(0)
            with soundfile.SoundFile(file if stored.packed else path) as sound:
                if sound.frames <= 0 or sound.samplerate <= 0:
                    raise AudioError(f"{path}: holds no sound; expected at least one sample.")
                yield sound
    except OSError as error:
        raise AudioError(f"{path}: cannot be read ({error.strerror}).") from None
    except (soundfile.SoundFileError, ValueError, MemoryError):
        raise AudioError(f"{path}: {_what_it_is(path)}; expected WAV, FLAC, OGG or MP3.") from None


def _what_it_is(path: Path) -> str:
    with storage.open_file(path) as file:
        foreign = describe(file.read(HEAD_BYTES))
    return "is broken or not a sound" if foreign is None or foreign.what == "a sound" else f"is {foreign.what}"


def probe(path: Path) -> AudioInfo:
    """What the file's header says. Raises AudioError where it is no sound or holds none."""
    with _open(path) as sound:
        return AudioInfo(sound.frames / sound.samplerate, sound.samplerate, sound.channels, sound.frames)


def read_mono(path: Path) -> tuple[NDArray[np.float32], int]:
    """Samples (N,) in -1..1, the mean of the channels, and the sample rate. Raises AudioError as `check` does."""
    with _open(path) as sound:
        parts = [block.mean(1) for block in _blocks(sound, sound.frames, path)]
        return np.concatenate(parts), int(sound.samplerate)


def check(path: Path, seconds: float) -> AudioInfo:
    """`probe`, and decode the first `seconds` to see that they are sound. Raises AudioError."""
    with _open(path) as sound:
        for _ in _blocks(sound, int(seconds * sound.samplerate) + 1, path):
            pass
    return probe(path)


def _blocks(sound: Any, limit: int, path: Path) -> Iterator[NDArray[np.float32]]:
    """Finite blocks (n, channels) up to about `limit` samples, so that memory stays flat."""
    done = 0
    for block in sound.blocks(max(1, _BLOCK // sound.channels), dtype="float32", always_2d=True):
        if not np.isfinite(block).all():
            raise AudioError(f"{path}: has a sample that is not a number; expected finite samples throughout.")
        yield block
        done += len(block)
        if done >= limit:
            return
