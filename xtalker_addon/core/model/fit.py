"""Codes whose face is given vertices: least squares on a loaded model, all frames of a clip together.

Gauss-Newton on FLAME's equations (see `flame`). What a step changes in a frame (expression, joints, translation) is
eliminated frame by frame, so that the identity, which all frames share, is solved for exactly (the Schur complement).
The equations of the codes are set up in the rest pose, where they are the same in all frames. Derivatives and what
comes of them are in float32; what decides where the steps end, the distances and the codes' own equations, in float64.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..motion.rotation import axis_angle_from_matrix, matrix_from_axis_angle
from ..sequence import Sequence
from .clip import Clip
from .flame import FlameModel
from .skinning import JOINTS, PARENTS, pose_features, skinning_transforms

_VERTICES: Final = 600  # that the equations are of, until the last steps; the distances are of all
_CHUNK_FLOATS: Final = 2_000_000  # what joints and translations move in the frames that are in memory together
_STEPS: Final = 25
_LAST_STEPS: Final = 12  # with all vertices
_NEAR: Final = 0.05  # standard deviations by which codes change at most when all vertices take over
_ENOUGH: Final = 5e-4  # and in the last step, which leaves far less
_WORSE: Final = 1.5  # times the distance squared, after which a step is taken back
_MIXED: Final = 0.2  # standard deviations below which steps are mixed
_MIXES: Final = 4  # steps that are mixed
_TINY: Final = 1e-12
_FLOOR: Final = 1e-18  # metres squared: the prior is not weaker where vertices are met exactly
_ROOT, _NECK, _JAW = (JOINTS.index(name) for name in ("root", "neck", "jaw"))
_EYES: Final = (JOINTS.index("left_eye"), JOINTS.index("right_eye"))
# [e]x of the three axes: what turning about them does to a vector.
_TURNS: Final = np.cross(np.eye(3)[:, None], np.eye(3)).swapaxes(1, 2)

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
    none where vertices are met exactly. Codes of columns that move nothing stay 0. Raises ModelError where the vertices
    are not the model's.
    """
    joints = [_ROOT, *([_NECK] if neck else []), _JAW, *(_EYES if eyes else ())]
    problem = _Problem(sequence, model, joints, _VERTICES)
    state = _converged(problem, problem.start(), _STEPS, _NEAR, lambda share: watch(0.5 * share))
    whole = _Problem(sequence, model, joints, model.vertex_count)
    state = _converged(whole, state, _LAST_STEPS, _ENOUGH, lambda share: watch(0.5 + 0.4 * share))
    pose = state.pose.astype(np.float32)
    found = replace(
        sequence,
        expression=state.expression.astype(np.float32),
        vertices=None,
        shape=state.shape.astype(np.float32),
        global_rotation=pose[:, :3],
        neck=pose[:, 3:6] if neck else None,
        jaw=pose[:, 6:9],
        eyes=pose[:, 9:] if eyes else None,
        translation=state.translation.astype(np.float32),
        origins={},
        fitted_to=model.mark(),
    )
    apart = [
        1e3 * np.linalg.norm(mine - theirs, axis=2)
        for mine, theirs in zip(Clip(found, model).vertices(), Clip(sequence, model).vertices(), strict=True)
    ]
    watch(1.0)
    return Fit(
        found,
        np.concatenate([frames.mean(1, dtype=np.float64) for frames in apart]),
        np.concatenate([frames.max(1).astype(np.float64) for frames in apart]),
    )


@dataclass(slots=True)
class _State:
    """Codes of all columns, pose (T, 15) and translation (T, 3)."""

    shape: Doubles
    expression: Doubles
    pose: Doubles
    translation: Doubles

    def packed(self) -> Doubles:
        """All of it in one row."""
        return np.concatenate([part.ravel() for part in (self.shape, self.expression, self.pose, self.translation)])

    def unpack(self, row: Doubles) -> None:
        """Take what `packed` gives."""
        for part in (self.shape, self.expression, self.pose, self.translation):
            part[:], row = row[: part.size].reshape(part.shape), row[part.size :]


