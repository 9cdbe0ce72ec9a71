"""Any .npz with FLAME codes under the names that EMOCA, DECA, SMIRK, VHAP, DiffPoseTalk, ViBES and others give them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

import numpy as np

from ...errors import SequenceError
from ..sequence import UNKNOWN_KEY
from .arrays import Array, NpzFile, ObjectArrayError
from .companions import find_audio, find_transcript
from .draft import Draft
from .layout import Layout, Outline, Place, frames_in

# Field: the keys it goes by, in lower case; the first one present counts.
_KEYS: Final = {
    "expression": ("exp", "expr", "expression", "expressions", "expcode", "expression_params"),
    "shape": ("shape", "shapecode", "betas", "shape_params"),
    "global_rotation": ("global_orient", "global_rotation", "global_pose", "globalpose", "rotation", "root_pose"),
    "neck": ("neck_pose", "neck", "neckpose"),
    "jaw": ("jaw_pose", "jaw", "jawpose", "jaw_params"),
    "eyes": ("eyes_pose", "eyes", "eye_pose", "eyepose"),
    "translation": ("translation", "transl", "trans"),
    "camera": ("cam", "camera"),
    "light": ("light", "lightcode"),
    "texture": ("tex", "texcode"),
    "detail": ("detail", "detailcode"),
}
_POSE_KEYS: Final = ("pose", "posecode", "poses", "full_pose", "pose_params")
FPS_KEYS: Final = ("fps", "mocap_frame_rate", "mocap_framerate", "frame_rate", "framerate")
_SINGLE_EYES: Final = ("leye_pose", "reye_pose")
_VERTEX_KEYS: Final = ("verts", "vertices")
# What is known and of no use, with the reason.
_LEFT_OUT: Final[Mapping[str, tuple[str, ...]]] = {
    "offsets of vertices, which codes cannot express": ("static_offset", "dynamic_offset"),
    "light and texture of another kind than the codes have": ("lights", "tex_extra", "tex_painted"),
    "of the camera or the picture, not of the face": (
        *("focal_length", "image_size", "k", "rt", "r", "t", "intrinsics", "extrinsics", "world_mat", "img", "parsing"),
        *("bbox", "lmks", "lmks_dense", "lmks_68", "lmks_mp", "fov", "camera_transl", "camera_rotation", "images"),
        *("img_size", "crop_size"),
    ),
    "numbers and names of frames": ("timestep_id", "frame", "frames", "view", "n_processed_frames", "n_processed"),
    "says nothing of the face": ("model", "gender", "surface_model_type", "mocap_time_length"),
}
_REASONS: Final = {key: reason for reason, keys in _LEFT_OUT.items() for key in keys}


def find_key(npz: NpzFile, names: tuple[str, ...]) -> str | None:
    """The first of `names` that the archive holds, as it spells it."""
    lower = {key.lower(): key for key in npz.keys}
    return next((lower[name] for name in names if name in lower), None)


def expression_key(npz: NpzFile) -> str | None:
    """The key of the expression codes; without one the archive is no clip."""
    return find_key(npz, _KEYS["expression"])


def draft_codes(npz: NpzFile) -> Draft:
    """The clip in `npz`, and the sound beside it. Raises SequenceError where it holds no expression codes."""
    draft = start_draft(npz)
    used = set[str]()
    for name, keys in _KEYS.items():
        key = find_key(npz, keys)
        if key is None:
            continue
        used.add(key)
        try:
            array = npz.read(key)
        except ObjectArrayError as fault:
            draft.spare(name, fault)
            continue
        if name == "texture" and array.ndim == 1:
            used.discard(key)
            draft.leave_out([key], "one code for the whole clip")
            continue
        draft.add(name, array, npz.where(key))
    left, right = (find_key(npz, (name,)) for name in _SINGLE_EYES)
    if left and right and "eyes" not in draft.fields:
        used |= {left, right}
        draft.add("eyes", _side_by_side(npz, left, right), f"{npz.where(left)} and {right!r}")
    pose = find_key(npz, _POSE_KEYS)
    if pose:
        used.add(pose)
        draft.add_pose(npz.read(pose), npz.where(pose))
    account_for(draft, npz.keys, used)
    return draft


def account_for(draft: Draft, keys: Iterable[str], used: Collection[str]) -> None:
    """Say of every key that was not used why: known and of no use, another name of what was used, or unknown."""
    for key in keys:
        lower = key.lower()
        if key in used or lower in FPS_KEYS:
            continue
        twin = next((name for name, keys in _KEYS.items() if lower in keys and name in draft.fields), None)
        reason = _REASONS.get(lower, f"{draft.origins[twin]} was taken" if twin else UNKNOWN_KEY)
        draft.leave_out([key], reason)


def start_draft(npz: NpzFile) -> Draft:
    """A draft with its rate and its sound, after seeing that there is an expression."""
    if expression_key(npz) is None:
        if find_key(npz, _VERTEX_KEYS):
            raise SequenceError(f"{npz.path}: holds vertices; expected FLAME codes, from which vertices are computed.")
        raise SequenceError(
            f"{npz.path}: has no expression codes; expected one of the keys {', '.join(_KEYS['expression'])}, "
            f"found {', '.join(npz.keys[:12]) or 'none'}."
        )
    draft = Draft(npz.path.stem, npz.path)
    draft.audio = find_audio(npz.path.parent, npz.path.stem)
    key = find_key(npz, FPS_KEYS)
    if key:
        draft.read_fps(lambda: npz.read(key), npz.where(key))
    return draft


def outline_codes(place: Place) -> Outline:
    """Frames and rate from headers. Raises SequenceError where there is no expression."""
    npz = place.npz
    key = expression_key(npz) if npz else None
    shape = npz.shape(key) if npz and key else ()
    draft = start_draft(npz) if npz else None
    return Outline(frames_in(shape), draft.fps if draft and draft.fps_source == "read" else None)


def _read(place: Place) -> Draft:
    assert place.npz
    draft = draft_codes(place.npz)
    transcript = find_transcript(place.path.parent, place.path.stem)
    if transcript:
        draft.labels["transcript"] = transcript
    return draft


def _side_by_side(npz: NpzFile, left: str, right: str) -> Array:
    eyes = [npz.read(key) for key in (left, right)]
    if eyes[0].ndim != 2 or eyes[0].shape != eyes[1].shape:
        raise SequenceError(
            f"{npz.where(left)}: has shape {eyes[0].shape} and {right!r} {eyes[1].shape}; expected (T, 3) in both."
        )
    return np.concatenate(eyes, axis=1)


LAYOUT: Final = Layout(
    ".npz of FLAME codes",
    (".npz",),
    lambda place: place.npz is not None and expression_key(place.npz) is not None,
    _read,
    outline_codes,
)
