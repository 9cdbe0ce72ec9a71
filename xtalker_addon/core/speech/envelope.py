"""The loudness of speech: its envelope, sample by sample as 3DXTalker stores it, and frame by frame as animation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..motion.rotation import Floats
from ..sequence import Sequence
from . import audio

Array = NDArray[np.float32]


def hilbert_envelope(samples: Floats, length: int | None = None) -> Array:
    """(N,) magnitude of the analytic signal of (N,) samples, which is how envelope.npy was made from the audio.

    length : of the transform, with silence behind the samples (see `quick_length`); None: N, as in envelope.npy, where
    the sound's end runs into its beginning

    The imaginary part is the signal with each frequency a quarter turn late, from one real transform and back.
    """
    x = np.asarray(samples, np.float64)
    length = length or len(x)
    spectrum = np.fft.rfft(x, length)
    spectrum *= -1j
    spectrum[0] = 0
    if length % 2 == 0:
        spectrum[-1] = 0
    late = np.fft.irfft(spectrum, length)[: len(x)]
    return np.sqrt(x * x + late * late).astype(np.float32)


def quick_length(count: int) -> int:
    """The smallest number from `count` on that has no prime factors but 2, 3 and 5: transforms of it are quick."""
    best = 1 << max(0, count - 1).bit_length()
    fives = 1
    while fives < best:
        odd = fives
        while odd < best:
            twos = 1 << max(0, -(-count // odd) - 1).bit_length()
            best = min(best, odd * twos)
            odd *= 3
        fives *= 5
    return best


def envelope_per_frame(envelope: Floats, samples_per_second: float, fps: float, frames: int) -> Array:
    """(frames,) mean of the values that sound while each frame shows: frame i from i/fps to (i + 1)/fps seconds.

    At 16 kHz and 25 frames a second these are values 640 i to 640 i + 639. Frames after the end of the sound are 0.
    """
    bounds = np.round(np.arange(frames + 1) * (samples_per_second / fps)).astype(np.int64).clip(0, len(envelope))
    counts = np.diff(bounds)
    sounding = counts > 0
    means = np.zeros(frames, np.float32)
    if sounding.any():
        heard = np.asarray(envelope)[: bounds[-1]]
        means[sounding] = np.add.reduceat(heard, bounds[:-1][sounding], dtype=np.float64) / counts[sounding]
    return means


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