def _converged(problem: _Problem, state: _State, steps: int, enough: float, watch: Watch) -> _State:
    """Steps until one changes the codes by less than `enough`.

    That codes move the joints is not in a step's equations, which leaves a share of each step for the next. Anderson's
    mixing of the last steps ("Iterative procedures for nonlinear integral equations", 1965) takes the shares together.
    """
    starts, changes = list[Doubles](), list[Doubles]()
    damping, best, best_state = 0.0, np.inf, state.packed()
    for step in range(steps):
        left = problem.mean_square(state)
        if left > _WORSE * best:  # columns that hardly show went too far
            damping = 100 * max(damping, best)
            state.unpack(best_state)
            starts, changes, left = [], [], best
        else:
            damping, best, best_state = 0.1 * damping, left, state.packed()
        starts.append(state.packed())
        change = problem.step(state, max(left, _FLOOR), damping)
        changes.append(state.packed() - starts[-1])
        watch((step + 1) / steps)
        if change < enough:
            break
        if change < _MIXED and len(changes) > 1:
            del starts[:-_MIXES], changes[:-_MIXES]
            wandered, changed = (np.diff(np.stack(rows), axis=0).T for rows in (starts, changes))
            shares = np.linalg.lstsq(changed, changes[-1], rcond=1e-6)[0]
            state.unpack(starts[-1] + changes[-1] - (wandered + changed) @ shares)
    if problem.mean_square(state) > _WORSE * best:
        state.unpack(best_state)
    return state


