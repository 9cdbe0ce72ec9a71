"""The dataset browser in the side bar."""

import bpy

from ..core.amounts import counted
from ..core.dataset import LABELS, Clip
from ..core.sequence import FPS_IN_WORDS
from . import browser, keymap
from .browser_operators import XTALKER_OT_index_dataset
from .head_panel import SideBarPanel
from .preferences import preferences
from .texts import break_lines, fits, shorten, write_lines

# Pixels at a scale of 1 of what stands beside the name of an entry, of its length, of a mark behind it, and of the bar
# of a list that is longer than it shows.
_BESIDE_NAME, _LENGTH, _MARK, _BAR = 106, 40, 22, 22
_ROWS = 9
_INFO_LINES = 6  # beside or in the place of the chosen sequence's picture
_PICTURE_UNITS = 5.0  # the picture's height, in lines at a scale of 1
_ICON, _PICTURE = 20, 78  # pixels of a line's icon, and of its thumbnail
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
        # Marks have their columns as soon as any entry may have one, and the length has one where names leave it room.
        marked, filmed = bool(found.reviews), bool(found.rendered)
        around = _BESIDE_NAME + _MARK * (marked + filmed) + _BAR * (len(browser.rows()) > _ROWS)
        room = context.region.width / context.preferences.system.ui_scale - around
        timed = fits(context, browser.longest_name(), room - _LENGTH)
        short = shorten(context, browser.shown_name(index), room - _LENGTH * timed)
        icon = {"icon": "ERROR" if clip.problem else "USER"}
        if not clip.problem and (thumbnail := browser.icon_of(clip, source)):
            icon = {"icon_value": thumbnail}
        beside = _LENGTH * timed + _MARK * (marked + filmed)
        split = row.split(factor=1 - beside / (room - _LENGTH * timed + beside), align=True)
        title = split.row(align=True)
        title.alignment = "LEFT"  # an operator that looks like a label, because labels have no tooltips
        title.operator("xtalker.choose_entry", text=short, emboss=False, translate=False, **icon).row = index
        facts = split.row(align=True)
        facts.alignment = "RIGHT"
        if timed:
            facts.label(text=f"{clip.seconds:.1f}" if clip.frames else "")
        if filmed:
            facts.label(icon="RENDER_ANIMATION" if name in found.rendered else "BLANK1")
        if marked:
            facts.label(icon=_VERDICT_ICONS.get(found.verdict(name), "BLANK1"))

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
        layout.template_list("XTALKER_UL_sequences", "", state, "rows", state, "active", rows=_ROWS)
        row = layout.row(align=True)
        row.label(text=f"{len(browser.rows()):,} of {len(found.names):,}")
        row.prop(state, "swap_along", text="", icon="UV_SYNC_SELECT")
        row.operator("xtalker.step_entry", text="", icon="TRIA_UP").step = -1
        row.operator("xtalker.step_entry", text="", icon="TRIA_DOWN").step = 1
        row = layout.row(align=True)
        count = len(browser.ticked())
        row.operator("xtalker.import_entries", text=f"Import {count} Ticked" if count else "Import", icon="IMPORT")
        row.operator("xtalker.swap_to_entry", icon="FILE_REFRESH")
        text = "Compare the Two Ticked" if count == 2 else "Compare with Prediction"
        layout.operator("xtalker.compare_prediction", text=text, icon="MOD_VERTEX_WEIGHT")
        self._draw_entry(context, layout, state)

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
        box = layout.box()
        title, middle, below = (box.row() for _ in range(3))  # always three and as high, so that nothing below jumps
        below.alignment = "LEFT"
        if here is None:
            title.label()
            _draw_message(context, middle, below, "INFO", "No sequence fits the search and the filters")
            return
        name, clip, source = here
        title.label(text=shorten(context, name, _width(context)), translate=False)
        if clip.problem:
            _draw_message(context, middle, below, "ERROR", clip.problem.removeprefix(f"{source}/"))
            return
        found = browser.findings_of(source)
        middle.template_icon(icon_value=browser.icon_of(clip, source), scale=_PICTURE_UNITS)
        _draw_lines(context, middle, "NONE", facts_of(clip))
        faults = sum(severity == "fault" for severity, _ in found)
        if found:
            text = ", ".join(
                counted(count, word) for count, word in ((faults, "fault"), (len(found) - faults, "warning")) if count
            )
            below.operator("xtalker.show_findings", text=text, icon="ERROR" if faults else "INFO", emboss=False)
        else:
            below.label()


def _draw_message(
    context: bpy.types.Context, middle: bpy.types.UILayout, below: bpy.types.UILayout, icon: str, text: str
) -> None:
    """Words in the place of a sequence's picture and facts, as high as these."""
    _draw_lines(context, middle, icon, [text])
    filler = middle.column()
    filler.ui_units_x, filler.scale_y = 0.1, _PICTURE_UNITS
    filler.label()
    below.label()


def facts_of(clip: Clip) -> list[str]:
    """What is shown of the chosen sequence, a line each."""
    origin = FPS_IN_WORDS[clip.fps_source].split(";")[0]
    return [
        f"{counted(clip.frames, 'frame')}, {clip.seconds:.2f} s",
        f"{clip.fps:g} fps, {origin}",
        *(f"{label.title()}: {clip.labels[label]}" for label in LABELS if clip.labels.get(label)),
        "With sound" if clip.sound else "No sound",
    ]


def _draw_lines(context: bpy.types.Context, layout: bpy.types.UILayout, icon: str, paragraphs: list[str]) -> None:
    """Paragraphs in `_INFO_LINES`; an icon before the first, or none where there is a picture."""
    room = (_width(context) - (_PICTURE if icon == "NONE" else _ICON)) * context.preferences.system.ui_scale
    lines = [line for text in paragraphs for line in break_lines(context, text, room)]
    if len(lines) > _INFO_LINES:
        lines[_INFO_LINES - 1] = f"{lines[_INFO_LINES - 1]} …"
    column = layout.column(align=True)
    column.scale_y = 0.8  # so that all of them are no higher than the picture
    for index in range(_INFO_LINES):
        text = lines[index] if index < len(lines) else ""
        column.label(text=text, icon=icon if not index else "NONE" if icon == "NONE" else "BLANK1", translate=False)


def _width(context: bpy.types.Context) -> float:
    """Of a text in a box, in pixels at a scale of 1."""
    return context.region.width / context.preferences.system.ui_scale - 82


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
        dim = layout.column()
        dim.active = False
        write_lines(context, dim, keymap.in_words())
        layout.operator("xtalker.export_review", icon="EXPORT")


CLASSES = (XTALKER_UL_sequences, XTALKER_PT_dataset, XTALKER_PT_filters, XTALKER_PT_review)
