"""Clips in one JSON file: LAM, IMavatar / PointAvatar, HRAvatar, DECA's code.json, GaussianAvatars' transforms.json.

All but LAM's hold a record a frame; the records become arrays (T, n) under the keys that all layouts share.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, cast

import numpy as np

from ...errors import SequenceError
from .arrays import Array
from .code_keys import expression_key, fill, keys_read, settle_rate
from .draft import Draft
from .frames import Stack, numbered, one_identity, stack, start_draft
from .json_numbers import numbers
from .layout import Layout, Place
from .npz_frames import draft_frames

Json = Mapping[str, Any]

LAM_FPS: Final = 30.0
_NUMBER: Final = re.compile(r".*?(\d+)(?:\.\w+)?", re.DOTALL)
# What a project calls it: what the others call it.
_NAMES: Final = {"fullposecode": "pose"}
# Keys of frames and clips that tell of the picture: nothing of them can move a face.
_PICTURE: Final = ("file_path", "world_mat", "bbox", "flame_keypoints", "intrinsics", "seg_cls_name", "seg_cls")


def _records_in(data: Json, key: str) -> list[dict[str, Any]]:
    """The records under a key that holds a list of them; none where it holds something else."""
    items = data.get(key)
    listed = cast(list[Any], items) if isinstance(items, list) else []
    return cast(list[dict[str, Any]], listed) if all(isinstance(item, dict) for item in listed) else []


def _first_in(data: Json, key: str) -> dict[str, Any]:
    records = _records_in(data, key)
    return records[0] if records else {}


def _has_expression(record: object) -> bool:
    return isinstance(record, dict) and expression_key(_keys_alone(cast(Json, record))) is not None


def _keys_alone(record: Json) -> Stack:
    return Stack(Path(), [_NAMES.get(key, key) for key in record], {}, {})


def _is_lam(data: Json) -> bool:
    """An array for the whole clip under each key, but the expression, which is a record of numbered values a frame."""
    return "expr0" in _first_in(data, "expr")


def _is_imavatar(data: Json) -> bool:
    """A list of records of frames."""
    return _has_expression(_first_in(data, "frames"))


def _is_keyed(data: Json) -> bool:
    """HRAvatar, DECA: records by the numbers of their frames, or by the names of their pictures."""
    return any(_NUMBER.fullmatch(name) and _has_expression(record) for name, record in data.items())


def _is_transforms(data: Json) -> bool:
    """VHAP, GaussianAvatars: pictures, each with the name of the file of its codes."""
    return "flame_param_path" in _first_in(data, "frames")


def _read_lam(data: Json, path: Path) -> Draft:
    rows = _records_in(data, "expr")
    names = [f"expr{index}" for index in range(len(rows[0]))]
    arrays = {"expr": numbers([[row.get(name) for name in names] for row in rows], f"{path}, key 'expr'")}
    for key in keys_read(_keys_alone(data)):
        if key != "expr":
            arrays[key] = numbers(data[key], f"{path}, key {key!r}")
    frames, longest = len(rows), max(len(array) for array in arrays.values() if array.ndim == 2)
    draft = start_draft(path)
    if longest == frames + 1:  # row i is of frame i + 1: in published clips jaw and expression jump together so
        arrays["expr"] = np.concatenate([arrays["expr"][:1], arrays["expr"]])
        draft.warnings.append(
            f"{path}: holds {frames} expressions and {longest} poses, as LAM writes it: its first frame has none; that "
            "of the second is shown in it."
        )
    draft.settle_fps(LAM_FPS, "layout")
    if "fps" in data:
        arrays["fps"] = numbers(data["fps"], f"{path}, key 'fps'")
    codes = Stack(path, list(data), {}, arrays)
    settle_rate(draft, codes)
    fill(draft, codes)
    return draft


def _read_imavatar(data: Json, path: Path) -> Draft:
    records = {str(record.get("file_path", index)): record for index, record in enumerate(_records_in(data, "frames"))}
    return _draft_records(path, records, {key: value for key, value in data.items() if key != "frames"})


def _read_keyed(data: Json, path: Path) -> Draft:
    records = {name: record for name, record in data.items() if _NUMBER.fullmatch(name) and _has_expression(record)}
    return _draft_records(path, records, {key: value for key, value in data.items() if key not in records})


def _draft_records(path: Path, records: Mapping[str, Json], clip: Json) -> Draft:
    """The clip of records by names that end in their frames' numbers, with what belongs to all of them."""
    frames = numbered(records, _NUMBER)
    if frames is None or len(frames.names) != len(records):
        raise SequenceError(f"{path}: names its frames without a number of its own each; expected 1.png, 2.png, ...")
    first = _keys_alone(records[frames.names[0]])
    wanted = keys_read(first)

    def read(name: str) -> Mapping[str, Array]:
        record = {_NAMES.get(key, key): value for key, value in records[name].items()}
        return {key: numbers(record[key], f"{path}, {key!r} of {name}") for key in wanted if key in record}

    arrays = stack(frames, read, wanted, path)
    shared = _keys_alone(clip)
    arrays |= {key: numbers(clip[key], f"{path}, key {key!r}") for key in keys_read(shared) if key not in arrays}
    draft = start_draft(path, frames)
    keys = list(dict.fromkeys((*first.keys, *shared.keys)))
    draft.leave_out((key for key in keys if key in _PICTURE), "of the camera or the picture, not of the face")
    fill(draft, Stack(path, keys, {}, arrays))
    one_identity(draft)
    return draft


def _read_transforms(data: Json, path: Path) -> Draft:
    """The codes of the files that the pictures name: each moment once, however many cameras saw it."""
    files: dict[str, str] = {}
    for index, record in enumerate(_records_in(data, "frames")):
        name, moment = record.get("flame_param_path"), record.get("timestep_index", index)
        file = Path(name) if isinstance(name, str) else Path("/")
        if file.is_absolute() or ".." in file.parts or not isinstance(moment, int):
            raise SequenceError(
                f"{path}: frame {index} names {str(name)[:60]!r}; expected a file of codes below its folder."
            )
        files.setdefault(str(moment), file.as_posix())
    frames = numbered(files, _NUMBER)
    if frames is None:
        raise SequenceError(f"{path}: names no file of codes; expected flame_param_path in its frames.")
    return draft_frames(path.parent, frames, files)


def _layout(
    name: str, files: tuple[str, ...], fits: Callable[[Json], bool], draft: Callable[[Json, Path], Draft]
) -> Layout:
    def read(place: Place) -> Draft:
        assert place.json
        return draft(place.json, place.path)

    return Layout(name, files, lambda place: place.json is not None and fits(place.json), read)


LAYOUTS: Final = (
    _layout("LAM flame_params.json", ("flame_params.json",), _is_lam, _read_lam),
    _layout("IMavatar / PointAvatar flame_params.json", ("flame_params.json",), _is_imavatar, _read_imavatar),
    _layout("GaussianAvatars transforms.json", (), _is_transforms, _read_transforms),
    _layout(
        "HRAvatar tracked_params.json, DECA code.json", ("tracked_params.json", "code.json"), _is_keyed, _read_keyed
    ),
)
