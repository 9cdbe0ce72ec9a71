"""One talking-head clip, validated once and then trusted everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import SequenceError
from .amounts import counted

IdentityMode = Literal["mean", "median", "first", "per_frame"]
# Who says how many frames a second there are: the user, the file, the project whose layout it is, the length of the
# sound beside it, or nobody.
FpsSource = Literal["given", "read", "layout", "inferred", "assumed"]
FPS_IN_WORDS: Final[Mapping[FpsSource, str]] = {
    "given": "as given",
    "read": "by the file",
    "layout": "by its layout",
    "inferred": "by the length of its sound",
    "assumed": "assumed; --fps sets another",
}
_FLOATS_AT_ONCE: Final = 1 << 22  # that are looked at together: vertices may fill gigabytes
UNKNOWN_KEY: Final = "not known to XTalker"
POSE_WIDTH: Final = 15  # root, neck, jaw, left eye, right eye: three numbers each

# Field: the shape it must have. T is the number of frames, None any width of at least one.
_SHAPES: Final[Mapping[str, tuple[object, ...]]] = {
    "expression": ("T", None),
    "vertices": ("T", None, 3),
    "global_rotation": ("T", 3),
    "neck": ("T", 3),
    "jaw": ("T", 3),
    "eyes": ("T", 6),
    "translation": ("T", 3),
    "origin_rotation": ("T", 3),
    "scale": ("T",),
    "eyelids": ("T", 2),
    "camera": ("T", 3),
    "light": ("T", 9, 3),
    "texture": ("T", None),
    "detail": ("T", 128),
    "reference_image": (None, None, 3),
    "envelope": (None,),
}
# What a file may give once for all frames. The expression says how many there are.
PER_FRAME: Final = frozenset(name for name, shape in _SHAPES.items() if shape[0] == "T" and name != "expression")

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """A clip of T frames. Arrays are float32 and C-contiguous; what a file does not hold is None, never zeros.

    Its face is told by codes, of which the expression is always there, or by the vertices themselves.

    name             : what people call the clip, and the stem of its video
    source           : the file or folder it was read from
    fps              : frames a second; index 0 is time 0 of the audio
    expression       : (T, E) in standard deviations of the model's expression basis; None where there are vertices
    column_names     : of the model's columns that the expression is of, where a model must have them by name: ARKit's
                       units; () for FLAME's, which go by number
    vertices         : (T, V, 3) metres, FLAME axes, in place of codes; may lie in the file that it came from
    shape            : (S,) or (T, S) identity, in standard deviations
    global_rotation  : (T, 3) root, axis-angle in radians, FLAME axes, about the root joint
    neck, jaw        : (T, 3) axis-angle
    eyes             : (T, 6) left, then right, axis-angle
    translation      : (T, 3) metres, FLAME axes, after posing
    origin_rotation  : (T, 3) axis-angle: the outer part of global_rotation that turns the head about the origin and
                       not about the root joint; `model.placement` makes FLAME's translation of it
    scale            : (T,) the posed head is so much larger, about the origin, before it is translated
    eyelids          : (T, 2) left, right: how far the lids are closed, 0..1, on top of the expression
    camera           : (T, 3) scale, tx, ty of each frame's own 224-pixel crop
    light            : (T, 9, 3) spherical-harmonics coefficients x RGB (see `lighting`)
    texture          : (T, K) albedo codes
    detail           : (T, 128) detail codes
    reference_image  : (H, W, 3) RGB, 0..1, first row on top
    audio            : a sound file, or None
    envelope         : (N,) amplitude of the audio, one value an audio sample
    labels           : subset, subject, emotion, transcript, ... as far as they are known
    warnings         : sentences about what was missing, broken or left out
    origins          : field -> the file (and key) that it came from, which errors name
    faults           : what was wrong with fields that were left out for it; the warnings say so too
    fps_source       : where fps is from; see FpsSource
    fitted_to        : `FlameModel.mark` of the model on which its codes were fitted to vertices; '' where none is known
    left_out         : key of the file, or a file's name -> why nothing came of it; UNKNOWN_KEY where it is not known

    Raises SequenceError when an array has another shape, another length than its fellows, or is not finite, and when
    there are neither codes nor vertices, or both.
    """

    name: str
    source: Path
    fps: float
    expression: Array | None = None
    vertices: Array | None = None
    shape: Array | None = None
    global_rotation: Array | None = None
    neck: Array | None = None
    jaw: Array | None = None
    eyes: Array | None = None
    translation: Array | None = None
    origin_rotation: Array | None = None
    scale: Array | None = None
    eyelids: Array | None = None
    camera: Array | None = None
    light: Array | None = None
    texture: Array | None = None
    detail: Array | None = None
    reference_image: Array | None = None
    audio: Path | None = None
    envelope: Array | None = None
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    warnings: tuple[str, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict[str, str])
    faults: tuple[SequenceError, ...] = ()
    fps_source: FpsSource = "given"
    fitted_to: str = ""
    left_out: Mapping[str, str] = field(default_factory=dict[str, str])
    column_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (np.isfinite(self.fps) and 0 < self.fps <= 1000):
            raise SequenceError(f"{self.source}: fps is {self.fps}; expected a number of frames a second above 0.")
        if (self.expression is None) == (self.vertices is None):
            held = "neither expression codes nor" if self.expression is None else "both expression codes and"
            raise SequenceError(f"{self.source}: holds {held} vertices; expected one of the two.")
        for name, expected in _SHAPES.items():
            self._settle(name, expected)
        if self.column_names and (self.expression is None or self.expression.shape[1] != len(self.column_names)):
            raise SequenceError(f"{self.source}: names {len(self.column_names)} columns; expected one a code.")
        if self.shape is not None:
            self._settle("shape", ("T", None) if np.ndim(self.shape) == 2 else (None,))

    def _settle(self, name: str, expected: tuple[object, ...]) -> None:
        """Check one array and store it as float32."""
        value: object = getattr(self, name)
        if value is None:
            return
        array = np.asarray(value)
        where = self._where(name)
        wanted = tuple(None if isinstance(size, str) else size for size in expected)
        fits = array.ndim == len(wanted) and all(w in (None, s) for w, s in zip(wanted, array.shape, strict=True))
        if not fits or 0 in array.shape:
            shown = ", ".join("any" if size is None else str(size) for size in expected)
            raise SequenceError(f"{where}: {name} has shape {array.shape}; expected ({shown}), T = frames.", field=name)
        if expected[0] == "T" and len(array) != self.frames:
            leader = "vertices" if self.expression is None else "expression"
            has = "have" if self.expression is None else "has"
            raise SequenceError(
                f"{where}: {name} has {counted(len(array), 'frame')} and the {leader} in {self._where(leader)} {has} "
                f"{self.frames}; expected one row a frame in both.",
                kind="unequal_frames",
                frame=min(len(array), self.frames),
                field=name,
            )
        if array.dtype.kind not in "fiu":
            raise SequenceError(f"{where}: {name} holds {array.dtype}; expected numbers.", field=name)
        with np.errstate(over="ignore"):  # of float64: the next check reports it
            array = np.ascontiguousarray(array, np.float32)
        index = _first_not_finite(array)
        if index is not None:
            frame = index[0] if expected[0] == "T" else None
            at = f"index {index}" if frame is None else f"frame {frame}"
            raise SequenceError(
                f"{where}: {name} is not finite at {at}; expected finite numbers throughout.",
                kind="not_finite",
                frame=frame,
                field=name,
            )
        object.__setattr__(self, name, array)

    def _where(self, name: str) -> str:
        return self.origins.get(name, str(self.source))

    @property
    def frames(self) -> int:
        """T."""
        leader = self.vertices if self.expression is None else self.expression
        return 0 if leader is None else int(np.shape(leader)[0])

    @property
    def seconds(self) -> float:
        """How long the face is in motion; the audio may be a little longer or shorter."""
        return self.frames / self.fps

    def pose(self) -> Array:
        """(T, 15) axis-angle of root, neck, jaw, left eye, right eye; zeros where the file holds none."""
        pose = np.zeros((self.frames, POSE_WIDTH), np.float32)
        for start, part in ((0, self.global_rotation), (3, self.neck), (6, self.jaw), (9, self.eyes)):
            if part is not None:
                pose[:, start : start + part.shape[1]] = part
        return pose

    def identity(self, mode: IdentityMode = "mean") -> Array | None:
        """The identity code: (S,), or (T, S) for `per_frame` where the file holds one a frame; None where it has none.

        Codes that were fitted frame by frame wobble, so one for the whole clip is the default.
        """
        if self.shape is None or self.shape.ndim == 1 or mode == "per_frame":
            return self.shape
        if mode == "first":
            return self.shape[0]
        return np.asarray(np.median(self.shape, 0) if mode == "median" else self.shape.mean(0, np.float64), np.float32)

    def held(self) -> tuple[str, ...]:
        """Names of the fields that this clip holds."""
        return tuple(
            f.name for f in fields(self) if f.name in {*_SHAPES, "shape", "audio"} and getattr(self, f.name) is not None
        )

    def remarks(self) -> list[str]:
        """The warnings, and one sentence about what was left out."""
        if not self.left_out:
            return list(self.warnings)
        return [*self.warnings, f"{self.source}: left out {reasons_in_words(self.left_out)}."]


def reasons_in_words(left_out: Mapping[str, str]) -> str:
    """Keys that were left out, those with one reason together."""
    reasons: dict[str, list[str]] = {}
    for key, reason in left_out.items():
        reasons.setdefault(reason, []).append(key)
    return "; ".join(f"{', '.join(keys)} ({reason})" for reason, keys in reasons.items())


def _first_not_finite(array: Array) -> tuple[int, ...] | None:
    """Index of the first number that is none; None where all are."""
    step = max(1, _FLOATS_AT_ONCE * len(array) // array.size)
    for start in range(0, len(array), step):
        finite = np.isfinite(array[start : start + step])
        if not finite.all():
            place = np.argwhere(~finite)[0]
            return (start + int(place[0]), *(int(i) for i in place[1:]))
    return None
