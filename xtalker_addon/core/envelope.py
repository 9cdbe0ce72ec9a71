"""The loudness of speech: its envelope, sample by sample as 3DXTalker stores it, and frame by frame as animation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import audio
from .rotation import Floats
from .sequence import Sequence

Array = NDArray[np.float32]


def hilbert_envelope(samples: Floats) -> Array:
    """(N,) magnitude of the analytic signal of (N,) samples, which is how envelope.npy was made from the audio.

    The imaginary part is the signal with each frequency a quarter turn late, from one real transform and back.
    """
    x = np.asarray(samples, np.float64)
    spectrum = np.fft.rfft(x)
    spectrum *= -1j
    spectrum[0] = 0
    if len(x) % 2 == 0:
        spectrum[-1] = 0
    return np.hypot(x, np.fft.irfft(spectrum, len(x))).astype(np.float32)


def envelope_per_frame(envelope: Floats, samples_per_second: float, fps: float, frames: int) -> Array:
    """(frames,) mean of the values that sound while each frame shows: frame i from i/fps to (i + 1)/fps seconds.

    At 16 kHz and 25 frames a second these are values 640 i to 640 i + 639. Frames after the end of the sound are 0.
    """
    bounds = np.round(np.arange(frames + 1) * (samples_per_second / fps)).astype(np.int64).clip(0, len(envelope))
    total = np.concatenate([[0.0], np.cumsum(envelope, dtype=np.float64)])
    counts = np.diff(bounds)
    return (np.diff(total[bounds]) / np.maximum(counts, 1)).astype(np.float32)


def clip_envelope(sequence: Sequence) -> tuple[Array | None, float | None]:
    """Loudness (T,) of a clip's frames, and by how much the stored envelope differs from the sound's, relative.

    The stored envelope where there is one, else the sound's; None where there is neither, or nothing to compare.
    Raises AudioError.
    """
    stored = heard = None
    seconds = sequence.seconds
    if sequence.audio is not None:
        samples, rate = audio.read_mono(sequence.audio)
        heard = envelope_per_frame(hilbert_envelope(samples), rate, sequence.fps, sequence.frames)
        seconds = len(samples) / rate
    if sequence.envelope is not None:
        rate = len(sequence.envelope) / seconds
        stored = envelope_per_frame(sequence.envelope, rate, sequence.fps, sequence.frames)
    if stored is None or heard is None:
        return (heard if stored is None else stored), None
    return stored, relative_difference(stored, heard)


def relative_difference(found: Floats, expected: Floats) -> float:
    """Root mean square of the difference, by that of what is expected."""
    size = np.sqrt(np.mean(np.square(expected)))
    return float(np.sqrt(np.mean(np.square(found - expected))) / max(size, 1e-6))
