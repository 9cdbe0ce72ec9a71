"""Any .npz with FLAME codes under the names that EMOCA, DECA, SMIRK, VHAP, DiffPoseTalk, ViBES and others give them."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...errors import SequenceError
from .arrays import Array, NpzFile
from .companions import find_audio
from .draft import DEFAULT_FPS, Draft

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
_FPS_KEYS: Final = ("fps", "mocap_frame_rate", "mocap_framerate", "frame_rate", "framerate")
_SINGLE_EYES: Final = ("leye_pose", "reye_pose")
# What the codes of a frame cannot say; a head without it is a little off.
_LEFT_OUT: Final = ("static_offset", "dynamic_offset", "eyelid_params", "eyelids")


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
    for name, keys in _KEYS.items():
        key = find_key(npz, keys)
        if key is None:
            continue
        array = npz.read(key)
        if name == "texture" and array.ndim == 1:
            draft.warnings.append(f"{npz.where(key)}: is one code for the whole clip, and was left out.")
            continue
        draft.add(name, array, npz.where(key))
    left, right = (find_key(npz, (name,)) for name in _SINGLE_EYES)
    if left and right and "eyes" not in draft.fields:
        draft.add("eyes", _side_by_side(npz, left, right), f"{npz.where(left)} and {right!r}")
    pose = find_key(npz, _POSE_KEYS)
    if pose:
        draft.add_pose(npz.read(pose), npz.where(pose))
    left_out = ", ".join(key for key in npz.keys if key.lower() in _LEFT_OUT)
    if left_out:
        draft.warnings.append(f"{npz.path}: {left_out} was left out, because FLAME's codes cannot express it.")
    return draft


def start_draft(npz: NpzFile) -> Draft:
    """A draft with its rate and its sound, after seeing that there is an expression."""
    if expression_key(npz) is None:
        raise SequenceError(
            f"{npz.path}: has neither expression codes nor vertices; expected one of the keys "
            f"{', '.join(_KEYS['expression'])}, verts or vertices, found {', '.join(npz.keys[:12]) or 'none'}."
        )
    draft = Draft(npz.path.stem, npz.path)
    draft.audio = find_audio(npz.path.parent, npz.path.stem)
    key = find_key(npz, _FPS_KEYS)
    if key:
        value = npz.read(key)
        rate = float(value.reshape(-1)[0]) if value.size == 1 and value.dtype.kind in "fiu" else 0.0
        if np.isfinite(rate) and 0 < rate <= 1000:
            draft.fps = rate
        else:
            shown = str(value.reshape(-1)[0]) if value.size == 1 else f"an array of {value.size}"
            draft.warnings.append(
                f"{npz.where(key)}: is {shown[:40]}; expected frames a second, so {DEFAULT_FPS:g} was taken."
            )
    return draft


def _side_by_side(npz: NpzFile, left: str, right: str) -> Array:
    eyes = [npz.read(key) for key in (left, right)]
    if eyes[0].ndim != 2 or eyes[0].shape != eyes[1].shape:
        raise SequenceError(
            f"{npz.where(left)}: has shape {eyes[0].shape} and {right!r} {eyes[1].shape}; expected (T, 3) in both."
        )
    return np.concatenate(eyes, axis=1)
