"""Rotations keep lengths, compose, and survive the way through quaternions, near zero and near half a turn too."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from xtalker_addon.core.motion.rotation import (
    axis_angle_from_quaternion_wxyz,
    continuous_signs,
    matrix_from_axis_angle,
    quaternion_wxyz_from_axis_angle,
)

quick = settings(deadline=None, max_examples=60)

axes = (
    arrays(np.float64, 3, elements=st.floats(-1, 1))
    .filter(lambda a: np.linalg.norm(a) > 1e-3)
    .map(lambda a: a / np.linalg.norm(a))
)
angles = st.one_of(
    st.floats(0, 3 * np.pi),
    st.sampled_from([0.0, 1e-300, 1e-12, 1e-8, 1e-4, np.pi, np.pi - 1e-9, np.pi + 1e-9, 2 * np.pi]),
)
rotations = st.builds(lambda axis, angle: axis * angle, axes, angles)


def matrix_from_quaternion(q):
    """The textbook formula, as an independent reference."""
    w, x, y, z = q
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


@quick
@given(rotations)
def test_matrix_is_a_rotation_about_its_axis(r):
    matrix = matrix_from_axis_angle(r)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(matrix), 1, atol=1e-12)
    np.testing.assert_allclose(matrix @ r, r, atol=1e-11)
    np.testing.assert_allclose(np.trace(matrix), 1 + 2 * np.cos(np.linalg.norm(r)), atol=1e-12)


@quick
@given(rotations)
def test_matrix_and_quaternion_agree(r):
    quaternion = quaternion_wxyz_from_axis_angle(r)
    np.testing.assert_allclose(np.linalg.norm(quaternion), 1, atol=1e-12)
    np.testing.assert_allclose(matrix_from_quaternion(quaternion), matrix_from_axis_angle(r), atol=1e-12)


@quick
@given(rotations)
def test_back_from_quaternion_is_the_same_rotation_by_at_most_half_a_turn(r):
    back = axis_angle_from_quaternion_wxyz(quaternion_wxyz_from_axis_angle(r))
    assert np.linalg.norm(back) <= np.pi + 1e-12
    np.testing.assert_allclose(matrix_from_axis_angle(back), matrix_from_axis_angle(r), atol=1e-7)
    if np.linalg.norm(r) < np.pi - 1e-6:
        np.testing.assert_allclose(back, r, atol=1e-9)


@quick
@given(axes, st.floats(-3, 3), st.floats(-3, 3))
def test_turns_about_one_axis_add_up(axis, first, second):
    product = matrix_from_axis_angle(axis * first) @ matrix_from_axis_angle(axis * second)
    np.testing.assert_allclose(product, matrix_from_axis_angle(axis * (first + second)), atol=1e-12)


@quick
@given(rotations, rotations)
def test_batches_are_rotated_one_by_one(a, b):
    batch = np.array([[a, b], [b, a]])
    for function in (matrix_from_axis_angle, quaternion_wxyz_from_axis_angle):
        found = function(batch)
        np.testing.assert_array_equal(found[0, 0], function(a))
        np.testing.assert_array_equal(found[1, 0], function(b))


@quick
@given(arrays(np.float64, st.tuples(st.integers(1, 20), st.just(4)), elements=st.floats(-1, 1)))
def test_continuous_signs_only_flip_and_leave_neighbours_on_one_side(q):
    found = continuous_signs(q)
    assert np.all((found == q).all(1) | (found == -q).all(1))
    np.testing.assert_array_equal(found[0], q[0])
    assert ((found[1:] * found[:-1]).sum(1) >= 0).all()


def test_right_handed_and_the_jaw_opens_with_positive_x():
    np.testing.assert_allclose(
        matrix_from_axis_angle(np.array([0.3, 0, 0])) @ [0, 0, 1], [0, -0.29552, 0.95534], atol=1e-5
    )
    np.testing.assert_allclose(matrix_from_axis_angle(np.array([0, np.pi / 2, 0])) @ [0, 0, 1], [1, 0, 0], atol=1e-12)
