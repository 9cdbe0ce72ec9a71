"""Reads talking-head clips in every layout that people hold them in, told apart by what the files contain."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ...errors import SequenceError
from ..files.foreign import NPY_MAGIC, ZIP_MAGIC
from ..sequence import Sequence
from . import predictions, threedxtalker, vertices
from .all_in_one import is_all_in_one, named_all_in_one, read_all_in_one
from .arrays import NpzFile, open_npy, read_head
from .codes_npz import expression_key
from .find import find_sequences
from .smplx_npz import is_smplx, read_smplx
from .threedxtalker import read_folder
from .webtalk import read_codes, resolve_stem

__all__ = ["find_sequences", "read_sequence"]

_TOKEN_WIDTHS: Final = (106, 108, 112)  # ARTalk, its newer training code, ViBES


def read_sequence(path: Path | str) -> Sequence:
    """The clip at `path`: a 3DXTalker folder or a file in it, an .npz or .npy, or the latter without suffix; a .pc2.

    No pickle is ever loaded. Raises SequenceError, one sentence with file, field, what was found and expected.
    """
    path = Path(path)
    if path.is_dir():
        return _read_directory(path)
    if not path.exists():
        path = _without_suffix(path)
    if path.name in threedxtalker.FILES and (path.parent / threedxtalker.MARKER).exists():
        return read_folder(path.parent)
    if path.name in predictions.FILES:
        return predictions.read_prediction(path)
    head = read_head(path)
    if head.startswith(ZIP_MAGIC):
        return _read_npz(NpzFile(path))
    if head.startswith(NPY_MAGIC):
        return _read_npy(path)
    if head.startswith(vertices.PC2_MAGIC):
        return vertices.read_pc2(path)
    raise SequenceError(
        f"{path}: is neither .npy nor .npz, nor a .pc2; expected FLAME codes as numpy saves them, or vertices."
    )


def _read_directory(folder: Path) -> Sequence:
    if not (folder / threedxtalker.MARKER).exists():
        if predictions.is_sample({path.name for path in folder.iterdir()}):
            return predictions.read_prediction(folder)
        found = find_sequences(folder)
        if len(found) == 1 and found[0] != folder:
            return read_sequence(found[0])
        if found and found != [folder]:
            raise SequenceError(
                f"{folder}: holds {len(found)} sequences; expected one, such as {found[0].relative_to(folder)}."
            )
    return read_folder(folder)


def _without_suffix(path: Path) -> Path:
    """The file that a path without suffix stands for."""
    arrays = (path.with_name(f"{path.name}{suffix}") for suffix in ("-AllInOne.npy", ".npy"))
    found = resolve_stem(path) or next((array for array in arrays if array.is_file()), None)
    if found is None:
        raise SequenceError(f"{path}: does not exist; expected a folder or file of FLAME codes.")
    return found


def _read_npz(npz: NpzFile) -> Sequence:
    key = vertices.vertex_key(npz) if expression_key(npz) is None else None
    if key is not None:
        return vertices.read_npz(npz, key)
    return read_smplx(npz) if is_smplx(npz) else read_codes(npz)


def _read_npy(path: Path) -> Sequence:
    """A single array: all codes in one, vertices, or the sentence that says what it is instead."""
    array = open_npy(path)
    shape = array.shape
    if is_all_in_one(shape):
        return read_all_in_one(path, array)
    if named_all_in_one(path):
        expected = "expected (T, 284), or (T, 334) with texture"
    elif vertices.is_vertices(path, shape) or (len(shape) == 3 and shape[-1] == 3 and array.dtype.kind == "f"):
        return vertices.read_array(path, array)
    elif len(shape) in (3, 4) and array.dtype.kind == "u":
        expected = "which is a picture; expected FLAME codes"
    elif len(shape) == 2 and shape[1] in _TOKEN_WIDTHS:
        expected = (
            "which are the motion tokens of ARTalk or ViBES; expected codes as .npz with exp (T, 100) and pose (T, 6)"
        )
    else:
        expected = "which does not say what it holds; expected (T, 284), or the array as expcode.npy in a folder"
    raise SequenceError(f"{path}: has shape {shape}, {expected}.")
