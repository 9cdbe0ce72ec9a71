"""Albedo spaces in FLAME's texture coordinates, which users have from elsewhere.

`FLAME_albedo_from_BFM.npz` is what the texture codes of EMOCA and DECA mean; `FLAME_texture.npz` has a basis of its
own, in which those codes mean nothing. Both hold BGR with the first row at v = 1. Decoded as in FLAMETex of
DECA:decalib/models/FLAME.py and emoca:gdl/models/DecaFLAME.py: mean + basis . codes at 512 x 512, then every other
texel, then RGB.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError, SequenceError
from ..formats.arrays import read_header
from .albedo import Albedo

BFM: Final = "FLAME_albedo_from_BFM.npz"
FLAME_TEXTURE: Final = "FLAME_texture.npz"
FLAME_UVS: Final = 5118  # texture coordinates of FLAME's own layout
CODES: Final = 50  # texture codes of DECA and EMOCA
SIZE: Final = 256  # of the decoded texture: nearest neighbours of the file's
# The mean, its basis, and what white is in them.
_KEYS: Final = (("MU", "PC", 1.0), ("mean", "tex_dir", 255.0))

Array = NDArray[np.float32]


def load_albedo(path: Path, own_codes: bool = False) -> Albedo:
    """The albedo space in one of the two files; nearest neighbours at 256 x 256, RGB, the first 50 columns.

    own_codes : the codes were fitted with `FLAME_texture.npz` itself. Without it that file gives its mean alone, since
    all texture codes that are about (DECA's, EMOCA's, 3DXTalker's) are the other file's.

    Raises ModelError.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            keys = next((keys for keys in _KEYS if {*keys[:2]} <= members.keys()), None)
            if keys is None:
                raise ModelError(
                    f"{path}: holds {', '.join(list(members)[:6])}; expected MU and PC ({BFM}) or mean and tex_dir "
                    f"({FLAME_TEXTURE})."
                )
            mean_key, basis_key, white = keys
            with archive.open(members[mean_key]) as file:
                mean = _read_whole(file, members[mean_key].file_size, f"{path}, key {mean_key!r}")
            side = round((mean.size / 3) ** 0.5)
            if mean.size != 3 * side * side or side % SIZE:
                raise ModelError(f"{path}: {mean_key} holds {mean.size} numbers; expected 512 x 512 x 3 of them.")
            basis = np.zeros((0, SIZE, SIZE, 3), np.float32)
            if white == 1.0 or own_codes:
                with archive.open(members[basis_key]) as file:
                    basis = _read_basis(file, members[basis_key].file_size, f"{path}, key {basis_key!r}", side)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror or error}); name another file.") from None
    except zipfile.BadZipFile:
        raise ModelError(f"{path}: is no .npz, or a broken one; expected {BFM} or {FLAME_TEXTURE}.") from None
    except (ValueError, EOFError, SequenceError, NotImplementedError) as error:
        raise ModelError(f"{path}: is not a texture space or is broken ({error}); get the file again.") from None
    step = side // SIZE
    texels = mean.reshape(side, side, 3)[::step, ::step, ::-1]
    names = tuple(f"{path.stem} {column + 1}" for column in range(len(basis)))
    return Albedo(np.ascontiguousarray(texels / white, np.float32), basis / np.float32(white), names)


def read_texture_coordinates(path: Path) -> dict[str, NDArray[Any]]:
    """`vt` and `ft` where `FLAME_texture.npz` has them; empty otherwise."""
    with np.load(path, allow_pickle=False) as file:
        return {key: file[key] for key in ("vt", "ft") if key in file.files}


def _read_whole(file: IO[bytes], size: int, where: str) -> NDArray[Any]:
    dtype, shape, _ = read_header(file, size, where)
    return np.frombuffer(file.read(), dtype, int(np.prod(shape)))


def _read_basis(file: IO[bytes], size: int, where: str, side: int) -> Array:
    """(CODES, SIZE, SIZE, 3) RGB of a basis with a row a texel and channel; the rest is passed over unread.

    The file is over a gigabyte, of which a thirtieth is used: it is taken a picture's row at a time.
    """
    dtype, shape, fortran = read_header(file, size, where)
    columns = shape[-1]
    if np.prod(shape[:-1]) != 3 * side * side or dtype.kind != "f" or (fortran and len(shape) != 2):
        raise ValueError(f"{where} is {dtype} {shape}; expected {3 * side * side} rows of floating-point numbers")
    used, step = min(CODES, columns), side // SIZE
    blocks = _columns(file, dtype, side, used, step) if fortran else _rows(file, dtype, side, columns, used, step)
    basis = np.empty((used, SIZE, SIZE, 3), np.float32)
    for where_to, block in blocks:
        basis[where_to] = block
    return basis


def _rows(
    file: IO[bytes], dtype: np.dtype[Any], side: int, columns: int, used: int, step: int
) -> Iterator[tuple[Any, Array]]:
    """Rows of the picture, each with all columns of the basis next to each other."""
    length = side * 3 * columns * dtype.itemsize
    for row in range(side):
        data = file.read(length)
        if row % step == 0:
            block = np.frombuffer(data, dtype).reshape(side, 3, columns)[::step, ::-1, :used]
            yield np.s_[:, row // step], np.moveaxis(block, -1, 0).astype(np.float32)


def _columns(file: IO[bytes], dtype: np.dtype[Any], side: int, used: int, step: int) -> Iterator[tuple[Any, Array]]:
    """Whole pictures, one column of the basis after the other."""
    for column in range(used):
        picture = np.frombuffer(file.read(side * side * 3 * dtype.itemsize), dtype).reshape(side, side, 3)
        yield np.s_[column], picture[::step, ::step, ::-1].astype(np.float32)
