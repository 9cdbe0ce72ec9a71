"""Animation in bulk: one action a head with a slot for each animated data-block, curves written whole."""

from __future__ import annotations

from collections.abc import Sequence as Values

import bpy
import numpy as np
from numpy.typing import NDArray

# Blender's numbers for kinds of interpolation, as they stand in its own table.
_KINDS = bpy.types.Keyframe.bl_rna.properties["interpolation"].enum_items
LINEAR, CONSTANT = _KINDS["LINEAR"].value, _KINDS["CONSTANT"].value


class Animation:
    """Writes F-curves into one action, with a slot for every data-block that is animated."""

    def __init__(
        self,
        name: str,
        frames: NDArray[np.floating],
        action: bpy.types.Action | None = None,
        cuts: NDArray[np.integer] | None = None,
    ) -> None:
        """Into a new action, or one made so.

        frames (T,) : scene frame of every index; fractions are allowed
        cuts : indices that begin another clip; nothing is interpolated from the frame before to them
        """
        self.action = action or bpy.data.actions.new(name)
        layer = self.action.layers[0] if action else self.action.layers.new("Layer")
        strip = layer.strips[0] if action else layer.strips.new(type="KEYFRAME")
        assert isinstance(strip, bpy.types.ActionKeyframeStrip)
        self._strip = strip
        self._frames = np.asarray(frames, np.float32)
        self._interpolation = np.full(len(frames), LINEAR, np.uint8)
        if cuts is not None:
            self._interpolation[np.asarray(cuts, int) - 1] = CONSTANT

    def write(
        self,
        owner: bpy.types.ID,
        data_path: str,
        values: NDArray[np.floating],
        group: str,
        first_index: int = 0,
        colour: tuple[float, float, float] | None = None,
    ) -> None:
        """Key `owner`'s property at every frame: values (T, n) for its elements from `first_index`, or (T,).

        colour : of the curves in the Graph Editor, display values; Blender's choice if None
        """
        columns = np.asarray(values, np.float32).reshape(len(self._frames), -1)
        curves = self._curves_of(owner)
        curve_group = curves.groups.get(group) or curves.groups.new(group)
        for index, column in enumerate(columns.T, start=first_index):
            curve = curves.fcurves.new(data_path, index=index if np.ndim(values) > 1 else 0)
            curve.group = curve_group
            if colour:
                curve.color_mode, curve.color = "CUSTOM", colour
            points = curve.keyframe_points
            points.add(len(column))
            points.foreach_set("co", np.stack([self._frames, column], axis=1).ravel())
            points.foreach_set("interpolation", self._interpolation)
            curve.update()

    def _curves_of(self, owner: bpy.types.ID) -> bpy.types.ActionChannelbag:
        data = owner.animation_data or owner.animation_data_create()
        assert data is not None
        if data.action != self.action:
            slot = self.action.slots.new(owner.id_type, owner.name)
            data.action, data.action_slot = self.action, slot
        return self._strip.channelbag(data.action_slot, ensure=True)


def drive(
    owner: bpy.types.ID, data_path: str, expression: str, rig: bpy.types.Object, bone: str, channels: Values[str]
) -> None:
    """Drive a property by a simple expression of the quaternion channels (of 'wxyz') of a bone's local rotation.

    Simple expressions are evaluated without Python, so they cost little and need no trust from the user.
    """
    driver = owner.driver_add(data_path).driver
    driver.type = "SCRIPTED"
    for channel in channels:
        variable = driver.variables.new()
        variable.name = channel
        variable.type = "TRANSFORMS"
        target = variable.targets[0]
        target.id, target.bone_target = rig, bone
        target.transform_type = f"ROT_{channel.upper()}"
        target.rotation_mode = "QUATERNION"
        target.transform_space = "LOCAL_SPACE"
    driver.expression = expression
