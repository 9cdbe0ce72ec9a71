"""Clips in pickles and files of torch.save, which are read as data and never run.

EMOTE and SHOW / TalkSHOW (a dictionary of arrays), gaussian-dejavu (the same in an .npy), ARTalk (one tensor),
GAGAvatar_track and EHM-Tracker / GUAVA (a dictionary a frame).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast

from ...errors import SequenceError
from ..files import storage
from ..files.data_pickle import DataFile, NoClipError
from . import columns
from .arrays import Array, ObjectArrayError
from .code_keys import draft_codes, expression_key, fill, keys_read
from .codes_npz import outline_codes
from .draft import Draft
from .frames import Stack, numbered, one_identity, stack, start_draft
from .head_pose import add_pytorch3d_pose
from .layout import Layout, Outline, Place
from .smplx_npz import draft_body, is_body, usual_fps

Record = Mapping[str, object]

_NUMBER: Final = re.compile(r".*?(\d+)", re.DOTALL)
_NAMES: Final = {"eyecode": "eyes"}  # what GAGAvatar_track calls it: what the others call it
_TRANSFORM: Final = "transform_matrix"
_GAGAVATAR_SCALE: Final = 5.0  # by which its heads are larger than FLAME's
_COEFFICIENTS: Final = "flame_coeffs"
_SHARED: Final = "id_share_params.pkl"  # EHM-Tracker's, beside the frames: what all of them have in common


class PickledArrays:
    """The arrays of a dictionary in a pickle, under the keys that other layouts have for them."""

    def __init__(self, data: DataFile, record: Record) -> None:
        self.path, self._data = data.path, data
        self._values = {_NAMES.get(key, key): value for key, value in record.items()}
        self.keys = tuple(self._values)

    def where(self, key: str) -> str:
        """How a message names the array `key`."""
        return f"{self.path}, key {key!r}"

    def shape(self, key: str) -> tuple[int, ...]:
        """The shape of the array `key`; () where it is none."""
        return self._data.shape(self._values[key]) or ()

    def read(self, key: str) -> Array:
        """The array `key`. Raises SequenceError where it is none."""
        if self._values[key] is None:
            raise ObjectArrayError(f"{self.where(key)}: is None; expected an array.")
        return self._data.array(self._values[key], self.where(key))


def _record(value: object) -> Record:
    return cast(Record, value) if isinstance(value, dict) else {}


def _first_frame(content: Record) -> Record:
    """The codes of the first frame, where the content is a dictionary a frame; empty where it is not."""
    name = next((name for name in content if _NUMBER.fullmatch(name)), None)
    return _codes_of(_record(content[name])) if name else {}


def _codes_of(frame: Record) -> Record:
    return _record(frame[_COEFFICIENTS]) if _COEFFICIENTS in frame else frame


def _holds(place: Place) -> bool:
    try:
        data = place.data
    except NoClipError:
        return False
    if data is None:
        return False
    content = _record(data.content)
    if not content:
        return columns.fits(data.shape(data.content))
    whole = PickledArrays(data, content)
    key = expression_key(whole)
    if key is not None:
        return len(whole.shape(key)) in (2, 3)
    return expression_key(PickledArrays(data, _first_frame(content))) is not None


def _read(place: Place) -> Draft:
    data = place.data
    assert data
    content = _record(data.content)
    if not content:
        return columns.draft_columns(data.path, data.array(data.content, str(data.path)))
    arrays = PickledArrays(data, content)
    if expression_key(arrays) is None:
        return _read_frames(data, content)
    return draft_body(arrays) if is_body(arrays) else draft_codes(arrays)


def _read_frames(data: DataFile, content: Record) -> Draft:
    frames = numbered(content, _NUMBER)
    assert frames
    others = [name for name in content if name not in frames.names]
    first = PickledArrays(data, _codes_of(_record(content[frames.names[0]])))
    turned = _TRANSFORM in first.keys
    wanted = [*keys_read(first), *([_TRANSFORM] if turned else [])]

    def read(name: str) -> Mapping[str, Array]:
        codes = PickledArrays(data, _codes_of(_record(content[name])))
        return {key: codes.read(key) for key in wanted if key in codes.keys}

    arrays = stack(frames, read, wanted, data.path)
    draft = start_draft(data.path, frames)
    draft.leave_out(others, "no frame by its name")
    draft.leave_out(_beside_codes(content[frames.names[0]]), "of the body, the hands or the picture")
    draft.leave_out(["camera_RT_params"] if "camera_RT_params" in first.keys else [], "of the camera, not of the face")
    _add_shared_identity(draft, data.path)
    if turned:
        add_pytorch3d_pose(
            draft,
            arrays[_TRANSFORM][..., :3],
            arrays[_TRANSFORM][..., 3] / _GAGAVATAR_SCALE,
            first.where(_TRANSFORM),
        )
        draft.used.add(_TRANSFORM)
    fill(draft, Stack(data.path, first.keys, {key: first.shape(key) for key in first.keys}, arrays))
    one_identity(draft)
    return draft


def _beside_codes(frame: object) -> list[str]:
    record = _record(frame)
    return [key for key in record if key != _COEFFICIENTS] if _COEFFICIENTS in record else []


def _add_shared_identity(draft: Draft, path: Path) -> None:
    """EHM-Tracker keeps the identity of all frames in a file beside them."""
    shared = path.with_name(_SHARED)
    if not storage.is_file(shared):
        return
    data = DataFile(shared)
    shape = _record(data.content).get("flame_shape")
    if shape is not None:
        where = f"{shared}, key 'flame_shape'"
        draft.add("shape", data.array(shape, where).reshape(-1), where)


def _outline(place: Place) -> Outline:
    """Frames by what the file says of its arrays, which are not read."""
    data = place.data
    assert data
    content = _record(data.content)
    arrays = PickledArrays(data, content)
    key = expression_key(arrays)
    if key:
        return outline_codes(arrays, usual_fps(arrays))
    frames = numbered(content, _NUMBER)
    if frames:
        return Outline(len(frames.rows))
    return columns.outline(data.shape(data.content) or (0, 0))


def refusal(place: Place) -> SequenceError:
    """What a pickle holds instead of codes."""
    data = place.data
    assert data
    content = _record(data.content)
    shape = data.shape(data.content)
    named = [f"{key[:40]} {data.shape(value) or ''}".rstrip() for key, value in content.items()]
    found = f"an array of shape {shape}" if shape is not None else ", ".join(named[:8]) or "something else"
    return SequenceError(
        f"{place.path}: is {'a PyTorch file' if data.is_torch else 'a pickle'} without FLAME codes; expected a "
        f"dictionary with exp (T, n), pose and others, found {found}."
    )


LAYOUT: Final = Layout(
    "EMOTE, SHOW / TalkSHOW, gaussian-dejavu, ARTalk .pt, GAGAvatar_track, EHM-Tracker / GUAVA",
    (".pkl", ".pickle", ".pt", ".npy"),
    _holds,
    _read,
    _outline,
)
