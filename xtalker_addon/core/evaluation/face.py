"""One clip as the moving face that is compared: at the other's frames, on the identity and with the head pose asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from ..model.flame import FlameModel
from ..model.placement import expression_for, translation_for
from ..model.topology import vertices_on
from ..motion.rotation import axis_angle_from_quaternion_wxyz, continuous_signs, quaternion_wxyz_from_axis_angle
from ..sequence import IdentityMode, Sequence

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
    head_pose : as it is, or taken away: root, neck, translation and scale
    identity_mode : which identity a clip has whose codes have one for every frame
    """

    identity: Identity = "truth"
    head_pose: HeadPose = "keep"
    identity_mode: IdentityMode = "mean"


def frames_in_common(truth: Sequence, prediction: Sequence) -> Doubles:
    """(n,) for each frame of the truth, while the prediction lasts, its place in the prediction, in frames of it."""
    same = abs(truth.fps - prediction.fps) < _SAME_RATE
    places = np.arange(truth.frames) * (1.0 if same else prediction.fps / truth.fps)
    return np.asarray(places[places <= prediction.frames - 1 + 1e-6], np.float64)


class Face:
    """A sequence on a model at `places`, frames of it that may lie between two.

    identity : (S,) codes, or (n, S), one for each place; None: the mean head. Vertices have their own

    pose : (n, 15), None for vertices, which do not tell it: their heads stay posed as they are
    Raises ModelError where codes or vertices do not fit the model.
    """

    def __init__(
        self, sequence: Sequence, model: FlameModel, places: Doubles, identity: Array | None, head_pose: HeadPose
    ) -> None:
        self._model, self._identity, self._places = model, identity, places
        self._vertices = None if sequence.vertices is None else vertices_on(model, sequence)
        self.pose: Array | None = None
        if self._vertices is not None:
            self._identity = None
            return
        self._expression = _linear(expression_for(model, sequence), places)
        self.pose = self._shown_pose = _turned(sequence.pose(), places)
        self._scale = None if sequence.scale is None else _linear(sequence.scale, places)
        self._translation = translation_for(model, _placed(sequence, places), identity, self._expression)
        if head_pose == "remove":
            self._shown_pose, self._translation, self._scale = self.pose.copy(), None, None
            self._shown_pose[:, _HEAD] = 0

    def planes(self, chunk: int) -> Iterator[Array]:
        """(n, 3, V) coordinates of the vertices in metres and FLAME axes, `chunk` frames at once."""
        if self._vertices is not None:
            for start in range(0, len(self._places), chunk):
                vertices = _linear(self._vertices, self._places[start : start + chunk])
                yield np.ascontiguousarray(vertices.swapaxes(1, 2))
            return
        yield from self._model.evaluate_planes(
            self._identity, self._expression, self._shown_pose, self._translation, chunk, self._scale
        )

    def still(self) -> Array:
        """(V, 3) the face of the identity without expression and pose: the subject's template; of vertices the mean."""
        shape = self._identity
        if shape is not None and shape.ndim == 2:
            shape = shape.mean(0, dtype=np.float64).astype(np.float32)
        return self._model.evaluate(shape, np.zeros((1, 1), np.float32), np.zeros((1, 15)))[0]


def _placed(sequence: Sequence, places: Doubles) -> Sequence:
    """What of a sequence says where its head is, at `places`; nothing else is left of it."""
    turn, shift, scale = sequence.origin_rotation, sequence.translation, sequence.scale
    return Sequence(
        sequence.name,
        sequence.source,
        sequence.fps,
        expression=np.zeros((len(places), 1), np.float32),
        translation=None if shift is None else _linear(shift, places),
        origin_rotation=None if turn is None else _turned(turn, places),
        scale=None if scale is None else _linear(scale, places),
    )


def identity_of(sequence: Sequence, places: Doubles, mode: IdentityMode) -> Array | None:
    """The codes that `Face` takes."""
    shape = sequence.identity(mode)
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
    """(T, 3 n) axis-angle at places between frames: each joint's quaternions on the chord between neighbours."""
    if np.abs(places - np.round(places)).max(initial=0) < 1e-5:
        return _linear(pose, places)
    joints: list[Array] = []
    for column in range(0, pose.shape[1], 3):
        quaternions = continuous_signs(quaternion_wxyz_from_axis_angle(pose[:, column : column + 3]))
        between = _linear(quaternions, places).astype(np.float64)
        between /= np.linalg.norm(between, axis=1, keepdims=True)
        joints.append(axis_angle_from_quaternion_wxyz(between).astype(np.float32))
    return np.concatenate(joints, axis=1)
