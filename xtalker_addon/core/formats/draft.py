"""A clip under construction: what a layout's reader found, and where, until it becomes a Sequence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from ...errors import AudioError, SequenceError
from ..amounts import counted
from ..sequence import PER_FRAME, UNKNOWN_KEY, FpsSource, Sequence
from ..speech import audio
from .arrays import Array, ObjectArrayError
from .companions import overlooked_sounds
from .frame_rate import frame_rate
from .labels import labels_of

DEFAULT_FPS: Final = 25.0
ENVELOPE_RATE: Final = 16_000  # samples a second of 3DXTalker's envelopes
_AUDIO_SLACK_FRAMES: Final = 2.0  # by which sound and face differ in clips that are in order
_ENVELOPE_SLACK: Final = 2
_RATES: Final = (DEFAULT_FPS, 30.0, 24.0, 60.0, 50.0, 29.97, 23.976, 59.94, 48.0, 20.0, 15.0, 100.0, 120.0)
_SURELY_OFF: Final = 8.0  # frames by which the assumed rate is wrong, and not a few frames lost
_SIX_D: Final = 0.3  # by which a network's six numbers may fail to be two unit vectors at right angles
_FITS: Final = 1.5  # frames

# Axes that each field has in a Sequence; one more in front, of size 1, is a batch of one.
_DIMENSIONS: Final = {"light": 3, "vertices": 3, "reference_image": 3, "envelope": 1, "scale": 1}

# What a clip can do without, because nothing of it moves or forms the face.
_OPTIONAL: Final = frozenset({"camera", "light", "texture", "detail", "reference_image", "envelope"})

# Where one row for many frames is more likely a file cut short than a head that never moves.
_ALWAYS_MOVING: Final = frozenset({"global_rotation", "jaw"})

# Expression and pose that were put side by side: widths that no expression has.
_JOINED: Final = {
    53: "50 columns of expression and 3 of the jaw",
    56: "50 columns of expression and 6 of head and jaw",
    103: "100 columns of expression and 3 of the jaw",
}

# Columns of a pose: what they are, in order.
_POSE_PARTS: Final = {
    3: ("global_rotation",),
    6: ("global_rotation", "jaw"),
    12: ("neck", "jaw", "eyes"),
    15: ("global_rotation", "neck", "jaw", "eyes"),
}


@dataclass(slots=True)
class Draft:
    """Fields as a file holds them, any dtype and memory layout, with the words by which errors name their origin."""

    name: str
    source: Path
    fps: float = DEFAULT_FPS
    fields: dict[str, Array] = field(default_factory=dict[str, Array])
    origins: dict[str, str] = field(default_factory=dict[str, str])
    labels: dict[str, str] = field(default_factory=dict[str, str])
    warnings: list[str] = field(default_factory=list[str])
    faults: list[SequenceError] = field(default_factory=list[SequenceError])
    audio: Path | None = None
    may_be_shorter: bool = False  # than its sound: a prediction of the first seconds
    fps_source: FpsSource = "assumed"
    fitted_to: str = ""
    left_out: dict[str, str] = field(default_factory=dict[str, str])
    used: set[str] = field(default_factory=set[str])  # keys of the file that something came of
    column_names: tuple[str, ...] = ()
    doubt: str = ""  # about the rate, told where neither the user nor the sound settles it

    @property
    def frames(self) -> int:
        """Of the codes or the vertices, whichever there are."""
        leader = self.fields["vertices" if "vertices" in self.fields else "expression"]
        return len(leader) if leader.ndim else 0

    def settle_fps(self, fps: float, source: FpsSource) -> None:
        """Set the rate, and who says so."""
        self.fps, self.fps_source = fps, source

    def read_fps(self, read: Callable[[], Array], where: str) -> None:
        """Settle the rate by what a file says, or say that it does not make sense; the clip comes in all the same."""
        try:
            value = read()
        except ObjectArrayError:  # a None is stored as a Python object
            shown = "no number"
        else:
            rate = frame_rate(value)
            if rate is not None:
                self.settle_fps(rate, "read")
                return
            shown = str(value.reshape(-1)[0]) if value.size == 1 else f"an array of {value.size}"
        self.warnings.append(
            f"{where}: is {shown[:40]}; expected frames a second, such as 25 or 30000/1001, so it was not used."
        )

    def leave_out(self, keys: Iterable[str], reason: str = UNKNOWN_KEY) -> None:
        """Account for keys of the file of which nothing comes; those that were accounted for stay."""
        for key in keys:
            self.left_out.setdefault(key, reason)

    def add(self, name: str, array: Array, origin: str) -> None:
        """Set a field of the Sequence."""
        dimensions = _DIMENSIONS.get(name, 2)
        if array.ndim == dimensions + 1:
            array = _without_batch(array)
        if name == "light" and array.ndim in (1, 2) and array.shape[-1] == 27:
            array = array.reshape(-1, 9, 3)
        if name == "reference_image":
            array = _picture(array)
        self.fields[name], self.origins[name] = array, origin

    def add_pose(self, array: Array, origin: str) -> None:
        """Set the rotations that a pose of 3, 6, 12 or 15 columns holds; those set before stay."""
        array = _without_batch(array) if array.ndim == 3 else array
        parts = _POSE_PARTS.get(array.shape[-1]) if array.ndim in (1, 2) else None
        if parts is not None and array.shape[-1] == 12 and is_six_d_pair(array):
            raise SequenceError(
                f"{origin}: pose has shape {array.shape}, which are two rotations of six numbers each (6D) and not the "
                "axis-angle of neck, jaw and eyes; save head and jaw as axis-angle, (T, 6)."
            )
        if parts is None:
            raise SequenceError(
                f"{origin}: pose has shape {array.shape}; expected (T, 6) = head and jaw, (T, 15) = all five joints, "
                "(T, 3) = head, or (T, 12) = neck, jaw and eyes, as axis-angle."
            )
        start = 0
        for part in parts:
            width = 6 if part == "eyes" else 3
            if part not in self.fields:
                self.add(part, array[..., start : start + width], origin)
            start += width

    def finish(self, fps: float | None = None) -> Sequence:
        """The Sequence, its rate settled and its sound looked at; fps: what the user says it is.

        Raises SequenceError where the arrays are not in order.
        """
        frames = self._settle_frames()
        if fps is not None:
            self.settle_fps(fps, "given")
        self._look_at_audio(frames)
        if self.doubt and self.fps_source in ("read", "assumed"):
            self.warnings.append(self.doubt)
        while True:
            try:
                return self._sequence()
            except SequenceError as fault:
                self.spare(fault.field, fault)

    def spare(self, name: str, fault: SequenceError) -> None:
        """Do without an odd field, and say so. Raises `fault` where a clip cannot do without it."""
        if name not in _OPTIONAL:
            raise fault
        self.fields.pop(name, None)
        self.faults.append(fault)
        self.warnings.append(f"{fault} The clip comes in without it.")

    def _settle_frames(self) -> int:
        """Give what is there once to every frame; how many there are. Raises SequenceError for joined codes."""
        frames, shape = self.frames, self.fields.get("shape")
        if "expression" in self.fields and not self.column_names:
            refuse_joined(self.fields["expression"], self.origins["expression"])
        if shape is not None and shape.ndim == 2 and len(shape) == 1 and frames != 1:
            self.fields["shape"] = shape[0]
        for name in PER_FRAME & self.fields.keys():
            array = self.fields[name]
            timeless = array.ndim == _DIMENSIONS.get(name, 2) - 1
            array = array[None] if timeless else array
            once = timeless or (array.ndim > 0 and len(array) == 1 and name not in _ALWAYS_MOVING)
            self.fields[name] = np.broadcast_to(array, (frames, *array.shape[1:])) if once else array
        return frames

    def _sequence(self) -> Sequence:
        return Sequence(
            self.name,
            self.source,
            self.fps,
            **self.fields,
            audio=self.audio,
            labels={**labels_of(self.source, self.name), **self.labels},
            warnings=tuple(self.warnings),
            origins=self.origins,
            faults=tuple(self.faults),
            fps_source=self.fps_source,
            fitted_to=self.fitted_to,
            left_out=self.left_out,
            column_names=self.column_names,
        )

    def _look_at_audio(self, frames: int) -> None:
        """Drop sound that cannot be heard, and say where its length disagrees; the face comes in all the same."""
        if self.audio is None:
            found = overlooked_sounds(self.source)
            unlike = f" as the clip's own ({', '.join(found[:3])} has another name)" if found else ""
            self.warnings.append(f"{self.source}: no sound file was found{unlike}; the clip is silent.")
            return
        try:
            info = audio.check(self.audio)
        except AudioError as error:
            self.warnings.append(f"{error} The clip is silent.")
            self.audio = None
            return
        is_part = self.may_be_shorter and frames / self.fps < info.seconds  # whose length tells no rate
        if self.fps_source == "assumed" and not is_part:
            self._infer_fps(frames, info.seconds)
        seconds = frames / self.fps
        is_expected = self.may_be_shorter and seconds < info.seconds
        if not is_expected and abs(info.seconds - seconds) * self.fps > _AUDIO_SLACK_FRAMES:
            usual = rate_by_sound(frames, info.seconds)
            hint = "" if usual is None else f", or set the rate: at {usual:g} a second they fit (--fps {usual:g})"
            self.warnings.append(
                f"{self.audio}: lasts {info.seconds:.2f} s and the face {seconds:.2f} s ({counted(frames, 'frame')} at "
                f"{self.fps:g} a second); both start together, so check that they belong together"
                f"{hint}."
            )
        envelope = self.fields.get("envelope")
        expected = {info.samples, round(info.seconds * ENVELOPE_RATE)}
        if (
            envelope is not None
            and envelope.ndim == 1
            and min(abs(envelope.size - n) for n in expected) > _ENVELOPE_SLACK
        ):
            self.warnings.append(
                f"{self.origins['envelope']}: envelope has {envelope.size} values and the sound {info.samples} "
                "samples; expected one value a sample."
            )

    def _infer_fps(self, frames: int, seconds: float) -> None:
        """Take the rate at which face and sound last equally long, where that is no accident."""
        rate = rate_by_sound(frames, seconds)
        if rate is None:
            return
        if rate != self.fps:
            self.warnings.append(
                f"{self.source}: does not say its rate; {rate:g} frames a second is taken, because "
                f"{counted(frames, 'frame')} and {seconds:.2f} s of sound fit so. --fps sets another."
            )
        self.settle_fps(rate, "inferred")


def rate_by_sound(frames: int, seconds: float) -> float | None:
    """The usual rate at which `frames` last as long as the sound; None where none does, or it may be an accident.

    A few frames more or less than the sound has are dropped or doubled ones, at the rate that is assumed.
    """
    off = {rate: abs(frames - seconds * rate) for rate in _RATES}
    if off[DEFAULT_FPS] <= _AUDIO_SLACK_FRAMES:
        return DEFAULT_FPS
    if off[DEFAULT_FPS] < _SURELY_OFF:
        return None
    best = min(_RATES, key=lambda rate: (off[rate] > _FITS, _RATES.index(rate)))
    return best if off[best] <= _FITS else None


def refuse_joined(codes: Array, where: str) -> None:
    """Raise SequenceError for codes (T, n) that are not of the expression alone, and say what they may be."""
    if codes.ndim == 2 and (what := _JOINED.get(codes.shape[1])):
        raise SequenceError(
            f"{where}: has shape {codes.shape}, which may be {what}; save them apart, in an .npz with the keys exp and "
            "jaw or pose."
        )


def is_six_d_pair(pose: Array) -> bool:
    """Whether twelve columns are two pairs of unit vectors at right angles, as no four axis-angles are."""
    vectors = np.asarray(pose, np.float64).reshape(-1, 2, 2, 3)
    with np.errstate(all="ignore"):
        lengths = np.linalg.norm(vectors, axis=-1)
        across = (vectors[:, :, 0] * vectors[:, :, 1]).sum(-1)
        off = np.maximum(np.abs(lengths - 1).max(-1), np.abs(across))
        return bool(np.median(off.max(-1)) < _SIX_D)


def _without_batch(array: Array) -> Array:
    """An array without a first or a second axis that has one place: a batch of one, or frames that were stacked."""
    return array[0] if len(array) == 1 else array[:, 0] if array.shape[1] == 1 else array


def _picture(array: Array) -> Array:
    """(H, W, 3) in 0..1 of a picture (3, H, W), (H, W, 3) or with alpha, in 0..1 or 0..255."""
    if array.ndim == 3 and array.shape[2] not in (3, 4) and array.shape[0] in (3, 4):
        array = array.transpose(1, 2, 0)
    if array.ndim != 3 or array.shape[2] not in (3, 4) or array.dtype.kind not in "fiu":
        return array  # Sequence says what is wrong with it
    values = np.asarray(array[..., :3], np.float32)
    if values.max() > 1.5:
        values = values / np.float32(255)
    return np.where(np.isfinite(values), values.clip(0, 1), values)
