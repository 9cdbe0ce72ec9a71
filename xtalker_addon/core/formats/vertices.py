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
from ..sequence import Sequence
from ..speech.audio import probe
from .arrays import Array, NpzFile, npy_shape, read_head
from .companions import find_audio
from .draft import DEFAULT_FPS, Draft
from .labels import PREDICTION

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
_SAYING: Final = ("vertices.npy", "verts_seq.npy")  # names that tell what is in a file of any width
_FOLDER: Final = "vertices_npy"
_VOCASET: Final = re.compile(r"FaceTalk_\d+_\d+_TA")
_VOCASET_RATES: Final = (30.0, 60.0)  # FaceFormer's, which has every other frame, and the original
_CONDITION: Final = "_condition_"
_PC2_HEADER: Final = struct.Struct("<12siiffi")
PC2_MAGIC: Final = b"POINTCACHE2\0"


def is_vertices(path: Path, shape: tuple[int, ...]) -> bool:
    """Whether an array of this shape, in an .npy file of this name, is taken for vertices."""
    count = _vertex_count(shape)
    return count is not None and (count in _FAMILIAR or count in _OTHERS or _says_vertices(path))


def is_clip(path: Path) -> bool:
    """Whether a file in a tree is a clip of vertices of FLAME's mesh, by its name and header."""
    if path.suffix == ".pc2":
        return True
    shape = npy_shape(path)
    count = _vertex_count(shape) if shape else None
    return count in _FAMILIAR or (count is not None and count not in _OTHERS and _says_vertices(path))


def read_array(path: Path, array: Array) -> Sequence:
    """The clip in an .npy file of (T, V, 3), (T, 3 V) or (1, T, 3 V). Raises SequenceError."""
    return finish_draft(start_draft(path), array, str(path))


def read_npz(npz: NpzFile, key: str) -> Sequence:
    """The clip in the vertices `key` of an archive without codes. Raises SequenceError."""
    return finish_draft(start_draft(npz.path), npz.read(key), npz.where(key))


def read_pc2(path: Path) -> Sequence:
    """The clip in a vertex cache of metres in FLAME's axes, as XTalker exports it. Raises SequenceError."""
    return finish_draft(start_draft(path), open_pc2(path), str(path))


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
    claimed, there = 12 * vertices * frames, path.stat().st_size - _PC2_HEADER.size
    if claimed > there:
        raise SequenceError(
            f"{path}: is cut short: its header claims {frames} samples of {vertices} vertices, {claimed} bytes, and "
            f"{there} bytes follow; copy it again."
        )
    return np.memmap(path, "<f4", "r", _PC2_HEADER.size, (frames, vertices, 3))


def pc2_header(vertices: int, frames: int, start: float = 0.0) -> bytes:
    """What a .pc2 file begins with; float32 coordinates (frames, vertices, 3), little-endian, follow."""
    return _PC2_HEADER.pack(PC2_MAGIC, 1, vertices, start, 1.0, frames)


def vertex_key(npz: NpzFile) -> str | None:
    """The key of the vertices in an archive; None where it has none.

    3DXTalker's `preds_dict.npz` has them under the name of the sample: one array that fits is taken by any name.
    """
    found = next((key for key in npz.keys if key.lower() in KEYS), None)
    if found is None and len(npz.keys) == 1 and _vertex_count(npz.shape(npz.keys[0])) in _FAMILIAR:
        return npz.keys[0]
    return found


def outline(path: Path, shape: tuple[int, ...]) -> tuple[int, float]:
    """Frames and rate of a clip, without its numbers; `shape` is its array's."""
    if _vertex_count(shape) is None:
        return 0, DEFAULT_FPS
    frames = shape[1] if len(shape) == 3 and shape[0] == 1 and shape[2] != 3 else shape[0]
    return frames, _rate(path, frames, find_audio(path.parent, stem_of_sound(path)))


def stem_of_sound(path: Path) -> str:
    """What the sound of a file is called: predictions name the speaker that they were conditioned on as well."""
    return path.stem.split(_CONDITION)[0]


def start_draft(path: Path) -> Draft:
    """A draft with its name and its sound."""
    draft = Draft(path.stem, path)
    draft.audio = find_audio(path.parent, stem_of_sound(path))
    if _CONDITION in path.stem:
        draft.labels["kind"] = PREDICTION
    return draft


def finish_draft(draft: Draft, array: Array, origin: str) -> Sequence:
    """The clip in vertices of any layout. Raises SequenceError where they are of a mesh that is not FLAME's."""
    count = _vertex_count(array.shape)
    if count is None:
        raise SequenceError(
            f"{origin}: has shape {array.shape}; expected vertices as (T, V, 3), (T, 3 V) or (1, T, 3 V)."
        )
    if count in _OTHERS:
        raise SequenceError(f"{origin}: holds {count:,} vertices {_OTHERS[count]}.")
    vertices = array.reshape(-1, count, 3)
    draft.fps = _rate(draft.source, len(vertices), draft.audio)
    draft.add("vertices", vertices, origin)
    return draft.finish()


def _vertex_count(shape: tuple[int, ...]) -> int | None:
    """V of an array (T, V, 3), (T, 3 V) or either with a batch of one in front; None of others."""
    if len(shape) > 2 and shape[0] == 1 and (len(shape) == 4 or shape[-1] != 3):
        shape = shape[1:]
    if len(shape) == 3 and shape[2] == 3:
        return shape[1]
    return shape[1] // 3 if len(shape) == 2 and shape[1] % 3 == 0 else None


def _says_vertices(path: Path) -> bool:
    return path.name in _SAYING or path.parent.name == _FOLDER


def _rate(path: Path, frames: int, sound: Path | None) -> float:
    """Frames a second by what is known of the files' origin.

    VOCASET was recorded at 60 and is mostly used at 30: the sound tells, where it is there.
    """
    if not _VOCASET.match(path.stem) and path.parent.name != _FOLDER:
        return DEFAULT_FPS
    usual = _VOCASET_RATES[0]
    try:
        seconds = probe(sound).seconds if sound else frames / usual
    except AudioError:
        return usual
    return min(_VOCASET_RATES, key=lambda rate: abs(frames / rate - seconds))
