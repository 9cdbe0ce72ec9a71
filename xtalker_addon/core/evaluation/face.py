"""One clip as the moving face that is compared: at the other's frames, on the identity and with the head pose asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import SequenceError
from ..model.flame import FlameModel
from ..motion.rotation import axis_angle_from_quaternion_wxyz, continuous_signs, quaternion_wxyz_from_axis_angle
from ..sequence import Sequence

Identity = Literal["truth", "own"]
HeadPose = Literal["keep", "remove"]

_SAME_RATE: Final = 1e-3  # frames a second
_HEAD: Final = slice(0, 6)  # columns of root and neck in a pose

Array = NDArray[np.float32]
Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is the same for all pairs of a comparison.

    identity  : both on the truth's identity, or each on its own
    head_pose : as it is, or taken away
    identity_per_frame : with the identity of each frame, as codes fitted frame by frame have it; else the mean
    """

    identity: Identity = "truth"
    head_pose: HeadPose = "keep"
    identity_per_frame: bool = False


def frames_in_common(truth: Sequence, prediction: Sequence) -> Doubles:
    """(n,) for each frame of the truth, while the prediction lasts, its place in the prediction, in frames of it."""
    same = abs(truth.fps - prediction.fps) < _SAME_RATE
    places = np.arange(truth.frames) * (1.0 if same else prediction.fps / truth.fps)
    return np.asarray(places[places <= prediction.frames - 1 + 1e-6], np.float64)


class Face:
    """A sequence on a model at `places`, frames of it that may lie between two.

    identity : (S,) codes, or (n, S), one for each place; None: the mean head

    Raises SequenceError for vertices.
    """

    def __init__(
        self, sequence: Sequence, model: FlameModel, places: Doubles, identity: Array | None, head_pose: HeadPose
    ) -> None:
        if sequence.expression is None:
            raise SequenceError(f"{sequence.source}: holds vertices; evaluate compares sequences of codes.")
        self._model, self._identity = model, identity
        self._expression = _linear(sequence.expression, places)
        self.pose = _turned(sequence.pose(), places)
        self._translation = None if sequence.translation is None else _linear(sequence.translation, places)
        self._shown_pose = self.pose
        if head_pose == "remove":
            self._shown_pose, self._translation = self.pose.copy(), None
            self._shown_pose[:, _HEAD] = 0

    def vertices(self, chunk: int) -> Iterator[Array]:
        """(n, V, 3) in metres and FLAME axes, `chunk` frames at once."""
        return self._model.evaluate_chunks(self._identity, self._expression, self._shown_pose, self._translation, chunk)

    def still(self) -> Array:
        """(V, 3) the face of the identity without expression and pose: the subject's template."""
        shape = self._identity
        if shape is not None and shape.ndim == 2:
            shape = shape.mean(0, dtype=np.float64).astype(np.float32)
        return self._model.evaluate(shape, np.zeros((1, 1), np.float32), np.zeros((1, 15)))[0]


def identity_of(sequence: Sequence, places: Doubles, per_frame: bool) -> Array | None:
    """The codes that `Face` takes."""
    shape = sequence.identity("per_frame" if per_frame else "mean")
    return shape if shape is None or shape.ndim == 1 else _linear(shape, places)


def _linear(rows: NDArray[Any], places: Doubles) -> Array:
    """Rows of (T, ...) at places between them."""
    below = np.clip(np.floor(places + 1e-6).astype(int), 0, len(rows) - 1)
    rest = np.clip(places - below, 0, 1)
    if rest.max(initial=0) < 1e-5:
        return np.asarray(rows[below], np.float32)
    weight = rest.reshape(-1, *(1,) * (rows.ndim - 1))
    above = np.minimum(below + 1, len(rows) - 1)
    return np.asarray(rows[below] * (1 - weight) + rows[above] * weight, np.float32)


def _turned(pose: Array, places: Doubles) -> Array:
    """(T, 15) axis-angle at places between frames: each joint's quaternions on the chord between neighbours."""
    if np.abs(places - np.round(places)).max(initial=0) < 1e-5:
        return _linear(pose, places)
    joints: list[Array] = []
    for column in range(0, pose.shape[1], 3):
        quaternions = continuous_signs(quaternion_wxyz_from_axis_angle(pose[:, column : column + 3]))
        between = _linear(quaternions, places).astype(np.float64)
        between /= np.linalg.norm(between, axis=1, keepdims=True)
        joints.append(axis_angle_from_quaternion_wxyz(between).astype(np.float32))
    return np.concatenate(joints, axis=1)
