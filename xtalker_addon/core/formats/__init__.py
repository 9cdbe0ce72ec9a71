"""Reads talking-head clips in every layout that people hold them in, told apart by what the files contain."""

from __future__ import annotations

from pathlib import Path

from ...errors import SequenceError
from ..files import storage
from ..sequence import Sequence
from . import emoca_results, npz_frames, threedxtalker, tracker_frames
from .draft import Draft
from .find import find_sequences
from .layout import Place
from .layouts import file_layout, folder_layout
from .naming import sound_in
from .refusals import refusal_of_file, refusal_of_folder
from .webtalk import resolve_stem

__all__ = ["clip_of", "find_sequences", "read_sequence", "refusal_of_folder"]


def read_sequence(path: Path | str, fps: float | None = None, truth: Path | None = None) -> Sequence:
    """The clip at `path`: a folder or a file in any layout (see `layouts`), or the latter without its suffix.

    fps: frames a second where the user says so; else those of the file or of its layout, those that the sound beside
    it tells, or 25. truth: the tree that has the sound of this prediction. No pickle is ever loaded. Raises
    SequenceError, one sentence with file, field, what was found and expected.
    """
    place = _place_of(storage.as_folder(Path(path)))
    layout = folder_layout(place) if storage.is_folder(place.path) else file_layout(place)
    if layout is None:
        raise refusal_of_folder(place.path) if storage.is_folder(place.path) else refusal_of_file(place)
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
