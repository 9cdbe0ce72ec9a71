"""ARKit's names as Live Link Face and others spell them, and its angles as turns of a head in FLAME's axes."""

from __future__ import annotations

import numpy as np
import pytest

from tests.data.unit_tables import HEADER
from xtalker_addon.core.arkit import names
from xtalker_addon.core.motion.rotation import matrix_from_axis_angle

AHEAD, UP = np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])


def test_order_and_spelling_are_live_link_faces():
    assert [names.live_link(name) for name in (*names.NAMES, *names.ANGLES)] == HEADER[2:]
    assert len(names.FLESH) == 43


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("JawOpen", "jawOpen"),
        ("jaw_open", "jawOpen"),
        ("Head.jawOpen", "jawOpen"),
        ("head:blendShape1|jawOpen", "jawOpen"),
        ("ARKit_JawOpen", "jawOpen"),
        ("blendShape.jawOpen", "jawOpen"),
        ("Jaw Open", "jawOpen"),
        ("mouthSmile_L", "mouthSmileLeft"),
        ("eyeLookIn_R", "eyeLookInRight"),
        ("jawLeft", "jawLeft"),
        ("EYEBLINKLEFT", "eyeBlinkLeft"),
        ("LeftEyeYaw", "leftEyeYaw"),
        ("mouthSmile", None),
        ("Timecode", None),
        ("BlendshapeCount", None),
        ("CTRL_expressions_jawOpen", None),
    ],
)
def test_other_spellings(spelling, name):
    assert names.known(spelling) == name


@pytest.mark.parametrize(
    ("angle", "way"),
    [((0.3, 0, 0), "own right"), ((-0.3, 0, 0), "own left"), ((0, 0.3, 0), "down"), ((0, -0.3, 0), "up")],
)
def test_eyes_look_where_the_apps_own_takes_do(angle, way):
    gaze = matrix_from_axis_angle(names.eye_turn([angle])[0]) @ AHEAD
    axis, sign = {"own left": (0, 1), "own right": (0, -1), "up": (1, 1), "down": (1, -1)}[way]
    assert sign * gaze[axis] == pytest.approx(np.sin(0.3))


def test_a_take_of_the_app_is_a_look_without_a_twist():
    """Yaw, pitch and roll of a real frame: the eye looks there without turning about the way it looks."""
    frame = np.array([[0.6353526115, -0.2778269649, -0.1676679552]])
    turn = matrix_from_axis_angle(names.eye_turn(frame)[0])
    ahead = turn @ AHEAD
    across = np.cross(UP, ahead)
    np.testing.assert_allclose(turn[:, 0], across / np.linalg.norm(across), atol=2e-4)
    looks = names.looks_of_angles(frame, left=False)[0]
    down, inwards, out, up = looks
    assert (down, inwards) == (0, 0)
    assert out == pytest.approx(1.008, abs=0.06)
    assert up == pytest.approx(0.524, abs=0.1)


@pytest.mark.parametrize(("angle", "axis", "sign"), [((0.3, 0, 0), 0, 1), ((0, 0.3, 0), 1, 1)])
def test_heads_turn_to_their_own_left_and_up(angle, axis, sign):
    assert sign * (matrix_from_axis_angle(names.head_turn([angle])[0]) @ AHEAD)[axis] == pytest.approx(np.sin(0.3))


def test_a_positive_roll_is_towards_the_own_right_shoulder():
    crown = matrix_from_axis_angle(names.head_turn([(0.0, 0.0, 0.3)])[0]) @ UP
    assert crown[0] == pytest.approx(-np.sin(0.3))


@pytest.mark.parametrize("way", [(0.3, 0, 0), (0, 0.3, 0)])
def test_eyes_that_turn_by_the_heads_angles_look_ahead(way):
    """A gaze that holds: angles of head and eyes count in opposite ways, so equal ones cancel."""
    head, eye = (matrix_from_axis_angle(turn([way])[0]) for turn in (names.head_turn, names.eye_turn))
    np.testing.assert_allclose(head @ eye @ AHEAD, AHEAD, atol=1e-12)


@pytest.mark.parametrize("pair", [(names.head_turn, names.head_angles), (names.eye_turn, names.eye_angles)])
def test_angles_come_back(pair):
    turn, angles = pair
    given = np.random.default_rng(0).uniform(-1.2, 1.2, (50, 3))
    np.testing.assert_allclose(angles(matrix_from_axis_angle(turn(given))), given, atol=1e-6)


def test_looks_and_angles_are_each_others_inverse():
    looks = np.array([[0.5, 0.0, 0.3, 0.0], [0.0, 0.7, 0.0, 0.2]])
    for left in (True, False):
        np.testing.assert_allclose(names.looks_of_angles(names.angles_of_looks(looks, left), left), looks)
    left, right = (names.angles_of_looks(np.array([[0, 1, 0, 0]]), side)[0, 0] for side in (True, False))
    assert left == -right > 0  # the left eye's "in" is to the own right
