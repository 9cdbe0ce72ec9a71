"""Checks of the codes of a face: range, wraps, jitter, stray and repeated frames, camera and light."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..amounts import counted
from ..light.spherical_harmonics import SH_CONSTANTS
from ..motion.cuts import face_codes, segments
from ..motion.rotation import Floats, quaternion_wxyz_from_axis_angle
from ..motion.statistics import JAW_STD, SHAPE_NORM, expression_std
from ..sequence import Sequence
from .finding import Finding

_SIGMAS: Final = 8.0  # a code that far from the clip's median is no face: real clips stay below 6
_CODE_LIMIT: Final = 10.0  # standard deviations of FLAME
# How far joints turn from rest at most: a head in profile and beyond, a yawn, eyes in their corners. Radians.
_TURN_LIMITS: Final = (
    ("global_rotation", "the head is", 2.1),
    ("neck", "the neck is", 1.6),
    ("jaw", "the jaw is", 1.0),
    ("eyes", "an eye is", 1.2),
)
_INWARDS: Final = -0.1  # radians of jaw pitch: teeth through each other
_WRAP_STEP: Final = np.pi  # length of an axis-angle step, though the rotation itself has hardly moved
_WRAP_TURN: Final = 0.5
_STRAY_SIZE: Final = 0.7  # published standard deviations (root mean square) that a stray frame sticks out
_STRAY_RATIO: Final = 1.6  # ... and how many times more than its neighbours differ from each other
_JITTER: Final = 2.5 * SHAPE_NORM
_OTHER_FACE: Final = 5.0  # standard deviations of FLAME (norm) between two people; one person's clips lie closer
_SCALES: Final = (2.0, 30.0)  # of cam; a face fills its crop at 7 to 10
_ENERGIES: Final = (0.2, 2.0)  # mean shading of a white surface
_ROTATIONS: Final = ("global_rotation", "neck", "jaw")

Indices = NDArray[np.int64]


def check_range(sequence: Sequence, measures: dict[str, float]) -> Iterator[Finding]:
    """Expression and jaw against the published statistics, about the clip's own median."""
    if sequence.expression is None:
        return
    if not sequence.column_names:  # what is published is of FLAME's columns
        sigmas = _sigmas(sequence.expression, expression_std(sequence.expression.shape[1]))
        measures["expression_sigma"] = float(sigmas.max())
        found = [*_out_of_range("expression_range", "expression", sigmas)]
        yield from found or _far_codes(sequence.expression)
    yield from _far_turns(sequence)
    if sequence.jaw is None:
        return
    sigmas = _sigmas(sequence.jaw, JAW_STD)
    measures["jaw_sigma"] = float(sigmas.max())
    yield from _out_of_range("jaw_range", "jaw", sigmas)
    pitch = sequence.jaw[:, 0]
    measures["jaw_lowest"] = float(pitch.min())
    inwards = np.flatnonzero(pitch < _INWARDS)
    if inwards.size:
        worst = int(pitch.argmin())
        all_of_them = counted(inwards.size, "frame")
        text = f"the jaw turns inwards by {-pitch[worst]:.2f} rad at frame {worst}, in {all_of_them} in all"
        yield Finding("negative_jaw", worst, text, inwards.size)


def _sigmas(codes: Floats, std: Floats) -> NDArray[np.float32]:
    return (np.abs(codes - np.median(codes, axis=0)) / std).astype(np.float32)


def _out_of_range(kind: str, name: str, sigmas: NDArray[np.float32]) -> Iterator[Finding]:
    rows = np.flatnonzero(sigmas.max(1) > _SIGMAS)
    if rows.size:
        frame, column = (int(i) for i in np.unravel_index(sigmas.argmax(), sigmas.shape))
        text = (
            f"{name} code {column + 1} is {sigmas[frame, column]:.1f} standard deviations off at frame {frame}; "
            f"beyond {_SIGMAS:g} in {counted(rows.size, 'frame')} in all"
        )
        yield Finding(kind, frame, text, rows.size)


def _far_codes(codes: Floats) -> Iterator[Finding]:
    """Codes that are absurd all along, which a median does not show."""
    sizes = np.abs(codes)
    rows = np.flatnonzero(sizes.max(1) > _CODE_LIMIT)
    if rows.size:
        frame, column = (int(i) for i in np.unravel_index(sizes.argmax(), sizes.shape))
        text = (
            f"expression code {column + 1} is {codes[frame, column]:.1f} at frame {frame}, beyond "
            f"{_CODE_LIMIT:g} in {counted(rows.size, 'frame')} in all; people stay within 6 standard deviations"
        )
        yield Finding("expression_range", frame, text, rows.size)


def _far_turns(sequence: Sequence) -> Iterator[Finding]:
    """Joints that are turned further from rest than heads are, be it all along."""
    for name, joint, limit in _TURN_LIMITS:
        turns = getattr(sequence, name)
        if turns is None:
            continue
        angles = np.linalg.norm(turns.reshape(len(turns), -1, 3), axis=-1).max(1)
        angles = np.minimum(angles % (2 * np.pi), 2 * np.pi - angles % (2 * np.pi))
        rows = np.flatnonzero(angles > limit)
        if rows.size:
            worst = int(angles.argmax())
            text = (
                f"{joint} turned by {np.degrees(angles[worst]):.0f} degrees from rest at frame {worst}, beyond "
                f"{np.degrees(limit):.0f} in {counted(rows.size, 'frame')} in all; another convention may be meant"
            )
            yield Finding("jaw_range" if name == "jaw" else "pose_range", worst, text, rows.size)


