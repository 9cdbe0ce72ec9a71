"""3DXTalker's results: `inference_results/<subset>/<sample>/` with `flame_params.npy` and `verts_seq.npy`.

Codes and vertices are of the same frames, at most the first ten seconds of the sample. Where a longer sound was split,
the codes are those of its last part and the vertices are all of them. The sound lies with the truth.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from ...errors import SequenceError
from ..amounts import counted
from ..files import storage
from .all_in_one import WIDTHS, add_all
from .arrays import npy_shape, open_npy
from .draft import DEFAULT_FPS, Draft
from .labels import PREDICTION
from .layout import Layout, Outline, Place, frames_in, outline_of
from .naming import sound_of
from .threedxtalker import AUDIO
from .vertices import TRUTH, add_vertices, frames_of_vertices

CODES: Final = "flame_params.npy"
VERTICES: Final = "verts_seq.npy"
FILES: Final = (CODES, VERTICES, TRUTH)  # whose names say nothing: their folder is the sample
RECORD: Final = "vertices.json"  # that `xtalker vertices` writes beside them: rate and sound
_RECORD_BYTES: Final = 1 << 16
_SUBSETS_ABOVE: Final = "inference_results"
# What else the authors' scripts write there.
_LEFT_OUT: Final = {
    "detail_verts_seq.npy": "the detail mesh, which no face model has",
    "preds_dict.npz": f"the same as {VERTICES}",
    "MeshRenderedVideo.mp4": "a video",
}


def is_sample(names: tuple[str, ...]) -> bool:
    """Whether a folder with files of these names is one sample: of a prediction, or of vertices and nothing else."""
    others = (name for name in names if name != TRUTH and name.endswith((".npy", ".npz", ".pc2")))
    return CODES in names or VERTICES in names or (TRUTH in names and not any(others))


def _main_file(folder: Path) -> Path:
    """The file of a sample's folder that is shown: the codes, unless the vertices have other frames."""
    codes, vertices = folder / CODES, folder / VERTICES
    if not storage.is_file(codes):
        return vertices if storage.is_file(vertices) else folder / TRUTH
    return codes if not storage.is_file(vertices) or _frames(vertices) in (_frames(codes), 0) else vertices


def _read_folder(place: Place) -> Draft:
    file = _main_file(place.path)
    draft = _draft(place.path, file)
    draft.source = place.path
    codes = place.path / CODES
    if file.name == VERTICES and storage.is_file(codes):
        draft.warnings.append(
            f"{codes}: has {counted(_frames(codes), 'frame')} and {VERTICES} {_frames(file)}, as where a long sound "
            "was split; the vertices were taken."
        )
    for name in set(place.names) & {*_LEFT_OUT, *FILES} - {file.name}:
        draft.leave_out([name], _LEFT_OUT.get(name, f"{file.name} was taken"))
    draft.leave_out(name for name in place.names if name not in (file.name, RECORD, *AUDIO))
    return draft


def _draft(folder: Path, file: Path) -> Draft:
    array, draft = open_npy(file), _start(folder, file)
    if file.name != CODES:
        add_vertices(draft, array, str(file))
    elif array.shape[-1] in WIDTHS:
        add_all(draft, array, str(file))
    else:
        raise SequenceError(f"{file}: has shape {array.shape}; expected (T, 284).")
    return draft


def _start(folder: Path, file: Path) -> Draft:
    """A draft with all but codes and vertices."""
    draft = Draft(folder.name, file, audio=sound_of(folder), labels=_labels_of(folder))
    if file.name == TRUTH:
        _read_record(draft, folder / RECORD)
    else:
        draft.settle_fps(DEFAULT_FPS, "layout")
        draft.labels["kind"], draft.may_be_shorter = PREDICTION, True
    return draft


def _read_record(draft: Draft, path: Path) -> None:
    """The rate and the sound of vertices that XTalker has written."""
    try:
        with storage.open_file(path) as file:
            record: Any = json.loads(file.read(_RECORD_BYTES))
        sound = record["sound"]
        draft.settle_fps(float(record["fps"]), "read")
    except (OSError, ValueError, KeyError, TypeError):
        return
    if draft.audio is None and isinstance(sound, str) and Path(sound).is_file():
        draft.audio = Path(sound)


def _outline(folder: Path, file: Path) -> Outline:
    if npy_shape(file) is None:
        open_npy(file)  # says what is wrong with it
        raise SequenceError(f"{file}: is not an .npy array of numbers; copy it again.")
    draft = _start(folder, file)
    return replace(outline_of(draft, _frames(file)), sound=draft.audio is not None, labels=draft.labels)


def _labels_of(folder: Path) -> dict[str, str]:
    """The subset, of whatever name, of a sample among results."""
    return {"subset": folder.parent.name} if folder.parent.parent.name == _SUBSETS_ABOVE else {}


def _frames(path: Path) -> int:
    """Frames of an array of codes or vertices; 0 where it cannot be told."""
    shape = npy_shape(path) or ()
    return frames_in(shape) if path.name == CODES else frames_of_vertices(shape)


FOLDER_LAYOUT: Final = Layout(
    "3DXTalker's results, or a folder with vertices.npy",
    (),
    lambda place: is_sample(place.names),
    _read_folder,
    lambda place: _outline(place.path, _main_file(place.path)),
)
LAYOUT: Final = Layout(
    "a file of 3DXTalker's results",
    (".npy",),
    lambda place: place.path.name in FILES and place.shape is not None,
    lambda place: _draft(place.path.parent, place.path),
    lambda place: _outline(place.path.parent, place.path),
)
