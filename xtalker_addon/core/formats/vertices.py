"""Sequences of vertices: what predictors of talking faces write (.npy, .npz), and vertex caches (.pc2).

VOCASET's and FaceFormer's files: `vertices_npy/<stem>.npy` with `wav/<stem>.wav` beside that folder; predictions add
`_condition_<subject>` to the stem. The rate is in none of them.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Final

import numpy as np

from ...errors import AudioError, SequenceError
from ..files import storage
from ..speech.audio import check
from .arrays import Array, open_npy, read_head
from .code_keys import expression_key, find_key, settle_rate
from .draft import Draft
from .labels import PREDICTION
from .layout import Layout, Outline, Place
from .naming import CONDITION, sound_of

FLAME_VERTICES: Final = 5023
WITH_TEETH: Final = (5143, 5423)  # FLAME's vertices, and teeth behind them (GaussianAvatars, VHAP, CAP4D)
KEYS: Final = ("verts", "vertices", "verts_seq")
_FAMILIAR: Final = (FLAME_VERTICES, *WITH_TEETH)
# Meshes that are met in the same places and are no FLAME.
_OTHERS: Final = {
    23370: "of BIWI's mesh, which is not FLAME's; expected vertices of FLAME's mesh",
    59315: "of 3DXTalker's detail mesh, which no face model has; expected verts_seq.npy, which lies beside it",
    10475: "of SMPL-X's whole body; expected vertices of FLAME's head",
}
TRUTH: Final = "vertices.npy"  # of 3DXTalker's test set, and what `xtalker vertices` writes
_FOLDER: Final = "vertices_npy"
_VOCASET: Final = re.compile(r"FaceTalk_\d+_\d+_TA")
_VOCASET_RATES: Final = (30.0, 60.0)  # FaceFormer's, which has every other frame, and the original
_PC2_HEADER: Final = struct.Struct("<12siiffi")
PC2_MAGIC: Final = b"POINTCACHE2\0"


def open_pc2(path: Path) -> Array:
    """A memory-mapped view (T, V, 3) of a .pc2 file. Raises SequenceError where it is broken."""
    head = read_head(path)
    if not head.startswith(PC2_MAGIC) or len(head) < _PC2_HEADER.size:
        raise SequenceError(f"{path}: is not a .pc2 vertex cache; expected one that begins with POINTCACHE2.")
    _, version, vertices, _, _, frames = _PC2_HEADER.unpack_from(head)
    if version != 1 or vertices < 1 or frames < 1:
        raise SequenceError(
            f"{path}: its header says version {version}, {vertices} vertices and {frames} samples; "
            "expected version 1 and at least one of each."
        )
    stored = storage.find(path)
    claimed, there = 12 * vertices * frames, stored.size - _PC2_HEADER.size
    if claimed > there:
        raise SequenceError(
            f"{path}: is cut short: its header claims {frames} samples of {vertices} vertices, {claimed} bytes, and "
            f"{there} bytes follow; copy it again."
        )
    return np.memmap(stored.path, "<f4", "r", stored.offset + _PC2_HEADER.size, (frames, vertices, 3))


def pc2_header(vertices: int, frames: int, start: float = 0.0) -> bytes:
    """What a .pc2 file begins with; float32 coordinates (frames, vertices, 3), little-endian, follow."""
    return _PC2_HEADER.pack(PC2_MAGIC, 1, vertices, start, 1.0, frames)


def add_vertices(draft: Draft, array: Array, origin: str) -> None:
    """Set the vertices, of any layout. Raises SequenceError where they are of a mesh that is not FLAME's."""
    count = _vertex_count(array.shape)
    if count is None:
        raise SequenceError(
            f"{origin}: has shape {array.shape}; expected vertices as (T, V, 3), (T, 3 V) or (1, T, 3 V)."
        )
    if count in _OTHERS:
        raise SequenceError(f"{origin}: holds {count:,} vertices {_OTHERS[count]}.")
    draft.add("vertices", array.reshape(-1, count, 3), origin)


def frames_of_vertices(shape: tuple[int, ...]) -> int:
    """Frames of vertices of any layout, by the shape of their array; 0 where it is none."""
    return (_size(shape) or (0,))[0]


