"""Reads talking-head clips in every layout that people hold them in, told apart by what the files contain."""

from __future__ import annotations

from pathlib import Path

from ...errors import SequenceError
from ..files import storage
from ..files.foreign import NPY_MAGIC, TORCH, ZIP_MAGIC, describe
from ..sequence import Sequence
from . import emoca_results, npz_frames, threedxtalker, tracker_frames
from .all_in_one import named_all_in_one
from .arrays import open_npy
from .code_keys import start_draft
from .draft import Draft, refuse_joined
from .find import find_sequences
from .layout import Place
from .layouts import file_layout, folder_layout
from .naming import sound_in
from .pickled import refusal as refusal_of_pickle
from .webtalk import resolve_stem

__all__ = ["clip_of", "find_sequences", "read_sequence"]


def read_sequence(path: Path | str, fps: float | None = None, truth: Path | None = None) -> Sequence:
    """The clip at `path`: a folder or a file in any layout (see `layouts`), or the latter without its suffix.

    fps: frames a second where the user says so; else those of the file or of its layout, those that the sound beside
    it tells, or 25. truth: the tree that has the sound of this prediction. No pickle is ever loaded. Raises
    SequenceError, one sentence with file, field, what was found and expected.
    """
    place = _place_of(storage.as_folder(Path(path)))
    layout = folder_layout(place) if storage.is_folder(place.path) else file_layout(place)
    if layout is None:
        raise _refusal(place)
    draft = layout.read(place)
    if truth is not None:
        _take_sound(draft, place.path, truth)
    return draft.finish(fps)


def _take_sound(draft: Draft, path: Path, truth: Path) -> None:
    """Give a prediction the sound of its truth; it may be shorter."""
    sound = sound_in(truth, path)
    if sound:
        draft.audio, draft.may_be_shorter = sound, True
    else:
        draft.warnings.append(f"{path}: {truth} has no sound for it, as <subset>/<sample>/audio.wav or <sample>.wav.")


def _place_of(path: Path) -> Place:
    """Where the clip is that `path` stands for. Raises SequenceError where there is none, or are several."""
    if storage.is_folder(path):
        place = Place(path)
        found = [] if folder_layout(place) else find_sequences(path)
        if len(found) > 1:
            raise SequenceError(
                f"{path}: holds {len(found)} sequences; expected one, such as {found[0].relative_to(path)}."
            )
        return Place(found[0]) if found else place
    if not storage.is_file(path) and not path.exists():
        return Place(_without_suffix(path))
    return Place(clip_of(path))


def clip_of(path: Path) -> Path:
    """The clip that a file is a part of: its folder where that is one; else the file itself."""
    if path.name in threedxtalker.FILES and storage.is_file(path.parent / threedxtalker.MARKER):
        return path.parent
    if emoca_results.is_part(path) and folder_layout(Place(path.parent.parent)):
        return path.parent.parent
    if (npz_frames.is_part(path) or tracker_frames.is_part(path)) and folder_layout(Place(path.parent)):
        return path.parent
    return path


def _without_suffix(path: Path) -> Path:
    """The file that a path without suffix stands for."""
    arrays = (path.with_name(f"{path.name}{suffix}") for suffix in ("-AllInOne.npy", ".npy"))
    found = resolve_stem(path) or next((array for array in arrays if storage.is_file(array)), None)
    if found is None:
        raise SequenceError(f"{path}: does not exist; expected a folder or file of FLAME codes.")
    return found


def _refusal(place: Place) -> SequenceError:
    """The sentence that says why there is no clip at a place."""
    path = place.path
    if storage.is_folder(path) and not threedxtalker.CODES.intersection(place.names):
        return SequenceError(f"{path}: holds no talking-head sequence; name a sequence, or a folder above some.")
    if storage.is_folder(path):
        return SequenceError(
            f"{path}: has no {threedxtalker.MARKER}; expected a 3DXTalker folder, which holds the expression codes in "
            "it."
        )
    if place.data is not None:
        return refusal_of_pickle(place)
    foreign = describe(place.head)
    if foreign or (place.head.startswith(ZIP_MAGIC) and place.npz is None):
        what, advice = foreign or TORCH
        return SequenceError(f"{path}: is {what}; {advice}.")
    if place.npz is not None and "v_template" in place.npz.keys:
        return SequenceError(f"{path}: is a face model; name it as the model, and a sequence of codes here.")
    if place.npz is not None:
        start_draft(place.npz)  # says what it lacks
    if place.head.startswith(NPY_MAGIC):
        return _refusal_of_array(path)
    return SequenceError(
        f"{path}: is neither .npy nor .npz, nor a .pc2; expected FLAME codes as numpy saves them, or vertices."
    )


def _refusal_of_array(path: Path) -> SequenceError:
    """What a single array is instead of codes. Raises SequenceError where it is broken."""
    array = open_npy(path)
    refuse_joined(array, str(path))
    shape = array.shape
    if named_all_in_one(path):
        expected = "expected (T, 284), or (T, 334) with texture"
    elif len(shape) == 3 and shape[-1] == 3 and array.dtype.kind == "f":
        expected = (
            "which are points of no mesh that is known; expected FLAME's 5,023 vertices, or those of another model in "
            "a file named vertices.npy"
        )
    elif len(shape) in (3, 4) and array.dtype.kind == "u":
        expected = "which is a picture; expected FLAME codes"
    else:
        expected = "which does not say what it holds; expected (T, 284), or the array as expcode.npy in a folder"
    return SequenceError(f"{path}: has shape {shape}, {expected}.")
