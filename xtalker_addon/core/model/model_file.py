"""Face models on disk: FLAME's pickles, converted .npz files, and folders that hold either with their companions."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError
from ..files.unpickle import load_pickle
from .albedo_file import FLAME_TEXTURE, read_texture_coordinates

_TEMPLATE_OBJ: Final = "head_template.obj"
_MASKS: Final = "FLAME_masks.pkl"
# What the releases and the layers of the field call the neutral model, best first.
_USUAL_NAMES: Final = (
    "generic_model.pkl",
    "FLAME_NEUTRAL.pkl",
    "flame2023.pkl",
    "flame2023_Open.pkl",
    "flame2023_no_jaw.pkl",
    "generic_model_2023.pkl",
)


def read_model_fields(path: Path) -> tuple[Mapping[str, Any], Path]:
    """Arrays under FLAME's own names, unchecked, and the file they came from.

    `path` is a .pkl, an .npz, or a folder that holds one. `head_template.obj` (UVs), `FLAME_masks.pkl` (regions) and
    `FLAME_texture.npz` (UVs) beside the file are read with it. No pickle is executed. Raises ModelError.
    """
    if path.is_dir():
        path = _model_in(path)
    if not path.is_file():
        raise ModelError(f"{path}: there is no such file; expected a FLAME .pkl, an .npz or a folder that holds one.")
    fields = dict(_read_npz(path) if zipfile.is_zipfile(path) else _read_pickle(path))
    _add_companions(fields, path)
    return fields, path


def _model_in(folder: Path) -> Path:
    for name in _USUAL_NAMES:
        if (folder / name).is_file():
            return folder / name
    models = [p for p in sorted(folder.iterdir()) if _may_be_model(p)]
    if len(models) == 1:
        return models[0]
    found = f"several: {', '.join(p.name for p in models)}; name one of them" if models else "none"
    raise ModelError(
        f"{folder}: expected one FLAME model (such as generic_model.pkl or an .npz) in it and found {found}."
    )


def _may_be_model(path: Path) -> bool:
    if path.suffix == ".npz":
        try:
            with np.load(path, allow_pickle=False) as file:
                return "v_template" in file.files
        except (OSError, ValueError, zipfile.BadZipFile):
            return False
    return path.suffix == ".pkl" and "mask" not in path.name.lower() and "embedding" not in path.name.lower()


def _read_npz(path: Path) -> Mapping[str, Any]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {key: file[key] for key in file.files}
    except Exception as error:  # numpy and zipfile raise many kinds on broken files
        raise ModelError(
            f"{path}: cannot be read as an .npz of plain arrays ({error}); expected a FLAME model."
        ) from error


def _read_pickle(path: Path) -> Mapping[str, Any]:
    content = load_pickle(path)
    if not isinstance(content, dict):
        raise ModelError(f"{path}: holds a {type(content).__name__}; expected the dictionary of a FLAME model.")
    return content  # pyright: ignore[reportUnknownVariableType]


def _add_companions(fields: dict[str, Any], path: Path) -> None:
    """UVs and regions from the files that lie beside a model, where they fit it."""
    template, masks = path.with_name(_TEMPLATE_OBJ), path.with_name(_MASKS)
    if "vt" not in fields and template.is_file():
        vt, ft, f = _read_obj_uv(template)
        if np.array_equal(f, np.asarray(fields.get("f"), np.int64)):
            fields |= {"vt": vt, "ft": ft}
    texture = path.with_name(FLAME_TEXTURE)
    if "vt" not in fields and texture.is_file():
        coordinates = read_texture_coordinates(texture)
        if len(coordinates.get("ft", ())) == len(np.asarray(fields.get("f"))):
            fields |= coordinates
    if masks.is_file():
        regions = load_pickle(masks)
        if isinstance(regions, dict):
            fields |= {f"region_{name}": ids for name, ids in regions.items()}  # pyright: ignore[reportUnknownVariableType]


def _read_obj_uv(path: Path) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """UVs (U, 2), their faces and the mesh's faces (F, 3) of a triangulated .obj. Its positions are not FLAME's."""
    uv: list[list[str]] = []
    corners: list[list[str]] = []
    for line in path.read_text("utf-8", errors="replace").splitlines():
        words = line.split()
        if words[:1] == ["vt"]:
            uv.append(words[1:3])
        elif words[:1] == ["f"]:
            corners.append([part for word in words[1:4] for part in word.split("/")[:2]])
    try:
        faces = np.array(corners, np.int64).reshape(-1, 3, 2) - 1
        return np.array(uv, np.float32), faces[..., 1], faces[..., 0]
    except ValueError as error:
        raise ModelError(
            f"{path}: expected triangles with UVs (lines 'f v/vt v/vt v/vt'); remove or mend it."
        ) from error


def checked_array(
    fields: Mapping[str, Any], key: str, expected: tuple[int | None, ...], source: Path
) -> NDArray[np.float32]:
    array = np.asarray(fields.get(key))
    fits = array.ndim == len(expected) and all(e in (None, s) for e, s in zip(expected, array.shape, strict=True))
    if not fits or array.dtype.kind not in "fiu":
        shown = ", ".join("any" if size is None else str(size) for size in expected)
        raise ModelError(f"{source}: {key} is {array.dtype} {array.shape}; expected numbers of shape ({shown}).")
    array = np.ascontiguousarray(array, np.float32)
    if not np.isfinite(array).all():
        raise ModelError(f"{source}: {key} holds numbers that are not finite; get the model file again.")
    return array


def checked_indices(
    fields: Mapping[str, Any], key: str, expected: tuple[int | None, ...], limit: int, source: Path
) -> NDArray[np.int32]:
    indices = checked_array(fields, key, expected, source)
    if indices.size and not (indices.min() >= 0 and indices.max() < limit):
        raise ModelError(f"{source}: {key} refers to vertices beyond the {limit} that the model has.")
    return indices.astype(np.int32)


def column_names(fields: Mapping[str, Any], key: str, count: int) -> tuple[str, ...]:
    names = tuple(str(name) for name in np.asarray(fields.get(key, ())).ravel())
    return names if len(names) == count else ()