class _Problem:
    """The equations of up to `count` vertices, evenly spread over the mesh's order; `joints` are those that turn.

    Coordinates are (..., 3, v), flattened to 3 v where they are equations.
    """

    def __init__(self, sequence: Sequence, model: FlameModel, joints: list[int], count: int) -> None:
        self._model, self._joints = model, joints
        rows = np.linspace(0, model.vertex_count - 1, min(count, model.vertex_count)).astype(int)
        self._target = np.concatenate([frames[:, rows].swapaxes(1, 2) for frames in Clip(sequence, model).vertices()])
        self._template = model.template[rows].T.astype(np.float64)
        weights = model.weights[rows].astype(np.float64)
        for joint in sorted(set(range(len(JOINTS))) - set(joints), reverse=True):
            weights[:, PARENTS[joint]] += weights[:, joint]  # one that never turns moves as its parent does
        self._weights = weights[:, joints].T.copy()
        self._correctives = _flat(model.corrective_basis, rows)
        self._shaping, self._moving = (b.any((1, 2)) for b in (model.identity_basis, model.expression_basis))
        self._identity = _flat(model.identity_basis[self._shaping], rows)
        self._expressions = _flat(model.expression_basis[self._moving], rows)
        self._columns = np.concatenate([self._identity, self._expressions]).astype(np.float32).T.copy()
        self._own = self._expressions @ self._expressions.T
        self._both = self._expressions @ self._identity.T
        self._shared = self._identity @ self._identity.T

    def start(self) -> _State:
        """The mean face, turned and moved to where each frame's head is (Kabsch)."""
        frames, joint = len(self._target), self._model.rest_joints()[0]
        middle, where = self._template.mean(1), self._target.mean(2, dtype=np.float64)
        spread = (self._target - where[..., None]) @ (self._template - middle[:, None]).T
        left, _, right = np.linalg.svd(spread)
        left[..., 2] *= np.sign(np.linalg.det(left @ right))[:, None]
        turns = left @ right
        pose = np.zeros((frames, 3 * len(JOINTS)))
        pose[:, :3] = axis_angle_from_matrix(turns)
        codes = np.zeros(len(self._model.identity_basis)), np.zeros((frames, len(self._model.expression_basis)))
        return _State(*codes, pose, where - (turns @ (middle - joint) + joint))

    def step(self, state: _State, prior: float, damping: float) -> float:
        """One Gauss-Newton step; returns by how much the codes change at most, in standard deviations.

        prior, damping : metres squared, how hard codes are drawn to 0 and to where they are
        The expression is eliminated first: its equations are the same in all frames.
        """
        frames = len(self._target)
        solver = np.linalg.inv(self._own + (prior + damping) * np.eye(len(self._own)))
        across = solver @ self._both
        whole = frames * (self._shared - self._both.T @ across) + (prior + damping) * np.eye(len(self._shared))
        aim = -prior * state.shape[self._shaping]
        pulls, answers, crossings = list[Doubles](), list[Doubles](), list[Doubles]()
        for rows in self._chunks():
            away, own, squares, crossed = self._equations(state, rows)
            of_shared, of_codes = crossed[..., : len(aim)], crossed[..., len(aim) :].swapaxes(1, 2)
            crossing = solver @ of_codes
            back = np.swapaxes(of_codes, 1, 2)
            with_shared = of_shared - back @ across
            pull = (away @ self._expressions.T - prior * state.expression[rows][:, self._moving]) @ solver
            own = own - (back @ pull[..., None])[..., 0]
            both_sides = np.concatenate([with_shared, own[..., None]], axis=2)
            answer = np.asarray(np.linalg.solve(squares - back @ crossing, both_sides), np.float64)
            columns = with_shared.reshape(-1, len(aim)).T
            whole -= columns @ answer[..., :-1].reshape(-1, len(aim))
            aim += self._identity @ away.sum(0) - self._both.T @ pull.sum(0) - columns @ answer[..., -1].ravel()
            pulls.append(pull)
            answers.append(answer)
            crossings.append(crossing)
        identity = np.linalg.solve(whole, aim)
        change = np.concatenate([answer[..., -1] - answer[..., :-1] @ identity for answer in answers])
        taken = [(part @ change[row, :, None])[..., 0] for part, row in zip(crossings, self._chunks(), strict=True)]
        codes = np.concatenate(pulls) - across @ identity - np.concatenate(taken)
        before = self._model.rest_joints(state.shape, state.expression)[:, 0]
        state.shape[self._shaping] += identity
        state.expression[:, self._moving] += codes
        for joint, turn in zip(self._joints, np.split(change[:, :-3], len(self._joints), axis=1), strict=True):
            columns = slice(3 * joint, 3 * joint + 3)
            turned = matrix_from_axis_angle(turn) @ matrix_from_axis_angle(state.pose[:, columns])
            state.pose[:, columns] = axis_angle_from_matrix(turned)
        # The head turns about its root joint, which the codes have moved.
        moved = self._model.rest_joints(state.shape, state.expression)[:, 0] - before
        turned = (matrix_from_axis_angle(state.pose[:, :3]) @ moved[..., None])[..., 0]
        state.translation += change[:, -3:] + turned - moved
        return float(max(np.abs(identity).max(initial=0), np.abs(codes).max(initial=0)))

    def _chunks(self) -> list[slice]:
        size = _CHUNK_FLOATS // (self._template.size * (3 * len(self._joints) + 3)) + 1
        return [slice(start, start + size) for start in range(0, len(self._target), size)]

    def mean_square(self, state: _State) -> float:
        """Of the distances along each axis, metres squared."""
        total = 0.0
        for rows in self._chunks():
            *_, held = self._posed(state, rows)
            total += float(np.square(self._target[rows] - sum(held)).sum())
        return total / self._target.size

    def _posed(self, state: _State, rows: slice) -> tuple[Doubles, Doubles, list[Doubles]]:
        """Transforms (n, j, 3, 4) of the joints that turn, their places at rest (n, j, 3), and what each adds to the
        posed vertices (n, 3, v).
        """
        expression, pose = state.expression[rows], state.pose[rows]
        rest = self._template.ravel() + state.shape[self._shaping] @ self._identity
        shaped = rest + expression[:, self._moving] @ self._expressions
        features = pose_features(pose)
        turning = features.any(0)
        shaped += features[:, turning] @ self._correctives[turning]
        joints = self._model.rest_joints(state.shape, expression)
        transforms = skinning_transforms(pose, joints, state.translation[rows])[:, self._joints]
        shaped = shaped.reshape(len(pose), 3, -1)
        held = [
            (transforms[:, i, :, :3] @ shaped + transforms[:, i, :, 3:]) * weight
            for i, weight in enumerate(self._weights)
        ]
        return transforms, joints[:, self._joints], held

    def _equations(self, state: _State, rows: slice) -> tuple[Doubles, Doubles, Doubles, Doubles]:
        """What a step of the frames `rows` is made of, for the c numbers of their joints and translations.

        Returns the distances (n, 3 v), their products with what the c numbers move (n, c), those of what they move with
        itself (n, c, c), and with the columns of all codes (n, c, codes); all brought back into the rest pose.
        """
        transforms, origins, held = self._posed(state, rows)
        turns = transforms[..., :3]
        n, count = len(turns), 3 * len(self._joints) + 3
        back = _inverse((turns.reshape(n, -1, 9).swapaxes(1, 2) @ self._weights).reshape(n, 3, 3, -1))
        away = _turned(back, (self._target[rows] - sum(held))[:, None])[:, 0]
        back = back.astype(np.float32)
        moved = np.empty((n, count, *away.shape[1:]), np.float32)
        for i, joint in enumerate(self._joints):
            below = [k for k, other in enumerate(self._joints) if joint in _ancestry(other)]
            origin = transforms[:, i, :, :3] @ origins[:, i, :, None] + transforms[:, i, :, 3:]
            swept = sum(held[k] for k in below) - origin * self._weights[below].sum(0)
            above = next((k for k in reversed(range(i)) if self._joints[k] in _ancestry(joint)), None)
            about = _TURNS if above is None else turns[:, above, None] @ _TURNS @ turns[:, above, None].swapaxes(2, 3)
            columns = slice(3 * i, 3 * i + 3)
            moved[:, columns] = _turned(back, np.asarray(about, np.float32) @ swept[:, None].astype(np.float32))
            if joint != _ROOT:
                own = matrix_from_axis_angle(state.pose[rows, 3 * joint : 3 * joint + 3])
                features = (_TURNS @ own[:, None]).reshape(-1, 9).astype(np.float32)
                correction = features @ self._correctives[9 * joint - 9 : 9 * joint]
                moved[:, columns] += correction.reshape(n, 3, *away.shape[1:])
        moved[:, -3:] = back.swapaxes(1, 2)
        away: Doubles = away.reshape(n, -1)
        moved = moved.reshape(n, count, -1)
        own = (moved @ away[..., None].astype(np.float32))[..., 0]
        squares = moved @ moved.swapaxes(1, 2) + _TINY * np.eye(count)
        crossed = (moved.reshape(n * count, -1) @ self._columns).reshape(n, count, -1)
        return away, own.astype(np.float64), squares, crossed.astype(np.float64)