def check_rotations(sequence: Sequence, _measures: dict[str, float]) -> Iterator[Finding]:
    """Axis-angle that jumps by a whole turn while the head does not."""
    for name in _ROTATIONS:
        turns = getattr(sequence, name)
        if turns is None or len(turns) < 2:
            continue
        jumps = np.flatnonzero(np.linalg.norm(np.diff(turns, axis=0), axis=1) > _WRAP_STEP)
        if not jumps.size:
            continue
        before, after = (quaternion_wxyz_from_axis_angle(turns[jumps + k]) for k in (0, 1))
        angle = 2 * np.arccos(np.clip(np.abs((before * after).sum(1)), 0, 1))
        wraps = jumps[angle < _WRAP_TURN] + 1
        if wraps.size:
            text = f"the axis-angle of {name} wraps at frame {wraps[0]}, {counted(wraps.size, 'time')} in all"
            yield Finding("wrap", int(wraps[0]), text, wraps.size)


def check_frames(sequence: Sequence, cuts: Indices) -> Iterator[Finding]:
    """Joined clips, frames of something else, frames that are there twice."""
    if cuts.size:
        shown = ", ".join(map(str, cuts[:12])) + (", ..." if cuts.size > 12 else "")
        yield Finding("cut", int(cuts[0]), f"another clip begins at frame {shown}", cuts.size)
    if sequence.expression is None:
        repeated = _repeated_meshes(sequence)
    else:
        face = face_codes(sequence)
        stray = _stray_frames(face)
        if stray.size:
            text = f"frame {stray[0]} shows something else than its neighbours, {stray.size} such frames in all"
            yield Finding("stray_frame", int(stray[0]), text, stray.size)
        repeated = np.flatnonzero((np.diff(face, axis=0) == 0).all(1)) + 1
    if repeated.size:
        text = f"frame {repeated[0]} repeats the one before, {repeated.size} such frames in all"
        yield Finding("repeated_frames", int(repeated[0]), text, repeated.size)


def _repeated_meshes(sequence: Sequence) -> Indices:
    """Frames whose vertices are those of the frame before; one frame after the other, for they may fill gigabytes."""
    assert sequence.vertices is not None
    v = sequence.vertices
    return np.array([i for i in range(1, len(v)) if not np.any(v[i] != v[i - 1])], np.int64)


def _stray_frames(face: Floats) -> Indices:
    """Frames that are far from the middle of their neighbours, which are near each other."""
    if len(face) < 3:
        return np.zeros(0, np.int64)
    before, here, after = face[:-2], face[1:-1], face[2:]
    off = np.sqrt(np.mean(np.square(here - (before + after) / 2), axis=1))
    apart = np.sqrt(np.mean(np.square(after - before), axis=1))
    return np.flatnonzero((off > _STRAY_SIZE) & (off > _STRAY_RATIO * apart)) + 1


def check_identity(sequence: Sequence, cuts: Indices, measures: dict[str, float]) -> Iterator[Finding]:
    """Identity codes that are fitted frame by frame wobble; between joined clips they may become someone else's."""
    shape = sequence.shape
    if shape is None or shape.ndim == 1:
        return
    parts = [shape[part] for part in segments(sequence.frames, cuts)]
    middles = np.stack([np.median(part, axis=0) for part in parts])
    wobble = np.concatenate([part - middle for part, middle in zip(parts, middles, strict=True)])
    measures["identity_jitter"] = jitter = float(np.sqrt(np.square(wobble).sum(1).mean()))
    if jitter > _JITTER:
        worst = int(np.square(wobble).sum(1).argmax())
        text = f"identity wobbles by {jitter:.2f} standard deviations ({SHAPE_NORM:g} is usual), most at frame {worst}"
        yield Finding("identity_jitter", worst, text, sequence.frames)
    distances = np.linalg.norm(np.diff(middles, axis=0), axis=1)
    for cut, distance in zip(cuts.tolist(), distances.tolist(), strict=True):
        if distance > _OTHER_FACE:
            yield Finding("identity_change", cut, f"another face from frame {cut} on ({distance:.1f} deviations away)")


def check_camera(sequence: Sequence, measures: dict[str, float]) -> Iterator[Finding]:
    """The scale of the crop camera."""
    if sequence.camera is None:
        return
    scale = sequence.camera[:, 0]
    measures["camera_scale"] = float(np.median(scale))
    bad = np.flatnonzero((scale < _SCALES[0]) | (scale > _SCALES[1]))
    if bad.size:
        text = f"cam's scale is {scale[bad[0]]:.3g} at frame {bad[0]}, {bad.size} such frames in all; 7 to 10 is usual"
        yield Finding("camera_scale", int(bad[0]), text, bad.size)


def check_light(sequence: Sequence, measures: dict[str, float]) -> Iterator[Finding]:
    """The shading of a white surface, averaged over all directions: only the constant term has an average."""
    if sequence.light is None:
        return
    energy = sequence.light[:, 0].mean(1) * SH_CONSTANTS[0]
    measures["light_energy"] = float(np.median(energy))
    bad = np.flatnonzero((energy < _ENERGIES[0]) | (energy > _ENERGIES[1]))
    if bad.size:
        text = (
            f"light shades a white surface with {energy[bad[0]]:.2f} at frame {bad[0]}, {bad.size} such frames in all"
        )
        yield Finding("light_energy", int(bad[0]), text, bad.size)
