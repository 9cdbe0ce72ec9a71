"""What the head panel shows and sets. Nothing is stored here: values live in strips, modifiers, mutes and nodes."""

from collections.abc import Callable

import bpy

from ..blender import compare, presence
from ..blender.camera import reference_of
from ..blender.copies import make_own, why_not_editable
from ..blender.head import Head, head_of
from ..blender.material import LOOKS as LOOK_ORDER
from ..blender.material import look_of, set_look
from ..blender.motion import LAYERS, Layer, amount_of, freeze, is_frozen, set_amount
from ..blender.subdivision import MOST_LEVELS, level_of, set_level
from ..blender.timing import SPEED_LIMITS, set_timing, timing_of, why_no_timing
from .choices import LOOKS

_DEPTHS = ("BACK", "FRONT")
_TITLES: dict[Layer, str] = {"expression": "Expression", "jaw": "Jaw", "head": "Head Motion", "eyes": "Eyes"}


def _head(settings: bpy.types.PropertyGroup) -> Head | None:
    return head_of(settings.id_data, bpy.context.scene)


def _change(settings: bpy.types.PropertyGroup, work: Callable[[Head], None]) -> None:
    """Nothing where the head is not this file's own, which the panel says."""
    head = _head(settings)
    if head and not why_not_editable(head):
        make_own(head)
        work(head)


def _get_look(self) -> int:
    head = _head(self)
    look = look_of(head.material) if head else None
    return LOOK_ORDER.index(look) if look else 0


def _set_look(self, value: int) -> None:
    _change(self, lambda head: set_look(head.material, LOOK_ORDER[value]) if look_of(head.material) else None)


def _number(get: Callable[[Head], float], change: Callable[[Head, float], None], neutral: float, **options):
    """A number of the head within its limits, whoever sets it. Never keyed: what it stands for is."""
    lowest, highest = options.get("min", -1e6), options.get("max", 1e6)

    def get_value(self) -> float:
        head = _head(self)
        return get(head) if head else neutral

    def set_value(self, value: float) -> None:
        _change(self, lambda head: change(head, min(max(value, lowest), highest)))

    return bpy.props.FloatProperty(default=neutral, get=get_value, set=set_value, **{"options": set(), **options})


def _switch(get: Callable[[Head], bool], change: Callable[[Head, bool], None], neutral: bool, **options):
    def get_value(self) -> bool:
        head = _head(self)
        return get(head) if head else neutral

    def set_value(self, value: bool) -> None:
        _change(self, lambda head: change(head, value))

    return bpy.props.BoolProperty(default=neutral, get=get_value, set=set_value, options=set(), **options)


def _timing(index: int, **options):
    def change(head: Head, value: float) -> None:
        timing = list(timing_of(head))
        timing[index] = value
        if not why_no_timing(head):
            set_timing(head, *timing)

    return _number(lambda head: timing_of(head)[index], change, float(index), **options)


def _amount(layer: Layer):
    return _number(
        lambda head: amount_of(head, layer),
        lambda head, value: set_amount(head, layer, value),
        1.0,
        name=_TITLES[layer],
        description="How much of this motion shows: 1 as in the file, 0 none. The keys stay as they are",
        min=0.0,
        max=3.0,
        soft_max=2.0,
        subtype="FACTOR",
    )


def _freeze(layer: Layer):
    return _switch(
        lambda head: is_frozen(head, layer),
        lambda head, value: freeze(head, layer, value),
        False,
        name=f"Freeze {_TITLES[layer]}",
        description="Hold it as it is in the current frame. The keys stay as they are",
    )


def _get_subdivision(self) -> int:
    head = _head(self)
    return level_of(head.face) if head else 0


def _set_subdivision(self, value: int) -> None:
    # Not on a head that others are measured by: their distances are to the model's own vertices.
    _change(self, lambda head: None if compare.is_measure_of_others(head) else set_level(head.face, value))


def _change_plate(head: Head, name: str, value: object) -> None:
    plate = reference_of(head.camera)
    if plate:
        setattr(plate, name, value)


def _opacity_of(head: Head) -> float:
    plate = reference_of(head.camera)
    return plate.alpha if plate else 0.5


def _is_reference_shown(head: Head) -> bool:
    camera = head.camera
    return camera is not None and reference_of(camera) is not None and camera.data.show_background_images


def _show_reference(head: Head, shown: bool) -> None:
    if head.camera and reference_of(head.camera):
        head.camera.data.show_background_images = shown


def _get_depth(self) -> int:
    head = _head(self)
    plate = reference_of(head.camera) if head else None
    return _DEPTHS.index(plate.display_depth) if plate else 0


def _set_depth(self, value: int) -> None:
    _change(self, lambda head: _change_plate(head, "display_depth", _DEPTHS[value]))


class XTALKER_PG_head(bpy.types.PropertyGroup):
    look: bpy.props.EnumProperty(
        name="Look", description="How the face is shaded", items=LOOKS, get=_get_look, set=_set_look, options=set()
    )
    subdivision: bpy.props.IntProperty(
        name="Subdivision",
        description="How often the faces are divided, for a rounder outline in large pictures. Comparisons and exports "
        "keep to the model's own vertices",
        min=0,
        max=MOST_LEVELS,
        get=_get_subdivision,
        set=_set_subdivision,
        options=set(),
    )
    offset: _timing(
        0, name="Offset", description="Scene frames that the head, its light and its sound begin later", step=100,
        precision=2,
    )  # fmt: skip
    speed: _timing(
        1, name="Speed", description="2 is twice as fast", min=SPEED_LIMITS[0], max=SPEED_LIMITS[1], soft_min=0.25,
        soft_max=4.0, step=5, precision=2,
    )  # fmt: skip
    sound: _switch(
        presence.is_heard, presence.set_heard, True, name="Sound", description="Let this head's sound be heard"
    )
    reference: _switch(
        _is_reference_shown, _show_reference, True, name="Reference Image", description="Show it in the camera's view"
    )
    reference_opacity: _number(
        _opacity_of, lambda head, value: _change_plate(head, "alpha", value), 0.5, name="Opacity",
        description="Of the reference image", min=0.0, max=1.0, subtype="FACTOR",
    )  # fmt: skip
    reference_depth: bpy.props.EnumProperty(
        name="Depth",
        items=[
            ("BACK", "Back", "The reference image stands behind the head"),
            ("FRONT", "Front", "The reference image stands before the head"),
        ],
        get=_get_depth,
        set=_set_depth,
        options=set(),
    )
    compare_maximum: _number(
        lambda head: compare.maximum_of(head) or compare.MAXIMUM_MM,
        compare.set_maximum,
        compare.MAXIMUM_MM,
        name="Up To (mm)",
        description="Distance at the end of the legend",
        min=0.001,
        soft_max=50.0,
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
