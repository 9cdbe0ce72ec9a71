"""File > Import > FLAME Talking Head, and files dropped on the 3D view."""

from pathlib import Path

import bpy
from bpy_extras.io_utils import ImportHelper

from ..blender.head import free_place, heads_in
from ..blender.importer import ImportOptions, ImportResult, import_steps
from ..blender.rollback import Snapshot
from ..blender.steps import Steps, beside, within
from ..core.doubts import STAND_IN, is_stand_in
from ..core.formats import read_sequence
from ..core.model.flame import FlameModel
from ..core.speech.audio import SUFFIXES
from ..errors import XTalkerError
from .choices import chosen_rate
from .first_look import frame, hide_startup_cube, is_untouched, show_looks
from .fitting import fitted
from .import_settings import SPACING, ImportSettings, sequence_of
from .long_work import LongWork
from .preferences import current_model, preferences, preferred_model_path


class _Importing(ImportSettings, LongWork):
    """Imports sources one by one; a broken one costs itself only."""

    seconds_at_once = 0.0

    def title(self) -> str:
        return self._title

    def steps(self, context: bpy.types.Context) -> Steps[set[str]]:
        """Raises XTalkerError where there is nothing to import, or no model."""
        self._title, self._is_new_file = "Importing", is_untouched(context.scene)
        model = current_model(self.model_path or preferred_model_path())
        sources = self.sources()
        imported: list[ImportResult] = []
        # Who has heads of a model in the scene has been told what there is to say about it.
        known = {str(rig["xtalker_model_source"]) for rig in heads_in(context.scene)}
        errors: list[str] = []
        beside = free_place(context.scene, SPACING)
        for index, source in enumerate(sources):
            number = f" {index + 1} of {len(sources)}" if len(sources) > 1 else ""
            self._title = f"Importing{number}: {source.stem}"
            options = self.import_options(len(imported), imported[-1].frame_end + 1 if imported else None, beside)
            # Only where pictures are written can a sequence fail with half of it built.
            before = Snapshot(context) if options.pictures else None
            yield index / len(sources)
            try:
                steps = _read_and_import(source, model, options, chosen_rate(self.fps), self.use_fit)
                imported.append((yield from within(index / len(sources), (index + 1) / len(sources), steps)))
            except XTalkerError as error:
                errors.append(str(error))
                if before:
                    before.restore()
        if imported and str(model.source) not in known and is_stand_in(model.source, sources):
            self.report({"WARNING"}, f"{STAND_IN}; choose the FLAME model of the codes")
        return self._finish(context, imported, errors)

    def _finish(self, context: bpy.types.Context, imported: list[ImportResult], errors: list[str]) -> set[str]:
        for result in imported:
            for warning in result.warnings:
                self.report({"WARNING"}, warning)
        if imported:
            for item in context.selected_objects:
                item.select_set(False)
            for result in imported:
                result.rig.select_set(True)
            context.view_layer.objects.active = imported[-1].rig
            if hide_startup_cube(context.scene):
                self.report({"INFO"}, "The start-up cube stood around the head and is hidden now")
            chosen = preferences()
            if self._is_new_file and chosen:
                show_looks(context, chosen.viewport)
            frame(context, [result.head for result in imported])
            self.report({"INFO"}, _summary(imported))
        for error in errors:
            self.report({"ERROR"}, error)
        return {"FINISHED"} if imported else {"CANCELLED"}


def _read_and_import(
    source: Path, model: FlameModel, options: ImportOptions, fps: float | None, fit: bool
) -> Steps[ImportResult]:
    sequence = yield from beside(lambda _watch: read_sequence(source, fps), 0.0, 0.1)
    done = 0.1
    if fit and sequence.vertices is not None:
        done, clip = 0.8, sequence
        sequence = yield from beside(lambda watch: fitted(clip, model, watch), 0.1, done)
    return (yield from within(done, 1.0, import_steps(sequence, model, options)))


def _summary(imported: list[ImportResult]) -> str:
    names = ", ".join(result.collection.name for result in imported[:3])
    more = f" and {len(imported) - 3} more" if len(imported) > 3 else ""
    first, last = imported[0].frame_start, max(result.frame_end for result in imported)
    return f"Imported {names}{more}, frames {first:g} to {last:g}"


class XTALKER_OT_import_sequence(_Importing, bpy.types.Operator, ImportHelper):
    """Import talking-head sequences stored as FLAME codes, with their sound"""

    bl_idname = "xtalker.import_sequence"
    bl_label = "Import Talking Head"
    bl_options = {"REGISTER", "UNDO", "PRESET"}

    filter_glob: bpy.props.StringProperty(default="*.npz;*.npy;*.json;*.csv;*.pc2", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for files; dropped ones come with their path and only the options are asked for."""
        chosen = preferences()
        if chosen:
            self.identity, self.look, self.camera = chosen.identity, chosen.look, chosen.camera
        if not (self.directory and self.files):
            return ImportHelper.invoke(self, context, event)
        ours = self._refuse_strangers()
        return self.invoke_popup(context) if ours else {"CANCELLED"}

    def _refuse_strangers(self) -> bool:
        """Tell why files are none of ours and leave them out; returns whether any is left."""
        folder, ours = Path(bpy.path.abspath(self.directory)), []
        clips: set[Path] = set()
        for item in self.files:
            if (folder / item.name).parent in clips:  # another file of a clip that is there
                continue
            try:
                clips.add(read_sequence(sequence_of(folder / item.name)).source)
                ours.append(item.name)
            except XTalkerError as error:
                self.report({"ERROR"}, str(error))
        self.files.clear()
        for name in ours:
            self.files.add().name = name
        return bool(ours)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Blender allows no work that can be watched here, so that is handed to the operator that may."""
        if not self.options.is_invoke or bpy.app.background:
            return super().execute(context)
        values = self.as_keywords(ignore=("filter_glob", "check_existing", "files"))
        files = [{"name": item.name} for item in self.files]
        bpy.ops.xtalker.import_many("INVOKE_DEFAULT", files=files, **values)
        return {"CANCELLED"}  # nothing has changed so far, so this one leaves no undo step


class XTALKER_OT_import_many(_Importing, bpy.types.Operator):
    """Import sequences one by one; ESC takes all of them back"""

    bl_idname = "xtalker.import_many"
    bl_label = "Import Talking Head"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}


class XTALKER_FH_sequence(bpy.types.FileHandler):
    """Files dropped on the 3D view: codes, and whatever lies beside them in a sequence."""

    bl_idname = "XTALKER_FH_sequence"
    bl_label = "FLAME Talking Head"
    bl_import_operator = "xtalker.import_sequence"
    bl_file_extensions = ";".join((".npz", ".npy", ".json", ".csv", ".pc2", ".txt", ".pkl", *SUFFIXES))

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        return context.area is not None and context.area.type == "VIEW_3D"


def add_to_import_menu(self, _context: bpy.types.Context) -> None:
    """The entry in File > Import."""
    self.layout.operator(
        XTALKER_OT_import_sequence.bl_idname, text="FLAME Talking Head (.npz, .npy, .json, .csv, folder)"
    )


CLASSES = (XTALKER_OT_import_sequence, XTALKER_OT_import_many, XTALKER_FH_sequence)
