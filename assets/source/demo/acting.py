"""How the head acts what it says: feeling, accents, blinks and the motion of the head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .motion import Array, drift, pulse, through
from .phonetics import VOWELS
from .speech import Phone

TEXT = (
    "Hello! I am X Talker. Give me a voice, and I'll put a face to every word. "
    "Oh, how wonderful! Welcome to Blender: shall we make something beautiful together?"
)
# Word: how much brows and head stress it.
ACCENTS = {
    "hello": 0.9, "talker": 0.7, "voice": 0.6, "face": 1.0, "word": 0.5, "wonderful": 0.8, "welcome": 0.5,
    "blender": 0.8, "something": 0.5, "beautiful": 0.9, "together": 0.6,
}  # fmt: skip
# A blink comes so many seconds after the start of a word.
BLINKS = (("i", -0.16), ("give", -0.10), ("oh", -0.20), ("shall", -0.14), ("together", 0.55))


class Speech:
    """Where words are, in seconds."""

    def __init__(self, phones: Sequence[Phone]) -> None:
        self._phones = phones
        self.end = max(phone.end for phone in phones if phone.word)

    def start(self, word: str) -> float:
        """Of the word's first sound, at its first occurrence."""
        return next(phone.start for phone in self._phones if phone.word == word)

    def nucleus(self, word: str) -> float:
        """Of the vowel that carries the word's stress."""
        vowels = [phone for phone in self._phones if phone.word == word and phone.name in VOWELS]
        phone = next((vowel for vowel in vowels if vowel.stressed), vowels[0])
        return (phone.start + phone.end) / 2


def _accents(times: Array, speech: Speech, rise: float, hold: float, fall: float) -> Array:
    return sum(strength * pulse(times, speech.nucleus(word), rise, hold, fall) for word, strength in ACCENTS.items())


def blinks(times: Array, speech: Speech) -> Array:
    """How far the lids are shut, 0..1: down in a tenth of a second, up in twice that. (N,)."""
    shut = [pulse(times, round((speech.start(word) + after) * 25) / 25, 0.1, 0.03, 0.2) for word, after in BLINKS]
    return np.max(shut, axis=0)


def feelings(times: Array, speech: Speech) -> dict[str, Array]:
    """Friendly at first, surprised at "Oh", happy from then on: how much (N,) of each, 1 being clear to see."""
    oh, wonderful, blender = speech.start("oh"), speech.start("wonderful"), speech.start("blender")
    shall, end = speech.start("shall"), speech.end
    keys = {
        "smile": [
            (0.0, 0.75), (speech.start("i"), 0.45), (speech.start("face"), 0.35), (oh, 0.1), (wonderful, 0.35),
            (wonderful + 0.5, 1.0), (blender, 0.85), (shall, 0.8), (end, 0.85), (end + 0.35, 1.15),
        ],
        "surprise": [(0.0, 0.0), (oh - 0.12, 0.0), (oh + 0.16, 1.0), (wonderful - 0.1, 0.75), (wonderful + 0.5, 0.0)],
        "question": [(0.0, 0.0), (shall, 0.0), (speech.start("make"), 0.6), (end, 0.45), (12.0, 0.2)],
    }  # fmt: skip
    return {name: through(times, path) for name, path in keys.items()}


def gestures(times: Array, speech: Speech) -> dict[str, Array]:
    """Codes (N,) by expression name for brows, lids, cheeks and the smile."""
    felt, lids = feelings(times, speech), blinks(times, speech)
    smile, surprise, question = felt["smile"], felt["surprise"], felt["question"]
    accent = _accents(times, speech, 0.16, 0.06, 0.32)
    brows = 0.15 * drift(times, 1.6, 11)
    awake = 1 - lids
    codes = {
        "brow_inner_up": 2.0 * surprise + 0.7 * question + 0.6 * accent + brows - 0.3,
        "brow_outer_up": 4.2 * surprise + 1.4 * question + 1.7 * accent + brows,
        "eye_wide": (3.0 * surprise + 0.5 * accent) * awake,
        "eye_squint": 0.8 * np.clip(smile - surprise, 0, None) * awake,
        "cheek_squint": 1.3 * smile,
        "eye_blink": 4.0 * lids,
        "mouth_smile": 3.3 * smile,
    }
    leaning = {"mouth_smile": 0.05, "brow_outer_up": -0.06, "cheek_squint": 0.04}  # nobody's face is quite symmetric
    paired = {"brow_inner_up": codes.pop("brow_inner_up")}
    for name, code in codes.items():
        paired[f"{name}_left"] = code * (1 + leaning.get(name, 0.0))
        paired[f"{name}_right"] = code * (1 - leaning.get(name, 0.0))
    return paired


def head_rotation(times: Array, speech: Speech) -> Array:
    """Axis-angle (N, 3) in radians: slow drift, nods on accents, a start at the surprise, a tilt to the question."""
    felt = feelings(times, speech)
    nods = _accents(times, speech, 0.2, 0.0, 0.42)
    turns = through(times, [
        (0.0, 0.3), (speech.start("i"), -0.4), (speech.start("give"), 0.6), (speech.start("face"), -0.8),
        (speech.start("oh"), -0.2), (speech.start("welcome"), 0.9), (speech.start("shall"), -0.5),
        (speech.start("together"), 0.4), (speech.end + 0.5, 0.1),
    ])  # fmt: skip
    pitch = 1.6 * drift(times, 1.3, 1) + 2.6 * nods - 3.6 * felt["surprise"] - 0.8 * felt["question"] + 1.0
    yaw = 1.5 * drift(times, 1.5, 2) + 3.4 * turns
    roll = 0.9 * drift(times, 1.7, 3) + 3.2 * felt["question"] - 0.7 * turns
    return np.radians(np.stack([pitch, yaw, roll], axis=1))


def yielding(codes: Mapping[str, Array], mouth: Mapping[str, Array]) -> dict[str, Array]:
    """Gestures' codes whose smile gives way where the mouth's articulators (N,) round or seal the lips."""
    room = 1 - 0.6 * np.maximum(mouth["pucker"], mouth["funnel"]) - 0.15 * mouth["closure"]
    return {name: code * (room if name.startswith("mouth_smile") else 1.0) for name, code in codes.items()}
