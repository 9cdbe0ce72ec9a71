"""The head in Blender is the model's, vertex by vertex and frame by frame."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from tests.data.clips import smooth, talking_clip
from xtalker_addon.blender.evaluated import vertices_in_flame_axes
from xtalker_addon.blender.importer import ImportOptions, import_sequence

TOLERANCE = 1e-6  # metres


def worst_distance(result, expected: np.ndarray) -> float:
    scene, distances = bpy.context.scene, []
    for index, vertices in enumerate(expected):
        scene.frame_set(int(result.frame_start) + index)
        distances.append(np.linalg.norm(vertices_in_flame_axes(result.head) - vertices, axis=1).max())
    return max(distances)


def test_every_vertex_of_every_frame(model, clip):
    result = import_sequence(clip, model)
    assert worst_distance(result, model.evaluate(clip.shape, clip.expression, clip.pose())) < TOLERANCE


def test_the_joint_shift_by_expression_is_there(model, clip):
    """The tolerance would notice joints that stand still: they move by far more."""
    moving = model.rest_joints(clip.shape, clip.expression)
    assert np.abs(moving - model.rest_joints(clip.shape)).max() > 100 * TOLERANCE


def test_translation_and_identity_per_frame(model):
    rng = np.random.default_rng(3)
    clip = talking_clip(rng, frames=12, shape=rng.normal(0, 1, (12, 100)), translation=smooth(rng, 12, 3, 0.05))
    result = import_sequence(clip, model, ImportOptions(identity="per_frame"))
    expected = model.evaluate(clip.shape, clip.expression, clip.pose(), clip.translation)
    assert worst_distance(result, expected) < TOLERANCE


@pytest.mark.parametrize("mode", ["mean", "median", "first"])
def test_one_identity_for_the_clip(model, mode):
    rng = np.random.default_rng(4)
    clip = talking_clip(rng, frames=6, shape=rng.normal(0, 1, (6, 100)))
    result = import_sequence(clip, model, ImportOptions(identity=mode))
    expected = model.evaluate(clip.identity(mode), clip.expression, clip.pose())
    assert worst_distance(result, expected) < TOLERANCE


def test_codes_beyond_the_slider_range_are_kept_and_said(model):
    clip = talking_clip(np.random.default_rng(5), frames=6)
    codes = clip.expression.copy()
    codes[3, 7] = -27.5
    clip = talking_clip(np.random.default_rng(5), frames=6, expression=codes, jaw=None)
    result = import_sequence(clip, model)
    assert worst_distance(result, model.evaluate(clip.shape, codes, clip.pose())) < TOLERANCE
    assert any("beyond 10" in warning for warning in result.warnings)


def test_correctives_follow_an_artists_own_turn_of_the_jaw(model, clip):
    still = talking_clip(
        np.random.default_rng(6), 2, expression=np.zeros((2, 50)), global_rotation=None, neck=None, jaw=None, eyes=None
    )
    result = import_sequence(still, model)
    jaw = result.rig.pose.bones["jaw"]
    jaw.rotation_mode = "XYZ"
    jaw.rotation_euler = (0.35, 0.0, 0.0)
    bpy.context.view_layer.update()
    pose = np.zeros((1, 15))
    pose[0, 6] = 0.35
    expected = model.evaluate(still.shape, np.zeros((1, 50)), pose)[0]
    assert np.linalg.norm(vertices_in_flame_axes(result.head) - expected, axis=1).max() < TOLERANCE


def test_turns_beyond_half_a_circle_do_not_spin(model):
    """Axis-angle that wraps at pi is one smooth turn, also between frames."""
    angle = np.linspace(2.9, 3.4, 11)
    wrapped = np.where(angle > np.pi, angle - 2 * np.pi, angle)
    turn = np.stack([np.zeros(11), wrapped, np.zeros(11)], axis=1)
    clip = talking_clip(np.random.default_rng(8), 11, global_rotation=turn)
    result = import_sequence(clip, model)
    quaternions = []
    for frame in np.arange(1, 11, 0.25):
        bpy.context.scene.frame_set(int(frame), subframe=float(frame % 1))
        quaternions.append(np.array(result.rig.pose.bones["root"].rotation_quaternion))
    steps = np.linalg.norm(np.diff(quaternions, axis=0), axis=1)
    assert steps.max() < 0.02
