"""What the names of folders and files tell about a clip, in the conventions of the corpora that 3DXTalker draws on."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Final

PREDICTION: Final = "prediction"  # the label `kind` of a clip that a model has made, perhaps of a part of its sound
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
# 3DXTalker's own names: V0-s1-00001, V1-Song-Actor_01-00002, V2-M003-angry-00001; V3 to V5 keep their corpus's names.
_SUBSETS: Final = ("V0-GRID", "V1-RAVDESS", "V2-MEAD", "V3-VoxCeleb2", "V4-HDTF", "V5-CelebV-HQ")
_NUMBERED: Final = re.compile(r"V(\d)-(.+)-(\d+)")
_SPLITS: Final = {
    "train": "train",
    "trainset": "train",
    "val": "val",
    "valset": "val",
    "test": "test",
    "testset": "test",
}
_SPLIT_LISTS: Final = ("train", "val", "test")


def labels_of(source: Path, name: str) -> dict[str, str]:
    """`subset`, `split`, `subject`, `emotion`, `style` and `index` as far as the clip's name and its folders tell."""
    labels: dict[str, str] = {}
    above = source.parts[-2:-6:-1]
    subset = next((name for name in above if _SUBSET.fullmatch(name)), None)
    split = next((_SPLITS[name] for name in above if name in _SPLITS), None)
    numbered = _NUMBERED.fullmatch(name)
    if numbered:
        number, name, labels["index"] = int(numbered[1]), numbered[2], numbered[3]
        subset = subset or (_SUBSETS[number] if number < len(_SUBSETS) else None)
    labels |= {key: value for key, value in (("subset", subset), ("split", split)) if value}
    ravdess, beat2 = _RAVDESS.match(name), _BEAT2.fullmatch(name)
    if ravdess:
        return labels | {"emotion": _RAVDESS_EMOTIONS[int(ravdess[1]) - 1], "subject": f"Actor_{ravdess[2]}"}
    if beat2:
        return labels | {"subject": beat2[1]}
    words = re.split(r"[_\-. ]+", re.sub("(Actor)_", r"\1", name))
    emotion = next((_EMOTIONS[word.lower()] for word in words if word.lower() in _EMOTIONS), None)
    subject = next((re.sub("^Actor(?=\\d)", "Actor_", word) for word in words if _SUBJECT.fullmatch(word)), None)
    style = next((word.lower() for word in words if word in ("Song", "Speech")), None)
    found = (("emotion", emotion), ("subject", subject), ("style", style))
    return labels | {key: value for key, value in found if value}


def webtalk_labels(root: Path, stem: str) -> dict[str, str]:
    """`session` and `index` of a stem like 202008647_0001, and the `split` whose list (`train.txt`, ...) has it.

    A root without lists, or a stem in none of them, has no split.
    """
    numbered = re.fullmatch(r"(.+)_(\d+)", stem)
    labels = {"session": numbered[1], "index": numbered[2]} if numbered else {}
    split = _split_lists(root).get(stem)
    return labels | ({"split": split} if split else {})


@lru_cache(maxsize=8)
def _split_lists(root: Path) -> dict[str, str]:
    splits: dict[str, str] = {}
    for split in _SPLIT_LISTS:
        try:
            text = (root / f"{split}.txt").read_text("utf-8", errors="replace")
        except OSError:
            continue
        splits |= dict.fromkeys(text.split(), split)
    return splits
