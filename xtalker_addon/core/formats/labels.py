"""What the names of folders and files tell about a clip, in the conventions of the corpora that 3DXTalker draws on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_SUBSET: Final = re.compile(r"V\d+-\w[\w-]*")
_RAVDESS_EMOTIONS: Final = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgusted", "surprised")
# Spellings of MEAD, CREMA-D and RAVDESS under one word each.
_EMOTIONS: Final = {
    **{word: word for word in (*_RAVDESS_EMOTIONS, "contempt")},
    "fear": "fearful",
    "disgust": "disgusted",
    "anger": "angry",
    "surprise": "surprised",
}
_RAVDESS: Final = re.compile(r"\d\d-\d\d-(0[1-8])-\d\d-\d\d-\d\d-(\d\d)")
_BEAT2: Final = re.compile(r"\d+_([a-z]+)_\d+_\d+_\d+")
_SUBJECT: Final = re.compile(r"[MW]\d{3}|s\d{1,2}|id\d{3,}|Actor_?\d+", re.IGNORECASE)


def labels_of(source: Path, name: str) -> dict[str, str]:
    """`subset`, `emotion` and `subject` as far as the clip's name and the folders around it tell."""
    labels: dict[str, str] = {}
    subset = next((p.name for p in list(source.parents)[:3] if _SUBSET.fullmatch(p.name)), None)
    if subset:
        labels["subset"] = subset
    ravdess, beat2 = _RAVDESS.match(name), _BEAT2.fullmatch(name)
    if ravdess:
        return labels | {"emotion": _RAVDESS_EMOTIONS[int(ravdess[1]) - 1], "subject": f"Actor_{ravdess[2]}"}
    if beat2:
        return labels | {"subject": beat2[1]}
    words = re.split(r"[_\-. ]+", name)
    emotion = next((_EMOTIONS[word.lower()] for word in words if word.lower() in _EMOTIONS), None)
    subject = next((word for word in words if _SUBJECT.fullmatch(word)), None)
    return labels | {key: value for key, value in (("emotion", emotion), ("subject", subject)) if value}
