"""Codes whose face is given vertices: least squares on a loaded model, all frames of a clip together.

Gauss-Newton on FLAME's equations (see `flame`). What a step changes in a frame (expression, joints, translation) is
eliminated frame by frame, so that the identity, which all frames share, is solved for exactly (the Schur complement).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..motion.rotation import axis_angle_from_matrix
from ..sequence import Sequence
from .clip import Clip
from .flame import FlameModel
from .skinning import pose_features, skinning_transforms

_VERTICES: Final = 600  # that the equations are of, until the last steps; the distances are of all
_CHUNK: Final = 16  # frames
_STEPS: Final = 25
_LAST_STEPS: Final = 4  # with all vertices
_NEAR: Final = 0.1  # standard deviations by which codes change at most when all vertices take over
_ENOUGH: Final = 5e-3  # and in the last step; each squares what is left, so that less than 1e-4 is
_TINY: Final = 1e-12
_NUDGE: Final = 1e-3  # radians, by which a joint is turned to see what moves
_ALWAYS: Final = (0, 1, 2, 6, 7, 8)  # of the pose: root and jaw
_NECK: Final = (3, 4, 5)
_EYES: Final = (9, 10, 11, 12, 13, 14)

Array = NDArray[np.float32]
Doubles = NDArray[np.float64]
Watch = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Fit:
    """Codes that were found.

    sequence     : the clip with codes in place of vertices
    mean_mm, largest_mm : (T,) distance that is left, over all vertices
    """

    sequence: Sequence
    mean_mm: Doubles
    largest_mm: Doubles


def fit_codes(
    sequence: Sequence, model: FlameModel, neck: bool = False, eyes: bool = False, watch: Watch = lambda _share: None
) -> Fit:
    """Codes of `model` for a clip of vertices: one identity, and for each frame expression, root, jaw, translation.

    neck, eyes : let these joints turn as well; else they are straight
    watch      : called with the share that is done, from 0 to 1

    The codes have the prior of a face model, a standard deviation of one, as strong as the distance that is left says:
    none where vertices are met exactly. Raises ModelError where the vertices are not the model's.
    """
    columns = np.array(sorted((*_ALWAYS, *(_NECK if neck else ()), *(_EYES if eyes else ()))))
    problem = _Problem(sequence, model, columns, _VERTICES)
    state = problem.start()
    for step in range(_STEPS):
        change = problem.step(state)
        watch(0.8 * (step + 1) / _STEPS)
        if change < _NEAR:
            break
    whole = _Problem(sequence, model, columns, model.vertex_count)
    for step in range(_LAST_STEPS):
        change = whole.step(state)
        watch(0.8 + 0.2 * (step + 1) / _LAST_STEPS)
        if change < _ENOUGH:
            break
    f32 = np.float32
    pose = state.pose.astype(f32)
    found = replace(
        sequence,
        expression=state.expression.astype(f32),
        vertices=None,
        shape=state.shape.astype(f32),
        global_rotation=pose[:, :3],
        neck=pose[:, 3:6] if neck else None,
        jaw=pose[:, 6:9],
        eyes=pose[:, 9:] if eyes else None,
        translation=state.translation.astype(f32),
        origins={},
    )
    apart = [
        np.linalg.norm(mine - theirs, axis=2)
        for mine, theirs in zip(Clip(found, model).vertices(), Clip(sequence, model).vertices(), strict=True)
    ]
    watch(1.0)
    mean, largest = (np.concatenate([1000.0 * np.asarray(how(a, axis=1), float) for a in apart]) for how in _MEASURES)
    return Fit(found, mean, largest)


_MEASURES: Final[tuple[Callable[..., Any], ...]] = (np.mean, np.max)


@dataclass(slots=True)
class _State:
    shape: Doubles
    expression: Doubles
    pose: Doubles
    translation: Doubles


class _Problem:
    """The equations of up to `count` vertices, evenly spread over the mesh's order, and the pose's `columns`."""

    def __init__(self, sequence: Sequence, model: FlameModel, columns: NDArray[np.integer], count: int) -> None:
        self._model, self._columns = model, columns
        count = min(count, model.vertex_count)
        rows = np.linspace(0, model.vertex_count - 1, count).astype(int)
        parts = [vertices[:, rows] for vertices in Clip(sequence, model).vertices()]
        self._target = np.concatenate(parts).astype(np.float64)
        self._template = model.template[rows].astype(np.float64)
        self._weights = model.weights[rows].astype(np.float64)
        self._correctives = model.corrective_basis[:, rows].reshape(-1, 3 * count).astype(np.float64)
        self._identity, self._expressions = (
            basis[:, rows].reshape(len(basis), -1).astype(np.float64)
            for basis in (model.identity_basis, model.expression_basis)
        )

    def start(self) -> _State:
        """The mean face, turned and moved to where each frame's head is."""
        frames, joint = len(self._target), self._model.rest_joints()[0]
        pose, translation = np.zeros((frames, 15)), np.zeros((frames, 3))
        middle = self._template.mean(0)
        for frame, target in enumerate(self._target):
            where = target.mean(0)
            left, _, right = np.linalg.svd((target - where).T @ (self._template - middle))
            turn = left @ np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))]) @ right
            pose[frame, :3] = axis_angle_from_matrix(turn)
            translation[frame] = where - (turn @ (middle - joint) + joint)
        return _State(np.zeros(len(self._identity)), np.zeros((frames, len(self._expressions))), pose, translation)

    def step(self, state: _State) -> float:
        """One Gauss-Newton step; returns by how much the codes change at most, in standard deviations.

        The expression is eliminated first: its equations are the same in all frames.
        """
        coded, shared = self._expressions, self._identity
        left = np.concatenate([self._residual(state, rows) for rows in self._chunks()])
        frames, prior = len(left), float(np.mean(np.square(left)))
        solver = np.linalg.inv(coded @ coded.T + prior * np.eye(len(coded)))
        both = coded @ shared.T
        across = solver @ both
        whole = frames * (shared @ shared.T - both.T @ across) + prior * np.eye(len(shared))
        aim = -prior * state.shape
        pulls, answers, crossings = list[Doubles](), list[Doubles](), list[Doubles]()
        for rows in self._chunks():
            moved, turned = self._jacobian(state, rows)
            n, count = len(moved), moved.shape[2]
            away = (np.swapaxes(turned, 2, 3) @ left[rows][..., None]).reshape(n, -1)
            flat = np.ascontiguousarray(moved.transpose(1, 0, 2)).reshape(moved.shape[1], n * count)
            of_codes = (coded @ flat).reshape(-1, n, count).transpose(1, 0, 2)
            of_shared = (shared @ flat).reshape(-1, n, count).transpose(1, 2, 0)
            crossing = solver @ of_codes
            back = np.swapaxes(of_codes, 1, 2)
            matrix = np.swapaxes(moved, 1, 2) @ moved - back @ crossing + _TINY * np.eye(count)
            with_shared = of_shared - back @ across
            pull = (away @ coded.T - prior * state.expression[rows]) @ solver
            own = (away[:, None] @ moved)[:, 0] - (back @ pull[..., None])[..., 0]
            answer = np.linalg.solve(matrix, np.concatenate([with_shared, own[..., None]], axis=2))
            columns = with_shared.reshape(-1, len(shared)).T
            whole -= columns @ answer[..., :-1].reshape(-1, len(shared))
            aim += shared @ away.sum(0) - both.T @ pull.sum(0) - columns @ answer[..., -1].ravel()
            pulls.append(pull)
            answers.append(np.asarray(answer, np.float64))
            crossings.append(crossing)
        identity = np.linalg.solve(whole, aim)
        change = np.concatenate([answer[..., -1] - answer[..., :-1] @ identity for answer in answers])
        taken = [(part @ change[row, :, None])[..., 0] for part, row in zip(crossings, self._chunks(), strict=True)]
        codes = np.concatenate(pulls) - across @ identity - np.concatenate(taken)
        state.shape += identity
        state.expression += codes
        state.pose[:, self._columns] += change[:, :-3]
        state.translation += change[:, -3:]
        return float(max(np.abs(identity).max(initial=0), np.abs(codes).max(initial=0)))

    def _chunks(self) -> list[slice]:
        return [slice(start, start + _CHUNK) for start in range(0, len(self._target), _CHUNK)]

    def _residual(self, state: _State, rows: slice) -> Doubles:
        """(n, v, 3) from the model to the vertices."""
        rest, joints = self._rest(state, rows)
        vertices, _ = self._posed(rest, joints, state.pose[rows], state.translation[rows])
        return self._target[rows] - vertices

    def _jacobian(self, state: _State, rows: slice) -> tuple[Doubles, Doubles]:
        """What joints and translation change, (n, 3 v, p + 3), and the turns (n, v, 3, 3) that are taken back in it."""
        rest, joints = self._rest(state, rows)
        pose, translation = state.pose[rows], state.translation[rows]
        vertices, turns = self._posed(rest, joints, pose, translation)
        columns: list[Doubles] = []
        for column in self._columns:
            nudged = pose.copy()
            nudged[:, column] += _NUDGE
            columns.append((self._posed(rest, joints, nudged, translation)[0] - vertices) / _NUDGE)
        moved = np.stack(columns, axis=-1)
        moved = np.concatenate([moved, np.broadcast_to(np.eye(3), (*vertices.shape, 3))], axis=-1)
        back = np.swapaxes(turns, 2, 3) @ moved
        return back.reshape(len(pose), -1, back.shape[-1]), turns

    def _rest(self, state: _State, rows: slice) -> tuple[Doubles, Doubles]:
        """Unposed vertices (n, v, 3) and joints (n, 5, 3)."""
        shape = self._template.ravel() + state.shape @ self._identity
        rest = shape + state.expression[rows] @ self._expressions
        joints = self._model.rest_joints(state.shape, state.expression[rows])
        return rest.reshape(len(rest), -1, 3), joints

    def _posed(self, rest: Doubles, joints: Doubles, pose: Doubles, translation: Doubles) -> tuple[Doubles, Doubles]:
        """Vertices (n, v, 3), and by what each is turned (n, v, 3, 3)."""
        shaped = rest + (pose_features(pose) @ self._correctives).reshape(rest.shape)
        transforms = skinning_transforms(pose, joints, translation).reshape(len(pose), 5, 12)
        blended = (self._weights @ transforms).reshape(*rest.shape[:2], 3, 4)
        turns = blended[..., :3]
        return (turns @ shaped[..., None])[..., 0] + blended[..., 3], turns
