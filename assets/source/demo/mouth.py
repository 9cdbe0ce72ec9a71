"""The mouth over time: every articulator takes the smoothest path that the sounds' wishes allow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import solveh_banded

from .motion import Array
from .phonetics import ARTICULATORS, BILABIALS, POSTURES, VOWELS
from .speech import SAMPLE_RATE, Phone

STEP = 0.005  # seconds between the points at which paths are solved
_LEAD = 0.02  # seconds by which the lips' shape runs ahead of the sound; the jaw, which makes it loud, does not
_FASTEST = {"jaw": 0.042, "closure": 0.026, "bite": 0.03}  # seconds; the jaw is heavier than the lips
_FASTEST_LIPS = 0.038
_STRESSED, _UNSTRESSED = 1.15, 0.85  # of a vowel's jaw opening
_LOUDEST = 0.17, 0.35  # jaw in radians that the loudest sound asks for, and how much loudness insists


def envelope_db(samples: Array) -> Array:
    """Level of the high-passed speech in dB, one value every STEP: it falls where the lips shut the sound in."""
    step = round(STEP * SAMPLE_RATE)
    edged = np.diff(samples, prepend=0.0)
    power = np.convolve(edged**2, np.hanning(2 * step + 1) / step, "same")[::step]
    return 10 * np.log10(power + 1e-9)


def closures(phones: Sequence[Phone], samples: Array) -> list[tuple[float, float] | None]:
    """Start and end in seconds of the lips' closure in each p, b and m; None for other sounds.

    A stop opens at its burst, where the level leaves the silence before it; a nasal holds to its end.
    """
    level = envelope_db(samples)
    found: list[tuple[float, float] | None] = []
    for phone in phones:
        if phone.name not in BILABIALS:
            found.append(None)
        elif phone.name == "m":
            found.append((phone.start, phone.end))
        else:
            first, last = int(phone.start / STEP), int(phone.end / STEP) + 1
            quiet = first + int(np.argmin(level[first:last]))
            rise = np.flatnonzero(level[quiet:last] > level[quiet] + 12)
            found.append((phone.start, (quiet + rise[0]) * STEP if len(rise) else phone.end))
    return found


def _wishes(
    phones: Sequence[Phone], shut: Sequence[tuple[float, float] | None], loudness: Array, times: Array
) -> dict[str, tuple[Array, Array]]:
    """Weight and weight x target of each articulator at `times`; a vowel opens the jaw the wider the louder it is."""
    sums = {name: (np.full(len(times), 1e-3), np.zeros(len(times))) for name in ARTICULATORS}
    for phone, closure in zip(phones, shut, strict=True):
        postures = POSTURES[phone.name]
        edges = np.linspace(*(closure or (phone.start, phone.end)), len(postures) + 1)
        # The mouth comes to rest in a long pause and hangs open in a short one.
        urge = np.clip((phone.end - phone.start - 0.13) / 0.12, 0.02, 1.0) if phone.name == "pau" else 1.0
        for posture, begin, finish in zip(postures, edges[:-1], edges[1:], strict=True):
            for name, (target, weight) in posture.items():
                lead = 0.0 if closure or name == "jaw" else _LEAD
                inside = (times >= begin - lead - 1e-9) & (times <= finish - lead + 1e-9)
                # A sound insists most in its middle; a closure from its first moment to its last.
                share = (times[inside] + lead - begin) / (finish - begin)
                window = urge * (np.ones_like(share) if closure else np.sin(np.pi * np.clip(share, 0.03, 0.97)))
                if name == "jaw" and phone.name in VOWELS:
                    target *= (_STRESSED if phone.stressed else _UNSTRESSED) * loudness[inside].mean()
                sums[name][0][inside] += weight * window
                sums[name][1][inside] += weight * window * target
    return sums


def _smoothest(weight: Array, wanted: Array, seconds: float) -> Array:
    """The path x that minimises sum(weight x^2 - 2 wanted x) plus its squared jerk; (N,).

    Minimum jerk describes human reaching (Flash and Hogan, 1985); `seconds` is the time below which a wish of weight
    1 is smoothed away. The normal equations have seven diagonals.
    """
    stiffness = (seconds / STEP) ** 6
    jerk = np.array([-1.0, 3.0, -3.0, 1.0])
    bands = np.zeros((4, len(weight)))
    bands[0] = weight
    for i in range(4):
        for j in range(i + 1):
            rows = slice(j, len(weight) - 3 + j)
            bands[i - j, rows] += stiffness * jerk[i] * jerk[j]
    return solveh_banded(bands, wanted, lower=True)


def _amplitude(samples: Array) -> Array:
    """Of the sound over some 80 ms, one value every STEP."""
    step = round(STEP * SAMPLE_RATE)
    window = np.hanning(16 * step + 1)
    return np.sqrt(np.convolve(samples**2, window / window.sum(), "same")[::step])


def articulate(
    phones: Sequence[Phone], shut: Sequence[tuple[float, float] | None], samples: Array
) -> tuple[Array, dict[str, Array]]:
    """Times (N,) and the articulators' paths (N,) at them; the jaw in radians, the others 0..1."""
    times = np.arange(0, len(samples), round(STEP * SAMPLE_RATE)) / SAMPLE_RATE
    amplitude = _amplitude(samples)
    usual = np.median(amplitude[amplitude > 0.2 * amplitude.max()])
    wishes = _wishes(phones, shut, np.clip(np.sqrt(amplitude / usual), 0.75, 1.25), times)
    # A wide mouth lets more sound out: whatever is said, the jaw opens with the voice's loudness.
    widest, insistence = _LOUDEST
    share = np.minimum(amplitude / np.quantile(amplitude, 0.95), 1.0)
    wishes["jaw"][0][:] += insistence
    wishes["jaw"][1][:] += insistence * widest * share
    paths = {
        name: _smoothest(weight, wanted, _FASTEST.get(name, _FASTEST_LIPS)) for name, (weight, wanted) in wishes.items()
    }
    return times, {name: np.clip(path, 0.0, None if name == "jaw" else 1.0) for name, path in paths.items()}
