"""Clips in LMDB databases: TFHP as DiffPoseTalk's scripts pack it, and UniLS' training data.

TFHP: `<person>/<video>/metadata` is a pickle of {"n_frames"}, `<person>/<video>/000` and so on of {"audio": FLAC,
"coef": {shape, exp, pose}}, a hundred frames each, at 25 a second. Pickles are read as data. UniLS: every record is an
.npz of motioncode (T, 112), audio (N,) at 16 kHz and speech_mask. Neither says in words what it is, so what has other
records is no clip.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from typing import Any, Final, cast

import numpy as np

from ...errors import SequenceError
from ..files import storage
from ..files.data_pickle import DataFile
from ..files.foreign import ZIP_MAGIC
from ..files.tar import Member
from .arrays import Array, NpzFile, first_bytes
from .code_keys import fill
from .columns import draft_columns, fits
from .draft import Draft
from .frames import Stack, one_identity, start_draft
from .layout import Layout, Outline, Place, frames_in

_FPS: Final = 25.0
_RATE: Final = 16_000  # samples a second of UniLS
_METADATA, _SOUND = "metadata", "audio.wav"
_PIECE: Final = re.compile(r"\d{3,}")
_MOTION, _HEARD, _SPEECH = "motioncode", "audio", "speech_mask"


def _holds(place: Place) -> bool:
    named = _METADATA in place.names and any(map(_PIECE.fullmatch, place.names))
    return named and storage.is_packed(place.path) and _frames(place.path) is not None


def _frames(folder: Path) -> int | None:
    """How many frames a clip has, by its record of that; None where there is none."""
    try:
        content = _record(folder / _METADATA)
    except SequenceError:
        return None
    frames = content.get("n_frames")
    return frames if isinstance(frames, int) and frames > 0 else None


def _record(path: Path) -> Mapping[str, object]:
    content = DataFile(path).content
    return cast(dict[str, object], content) if isinstance(content, dict) else {}


def _read(place: Place) -> Draft:
    folder, frames = place.path, _frames(place.path)
    pieces = sorted((name for name in place.names if _PIECE.fullmatch(name)), key=int)
    lacking = next((index for index, name in enumerate(pieces) if int(name) != index), None)
    if lacking is not None:
        raise SequenceError(f"{folder}: has no record {lacking:03d} and later ones; copy the database again.")
    parts = [_codes(folder / name) for name in pieces]
    arrays: dict[str, Array] = {}
    for key, first in parts[0].items():
        rows = [part.get(key) for part in parts]
        odd = next((index for index, row in enumerate(rows) if row is None or row.shape[1:] != first.shape[1:]), None)
        if odd is not None:
            raise SequenceError(f"{folder / pieces[odd]}: has no {key} as {pieces[0]} has it; pack it again.")
        arrays[key] = np.concatenate(cast(list[Array], rows))
    found = {key: len(array) for key, array in arrays.items()}
    if set(found.values()) != {frames}:
        told = ", ".join(f"{count} of {key}" for key, count in found.items()) or "none"
        raise SequenceError(f"{folder}: holds {told} frames, and its metadata says {frames}; copy the database again.")
    draft = start_draft(folder)
    draft.name, draft.labels["subject"] = f"{folder.parent.name}_{folder.name}", folder.parent.name
    draft.settle_fps(_FPS, "layout")
    fill(draft, Stack(folder, list(arrays), {}, arrays))
    one_identity(draft)
    return draft


def _codes(path: Path) -> dict[str, Array]:
    data = DataFile(path)
    content = data.content
    coefficients = cast(dict[str, object], content).get("coef") if isinstance(content, dict) else None
    if not isinstance(coefficients, dict):
        raise SequenceError(f"{path}: holds no coef; expected a dictionary with shape, exp and pose.")
    named = cast(dict[str, object], coefficients)
    arrays = {key: data.array(value, f"{path}, coef {key!r}") for key, value in named.items()}
    flat = next((key for key, array in arrays.items() if array.ndim != 2 or array.dtype.kind not in "fiu"), None)
    if flat is not None:
        raise SequenceError(f"{path}, coef {flat!r}: has shape {arrays[flat].shape}; expected numbers (T, n).")
    return arrays


TFHP: Final = Layout(
    "TFHP in an LMDB database, as DiffPoseTalk packs it",
    (),
    _holds,
    _read,
    lambda place: Outline(_frames(place.path) or 0, _FPS, labels={"subject": place.path.parent.name}),
)


def _holds_motion(place: Place) -> bool:
    return place.npz is not None and _MOTION in place.npz.keys


def _motion(npz: NpzFile) -> Array:
    if not fits(npz.shape(_MOTION)):
        raise SequenceError(
            f"{npz.where(_MOTION)}: has shape {npz.shape(_MOTION)}; expected (T, 112), as UniLS has it."
        )
    return npz.read(_MOTION)


def _read_motion(place: Place) -> Draft:
    npz = place.npz
    assert npz
    draft = draft_columns(place.path, _motion(npz))
    draft.leave_out([_SPEECH] if _SPEECH in npz.keys else [], "when there is speech, which the sound tells")
    draft.leave_out(key for key in npz.keys if key not in (_MOTION, _HEARD, _SPEECH))
    return draft


UNILS: Final = Layout(
    "UniLS, in an LMDB database",
    (),
    _holds_motion,
    _read_motion,
    lambda place: Outline(frames_in(place.npz.shape(_MOTION)) if place.npz else 0, _FPS),
)


def _sound_sources(members: Mapping[str, Member], name: str) -> tuple[str, ...]:
    """The records that the sound of a clip, so called, is made of."""
    folder, _, file = name.rpartition("/")
    if f"{folder}/{_METADATA}" in members:
        pieces = (f"{folder}/{index:03d}" for index in range(len(members)))
        return tuple(takewhile(members.__contains__, pieces)) if file == _SOUND else ()
    record = name.removesuffix(".wav")
    return (record,) if record != name and record in members else ()


def _sound(records: tuple[Path, ...]) -> bytes:
    """A WAV file of what the records hold: UniLS' samples, or TFHP's pieces one after the other."""
    if first_bytes(records[0]).startswith(ZIP_MAGIC):
        samples = NpzFile(records[0]).read(_HEARD).squeeze()
        return _wav(samples if samples.dtype == np.int16 else samples.astype(np.float32), _RATE)
    parts, rates = zip(*(_decoded(cast(bytes, _record(path).get(_HEARD))) for path in records), strict=True)
    if len(set(rates)) > 1:
        raise ValueError("the pieces have unequal rates")
    return _wav(np.concatenate(parts), rates[0])


def _decoded(data: bytes) -> tuple[Array, int]:
    soundfile: Any = import_module("soundfile")
    with soundfile.SoundFile(io.BytesIO(data)) as sound:
        exact = "int16" if sound.subtype == "PCM_16" else "float32"
        return sound.read(dtype=exact), sound.samplerate


def _wav(samples: Array, rate: int) -> bytes:
    soundfile: Any = import_module("soundfile")
    file = io.BytesIO()
    soundfile.write(file, samples, rate, "PCM_16" if samples.dtype == np.int16 else "FLOAT", format="WAV")
    return file.getvalue()


storage.can_make(storage.Made(_sound_sources, _sound))
