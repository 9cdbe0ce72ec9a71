"""File > Import > FLAME Talking Head, and files dropped on the 3D view."""

from pathlib import Path
from time import perf_counter

import bpy
from bpy_extras.io_utils import ImportHelper

from ..blender.importer import ImportResult, import_sequence
from ..blender.rollback import Snapshot
from ..core.flame import FlameModel
from ..core.formats import read_sequence
from ..errors import XTalkerError
from .first_look import frame_heads, hide_startup_cube
from .import_settings import ImportSettings
from .preferences import current_model, preferences, preferred_model_path

_MANY = 4  # from so many on, an import from the menu can be watched and cancelled
_SLICE_SECONDS = 0.2  # between two looks at the keyboard


class _Import:
    """Imports sources one by one, and gathers what came of it."""

    def __init__(self, context: bpy.types.Context, settings: ImportSettings) -> None:
        """Raises XTalkerError where there is nothing to import, or no model."""
        self.model: FlameModel = current_model(settings.model_path or preferred_model_path())
        self.pending: list[Path] = settings.sources()[::-1]
        self.count = len(self.pending)
        self.settings = settings
        self.imported: list[ImportResult] = []
        self.errors: list[str] = []
        self.snapshot = Snapshot(context)
        if context.mode != "OBJECT":
            bpy.ops.object.mode_set(mode="OBJECT")

    def step(self) -> None:
        """Import the next one; a broken one costs itself only."""
        source = self.pending.pop()
        free = self.imported[-1].frame_end + 1 if self.imported else None
        try:
            options = self.settings.import_options(len(self.imported), free)
            self.imported.append(import_sequence(read_sequence(source), self.model, options))
        except XTalkerError as error:
            self.errors.append(str(error))

    def finish(self, operator: bpy.types.Operator, context: bpy.types.Context) -> set[str]:
        for result in self.imported:
            for warning in result.warnings:
                operator.report({"WARNING"}, warning)
        if self.imported:
            for item in context.selected_objects:
                item.select_set(False)
            for result in self.imported:
                result.rig.select_set(True)
            context.view_layer.objects.active = self.imported[-1].rig
            if hide_startup_cube(context.scene):
                operator.report({"INFO"}, "The start-up cube stood around the head and is hidden now")
            frame_heads(context, [result.head for result in self.imported])
            operator.report({"INFO"}, self._summary())
        for error in self.errors:
            operator.report({"ERROR"}, error)
        return {"FINISHED"} if self.imported else {"CANCELLED"}

    def _summary(self) -> str:
        names = ", ".join(result.collection.name for result in self.imported[:3])
        more = f" and {len(self.imported) - 3} more" if len(self.imported) > 3 else ""
        first, last = self.imported[0].frame_start, max(result.frame_end for result in self.imported)
        return f"Imported {names}{more}, frames {first:g} to {last:g}"


class XTALKER_OT_import_sequence(ImportSettings, bpy.types.Operator, ImportHelper):
    """Import talking-head sequences stored as FLAME codes, with their sound"""

    bl_idname = "xtalker.import_sequence"
    bl_label = "Import Talking Head"
    bl_options = {"REGISTER", "UNDO", "PRESET"}

    filter_glob: bpy.props.StringProperty(default="*.npz;*.npy", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for files; dropped ones come with their path and only the options are asked for."""
        chosen = preferences()
        if chosen:
            self.identity, self.look, self.camera = chosen.identity, chosen.look, chosen.camera
        if not (self.directory and self.files):
            return ImportHelper.invoke(self, context, event)
        try:
            for source in self.sources():
                read_sequence(source)
        except XTalkerError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return self.invoke_popup(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            work = _Import(context, self)
        except XTalkerError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        if work.count >= _MANY and self.options.is_invoke and not bpy.app.background:
            return self._hand_over()
        context.window_manager.progress_begin(0, work.count)
        try:
            while work.pending:
                context.window_manager.progress_update(work.count - len(work.pending))
                work.step()
        except BaseException:
            work.snapshot.restore()
            raise
        finally:
            context.window_manager.progress_end()
        return work.finish(self, context)

    def _hand_over(self) -> set[str]:
        """To the operator that can be cancelled. Nothing has changed so far, so this one leaves no undo step."""
        values = self.as_keywords(ignore=("filter_glob", "check_existing", "files"))
        files = [{"name": item.name} for item in self.files]
        bpy.ops.xtalker.import_many("INVOKE_DEFAULT", files=files, **values)
        return {"CANCELLED"}


class XTALKER_OT_import_many(ImportSettings, bpy.types.Operator):
    """Import many sequences one by one; ESC takes all of them back"""

    bl_idname = "xtalker.import_many"
    bl_label = "Import Talking Heads"
    bl_options = {"UNDO", "INTERNAL"}

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        try:
            self._work = _Import(context, self)
        except XTalkerError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        manager = context.window_manager
        manager.progress_begin(0, self._work.count)
        self._timer = manager.event_timer_add(0.01, window=context.window)
        manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        work = self._work
        if event.type in {"ESC", "RIGHTMOUSE"} and event.value == "PRESS":
            self.cancel(context)
            self.report({"INFO"}, "Import cancelled: the file is as before")
            return {"CANCELLED"}
        if event.type != "TIMER":
            return {"RUNNING_MODAL"}
        until = perf_counter() + _SLICE_SECONDS
        try:
            while work.pending and perf_counter() < until:
                work.step()
        except BaseException:
            self.cancel(context)
            raise
        done = work.count - len(work.pending)
        context.window_manager.progress_update(done)
        name = f": {work.imported[-1].collection.name}" if work.imported else ""
        context.workspace.status_text_set(f"Importing {done} of {work.count}{name}    ESC: Cancel")
        if work.pending:
            return {"RUNNING_MODAL"}
        self._end(context)
        return work.finish(self, context)

    def cancel(self, context: bpy.types.Context) -> None:
        """Also called by Blender, when it is closed or another file is opened meanwhile."""
        self._end(context)
        self._work.snapshot.restore()

    def _end(self, context: bpy.types.Context) -> None:
        context.window_manager.event_timer_remove(self._timer)
        context.window_manager.progress_end()
        context.workspace.status_text_set(None)


class XTALKER_FH_sequence(bpy.types.FileHandler):
    """Files dropped on the 3D view."""

    bl_idname = "XTALKER_FH_sequence"
    bl_label = "FLAME Talking Head"
    bl_import_operator = "xtalker.import_sequence"
    bl_file_extensions = ".npz;.npy;.wav"

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        return context.area is not None and context.area.type == "VIEW_3D"


def add_to_import_menu(self, _context: bpy.types.Context) -> None:
    """The entry in File > Import."""
    self.layout.operator(XTALKER_OT_import_sequence.bl_idname, text="FLAME Talking Head (.npz, .npy, folder)")


CLASSES = (XTALKER_OT_import_sequence, XTALKER_OT_import_many, XTALKER_FH_sequence)
