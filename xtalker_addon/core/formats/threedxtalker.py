"""3DXTalker: a folder a clip, with one array a file (EngineeringAI-LAB/3DXTalker)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ...errors import SequenceError
from ..files import storage
from ..sequence import Sequence
from .arrays import open_npy
from .draft import Draft
from .metadata import read_metadata

MARKER: Final = "expcode.npy"
_POSE: Final = "posecode.npy"
_AUDIO: Final = "audio.wav"
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
# Any of the eleven files leads to its clip; the codes mark a folder as one even where the expression is missing.
FILES: Final = frozenset((*_FIELDS, _POSE, _AUDIO, _METADATA))
CODES: Final = frozenset((MARKER, _POSE, "shapecode.npy", "detailcode.npy"))


def read_folder(folder: Path) -> Sequence:
    """The clip in `folder`; only the expression must be there. Raises SequenceError naming the file at fault."""
    if not storage.is_file(folder / MARKER):
        raise SequenceError(
            f"{folder}: has no {MARKER}; expected a 3DXTalker folder, which holds the expression codes in it."
        )
    draft = Draft(folder.name, folder)
    for file, name in _FIELDS.items():
        if storage.is_file(folder / file):
            draft.add(name, open_npy(folder / file), str(folder / file))
    if storage.is_file(folder / _POSE):
        draft.add_pose(open_npy(folder / _POSE), str(folder / _POSE))
    if storage.is_file(folder / _AUDIO):
        draft.audio = folder / _AUDIO
    if storage.is_file(folder / _METADATA):
        try:
            draft.labels |= read_metadata(folder / _METADATA)
        except ValueError as fault:
            draft.warnings.append(f"{folder / _METADATA}: cannot be read ({fault}); the source video is not known.")
    return draft.finish()
