"""Checks of the sound, and of how the lips follow it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..amounts import counted
from ..formats.labels import PREDICTION
from ..motion.cuts import segments
from ..motion.rotation import Floats
from ..sequence import Sequence
from ..speech import audio
from ..speech.envelope import envelope_per_frame, hilbert_envelope, quick_length, relative_difference
from .finding import Finding

_CODER_FRAMES: Final = 3.2  # 2048 samples at 16 kHz: what an AAC coder adds at an end
_FULL_SCALE: Final = 0.999
_CLIPPED_RUN: Final = 3  # samples in a row at full scale: a loud peak touches it once
_CLIPPED_SHARE: Final = 1e-4
_SILENCE_DB: Final = -60.0
_DROPOUT_SECONDS: Final = 1.5  # of digital silence in the middle of a sound
_ENVELOPE_DIFFERENCE: Final = 0.1
LAGS: Final = 15  # frames that lips and sound are tried apart
_LATE: Final = 3  # frames from which on people notice
_TREND_SECONDS: Final = 1.2  # slower changes of jaw and loudness are mood, not speech
_SURE: Final = 4.5  # standard errors of a correlation above 0
_SURE_APART: Final = 2.5  # standard errors of the best lag above no lag
_SHORTEST: Final = 50  # frames that a correlation needs


@dataclass(frozen=True, slots=True)
class LipSync:
    """How the jaw follows the loudness.

    lag_frames  : by which the lips are late; between frames by interpolation
    correlation : at that lag, -1..1
    sure        : the lag is no accident
    """

    lag_frames: float
    correlation: float
    sure: bool


def check_sound(sequence: Sequence, cuts: NDArray[np.int64], measures: dict[str, float]) -> Iterator[Finding]:
    """Everything about the sound file; nothing where there is none. Raises AudioError where it cannot be read."""
    if sequence.audio is None:
        return
    samples, rate = audio.read_mono(sequence.audio)
    measures["sound_seconds"] = len(samples) / rate
    yield from _check_length(sequence, measures)
    yield from _check_level(samples, rate, sequence.fps, measures)
    # Its frames' means are all that counts here, so the transform may have a length that takes a fraction of the time.
    envelope = hilbert_envelope(samples, quick_length(len(samples)))
    loudness = envelope_per_frame(envelope, rate, sequence.fps, sequence.frames)
    yield from _check_envelope(sequence, loudness, len(samples) / rate, measures)
    if sequence.jaw is None:
        return
    sync = lip_sync(sequence.jaw[:, 0], loudness, cuts, sequence.fps)
    if sync is None:
        return
    measures["lag_frames"], measures["lip_correlation"] = sync.lag_frames, sync.correlation
    if sync.sure and abs(sync.lag_frames) >= _LATE - 0.5:
        side = "late" if sync.lag_frames > 0 else "early"
        text = f"the lips are {abs(sync.lag_frames):.1f} frames {side} (correlation {sync.correlation:.2f})"
        yield Finding("lip_lag", None, text, sequence.frames)


def _check_length(sequence: Sequence, measures: dict[str, float]) -> Iterator[Finding]:
    """Frames without a face were left out and second faces put in when codes were fitted; the sound was not touched."""
    drift = measures["sound_seconds"] * sequence.fps - sequence.frames
    measures["drift_frames"] = drift
    is_expected = drift > 0 and sequence.labels.get("kind") == PREDICTION
    if abs(drift) > _CODER_FRAMES and not is_expected:
        kind, what = ("dropped_frames", "missing") if drift > 0 else ("doubled_frames", "too many")
        text = f"about {counted(round(abs(drift)), 'frame')} {what}: the sound lasts {measures['sound_seconds']:.2f} s"
        yield Finding(kind, None, f"{text}, the motion {sequence.seconds:.2f} s", round(abs(drift)))


def _check_level(samples: Floats, rate: int, fps: float, measures: dict[str, float]) -> Iterator[Finding]:
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    measures["loudness_db"] = 10 * np.log10(max(power, 1e-12))
    if measures["loudness_db"] < _SILENCE_DB:
        yield Finding("silent", 0, f"the sound is silent ({measures['loudness_db']:.0f} dB)")
        return
    starts, lengths = _runs(np.abs(samples) >= _FULL_SCALE)
    clipped = lengths >= _CLIPPED_RUN
    measures["clipped_share"] = float(lengths[clipped].sum()) / len(samples)
    if measures["clipped_share"] > _CLIPPED_SHARE:
        first = int(starts[clipped][0] / rate * fps)
        count = len(np.unique(np.floor(starts[clipped] / rate * fps)))
        text = f"{100 * measures['clipped_share']:.2f} % of the samples are clipped, first at frame {first}"
        yield Finding("clipped", first, text, count)
    starts, lengths = _runs(samples == 0)
    inner = (starts > 0) & (starts + lengths < len(samples)) & (lengths > _DROPOUT_SECONDS * rate)
    if inner.any():
        first = int(starts[inner][0] / rate * fps)
        longest = lengths[inner].max() / rate
        times = counted(int(inner.sum()), "time")
        text = f"the sound drops out {times}, first at frame {first}, for up to {longest:.1f} s"
        yield Finding("dropout", first, text, int(inner.sum()))


def _runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Starts and lengths of the stretches of True."""
    changes = np.flatnonzero(mask[1:] != mask[:-1]) + 1
    edges = np.concatenate([np.flatnonzero(mask[:1]), changes, np.flatnonzero(mask[-1:]) + len(mask)])
    return edges[::2], edges[1::2] - edges[::2]


