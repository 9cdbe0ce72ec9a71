"""The loudness of speech: its envelope, sample by sample as 3DXTalker stores it, and frame by frame as animation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .rotation import Floats

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
