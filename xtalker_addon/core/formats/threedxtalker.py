"""3DXTalker: a folder a clip, with one array a file (EngineeringAI-LAB/3DXTalker)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ...errors import SequenceError
from ..files import storage
from ..speech.audio import SUFFIXES
from .arrays import npy_shape, open_npy
from .draft import DEFAULT_FPS, Draft
from .layout import Layout, Outline, Place, frames_in
from .metadata import read_metadata

MARKER: Final = "expcode.npy"
_POSE: Final = "posecode.npy"
AUDIO: Final = tuple(f"audio{suffix}" for suffix in SUFFIXES)  # in order of preference; published as .wav
_VERTICES: Final = "vertices.npy"  # beside the codes in the test set; read where it is named itself
_METADATA: Final = "metadata.pkl"  # of the video that the codes were fitted to; nothing that moves a face
_FIELDS: Final = {
    MARKER: "expression",
    "shapecode.npy": "shape",
    "detailcode.npy": "detail",
    "cam.npy": "camera",
    "lightcode.npy": "light",
    "texcode.npy": "texture",
    "refimg.npy": "reference_image",
    "envelope.npy": "envelope",
}
_WIDTHS: Final = {"expression": 50, "shape": 100, "texture": 50}  # of others, the clip itself tells
ODD_WIDTH: Final = "columns and not the"
# Any of the eleven files leads to its clip; the codes mark a folder as one even where the expression is missing.
FILES: Final = frozenset((*_FIELDS, _POSE, *AUDIO, _METADATA))
CODES: Final = frozenset((MARKER, _POSE, "shapecode.npy", "detailcode.npy"))


def _holds(place: Place) -> bool:
    return not CODES.isdisjoint(place.names)


def _outline(place: Place) -> Outline:
    codes = _codes_in(place.path)
    shape = npy_shape(codes)
    # Opening what has no shape tells what is wrong with it.
    return Outline(frames_in(open_npy(codes).shape if shape is None else shape), DEFAULT_FPS)


def _codes_in(folder: Path) -> Path:
    """The file of the expression codes. Raises SequenceError where it is not there."""
    if not storage.is_file(folder / MARKER):
        raise SequenceError(
            f"{folder}: has no {MARKER}; expected a 3DXTalker folder, which holds the expression codes in it."
        )
    return folder / MARKER


def _read(place: Place) -> Draft:
    """The clip in a folder; only the expression must be there. Raises SequenceError naming the file at fault."""
    folder = _codes_in(place.path).parent
    draft = Draft(folder.name, folder)
    draft.settle_fps(DEFAULT_FPS, "layout")
    for file, name in _FIELDS.items():
        if file in place.names:
            draft.add(name, open_npy(folder / file), str(folder / file))
    if _POSE in place.names:
        draft.add_pose(open_npy(folder / _POSE), str(folder / _POSE))
    draft.audio = next((folder / name for name in AUDIO if storage.is_file(folder / name)), None)
    if storage.is_file(folder / _METADATA):
        try:
            draft.labels |= read_metadata(folder / _METADATA)
        except ValueError as fault:
            draft.warnings.append(f"{folder / _METADATA}: cannot be read ({fault}); the source video is not known.")
    _tell_odd_widths(draft)
    draft.leave_out({_VERTICES} & set(place.names), "the face that the codes tell of")
    draft.leave_out(sorted(set(place.names) - FILES))
    return draft


def _tell_odd_widths(draft: Draft) -> None:
    for name, width in _WIDTHS.items():
        array = draft.fields.get(name)
        if array is not None and array.ndim == 2 and array.shape[1] != width:
            draft.warnings.append(
                f"{draft.origins[name]}: has {array.shape[1]} {ODD_WIDTH} {width} of 3DXTalker; it is shown as it is, "
                "so see that it is this clip's."
            )


LAYOUT: Final = Layout("3DXTalker folder", (), _holds, _read, _outline)
