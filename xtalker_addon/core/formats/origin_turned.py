"""Trackers that turn the posed head about the origin where FLAME turns it about its root joint.

Their equation is v' = s R v + t: nersemble-benchmark, CAP4D / FlowFace.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from ...errors import SequenceError
from ..motion.rotation import axis_angle_from_matrix, matrix_from_axis_angle, matrix_from_euler_xyz
from .arrays import Array, NpzFile
from .code_keys import CodeArrays, account_for, add_codes, expression_key, start_draft
from .codes_npz import outline_npz
from .draft import Draft
from .layout import Layout, Place

_BLINK: Final = 64  # the column of CAP4D's expression that closes both eyes
_OFF: Final = 1e-2  # by which a matrix may differ from a rotation


def _has(npz: NpzFile | None, keys: Iterable[str]) -> bool:
    return npz is not None and expression_key(npz) is not None and set(keys) <= set(npz.keys)


def _is_nersemble(place: Place) -> bool:
    return _has(place.npz, ("rotation_matrices",)) or _has(place.npz, ("rotation", "translation", "scale", "frames"))


def _read_nersemble(place: Place) -> Draft:
    """Rotation as matrices, or as Euler angles about x, y and z; scale about the origin; the neck as FLAME's."""
    npz = place.npz
    assert npz
    draft = start_draft(npz)
    add_codes(draft, npz, ("expression", "shape", "neck", "jaw", "eyes", "translation"))
    if "rotation_matrices" in npz.keys:
        turn = rotations(npz, "rotation_matrices")
        draft.leave_out(["rotation"], "the same as rotation_matrices")
        key = "rotation_matrices"
    else:
        key = "rotation"
        turn = matrix_from_euler_xyz(_rows(npz, key))
    draft.used.add(key)
    draft.add("global_rotation", axis_angle_from_matrix(turn), npz.where(key))
    draft.add("origin_rotation", draft.fields["global_rotation"], npz.where(key))
    if "scale" in npz.keys:
        scale = npz.read("scale").reshape(-1)
        draft.used.add("scale")
        draft.add("scale", np.repeat(scale, len(turn)) if scale.size == 1 else scale, npz.where("scale"))
    account_for(draft, npz.keys)
    return draft


def _is_cap4d(place: Place) -> bool:
    return _has(place.npz, ("rot", "tra", "neck_rot"))


def _read_cap4d(place: Place) -> Draft:
    """The neck's turn sits on FLAME's root joint, below one about the origin; one turn for both eyes, and a blink."""
    npz = place.npz
    assert npz
    draft = start_draft(npz)
    add_codes(draft, npz, ("expression", "shape"))
    codes = draft.fields["expression"]
    if codes.ndim == 2 and codes.shape[1] == _BLINK + 1:
        draft.add("expression", codes[:, :_BLINK], npz.where("expr"))
        draft.add("eyelids", np.repeat(codes[:, _BLINK:], 2, axis=1), npz.where("expr"))
    outer, inner = (_rows(npz, key) for key in ("rot", "neck_rot"))
    whole = matrix_from_axis_angle(outer) @ matrix_from_axis_angle(inner)
    draft.add("global_rotation", axis_angle_from_matrix(whole), f"{npz.where('rot')} and 'neck_rot'")
    draft.add("origin_rotation", outer, npz.where("rot"))
    draft.add("translation", npz.read("tra"), npz.where("tra"))
    if "eye_rot" in npz.keys:
        draft.add("eyes", np.tile(_rows(npz, "eye_rot"), (1, 2)), npz.where("eye_rot"))
    if "jaw_rot" in npz.keys:
        draft.add("jaw", npz.read("jaw_rot"), npz.where("jaw_rot"))
    draft.used |= {"rot", "neck_rot", "tra", "eye_rot", "jaw_rot"}
    draft.warnings.append(
        f"{npz.path}: its codes are FLAME 2023's without a jaw (flame2023_no_jaw); on another model its expressions "
        "mean something else."
    )
    account_for(draft, npz.keys)
    return draft


def rotations(arrays: CodeArrays, key: str) -> Array:
    """(T, 3, 3) of an array of rotation matrices. Raises SequenceError where they are none."""
    matrices = arrays.read(key)
    expected = matrices.ndim == 3 and matrices.shape[1:] == (3, 3) and matrices.dtype.kind in "fiu"
    with np.errstate(all="ignore"):
        product = matrices @ matrices.swapaxes(1, 2) if expected else None
        turned = product is not None and np.abs(product - np.eye(3)).max() < _OFF and np.linalg.det(matrices).min() > 0
    if not turned:
        raise SequenceError(f"{arrays.where(key)}: has shape {matrices.shape}; expected rotation matrices (T, 3, 3).")
    return matrices


def _rows(arrays: CodeArrays, key: str) -> Array:
    """(T, 3) finite numbers. Raises SequenceError."""
    rows = arrays.read(key)
    if rows.ndim == 3 and len(rows) == 1:
        rows = rows[0]
    if rows.ndim != 2 or rows.shape[1] != 3 or rows.dtype.kind not in "fiu" or not np.isfinite(rows).all():
        raise SequenceError(f"{arrays.where(key)}: has shape {rows.shape}; expected finite numbers (T, 3).")
    return rows


NERSEMBLE: Final = Layout("nersemble-benchmark *_tracking.npz", (".npz",), _is_nersemble, _read_nersemble, outline_npz)
CAP4D: Final = Layout("CAP4D / FlowFace fit.npz", (".npz",), _is_cap4d, _read_cap4d, outline_npz)