def _inverse(matrices: Doubles) -> Doubles:
    """Of (n, 3, 3, v) matrices, by their cofactors."""
    rows = matrices.swapaxes(0, 1)
    cofactors = np.stack([_crossed(rows[(i + 1) % 3], rows[(i + 2) % 3]) for i in range(3)], axis=2)
    return cofactors / (rows[0] * cofactors[:, :, 0]).sum(1)[:, None, None]


def _crossed(a: Doubles, b: Doubles) -> Doubles:
    """Cross products of (n, 3, v) vectors."""
    return np.stack([a[:, i - 2] * b[:, i - 1] - a[:, i - 1] * b[:, i - 2] for i in range(3)], axis=1)


def _turned(matrices: NDArray[Any], vectors: NDArray[Any]) -> NDArray[Any]:
    """(n, c, 3, v) vectors by (n, 3, 3, v) matrices."""
    x, y, z = (vectors[:, :, None, axis] for axis in range(3))
    mx, my, mz = (matrices[:, None, :, axis] for axis in range(3))
    return mx * x + my * y + mz * z


def _flat(basis: Array, rows: NDArray[np.integer]) -> Doubles:
    """(n, 3 v) of (n, V, 3) at vertices `rows`."""
    return basis[:, rows].swapaxes(1, 2).reshape(len(basis), 3 * len(rows)).astype(np.float64)


def _ancestry(joint: int) -> tuple[int, ...]:
    """A joint and those above it."""
    return (joint, *_ancestry(PARENTS[joint])) if joint >= 0 else ()
