"""What can be done with a dataset in the browser: index it, go through it, import, review, render."""

import textwrap
import threading
from collections.abc import Callable
from pathlib import Path

import bpy

from ..batch.catalogue import open_catalogue
from ..batch.review_state import write_reviews
from ..core.amounts import counted
from ..core.dataset import LABELS, Dataset, index_tree
from ..errors import XTalkerError
from . import browser
from .head_operators import active_head
from .preferences import cache_folder, preferences

REVIEW_FILE = "xtalker_review.json"


class _StoppedError(Exception):
    """ESC was pressed."""


class _Indexing:
    """Looks through a folder in a thread of its own."""

    def __init__(self, root: Path, database: Path) -> None:
        self.done, self.count = 0, 0
        self.dataset: Dataset | None = None
        self.error = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(root, database), daemon=True)
        self._thread.start()

    def _run(self, root: Path, database: Path) -> None:
        try:
            self.dataset = index_tree(root, database, self._watch)
        except _StoppedError:
            pass
        except (XTalkerError, OSError) as error:
            self.error = str(error)

    def _watch(self, done: int, count: int) -> None:
        self.done, self.count = done, count
        if self._stop.is_set():
            raise _StoppedError

    def is_running(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        self._stop.set()

    def wait(self) -> None:
        self._thread.join()


class XTALKER_OT_index_dataset(bpy.types.Operator):
    """Look through the folder for sequences; what is known from the last time is taken from the cache"""

    bl_idname = "xtalker.index_dataset"
    bl_label = "Open Data Set"
    bl_options = {"INTERNAL"}

    root: bpy.props.StringProperty(options={"SKIP_SAVE"})

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        return f"Open {properties.root}" if properties.root else cls.__doc__ or ""

    def _start(self, context: bpy.types.Context) -> bool:
        state = context.window_manager.xtalker_browser
        browser.set_root(self.root or state.root)
        root = Path(bpy.path.abspath(state.root)) if state.root else None
        if root is None or not root.is_dir():
            state.message = f"{state.root or 'Data Set'}: is not a folder; choose the one with the sequences"
            self.report({"ERROR"}, state.message)
            return False
        state.message = ""
        self._work = _Indexing(root, cache_folder() / "index.sqlite")
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        if not self._start(context):
            return {"CANCELLED"}
        self._work.wait()
        return self._finish(context)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        if not self._start(context):
            return {"CANCELLED"}
        manager = context.window_manager
        self._timer = manager.event_timer_add(0.1, window=context.window)
        manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Blender stays usable meanwhile: only ESC is kept."""
        state = context.window_manager.xtalker_browser
        if event.type == "ESC" and event.value == "PRESS":
            self.cancel(context)
            state.message = "Indexing was cancelled"
            return {"CANCELLED"}
        if event.type == "TIMER":
            if not self._work.is_running():
                self._end(context)
                return self._finish(context)
            share = f"{self._work.done} of {self._work.count}" if self._work.count else "searching"
            state.message = f"Indexing: {share}    ESC: Cancel"
            browser.redraw_side_bars()
        return {"PASS_THROUGH"}

    def cancel(self, context: bpy.types.Context) -> None:
        self._work.stop()
        self._end(context)

    def _end(self, context: bpy.types.Context) -> None:
        context.window_manager.event_timer_remove(self._timer)
        browser.redraw_side_bars()

    def _finish(self, context: bpy.types.Context) -> set[str]:
        state, dataset = context.window_manager.xtalker_browser, self._work.dataset
        state.message = ""
        try:
            if dataset is None:
                self.report({"ERROR"}, self._work.error)
                return {"CANCELLED"}
            output = Path(bpy.path.abspath(state.output)) if state.output else None
            browser.show(open_catalogue(dataset, dataset.root / REVIEW_FILE, output))
        except XTalkerError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"{counted(len(dataset.clips), 'sequence')}, {dataset.read} of them new or changed")
        return {"FINISHED"}


class EntryOperator:
    """An operator on the chosen row."""

    poll_message_set: Callable[[str], None]

    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        state = context.window_manager.xtalker_browser
        if browser.catalogue() is None:
            cls.poll_message_set("Open a data set first")
        elif browser.entry(state.active) is None:
            cls.poll_message_set("No sequence fits the search and the filters")
        else:
            return True
        return False


class XTALKER_OT_tick_entry(bpy.types.Operator):
    """Tick this sequence, so that it is imported with the others that are ticked"""

    bl_idname = "xtalker.tick_entry"
    bl_label = "Tick"
    bl_options = {"INTERNAL"}

    row: bpy.props.IntProperty()

    def execute(self, _context: bpy.types.Context) -> set[str]:
        here = browser.entry(self.row)
        if here:
            browser.ticked().symmetric_difference_update({here[0]})
        return {"FINISHED"}


class XTALKER_OT_choose_entry(bpy.types.Operator):
    """Choose this sequence"""

    bl_idname = "xtalker.choose_entry"
    bl_label = "Choose"
    bl_options = {"INTERNAL"}

    row: bpy.props.IntProperty()

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        here = browser.entry(properties.row)
        if here is None:
            return cls.__doc__ or ""
        name, clip, source = here
        facts = [name, f"{counted(clip.frames, 'frame')}, {clip.seconds:.2f} s" if clip.frames else clip.problem]
        labels = [f"{label.title()}: {clip.labels[label]}" for label in LABELS if clip.labels.get(label)]
        return "\n".join([*facts, *labels, str(source)])

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.window_manager.xtalker_browser.active = self.row
        return {"FINISHED"}


class XTALKER_OT_import_entries(EntryOperator, bpy.types.Operator):
    """Import the ticked sequences, or the chosen one where none is ticked"""

    bl_idname = "xtalker.import_entries"
    bl_label = "Import"

    def execute(self, context: bpy.types.Context) -> set[str]:
        found, state = browser.catalogue(), context.window_manager.xtalker_browser
        here = browser.entry(state.active)
        if found is None or here is None:
            return {"CANCELLED"}
        paths = [path for path, name in zip(found.dataset.clips, found.names, strict=True) if name in browser.ticked()]
        files = [{"name": clip.path} for clip in paths or [here[1]]]
        chosen = preferences()
        values = {name: getattr(chosen, name) for name in ("identity", "look", "camera")} if chosen else {}
        values |= {"files": files, "fps": state.fps}
        bpy.ops.xtalker.import_many("INVOKE_DEFAULT", True, directory=str(found.dataset.root), **values)
        return {"FINISHED"}


class XTALKER_OT_swap_to_entry(EntryOperator, bpy.types.Operator):
    """Put the chosen sequence on the active head: same objects, material and camera; new keys, sound and light"""

    bl_idname = "xtalker.swap_to_entry"
    bl_label = "Show on Head"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if active_head(context) is None:
            cls.poll_message_set("Select an imported head that is to show it")
            return False
        return super().poll(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        state = context.window_manager.xtalker_browser
        here = browser.entry(state.active)
        if here:
            bpy.ops.xtalker.swap_sequence("INVOKE_DEFAULT", True, filepath=str(here[2]), fps=state.fps)
        return {"FINISHED"}


class XTALKER_OT_step_entry(EntryOperator, bpy.types.Operator):
    """Go to the next or the previous sequence of the list"""

    bl_idname = "xtalker.step_entry"
    bl_label = "Step"

    step: bpy.props.IntProperty(default=1)

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        return "Go to the next sequence of the list" if properties.step > 0 else "Go to the previous one"

    def execute(self, context: bpy.types.Context) -> set[str]:
        state = context.window_manager.xtalker_browser
        _go_to(context, state.active + self.step)
        return {"FINISHED"}


def _go_to(context: bpy.types.Context, place: int) -> None:
    """Choose the row at a place, or the nearest; it is shown on the active head where that is wished."""
    state, before = context.window_manager.xtalker_browser, browser.entry(context.window_manager.xtalker_browser.active)
    state.active = max(min(place, len(browser.rows()) - 1), 0)
    if state.swap_along and active_head(context) and browser.entry(state.active) not in (None, before):
        bpy.ops.xtalker.swap_to_entry("EXEC_DEFAULT", True)
    browser.redraw_side_bars()


class XTALKER_OT_judge_entry(EntryOperator, bpy.types.Operator):
    """Approve or reject the chosen sequence and go on to the next; a second time takes it back"""

    bl_idname = "xtalker.judge_entry"
    bl_label = "Judge"

    verdict: bpy.props.EnumProperty(items=[("approved", "Approve", ""), ("rejected", "Reject", "")])

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        return f"Mark the chosen sequence as {properties.verdict} and go on to the next; a second time takes it back"

    def execute(self, context: bpy.types.Context) -> set[str]:
        found, state = browser.catalogue(), context.window_manager.xtalker_browser
        here = browser.entry(state.active)
        if found is None or here is None:
            return {"CANCELLED"}
        verdict, place = "" if found.verdict(here[0]) == self.verdict else self.verdict, state.active
        try:
            found.judge(here[0], verdict)
        except OSError as error:
            self.report({"ERROR"}, f"{found.review_file}: cannot be written ({error.strerror}); copy the reviews away")
            return {"CANCELLED"}
        if state.verdict != "*" or state.order == "verdict":
            state.refill()
        stays = place < len(browser.rows()) and browser.entry(place) == here
        _go_to(context, place + bool(verdict and stays))  # the next one has moved up where this one has left the list
        return {"FINISHED"}


def _keep_note(self, context: bpy.types.Context) -> None:
    """As soon as it has been typed: a dialog that is left by moving the mouse away does nothing more."""
    state = context.window_manager.xtalker_browser
    if state.note != self.note:
        state.note = self.note
        browser.redraw_side_bars()


class XTALKER_OT_note_entry(EntryOperator, bpy.types.Operator):
    """Write a note on the chosen sequence"""

    bl_idname = "xtalker.note_entry"
    bl_label = "Note"

    note: bpy.props.StringProperty(name="Note", options={"SKIP_SAVE"}, update=_keep_note)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        state = context.window_manager.xtalker_browser
        self.note = state.note
        here = browser.entry(state.active)
        title = here[0].rpartition("/")[2] if here else self.bl_label
        return context.window_manager.invoke_props_dialog(self, width=360, title=title)

    def draw(self, _context: bpy.types.Context) -> None:
        self.layout.activate_init = True
        self.layout.prop(self, "note", text="", icon="GREASEPENCIL")

    def execute(self, context: bpy.types.Context) -> set[str]:
        _keep_note(self, context)
        return {"FINISHED"}


class XTALKER_OT_show_findings(EntryOperator, bpy.types.Operator):
    """What is wrong with the chosen sequence"""

    bl_idname = "xtalker.show_findings"
    bl_label = "What Was Found"

    @classmethod
    def description(cls, context: bpy.types.Context, _properties: bpy.types.OperatorProperties) -> str:
        return "\n".join(_told(context)) or cls.__doc__ or ""

    def execute(self, context: bpy.types.Context) -> set[str]:
        lines = [line for text in _told(context) for line in textwrap.wrap(text, 90)]

        def draw(menu: bpy.types.Menu, _context: bpy.types.Context) -> None:
            for line in lines:
                menu.layout.label(text=line, translate=False)

        if not bpy.app.background:
            context.window_manager.popup_menu(draw, title=self.bl_label, icon="INFO")
        return {"FINISHED"}


def _told(context: bpy.types.Context) -> list[str]:
    """Everything that is wrong with the chosen sequence."""
    here = browser.entry(context.window_manager.xtalker_browser.active)
    if here is None:
        return []
    _, clip, source = here
    return [clip.problem] if clip.problem else [text for _, text in browser.findings_of(source)]


class XTALKER_OT_export_review(bpy.types.Operator):
    """Write all verdicts and notes of this data set to a CSV or JSON file, as the gallery does"""

    bl_idname = "xtalker.export_review"
    bl_label = "Export Review"
    bl_options = {"INTERNAL"}

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(default="*.csv;*.json", options={"HIDDEN"})
    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN"})

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        found = browser.catalogue()
        if found is None or not found.reviews:
            cls.poll_message_set("Approve, reject or note a sequence first")
            return False
        return True

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        self.filepath = "review.csv"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, _context: bpy.types.Context) -> set[str]:
        found = browser.catalogue()
        path = Path(bpy.path.abspath(self.filepath))
        if path.suffix.lower() not in (".csv", ".json"):
            path = path.with_name(f"{path.name}.csv")
        reviews = [review for review in found.reviews.values() if review.verdict or review.note] if found else []
        try:
            write_reviews(reviews, path)
        except OSError as error:
            self.report({"ERROR"}, f"{path}: cannot be written ({error.strerror}); choose another place")
            return {"CANCELLED"}
        self.report({"INFO"}, f"Wrote {len(reviews)} reviews to {path}")
        return {"FINISHED"}


CLASSES = (
    XTALKER_OT_index_dataset,
    XTALKER_OT_tick_entry,
    XTALKER_OT_choose_entry,
    XTALKER_OT_import_entries,
    XTALKER_OT_swap_to_entry,
    XTALKER_OT_step_entry,
    XTALKER_OT_judge_entry,
    XTALKER_OT_note_entry,
    XTALKER_OT_show_findings,
    XTALKER_OT_export_review,
)
