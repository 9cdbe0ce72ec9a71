"""Beats of a sound, by librosa: an extra of the command line, never part of the extension."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import AudioError, MachineError
from ..speech.audio import read_mono

SAMPLE_RATE: Final = 16_000
SECONDS: Final = 60
MISSING: Final = (
    "librosa, which finds the beats of a sound, is not installed, so there is no beat_alignment; get it by "
    "`pip install '.[evaluate]'` in XTalker's folder."
)


def can_find_beats() -> bool:
    """Whether librosa is there."""
    return find_spec("librosa") is not None


def compile_tracker() -> None:
    """Let one process compile the tracker and end, before several use it. Raises MachineError where it cannot run.

    What numba compiles for librosa is kept on disk at first use; two processes that fill this cache at once can spoil
    it, after which each that reads it crashes, now and later (numba 0.65 and 0.68).
    """
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        try:
            pool.submit(_track, np.ones(SAMPLE_RATE, np.float32)).result()
        except BrokenProcessPool:
            raise MachineError(
                "librosa, which finds the beats of a sound, crashes; what it keeps compiled beside its code may be "
                "spoilt: delete the files *.nbc and *.nbi in its folder __pycache__, or uninstall it."
            ) from None


@lru_cache(maxsize=1)
def beat_seconds(path: Path) -> NDArray[np.float64]:
    """(n,) times of the beats in the first minute of a sound at 16 kHz. Raises AudioError.

    The last one is kept: several predictions of one clip have the same sound.
    """
    librosa: Any = import_module("librosa")
    samples, rate = read_mono(path)
    if rate != SAMPLE_RATE:
        samples = librosa.resample(samples, orig_sr=rate, target_sr=SAMPLE_RATE)
    try:
        return _track(samples[: SAMPLE_RATE * SECONDS])
    except librosa.ParameterError as error:
        raise AudioError(f"{path}: librosa finds no beats in it ({error}).") from None


def _track(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    librosa: Any = import_module("librosa")
    _, frames = librosa.beat.beat_track(y=samples, sr=SAMPLE_RATE)
    return np.asarray(librosa.frames_to_time(frames, sr=SAMPLE_RATE), np.float64)
