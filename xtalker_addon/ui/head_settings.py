"""What the head panel shows and sets. Nothing is stored here: values live in strips, modifiers, mutes and nodes."""

import bpy

from ..blender import compare
from ..blender.head import Head, head_of
from ..blender.material import LOOKS as LOOK_ORDER
from ..blender.material import look_of, set_look
from ..blender.motion import LAYERS, Layer, amount_of, freeze, is_frozen, set_amount
from ..blender.subdivision import MOST_LEVELS, level_of, set_level
from ..blender.timing import set_timing, timing_of
from .choices import LOOKS

_TITLES: dict[Layer, str] = {"expression": "Expression", "jaw": "Jaw", "head": "Head Motion", "eyes": "Eyes"}


def _head(settings: bpy.types.PropertyGroup) -> Head | None:
    return head_of(settings.id_data, bpy.context.scene)


def _get_look(self) -> int:
    head = _head(self)
    look = look_of(head.material) if head else None
    return LOOK_ORDER.index(look) if look else 0


def _set_look(self, value: int) -> None:
    head = _head(self)
    if head and look_of(head.material):
        set_look(head.material, LOOK_ORDER[value])


def _timing(index: int, name: str, description: str, **limits):
    def get_value(self) -> float:
        head = _head(self)
        return timing_of(head)[index] if head else float(index)

    def set_value(self, value: float) -> None:
        head = _head(self)
        if head:
            timing = list(timing_of(head))
            timing[index] = value
            set_timing(head, *timing)

    return bpy.props.FloatProperty(name=name, description=description, get=get_value, set=set_value, **limits)


def _amount(layer: Layer):
    def get_value(self) -> float:
        head = _head(self)
        return amount_of(head, layer) if head else 1.0

    def set_value(self, value: float) -> None:
        head = _head(self)
        if head:
            set_amount(head, layer, value)

    return bpy.props.FloatProperty(
        name=_TITLES[layer],
        description="How much of this motion shows: 1 as in the file, 0 none. The keys stay as they are",
        min=0.0,
        max=3.0,
        soft_max=2.0,
        subtype="FACTOR",
        get=get_value,
        set=set_value,
    )


def _freeze(layer: Layer):
    def get_value(self) -> bool:
        head = _head(self)
        return bool(head) and is_frozen(head, layer)

    def set_value(self, value: bool) -> None:
        head = _head(self)
        if head:
            freeze(head, layer, value)

    return bpy.props.BoolProperty(
        name=f"Freeze {_TITLES[layer]}",
        description="Hold it as it is in the current frame. The keys stay as they are",
        get=get_value,
        set=set_value,
    )


def _get_maximum(self) -> float:
    head = _head(self)
    return compare.maximum_of(head) if head else 0.0


def _set_maximum(self, value: float) -> None:
    head = _head(self)
    if head:
        compare.set_maximum(head, value)


def _get_subdivision(self) -> int:
    head = _head(self)
    return level_of(head.face) if head else 0


def _set_subdivision(self, value: int) -> None:
    head = _head(self)
    if head and not compare.is_measure_of_others(head):  # whose distances are to the model's own vertices
        set_level(head.face, value)


class XTALKER_PG_head(bpy.types.PropertyGroup):
    look: bpy.props.EnumProperty(
        name="Look", description="How the face is shaded", items=LOOKS, get=_get_look, set=_set_look
    )
    subdivision: bpy.props.IntProperty(
        name="Subdivision",
        description="How often the faces are divided, for a rounder outline in large pictures. Comparisons and exports "
        "keep to the model's own vertices",
        min=0,
        max=MOST_LEVELS,
        get=_get_subdivision,
        set=_set_subdivision,
    )
    offset: _timing(
        0, "Offset", "Scene frames that the head, its light and its sound begin later", step=100, precision=1
    )
    speed: _timing(
        1, "Speed", "2 is twice as fast", min=0.05, max=20.0, soft_min=0.25, soft_max=4.0, step=5, precision=2
    )
    compare_maximum: bpy.props.FloatProperty(
        name="Up To (mm)",
        description="Distance at the end of the legend",
        min=0.001,
        soft_max=50.0,
        get=_get_maximum,
        set=_set_maximum,
    )
    amount_expression: _amount("expression")
    amount_jaw: _amount("jaw")
    amount_head: _amount("head")
    amount_eyes: _amount("eyes")
    freeze_expression: _freeze("expression")
    freeze_jaw: _freeze("jaw")
    freeze_head: _freeze("head")
    freeze_eyes: _freeze("eyes")


def draw_motion(layout: bpy.types.UILayout, settings: XTALKER_PG_head, moving: set[Layer]) -> None:
    """A slider and a freeze button for each part that the sequence moves."""
    column = layout.column(align=True)
    for layer in LAYERS:
        if layer in moving:
            row = column.row(align=True)
            row.prop(settings, f"amount_{layer}", slider=True)
            row.prop(settings, f"freeze_{layer}", text="", icon="FREEZE")
        else:
            row = column.split(factor=0.4)
            row.active = False
            title = row.row()
            title.alignment = "RIGHT"
            title.label(text=_TITLES[layer])
            row.label(text="Not in this sequence")


CLASSES = (XTALKER_PG_head,)
