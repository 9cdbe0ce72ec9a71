"""FLAME's joints as bones, so that the posed mesh equals the model in every frame and an artist can turn them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import pi
from typing import Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.model.skinning import JOINTS, PARENTS
from ..core.motion.rotation import continuous_signs, matrix_from_axis_angle, quaternion_wxyz_from_axis_angle
from .keys import Animation, drive

_BONE_LENGTH: Final = 0.025  # metres
_SCALE: Final = "xtalker_scale"  # of the sequence, in the object's own
_KEYED: Final = 0.0

# The entries of R - I, row by row, as polynomials in the unit quaternion's w, x, y, z.
_ROTATION_MINUS_IDENTITY: Final = (
    "-2*(y*y+z*z)",
    "2*(x*y-w*z)",
    "2*(x*z+w*y)",
    "2*(x*y+w*z)",
    "-2*(x*x+z*z)",
    "2*(y*z-w*x)",
    "2*(x*z-w*y)",
    "2*(y*z+w*x)",
    "-2*(x*x+y*y)",
)


def build_rig(name: str, joints: NDArray[np.floating], collection: bpy.types.Collection) -> bpy.types.Object:
    """An armature in `collection` with FLAME's five joints at `joints` (5, 3), in metres and FLAME axes.

    Bones point along the model's y with no roll, so their rest orientation is the identity and a joint's rotation is
    the bone's own. The object is turned by 90 degrees about x: y up becomes z up and the face looks along -y.
    """
    armature = bpy.data.armatures.new(name)
    armature.display_type = "STICK"
    rig = bpy.data.objects.new(name, armature)
    rig.rotation_euler = (pi / 2, 0.0, 0.0)
    collection.objects.link(rig)
    with _edit_mode(rig):
        for joint, parent, position in zip(JOINTS, PARENTS, joints, strict=True):
            bone = armature.edit_bones.new(joint)
            bone.head = tuple(position)
            bone.tail = (position[0], position[1] + _BONE_LENGTH, position[2])
            bone.roll = 0.0
            if parent >= 0:
                bone.parent = armature.edit_bones[JOINTS[parent]]
    for bone in rig.pose.bones:
        bone.rotation_mode = "QUATERNION"
    return rig


def move_rest(rig: bpy.types.Object, joints: NDArray[np.floating]) -> None:
    """Let the bones of a rig rest at other `joints` (5, 3); bones that an artist renamed stay."""
    with _edit_mode(rig):
        for joint, position in zip(JOINTS, joints, strict=True):
            bone = rig.data.edit_bones.get(joint)
            if bone:
                bone.head = tuple(position)
                bone.tail = (position[0], position[1] + _BONE_LENGTH, position[2])


@contextmanager
def _edit_mode(rig: bpy.types.Object) -> Iterator[None]:
    """Bones can be made in edit mode only, which belongs to the view layer's active object and wants it visible."""
    layer, root = bpy.context.view_layer, bpy.context.scene.collection
    active, selected = layer.objects.active, list(bpy.context.selected_objects)
    hidden_everywhere = rig.hide_viewport
    rig.hide_viewport = False
    excluded = rig.name not in layer.objects or not rig.visible_get()
    if excluded:
        root.objects.link(rig)
    hidden = rig.hide_get()
    rig.hide_set(False)
    layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    try:
        yield
    finally:
        bpy.ops.object.mode_set(mode="OBJECT")
        layer.objects.active = active
        rig.hide_set(hidden)
        if excluded:
            root.objects.unlink(rig)
        rig.hide_viewport = hidden_everywhere
        for item in bpy.context.selected_objects:
            item.select_set(item in selected)


def bind(head: bpy.types.Object, rig: bpy.types.Object) -> None:
    """Let the rig carry and deform the head by plain linear blend skinning."""
    head.parent = rig
    modifier = head.modifiers.new("Armature", "ARMATURE")
    assert isinstance(modifier, bpy.types.ArmatureModifier)
    modifier.object = rig
    modifier.use_deform_preserve_volume = False


def drive_correctives(head: bpy.types.Object, rig: bpy.types.Object, names: tuple[str, ...]) -> None:
    """Let the 36 pose correctives follow the bones, whoever moves them: the data's keys or an artist."""
    keys = head.data.shape_keys
    for column, name in enumerate(names):
        if name:
            joint, entry = divmod(column, 9)
            expression = _ROTATION_MINUS_IDENTITY[entry]
            channels = [channel for channel in "wxyz" if channel in expression]
            path = f'key_blocks["{bpy.utils.escape_identifier(name)}"].value'
            drive(keys, path, expression, rig, JOINTS[joint + 1], channels)


def key_pose(
    animation: Animation,
    rig: bpy.types.Object,
    pose: NDArray[np.floating],
    joints: NDArray[np.floating],
    rest: NDArray[np.floating],
    translation: NDArray[np.floating] | None,
    scale: NDArray[np.floating] | None = None,
) -> None:
    """Key bone rotations and, for joints that turn, the locations that account for their own movement.

    pose : (T, 15) axis-angle; joints : (T, 5, 3) of the unposed head in each frame; rest : (5, 3) of the bones
    translation : (T, 3) metres in FLAME axes, or None
    scale : (T,) of the whole head, or None; becomes the object's, keyed where it changes

    FLAME regresses joints from identity and expression together, so they move by d from frame to frame. A bone's rest
    cannot move, but turning by R about a joint that is off by d equals turning about the bone and moving by (I - R) d.
    """
    shifts = np.asarray(joints, np.float64) - np.asarray(rest, np.float64)
    for index, joint in enumerate(JOINTS):
        axis_angle = np.asarray(pose, np.float64)[:, 3 * index : 3 * index + 3]
        location = shifts[:, index] - (matrix_from_axis_angle(axis_angle) @ shifts[:, index, :, None])[..., 0]
        if index == 0 and translation is not None:
            location = location + (translation if scale is None else translation / scale[:, None])
        path = f'pose.bones["{joint}"]'
        if axis_angle.any():
            quaternions = continuous_signs(quaternion_wxyz_from_axis_angle(axis_angle))
            animation.write(rig, f"{path}.rotation_quaternion", quaternions, joint)
        if location.any():
            animation.write(rig, f"{path}.location", location, joint)
    if scale is not None:
        _scale(animation, rig, scale)


def _scale(animation: Animation, rig: bpy.types.Object, scale: NDArray[np.floating]) -> None:
    if np.ptp(scale):
        rig[_SCALE] = _KEYED
        animation.write(rig, "scale", np.repeat(scale[:, None], 3, axis=1), "Scale")
    else:
        rig[_SCALE] = float(scale[0])
        rig.scale = [value * float(scale[0]) for value in rig.scale]


def drop_scale(rig: bpy.types.Object) -> None:
    """Take back the scale of the sequence; an artist's own stays where the sequence's was not keyed."""
    factor = float(rig.pop(_SCALE, 1.0))
    rig.scale = (1, 1, 1) if factor == _KEYED else [value / factor for value in rig.scale]