def _check_envelope(
    sequence: Sequence, loudness: Floats, sound_seconds: float, measures: dict[str, float]
) -> Iterator[Finding]:
    """Compare frame by frame, so that rates and a few samples more or less do not matter."""
    if sequence.envelope is None:
        return
    rate = len(sequence.envelope) / sound_seconds
    stored = envelope_per_frame(sequence.envelope, rate, sequence.fps, sequence.frames)
    measures["envelope_difference"] = difference = relative_difference(stored, loudness)
    if difference > _ENVELOPE_DIFFERENCE:
        worst = int(np.abs(stored - loudness).argmax())
        text = f"envelope differs by {100 * difference:.0f} % from that of the sound, most at frame {worst}"
        yield Finding("envelope", worst, text)


def lip_sync(jaw: Floats, loudness: Floats, cuts: NDArray[np.int64], fps: float) -> LipSync | None:
    """How the jaw's pitch (T,) follows the loudness (T,); None where either stands still or the clip is too short.

    Cross-correlation of both without their slow trends, each clip between cuts for itself. The standard error of a
    correlation takes into account that neighbouring frames resemble each other (Bartlett's formula).
    """
    reach = max(1, round(_TREND_SECONDS * fps / 2))
    parts = [part for part in segments(len(jaw), cuts) if part.stop - part.start > 2 * LAGS]
    pairs = [(_without_trend(jaw[part], reach), _without_trend(loudness[part], reach)) for part in parts]
    length = sum(len(a) for a, _ in pairs)
    if length < _SHORTEST:
        return None
    sizes = [np.sqrt(sum(float(side @ side) for side in group)) for group in zip(*pairs, strict=True)]
    if min(sizes) < 1e-6 * length:
        return None
    curve = np.zeros(2 * LAGS + 1)
    own = [np.zeros(2 * LAGS + 1), np.zeros(2 * LAGS + 1)]
    for a, b in pairs:
        curve += _correlate(a, b) / (sizes[0] * sizes[1])
        own[0] += _correlate(a, a) / sizes[0] ** 2
        own[1] += _correlate(b, b) / sizes[1] ** 2
    error = np.sqrt(max(float(own[0] @ own[1]), 1.0) / length)
    best = int(curve.argmax())
    peak, lag = float(curve[best]), best - LAGS + _vertex(curve, best)
    sure = peak > _SURE * error and peak - curve[LAGS] > _SURE_APART * error
    return LipSync(lag, peak, bool(sure))


def _without_trend(values: Floats, reach: int) -> NDArray[np.float64]:
    x = np.asarray(values, np.float64)
    kernel = np.ones(2 * reach + 1) / (2 * reach + 1)
    return x - np.convolve(np.pad(x, reach, mode="reflect" if len(x) > reach else "edge"), kernel, "valid")


def _correlate(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2 LAGS + 1,) sums of a[t + lag] b[t]; lag from -LAGS to LAGS."""
    padded = np.pad(a, LAGS)
    return np.correlate(padded, b, "valid")


def _vertex(curve: NDArray[np.float64], index: int) -> float:
    """Where between samples a parabola through a peak and its neighbours has its top, -1/2..1/2."""
    if not 0 < index < len(curve) - 1:
        return 0.0
    left, top, right = curve[index - 1 : index + 2]
    bend = left - 2 * top + right
    return float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5)) if bend < 0 else 0.0
