"""The dataset browser in the side bar."""

import bpy

from ..core.dataset import LABELS
from . import browser
from .browser_operators import XTALKER_OT_index_dataset
from .head_panel import SideBarPanel
from .preferences import preferences
from .texts import shorten, write_lines

# Pixels at a scale of 1 of what stands beside the name of an entry, and of a mark behind it.
_BESIDE_NAME, _MARK = 166, 22
_VERDICT_ICONS = {"approved": "CHECKMARK", "rejected": "X"}


class XTALKER_UL_sequences(bpy.types.UIList):
    """The sequences that search and filters let through. Filtering is done once, not at every redraw."""

    def draw_item(self, context, layout, _data, _item, _icon, _active_data, _active_property, index) -> None:
        here = browser.entry(index)
        found = browser.catalogue()
        if here is None or found is None:
            return
        name, clip, source = here
        row = layout.row(align=True)
        tick = "CHECKBOX_HLT" if name in browser.ticked() else "CHECKBOX_DEHLT"
        row.operator("xtalker.tick_entry", text="", icon=tick, emboss=False).row = index
        icon, verdict, has_video = browser.icon_of(clip, source), found.verdict(name), name in found.rendered
        marks = bool(verdict) + has_video
        room = context.region.width / context.preferences.system.ui_scale - _BESIDE_NAME - _MARK * marks
        short = shorten(context, name.rpartition("/")[2], room)
        if clip.problem:
            row.label(text=short, icon="ERROR", translate=False)
        else:
            row.label(text=short, **({"icon_value": icon} if icon else {"icon": "USER"}), translate=False)
        length = row.row()
        length.alignment, length.ui_units_x = "RIGHT", 1.6
        length.label(text=f"{clip.seconds:.1f}" if clip.frames else "")
        if has_video:
            row.label(icon="RENDER_ANIMATION")
        if verdict:
            row.label(icon=_VERDICT_ICONS[verdict])

    def draw_filter(self, _context, _layout) -> None:
        """Search and filters stand above the list."""


class XTALKER_PT_dataset(SideBarPanel, bpy.types.Panel):
    bl_label = "Data Set"
    bl_order = 0

    def draw(self, context: bpy.types.Context) -> None:
        layout, state = self.layout, context.window_manager.xtalker_browser
        row = layout.row(align=True)
        row.prop(state, "root", text="")
        row.operator(XTALKER_OT_index_dataset.bl_idname, text="", icon="FILE_REFRESH")
        if state.message:
            write_lines(context, layout, state.message, "INFO")
        found = browser.catalogue()
        if found is None:
            self._offer_roots(context, layout)
            return
        layout.prop(state, "search", text="", icon="VIEWZOOM")
        layout.template_list("XTALKER_UL_sequences", "", state, "rows", state, "active", rows=9)
        row = layout.row(align=True)
        row.label(text=f"{len(browser.rows()):,} of {len(found.names):,}")
        row.prop(state, "swap_along", text="", icon="UV_SYNC_SELECT")
        row.operator("xtalker.step_entry", text="", icon="TRIA_UP").step = -1
        row.operator("xtalker.step_entry", text="", icon="TRIA_DOWN").step = 1
        self._draw_entry(context, layout, state)
        row = layout.row(align=True)
        count = len(browser.ticked())
        row.operator("xtalker.import_entries", text=f"Import {count} Ticked" if count else "Import", icon="IMPORT")
        row.operator("xtalker.swap_to_entry", icon="FILE_REFRESH")

    def _offer_roots(self, context: bpy.types.Context, layout: bpy.types.UILayout) -> None:
        chosen = preferences()
        roots = [root.path for root in chosen.roots if root.path] if chosen else []
        for root in roots:
            text = bpy.path.basename(root.rstrip("/\\")) or root
            layout.operator(
                XTALKER_OT_index_dataset.bl_idname, text=text, icon="FILE_FOLDER", translate=False
            ).root = root
        if not roots:
            write_lines(context, layout, "Choose a folder of sequences above, or add it here", "INFO")
            layout.operator("xtalker.add_dataset_root", icon="ADD")

    def _draw_entry(self, context: bpy.types.Context, layout: bpy.types.UILayout, state) -> None:
        here = browser.entry(state.active)
        if here is None:
            layout.label(text="No sequence fits the search and the filters", icon="INFO")
            return
        name, clip, source = here
        box = layout.box()
        write_lines(context, box, name.rpartition("/")[2])
        if clip.problem:
            write_lines(context, box, clip.problem, "ERROR")
            return
        row = box.row()
        icon = browser.icon_of(clip, source)
        if icon:
            row.template_icon(icon_value=icon, scale=5.0)
        column = row.column(align=True)
        column.scale_y = 0.85
        column.label(text=f"{clip.frames} frames, {clip.seconds:.2f} s")
        for label in LABELS:
            if clip.labels.get(label):
                column.label(text=f"{label.title()}: {clip.labels[label]}", translate=False)
        column.label(text="With sound" if clip.sound else "No sound")
        for severity, text in browser.findings_of(source):
            write_lines(context, box, text, "ERROR" if severity == "fault" else "INFO")


class DatasetPanel(SideBarPanel):
    """A panel below the data set's, shown while one is open."""

    bl_parent_id = "XTALKER_PT_dataset"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        return browser.catalogue() is not None


class XTALKER_PT_filters(DatasetPanel, bpy.types.Panel):
    bl_label = "Filter and Sort"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout, state = self.layout, context.window_manager.xtalker_browser
        layout.use_property_split, layout.use_property_decorate = True, False
        column = layout.column()
        for name in (*LABELS, "verdict", "rendered"):
            column.prop(state, name)
        column = layout.column(align=True)
        column.prop(state, "min_seconds")
        column.prop(state, "max_seconds")
        column = layout.column(heading="Import")
        column.prop(state, "fps")
        row = layout.row(align=True)
        row.prop(state, "order")
        row.prop(state, "descending", text="", icon="SORT_DESC")


class XTALKER_PT_review(DatasetPanel, bpy.types.Panel):
    bl_label = "Review"

    def draw(self, context: bpy.types.Context) -> None:
        layout, state = self.layout, context.window_manager.xtalker_browser
        found, here = browser.catalogue(), browser.entry(state.active)
        verdict = found.verdict(here[0]) if found and here else ""
        row = layout.row(align=True)
        for name, text in (("approved", "Approve"), ("rejected", "Reject")):
            row.operator(
                "xtalker.judge_entry", text=text, icon=_VERDICT_ICONS[name], depress=verdict == name
            ).verdict = name
        row = layout.row()
        row.enabled = here is not None
        row.prop(state, "note", text="", icon="GREASEPENCIL", placeholder="Note")
        layout.operator("xtalker.export_review", icon="EXPORT")


CLASSES = (XTALKER_UL_sequences, XTALKER_PT_dataset, XTALKER_PT_filters, XTALKER_PT_review)
