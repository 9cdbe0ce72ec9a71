"""Codes under the names that EMOCA, DECA, SMIRK, VHAP, DiffPoseTalk, ViBES and others give them, wherever they lie."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from ...errors import SequenceError
from ..sequence import UNKNOWN_KEY
from .arrays import Array, NpzFile, ObjectArrayError
from .draft import Draft
from .naming import named_place, sound_of

# Field: the keys it goes by, in lower case; the first one present counts.
_KEYS: Final = {
    "expression": ("exp", "expr", "expression", "expressions", "expcode", "expression_params"),
    "shape": ("shape", "shapecode", "betas", "shape_params"),
    "global_rotation": (
        "global_orient",
        "global_rotation",
        "global_pose",
        "globalpose",
        "rotation",
        "root_pose",
        "head_pose",
    ),
    "neck": ("neck_pose", "neck", "neckpose", "neck_pose_params"),
    "jaw": ("jaw_pose", "jaw", "jawpose", "jaw_params"),
    "eyes": ("eyes_pose", "eyes", "eye_pose", "eyepose", "eye_pose_params"),
    "translation": ("translation", "transl", "trans"),
    "eyelids": ("eyelids", "eyelid_params"),
    "camera": ("cam", "camera"),
    "light": ("light", "lightcode"),
    "texture": ("tex", "texcode", "texture"),
    "detail": ("detail", "detailcode"),
}
_POSE_KEYS: Final = ("pose", "posecode", "poses", "full_pose", "pose_params")
_FPS_KEYS: Final = ("fps", "mocap_frame_rate", "mocap_framerate", "frame_rate", "framerate")
FITTED_TO: Final = "fitted_model"
_MARK_LENGTH: Final = 100
_SINGLE_EYES: Final = ("leye_pose", "reye_pose")
# What is known and of no use, with the reason.
_LEFT_OUT: Final[Mapping[str, tuple[str, ...]]] = {
    "offsets of vertices, which codes cannot express": ("static_offset", "dynamic_offset"),
    "light and texture of another kind than the codes have": ("lights", "tex_extra", "tex_painted"),
    "of the camera or the picture, not of the face": (
        *("focal_length", "image_size", "k", "rt", "r", "t", "intrinsics", "extrinsics", "world_mat", "img", "parsing"),
        *("bbox", "lmks", "lmks_dense", "lmks_68", "lmks_mp", "fov", "camera_transl", "camera_rotation", "images"),
        *("img_size", "crop_size", "fx", "fy", "cx", "cy", "extr", "resolutions"),
    ),
    "how far the face is from the vertices that it was fitted to": ("distance_mean_mm", "distance_largest_mm"),
    "numbers and names of frames": ("timestep_id", "frame", "frames", "view", "n_processed_frames", "n_processed"),
    "says nothing of the face": ("model", "gender", "surface_model_type", "mocap_time_length"),
}
_REASONS: Final = {key: reason for reason, keys in _LEFT_OUT.items() for key in keys}


class CodeArrays(Protocol):
    """Arrays under keys: an .npz, the frames of a folder, what was in a pickle."""

    @property
    def path(self) -> Path:
        """Where they lie."""
        ...

    @property
    def keys(self) -> tuple[str, ...]:
        """All that are there, known or not."""
        ...

    def where(self, key: str) -> str:
        """How a message names an array."""
        ...

    def shape(self, key: str) -> tuple[int, ...]:
        """Its shape. Raises SequenceError."""
        ...

    def read(self, key: str) -> Array:
        """The array itself. Raises SequenceError."""
        ...


def find_key(arrays: CodeArrays, names: tuple[str, ...]) -> str | None:
    """The first of `names` that is there, as it is spelt there."""
    lower = {key.lower(): key for key in arrays.keys}
    return next((lower[name] for name in names if name in lower), None)


def expression_key(arrays: CodeArrays) -> str | None:
    """The key of the expression codes; without one there is no clip."""
    return find_key(arrays, _KEYS["expression"])


def start_draft(arrays: CodeArrays) -> Draft:
    """A draft with its rate and the sound beside it. Raises SequenceError where there is no expression."""
    if expression_key(arrays) is None:
        raise SequenceError(
            f"{arrays.path}: has neither expression codes nor vertices; expected one of the keys "
            f"{', '.join(_KEYS['expression'])}, verts or vertices, found {', '.join(arrays.keys[:12]) or 'none'}."
        )
    draft = Draft(named_place(arrays.path).name, arrays.path)
    draft.audio = sound_of(arrays.path)
    settle_rate(draft, arrays)
    return draft


def settle_rate(draft: Draft, arrays: CodeArrays) -> None:
    """Take the rate that the arrays tell, if they do."""
    key = find_key(arrays, _FPS_KEYS)
    if key is None:
        return
    draft.used.add(key)
    draft.read_fps(lambda: arrays.read(key), arrays.where(key))


def fitted_model(npz: NpzFile) -> str:
    """The mark of the model on which `xtalker fit` found the codes of an archive; '' where it tells none.

    Raises SequenceError where the archive is broken.
    """
    try:
        mark = npz.read(FITTED_TO) if FITTED_TO in npz.keys else np.array(0)
    except ObjectArrayError:
        return ""
    return " ".join(str(mark.item()).split())[:_MARK_LENGTH] if mark.dtype.kind == "U" and mark.size == 1 else ""


def add_codes(draft: Draft, arrays: CodeArrays, names: Collection[str] = tuple(_KEYS)) -> None:
    """Give the draft those fields, of `names`, that lie under one of their usual keys and are not there yet."""
    for name in names:
        key = find_key(arrays, _KEYS[name])
        if key is None or name in draft.fields or key in draft.used:
            continue
        try:
            array = arrays.read(key)
        except ObjectArrayError as fault:
            draft.spare(name, fault)
            draft.used.add(key)
            continue
        if name == "texture" and array.ndim == 1:
            draft.leave_out([key], "one code for the whole clip")
        elif name == "camera" and array.shape[-1:] != (3,):
            draft.leave_out([key], "a camera of another kind than the crop's scale and shift")
        else:
            draft.used.add(key)
            draft.add(name, array, arrays.where(key))


def add_rotations(draft: Draft, arrays: CodeArrays) -> None:
    """Give the draft the turns that lie under one key for several joints, or for one eye; those set before stay."""
    left, right = (find_key(arrays, (name,)) for name in _SINGLE_EYES)
    if left and right and "eyes" not in draft.fields:
        draft.used |= {left, right}
        draft.add("eyes", _side_by_side(arrays, left, right), f"{arrays.where(left)} and {right!r}")
    pose = find_key(arrays, _POSE_KEYS)
    if pose:
        draft.used.add(pose)
        draft.add_pose(arrays.read(pose), arrays.where(pose))


def account_for(draft: Draft, keys: Iterable[str]) -> None:
    """Say of every key that was not used why: known and of no use, another name of what was used, or unknown."""
    for key in keys:
        if key in draft.used:
            continue
        twin = next((name for name, keys in _KEYS.items() if key.lower() in keys and name in draft.fields), None)
        reason = _REASONS.get(key.lower(), f"{draft.origins[twin]} was taken" if twin else UNKNOWN_KEY)
        draft.leave_out([key], reason)


def draft_codes(arrays: CodeArrays) -> Draft:
    """The clip in `arrays`, and the sound beside it. Raises SequenceError where there are no expression codes."""
    draft = start_draft(arrays)
    fill(draft, arrays)
    return draft


def fill(draft: Draft, arrays: CodeArrays) -> None:
    """Give the draft all that `arrays` hold, and account for the rest."""
    add_codes(draft, arrays)
    add_rotations(draft, arrays)
    account_for(draft, arrays.keys)


def keys_read(arrays: CodeArrays) -> list[str]:
    """The keys that `fill` may read."""
    names = {name for keys in (*_KEYS.values(), _POSE_KEYS, _SINGLE_EYES) for name in keys}
    return [key for key in arrays.keys if key.lower() in names]


def _side_by_side(arrays: CodeArrays, left: str, right: str) -> Array:
    eyes = [arrays.read(key) for key in (left, right)]
    if eyes[0].ndim != 2 or eyes[0].shape != eyes[1].shape:
        raise SequenceError(
            f"{arrays.where(left)}: has shape {eyes[0].shape} and {right!r} {eyes[1].shape}; expected (T, 3) in both."
        )
    return np.concatenate(eyes, axis=1)
