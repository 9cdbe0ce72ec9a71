"""The active head in the side bar."""

from pathlib import Path

import bpy

from ..blender import compare, presence
from ..blender.adaption import differences
from ..blender.camera import reference_of
from ..blender.copies import why_not_editable
from ..blender.head import Head
from ..blender.material import look_of
from ..blender.motion import LAYERS, has_motion
from ..blender.sound import OUT_OF_STEP
from ..blender.swap import crop_mode
from ..blender.timing import why_no_timing, why_pictures_lag
from ..core.amounts import counted
from ..core.doubts import STAND_IN, is_stand_in
from ..core.model.flame import OWN_HEAD
from .choices import AS_RECORDED, CROPS, IDENTITIES, people
from .head_operators import active_head
from .head_settings import draw_motion
from .texts import shorten, write_lines

_TITLES = {
    "source_video": "Video",
    "source_fps": "Video Rate",
    "source_size": "Video Size",
    "source_sample_rate": "Sound",
}
_STAND_IN = f"{STAND_IN}; choose the FLAME model of the codes under Sequence and Model."
_WHO_SAYS = {"assumed": ", assumed", "inferred": ", by the sound", "given": ", as given"}
_OUT_OF_STEP = "The sound is off: this Blender cannot play it at another speed in this scene. 5.3 can."
_UNITS = {"source_fps": " frames a second", "source_sample_rate": " Hz"}


class SideBarPanel:
    """A panel in the side bar of the 3D view."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "XTalker"
    layout: bpy.types.UILayout


class HeadPanel(SideBarPanel):
    """A panel below the head's, shown while a head is active."""

    bl_parent_id = "XTALKER_PT_head"
    bl_options = {"DEFAULT_CLOSED"}
    only_reads = False

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return active_head(context) is not None

    def draw_head(self, context: bpy.types.Context, layout: bpy.types.UILayout, head: Head) -> None:
        raise NotImplementedError

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split, layout.use_property_decorate = True, False
        head = active_head(context)
        if head:
            layout.enabled = self.only_reads or not why_not_editable(head)
            self.draw_head(context, layout, head)


class XTALKER_PT_head(SideBarPanel, bpy.types.Panel):
    bl_label = "Head"
    bl_order = 1

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        head = active_head(context)
        if head is None:
            write_lines(context, layout, "Select an imported head to see its sequence here", "INFO")
            layout.operator("xtalker.import_sequence", icon="IMPORT")
            return
        layout.label(text=head.name, icon="USER", translate=False)
        row = layout.row(align=True)
        row.operator("xtalker.mute_head", icon="HIDE_ON", depress=presence.is_muted(head))
        row.operator("xtalker.solo_head", icon="SOLO_ON", depress=presence.is_solo(head))
        if head.strip:
            speaker = "PLAY_SOUND" if presence.is_heard(head) else "MUTE_IPO_OFF"
            row.prop(head.rig.xtalker, "sound", toggle=True, icon=speaker)
        reason = why_not_editable(head)
        if reason:
            write_lines(context, layout, reason, "LIBRARY_DATA_DIRECT")
        _draw_differences(context, layout, head)


class XTALKER_PT_look(HeadPanel, bpy.types.Panel):
    bl_label = "Look"
    bl_options = set()

    def draw_head(self, _context, layout: bpy.types.UILayout, head: Head) -> None:
        if look_of(head.material) is None:
            layout.label(text="The face has another material", icon="INFO")
        else:
            layout.prop(head.rig.xtalker, "look")
        if head.has_codes and head.rig["xtalker_model"] == OWN_HEAD:
            row = layout.row(heading="Person")
            row.operator_menu_enum("xtalker.set_person", "person", text=_who(head))
        layout.operator("xtalker.light_scene", icon="WORLD")
        row = layout.row()
        row.enabled = not compare.is_measure_of_others(head)
        row.prop(head.rig.xtalker, "subdivision")


class XTALKER_PT_motion(HeadPanel, bpy.types.Panel):
    bl_label = "Motion"
    bl_options = set()

    def draw_head(self, context, layout: bpy.types.UILayout, head: Head) -> None:
        if head.action is None and head.has_codes:
            layout.label(text="The sequence's keys have been removed", icon="INFO")
            return
        reason = why_no_timing(head)
        column = layout.column()
        column.enabled = not reason
        column.prop(head.rig.xtalker, "offset")
        column.prop(head.rig.xtalker, "speed")
        if reason:
            write_lines(context, layout, reason, "INFO")
        lag = why_pictures_lag(head)
        if lag:
            write_lines(context, layout, lag, "ERROR")
        if head.strip and OUT_OF_STEP in head.strip:
            write_lines(context, layout, _OUT_OF_STEP, "MUTE_IPO_OFF")
        draw_motion(layout, head.rig.xtalker, {layer for layer in LAYERS if has_motion(head, layer)})


