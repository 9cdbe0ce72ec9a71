"""Speech and the times of its sounds, from the flite synthesiser (a tool of the build; nothing needs it later).

The voice is `rms` of the CMU ARCTIC set; flite and its voices are free under Carnegie Mellon's BSD-like licence.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16000
PEAK = 0.82  # of full scale: loud, and clear of clipping
_LIBRARIES = ("libflite.so.1", "libflite_usenglish.so.1", "libflite_cmulex.so.1", "libflite_cmu_us_rms.so.1")


class SynthesiserError(RuntimeError):
    """Speech cannot be made on this machine."""


@dataclass(frozen=True, slots=True)
class Phone:
    """One sound.

    name       : its letters in flite's US English phone set; 'pau' is silence
    start, end : seconds
    word       : the word it belongs to, '' in silence
    stressed   : whether its syllable is stressed
    """

    name: str
    start: float
    end: float
    word: str
    stressed: bool


class _Wave(ctypes.Structure):
    """flite's cst_wave."""

    _fields_ = (
        ("type", ctypes.c_char_p),
        ("sample_rate", ctypes.c_int),
        ("num_samples", ctypes.c_int),
        ("num_channels", ctypes.c_int),
        ("samples", ctypes.POINTER(ctypes.c_short)),
    )


def _load() -> tuple[ctypes.CDLL, ctypes.c_void_p]:
    """The flite library with its types declared, and the voice `rms`."""
    try:
        libraries = [ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL) for name in _LIBRARIES]
    except OSError as error:
        raise SynthesiserError(
            f"The demo's speech needs the flite synthesiser ({error}); install it (Debian: apt-get install flite)."
        ) from error
    flite, pointer, text = libraries[0], ctypes.c_void_p, ctypes.c_char_p
    for name, result, arguments in (
        ("flite_init", ctypes.c_int, []),
        ("flite_synth_text", pointer, [text, pointer]),
        ("utt_wave", ctypes.POINTER(_Wave), [pointer]),
        ("utt_relation", pointer, [pointer, text]),
        ("relation_head", pointer, [pointer]),
        ("item_next", pointer, [pointer]),
        ("ffeature_string", text, [pointer, text]),
        ("ffeature_float", ctypes.c_float, [pointer, text]),
    ):
        function = getattr(flite, name)
        function.restype, function.argtypes = result, arguments
    flite.flite_init()
    register = libraries[-1].register_cmu_us_rms
    register.restype, register.argtypes = pointer, [pointer]
    return flite, register(None)


def _phones(flite: ctypes.CDLL, utterance: int) -> Iterator[Phone]:
    item, start = flite.relation_head(flite.utt_relation(utterance, b"Segment")), 0.0
    while item:
        name, word, stress = (
            flite.ffeature_string(item, path).decode()
            for path in (b"name", b"R:SylStructure.parent.parent.name", b"R:SylStructure.parent.stress")
        )
        end = float(flite.ffeature_float(item, b"end"))
        yield Phone(name, start, end, "" if word == "0" else word, stress == "1")
        start, item = end, flite.item_next(item)


def synthesise(text: str) -> tuple[NDArray[np.float64], list[Phone]]:
    """Speech (N,) at SAMPLE_RATE within +-PEAK, and its sounds in order.

    Raises SynthesiserError where flite or its voice is not installed.
    """
    flite, voice = _load()
    utterance = flite.flite_synth_text(text.encode(), voice)
    wave = flite.utt_wave(utterance).contents
    if wave.sample_rate != SAMPLE_RATE:
        raise SynthesiserError(f"flite's voice speaks at {wave.sample_rate} Hz; the demo expects {SAMPLE_RATE} Hz.")
    samples = np.ctypeslib.as_array(wave.samples, (wave.num_samples,)).astype(np.float64)
    return samples * (PEAK / np.abs(samples).max()), list(_phones(flite, utterance))
