"""How much of a head's motion shows: amounts and freezes as modifiers and mutes of F-curves; the keys stay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import bpy
import numpy as np

from .head import Head

Layer = Literal["expression", "jaw", "head", "eyes"]
# Layer: the groups of F-curves that move it, as the importer names them.
_GROUPS: Final[dict[Layer, tuple[str, ...]]] = {
    "expression": ("Expression",),
    "jaw": ("jaw",),
    "head": ("root", "neck"),
    "eyes": ("left_eye", "right_eye"),
}
LAYERS: Final[tuple[Layer, ...]] = ("expression", "jaw", "head", "eyes")
_PLACE: Final = 'pose.bones["root"].location'
_NOTHING: Final = 1e30  # a default range so wide that nothing is left of any value


def has_motion(head: Head, layer: Layer) -> bool:
    """Whether the sequence moves that part of the head at all."""
    return next(_curves(head, layer), None) is not None


def is_frozen(head: Head, layer: Layer) -> bool:
    """Whether the part holds still."""
    curves = list(_curves(head, layer))
    return bool(curves) and all(curve.mute for curve in curves)


def freeze(head: Head, layer: Layer, frozen: bool) -> None:
    """Hold the part as it is in the current frame, or let it move again."""
    for curve in _curves(head, layer):  # a group's own mute only shows in the editors
        curve.mute = frozen
    _evaluate_again(head)


def amount_of(head: Head, layer: Layer) -> float:
    """1 for the motion as it is in the file, 0 for none."""
    curve = next(
        (curve for curve in _curves(head, layer) if _is_scaled(curve) and not _follows_expression(curve)), None
    )
    modifier = _envelope(curve) if curve else None
    return _amount_in(modifier) if modifier else 1.0


def set_amount(head: Head, layer: Layer, amount: float) -> None:
    """Scale the part's motion about rest (the whole head's position: about its mean).

    Codes scale as they are. Of a rotation about an axis by an angle a, tan(a / 2) is scaled: the axis stays, and
    up to a radian and an amount of 1.5 the angle follows within 2 %. 1 takes every modifier away: exactly the file.
    """
    amounts = {name: amount_of(head, name) for name in LAYERS} | {layer: amount}
    for name in LAYERS:
        for curve in _curves(head, name):
            factor = amounts[name] * (amounts["expression"] if _follows_expression(curve) else 1.0)
            if _is_scaled(curve):
                _scale(curve, factor)
    _evaluate_again(head)


def _scale(curve: bpy.types.FCurve, amount: float) -> None:
    modifier = _envelope(curve)
    if amount == 1.0:
        if modifier:
            curve.modifiers.remove(modifier)
        return
    if modifier is None:
        modifier = curve.modifiers.new("ENVELOPE")
        modifier.name = "Amount"
        modifier.reference_value = _mean(curve) if curve.data_path == _PLACE else 0.0
        modifier.control_points.add(curve.range()[0])  # from -1 to 1; Blender 4.5 may crash when that is changed
    # An envelope maps the default range onto that of its control points: v becomes v / default_max.
    modifier.default_max = 1.0 / amount if amount else _NOTHING
    modifier.default_min = -modifier.default_max


def _amount_in(modifier: bpy.types.FModifier) -> float:
    return 0.0 if modifier.default_max >= _NOTHING else 1.0 / modifier.default_max


def _follows_expression(curve: bpy.types.FCurve) -> bool:
    """The small shifts of a bone, by which its joint follows the expression; the root's hold the clip's translation."""
    return curve.data_path.endswith(".location") and curve.data_path != _PLACE


def _evaluate_again(head: Head) -> None:
    for owner in head.animated:
        action = head.action_of(owner)
        if action:
            action.update_tag()
        owner.update_tag()


def _mean(curve: bpy.types.FCurve) -> float:
    values = np.empty(2 * len(curve.keyframe_points), np.float32)
    curve.keyframe_points.foreach_get("co", values)
    return float(values[1::2].mean())


def _is_scaled(curve: bpy.types.FCurve) -> bool:
    """All but a quaternion's w, which gives x, y and z their meaning."""
    return not (curve.data_path.endswith("rotation_quaternion") and curve.array_index == 0)


def _envelope(curve: bpy.types.FCurve) -> bpy.types.FModifier | None:
    return next((m for m in curve.modifiers if m.type == "ENVELOPE" and len(m.control_points) == 1), None)


def _curves(head: Head, layer: Layer) -> Iterator[bpy.types.FCurve]:
    for owner in filter(None, (head.face.data.shape_keys, head.rig)):
        yield from (curve for curve in head.curves_of(owner) if curve.group and curve.group.name in _GROUPS[layer])