class XTALKER_PT_camera(HeadPanel, bpy.types.Panel):
    bl_label = "Camera"

    def draw_head(self, _context, layout: bpy.types.UILayout, head: Head) -> None:
        crop = crop_mode(head)
        row = layout.row(align=True)
        is_framing = head.camera is not None and crop is None
        row.operator("xtalker.set_camera", text="Frame the Head", depress=is_framing).kind = "FRAMING"
        split = layout.row(align=True).split(factor=0.25, align=True)
        title = split.row()
        title.alignment = "RIGHT"
        title.label(text="Crop")
        row = split.row(align=True)
        for mode, text, _ in CROPS:
            button = row.operator("xtalker.set_camera", text=text, depress=crop == mode)
            button.kind, button.crop = "CROP", mode
        layout.operator("xtalker.look_through_camera", icon="VIEW_CAMERA")
        if reference_of(head.camera):
            settings = head.rig.xtalker
            layout.prop(settings, "reference")
            column = layout.column()
            column.active = settings.reference
            column.prop(settings, "reference_opacity", slider=True)
            column.row().prop(settings, "reference_depth", expand=True)


class XTALKER_PT_source(HeadPanel, bpy.types.Panel):
    bl_label = "Sequence and Model"

    def draw_head(self, context, layout: bpy.types.UILayout, head: Head) -> None:
        current = str(head.rig["xtalker_identity"])
        title = next(name for identifier, name, _ in IDENTITIES if identifier == current)
        row = layout.row(heading="Identity")
        row.operator_menu_enum("xtalker.set_identity", "identity", text=title)
        column = layout.column(align=True)
        _fact(context, column, "From", bpy.path.abspath(head.source), is_path=True)
        column.operator("xtalker.swap_sequence", text="Swap Sequence...", icon="FILE_REFRESH")
        column = layout.column(align=True)
        _fact(context, column, "Model", str(head.rig["xtalker_model_source"]), is_path=True)
        row = column.row(align=True)
        row.operator("xtalker.relink_model", text="Use Preferred").use_preferred = True
        row.operator("xtalker.relink_model", text="Choose...").use_preferred = False


class XTALKER_PT_about(HeadPanel, bpy.types.Panel):
    """Facts, and what there is to know before one trusts the picture: a mark in the closed panel's title says so."""

    bl_label = "About This Head"
    bl_order = 10

    def draw_header(self, context: bpy.types.Context) -> None:
        head = active_head(context)
        if head and head.warnings:
            self.layout.label(icon="ERROR")
        elif head and _stands_in(head):
            self.layout.label(icon="INFO")

    def draw_head(self, context: bpy.types.Context, layout: bpy.types.UILayout, head: Head) -> None:
        for warning in head.warnings:
            write_lines(context, layout, warning, "ERROR")
        if _stands_in(head):
            write_lines(context, layout, _STAND_IN, "INFO")
        seconds = head.rig["xtalker_frames"] / head.rig["xtalker_fps"]
        said_by = _WHO_SAYS.get(head.rig.get("xtalker_fps_source"), "")
        facts = {
            "Length": f"{counted(head.rig['xtalker_frames'], 'frame')}, {seconds:.2f} s",
            "Rate": f"{head.rig['xtalker_fps']:g} frames a second{said_by}",
            **{
                _TITLES.get(key, key.replace("_", " ").title()): text + _UNITS.get(key, "")
                for key, text in head.labels.items()
                if key != "transcript"
            },
            "Model": str(head.rig["xtalker_model"]),
        }
        column = layout.column(align=True)
        for title, text in facts.items():
            _fact(context, column, title, text)
        if "transcript" in head.labels:
            write_lines(context, layout.box(), f"“{head.labels['transcript']}”")


def _who(head: Head) -> str:
    """The chosen one of the people, as the menu has it."""
    return next(title for name, title, _ in people(None, None) if name == (head.person or AS_RECORDED))


def _stands_in(head: Head) -> bool:
    return is_stand_in(Path(str(head.rig["xtalker_model_source"])), [Path(head.source)])


def _draw_differences(context: bpy.types.Context, layout: bpy.types.UILayout, head: Head) -> None:
    """What in the scene is not as the clip wants it, and the button that changes it."""
    found = differences(head)
    if found:
        box = layout.box()
        box.label(text="This scene differs from the clip")
        column = box.column(align=True)
        for line in found:
            write_lines(context, column, line, "DOT", 0.93)  # a box has margins
        box.operator("xtalker.adapt_scene", icon="SCENE_DATA")


def _fact(context: bpy.types.Context, layout: bpy.types.UILayout, title: str, text: str, is_path: bool = False) -> None:
    """A dim title and what it is; of a path its end, and a button that shows all of it."""
    split = layout.split(factor=0.38)
    dim = split.row()
    dim.active = False
    dim.label(text=title)
    room = 0.62 * (context.region.width / context.preferences.system.ui_scale - 50) - 8
    row = split.row(align=True)
    shown = "/".join(Path(text).parts[-2:]) if is_path else text
    row.label(text=shorten(context, shown, room - (30 if is_path else 0)), translate=False)
    if is_path:
        row.operator("wm.path_open", text="", icon="FILE_FOLDER", emboss=False).filepath = bpy.path.native_pathsep(text)


CLASSES = (XTALKER_PT_head, XTALKER_PT_look, XTALKER_PT_motion, XTALKER_PT_camera, XTALKER_PT_source, XTALKER_PT_about)
