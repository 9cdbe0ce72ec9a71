"""Says why there is no clip at a place: what a file is instead, and what all the files of a folder are."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Final

from ...errors import SequenceError
from ..arkit.names import NAMES, known
from ..files import storage
from ..files.foreign import NPY_MAGIC, TORCH, ZIP_MAGIC, describe, is_text
from ..files.lmdb import DATA
from . import threedxtalker
from .all_in_one import named_all_in_one
from .arrays import open_npy
from .code_keys import start_draft
from .draft import refuse_joined
from .layout import Place
from .pickled import refusal as refusal_of_pickle
from .unit_table import header_of

_MANY: Final = 20_000  # names that are looked at
_KINDS: Final = 3  # that a sentence tells of


def refusal_of_file(place: Place) -> SequenceError:
    """What a file is instead of a clip."""
    try:
        if place.data is not None:
            return refusal_of_pickle(place)
        foreign = describe(place.head)
        if foreign or (place.head.startswith(ZIP_MAGIC) and place.npz is None):
            what, advice = foreign or TORCH
            return SequenceError(f"{place.path}: is {what}; {advice}.")
        if place.npz is not None and "v_template" in place.npz.keys:
            return SequenceError(f"{place.path}: is a face model; name it as the model, and a sequence of codes here.")
        if place.npz is not None:
            start_draft(place.npz)  # says what it lacks
        if place.head.startswith(NPY_MAGIC):
            return _refusal_of_array(place.path)
    except SequenceError as error:
        return error
    if place.path.suffix.lower() == ".csv":
        return SequenceError(
            f"{place.path}: has none of ARKit's 52 units in its first row; expected their names there, such as JawOpen "
            "and EyeBlinkLeft."
        )
    if any(known(name) for name in header_of(place.path) or ()):
        return SequenceError(f"{place.path}: is a table of ARKit's units; give it a name that ends in .csv.")
    return SequenceError(
        f"{place.path}: is {'text' if is_text(place.head) else 'of no known kind'}; expected FLAME codes (.npz, .npy, "
        ".pkl, .pt, .json, .hdf5, .safetensors), vertices (.npy, .npz, .pc2) or ARKit's units (.csv, .json, .npz)."
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
    elif len(shape) == 2 and shape[1] == len(NAMES):
        expected = "which may be ARKit's 52 units; save them as an .npz with names (52) and weights (T, 52)"
    elif len(shape) in (3, 4) and array.dtype.kind == "u":
        expected = "which is a picture; expected FLAME codes"
    else:
        expected = "which does not say what it holds; expected (T, 284), or the array as expcode.npy in a folder"
    return SequenceError(f"{path}: has shape {shape}, {expected}.")


def refusal_of_folder(folder: Path) -> SequenceError:
    """Why none of a folder's files is a clip: each kind of file once, with the reason of the first, and how many."""
    if threedxtalker.CODES.intersection(Place(folder).names):
        return SequenceError(
            f"{folder}: has no {threedxtalker.MARKER}; expected a 3DXTalker folder, which holds the expression codes "
            "in it."
        )
    if DATA in Place(folder).names:
        return _refusal_of_database(folder)
    counts, first = Counter[tuple[str, bool]](), dict[tuple[str, bool], Path]()
    for path in _files_below(folder):
        kind = path.suffix.lower(), path.is_file() and not path.stat().st_size
        counts[kind] += 1
        first.setdefault(kind, path)
    if not counts:
        return SequenceError(f"{folder}: holds no talking-head sequence; name a sequence, or a folder above some.")
    kinds = [_kind(kind[0], count, first[kind]) for kind, count in counts.most_common(_KINDS)]
    more = len(counts) - len(kinds)
    others = f"; {more} more kinds of files" if more > 0 else ""
    return SequenceError(
        f"{folder}: holds no talking-head sequence: {'; '.join(kinds)}{others}; name a sequence, or a folder above "
        "some."
    )


def _refusal_of_database(folder: Path) -> SequenceError:
    """What is in a database instead of clips."""
    try:
        files, folders = storage.list_packed(folder)
    except SequenceError as error:
        return error
    found = ", ".join(repr(name[:40]) for name in [*files, *folders][:3]) or "none"
    return SequenceError(
        f"{folder / DATA}: is an LMDB database of records that are not known (such as {found}); expected TFHP's, as "
        "DiffPoseTalk packs them, or UniLS', .npz with motioncode (T, 112)."
    )


def _kind(suffix: str, count: int, path: Path) -> str:
    reason = str(refusal_of_file(Place(path))).removeprefix(f"{path}").lstrip(":, ").rstrip(".")
    names = f"{suffix} files" if suffix else "files without suffix"
    return f"{path.name} {reason}" if count == 1 else f"each of {count:,} {names}, as {path.name}, {reason}"


def _files_below(folder: Path) -> list[Path]:
    """Files in and below a folder, in order, hidden ones left out; so many at most."""
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(place, name) for name in sorted(names) if not name.startswith(".")]
        if len(found) > _MANY:
            break
    return found
