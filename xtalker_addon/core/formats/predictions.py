"""3DXTalker's results: `inference_results/<subset>/<sample>/` with `flame_params.npy` and `verts_seq.npy`.

Codes and vertices are of the same frames, at most the first ten seconds of the sample. Where a longer sound was split,
the codes are those of its last part and the vertices are all of them. The sound lies with the truth.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ...errors import SequenceError
from ..sequence import Sequence
from .all_in_one import WIDTHS, draft_all_in_one
from .arrays import npy_shape, open_npy
from .draft import Draft
from .labels import PREDICTION
from .vertices import finish_draft

CODES: Final = "flame_params.npy"
VERTICES: Final = "verts_seq.npy"
TRUTH: Final = "vertices.npy"  # the truth's vertices, beside its codes; and what `xtalker vertices` writes
FILES: Final = frozenset((CODES, VERTICES, TRUTH))
_SOUND: Final = "audio.wav"
_TRUTH_TREES: Final = ("testset", "valset", "trainset", "")
_LEVELS: Final = 4  # above a sample in which its truth's tree is looked for
_SUBSETS_ABOVE: Final = "inference_results"


def is_sample(names: set[str]) -> bool:
    """Whether a folder with files of these names is one sample: of a prediction, or of vertices and nothing else."""
    others = (name for name in names - {TRUTH} if name.endswith((".npy", ".npz", ".pc2")))
    return not names.isdisjoint((CODES, VERTICES)) or (TRUTH in names and not any(others))


def main_file(folder: Path) -> Path:
    """The file of a sample's folder that is shown: the codes, unless the vertices have other frames."""
    codes, vertices = folder / CODES, folder / VERTICES
    if not codes.is_file():
        return vertices if vertices.is_file() else folder / TRUTH
    if not vertices.is_file() or _frames(vertices) in (_frames(codes), 0):
        return codes
    return vertices


def read_prediction(path: Path) -> Sequence:
    """The clip in one of a sample's files, or in its folder. Raises SequenceError."""
    file = path if path.name in FILES else main_file(path)
    folder = file.parent
    array = open_npy(file)
    draft = Draft(folder.name, path)
    draft.audio, draft.labels = find_sound(folder), labels_of_sample(folder)
    if file.name != TRUTH:
        draft.labels["kind"], draft.may_be_shorter = PREDICTION, True
    if path != file and file.name == VERTICES and (folder / CODES).is_file():
        draft.warnings.append(
            f"{folder / CODES}: has {_frames(folder / CODES)} frames and {VERTICES} {_frames(file)}, as where a long "
            "sound was split; the vertices were taken."
        )
    if file.name != CODES:
        return finish_draft(draft, array, str(file))
    if array.shape[-1] not in WIDTHS:
        raise SequenceError(f"{file}: has shape {array.shape}; expected (T, 284).")
    return draft_all_in_one(draft, array, str(file)).finish()


def labels_of_sample(folder: Path) -> dict[str, str]:
    """The subset, of whatever name, of a sample among results."""
    return {"subset": folder.parent.name} if folder.parent.parent.name == _SUBSETS_ABOVE else {}


def find_sound(folder: Path) -> Path | None:
    """The sound of a sample: in its folder, or in that of the same subset and sample below the truth's tree."""
    sample = Path(folder.parent.name, folder.name)
    trees = (above / name for above in (*folder.parents,)[1 : 1 + _LEVELS] for name in _TRUTH_TREES)
    places = (folder, *(tree / sample for tree in trees))
    return next((place / _SOUND for place in places if (place / _SOUND).is_file()), None)


def _frames(path: Path) -> int:
    """Frames of an array (T, n), (1, T, n) or (T, V, 3); 0 where it cannot be told."""
    shape = npy_shape(path) or (0,)
    return shape[1] if len(shape) == 3 and shape[0] == 1 and shape[-1] != 3 else shape[0]