def _size(shape: tuple[int, ...]) -> tuple[int, int] | None:
    """T and V of an array (T, V, 3), (T, 3 V) or either with a batch of one in front; None of others."""
    if len(shape) > 2 and shape[0] == 1 and (len(shape) == 4 or shape[-1] != 3):
        shape = shape[1:]
    if len(shape) == 3 and shape[2] == 3:
        return shape[0], shape[1]
    return (shape[0], shape[1] // 3) if len(shape) == 2 and shape[1] % 3 == 0 else None


def _vertex_count(shape: tuple[int, ...]) -> int | None:
    size = _size(shape)
    return size[1] if size else None


def _is_mesh(path: Path, shape: tuple[int, ...] | None) -> bool:
    """Whether an array of this shape in a file of this name is taken for vertices: of FLAME, or told by the name."""
    count = _vertex_count(shape) if shape else None
    says = path.name == TRUTH or path.parent.name == _FOLDER
    return count is not None and (says or count in _FAMILIAR or count in _OTHERS)


def _draft(place: Place, array: Array, origin: str) -> Draft:
    """The clip in vertices, with its sound and, where it is known, its rate."""
    path = place.path
    draft = Draft(path.stem, path)
    draft.audio = sound_of(path)
    if CONDITION in path.stem:
        draft.labels["kind"] = PREDICTION
    add_vertices(draft, array, origin)
    rate = _rate(path, draft.frames, draft.audio)
    if rate:
        draft.settle_fps(rate, "layout")
    return draft


def _read_archive(place: Place) -> Draft:
    npz, key = place.npz, _key_in(place)
    assert npz
    assert key
    draft = _draft(place, npz.read(key), npz.where(key))
    settle_rate(draft, npz)
    draft.leave_out(other for other in npz.keys if other != key and other not in draft.used)
    return draft


def _key_in(place: Place) -> str | None:
    """The key of the vertices in an archive without codes; None where it has none.

    3DXTalker's `preds_dict.npz` has them under the name of the sample: one array that fits is taken by any name.
    """
    npz = place.npz
    if npz is None or expression_key(npz) is not None:
        return None
    found = find_key(npz, KEYS)
    if found is None and len(npz.keys) == 1 and _vertex_count(npz.shape(npz.keys[0])) in _FAMILIAR:
        return npz.keys[0]
    return found


def _outline(place: Place, shape: tuple[int, ...]) -> Outline:
    frames, sound = frames_of_vertices(shape), sound_of(place.path)
    return Outline(frames, _rate(place.path, frames, sound), sound=sound is not None)


def _outline_archive(place: Place) -> Outline:
    npz, key = place.npz, _key_in(place)
    return _outline(place, npz.shape(key)) if npz and key else Outline(0)


def _rate(path: Path, frames: int, sound: Path | None) -> float | None:
    """Frames a second by what is known of the files' origin; None where nothing is.

    VOCASET was recorded at 60 and is mostly used at 30: the sound tells, where it is there.
    """
    if not _VOCASET.match(path.stem) and path.parent.name != _FOLDER:
        return None
    usual = _VOCASET_RATES[0]
    try:
        seconds = check(sound).seconds if sound else frames / usual
    except AudioError:
        return usual
    return min(_VOCASET_RATES, key=lambda rate: abs(frames / rate - seconds))


ARRAY_LAYOUT: Final = Layout(
    "vertices (VOCASET, FaceFormer and others)",
    (".npy",),
    lambda place: _is_mesh(place.path, place.shape),
    lambda place: _draft(place, open_npy(place.path), str(place.path)),
    lambda place: _outline(place, place.shape or ()),
)
ARCHIVE_LAYOUT: Final = Layout(
    "vertices (MultiTalk, 3DXTalker)",
    (".npz",),
    lambda place: _key_in(place) is not None,
    _read_archive,
    _outline_archive,
)
CACHE_LAYOUT: Final = Layout(
    "vertex cache",
    (".pc2",),
    lambda place: place.head.startswith(PC2_MAGIC),
    lambda place: _draft(place, open_pc2(place.path), str(place.path)),
    lambda place: _outline(place, open_pc2(place.path).shape),
)
