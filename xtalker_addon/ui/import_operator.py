"""File > Import > FLAME Talking Head."""

from pathlib import Path

import bpy
from bpy_extras.io_utils import ImportHelper

from ..blender.importer import ImportOptions, import_sequence
from ..core.formats import find_sequences, read_sequence
from ..errors import SequenceError, XTalkerError
from .first_look import frame_heads, hide_startup_cube
from .preferences import current_model, preferred_model_path

_SPACING = 0.35  # metres between heads that stand side by side


class XTALKER_OT_import_sequence(bpy.types.Operator, ImportHelper):
    """Import talking-head sequences stored as FLAME codes, with their sound"""

    bl_idname = "xtalker.import_sequence"
    bl_label = "Import Talking Head"
    bl_options = {"REGISTER", "UNDO", "PRESET"}

    filter_glob: bpy.props.StringProperty(default="*.npz;*.npy", options={"HIDDEN"})
    files: bpy.props.CollectionProperty(type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"})
    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})

    model_path: bpy.props.StringProperty(
        name="Model",
        description="FLAME .pkl, .npz or folder. Empty for the one in the preferences",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )
    identity: bpy.props.EnumProperty(
        name="Identity",
        description="Codes fitted frame by frame wobble; one identity for the clip keeps the face steady",
        items=[
            ("mean", "Mean", "One identity: the mean over the clip"),
            ("median", "Median", "One identity: the median over the clip, which ignores outliers"),
            ("first", "First Frame", "One identity: that of the first frame"),
            ("per_frame", "Per Frame", "Keyed in every frame, as the file has it"),
        ],
    )
    full_basis: bpy.props.BoolProperty(
        name="All Shape Keys",
        description="A shape key for every column of the model, not only for those that the sequence has codes for",
    )
    use_sound: bpy.props.BoolProperty(name="Sound", description="Add the sound to the sequencer", default=True)
    adapt_scene: bpy.props.BoolProperty(
        name="Adapt Scene",
        description="Set frame rate, frame range, active camera and the Standard view transform",
        default=True,
    )
    use_start_frame: bpy.props.BoolProperty(
        name="Start Frame", description="Choose the scene frame of the first data frame; the scene's start otherwise"
    )
    start_frame: bpy.props.IntProperty(name="Frame", default=1)
    look: bpy.props.EnumProperty(
        name="Look",
        items=[
            ("AUTO", "Automatic", "The light of the codes where the sequence has it, the studio look otherwise"),
            ("SH", "Light of the Codes", "Spherical-harmonics light, keyed per frame"),
            ("STUDIO", "Studio", "The grey look of DECA and EMOCA"),
            ("SCENE", "Scene Light", "A skin that the scene's own light falls on"),
        ],
    )
    camera: bpy.props.EnumProperty(
        name="Camera",
        items=[
            ("FRAMING", "Framing", "A steady camera that holds the head through the clip"),
            ("CROP", "Crop", "The crop that the codes were fitted to, with the reference image behind"),
            ("NONE", "None", "No camera"),
        ],
    )
    arrange: bpy.props.EnumProperty(
        name="Several",
        description="Where several sequences go",
        items=[
            ("SIDE_BY_SIDE", "Side by Side", "Next to each other"),
            ("STACKED", "Stacked", "All in the same place"),
        ],
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for files; dropped ones come with their path and only the options are asked for."""
        if self.directory and self.files:
            return self.invoke_popup(context)
        return ImportHelper.invoke(self, context, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        imported, warnings, errors = [], [], []
        try:
            model = current_model(self.model_path or preferred_model_path())
        except XTalkerError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        if context.mode != "OBJECT":
            bpy.ops.object.mode_set(mode="OBJECT")
        context.window_manager.progress_begin(0, 1)
        try:
            sources = self._sources()
            for index, source in enumerate(sources):
                context.window_manager.progress_update(index / len(sources))
                try:
                    imported.append(import_sequence(read_sequence(source), model, self._options(len(imported))))
                    warnings += imported[-1].warnings
                except XTalkerError as error:
                    errors.append(str(error))
        except SequenceError as error:
            errors.append(str(error))
        finally:
            context.window_manager.progress_end()
        return self._finish(context, imported, warnings, errors)

    def _sources(self) -> list[Path]:
        """The chosen files or, where a folder was chosen, the sequences in it."""
        folder = Path(bpy.path.abspath(self.directory)) if self.directory else None
        chosen = [folder / item.name for item in self.files if item.name] if folder else []
        paths = chosen or [Path(bpy.path.abspath(self.filepath))]
        sources: list[Path] = []
        for path in paths:
            sources += (find_sequences(path) if path.is_dir() else None) or [_owner(path)]
        return list(dict.fromkeys(sources))

    def _options(self, index: int) -> ImportOptions:
        return ImportOptions(
            identity=self.identity,
            start_frame=self.start_frame if self.use_start_frame else None,
            adapt_scene=self.adapt_scene,
            sound=self.use_sound,
            look=None if self.look == "AUTO" else self.look,
            camera=self.camera,
            full_basis=self.full_basis,
            offset=index * _SPACING if self.arrange == "SIDE_BY_SIDE" else 0.0,
        )

    def _finish(self, context, imported, warnings, errors) -> set[str]:
        for warning in warnings:
            self.report({"WARNING"}, warning)
        for item in context.selected_objects:
            item.select_set(False)
        for result in imported:
            result.rig.select_set(True)
            context.view_layer.objects.active = result.rig
        if imported:
            if hide_startup_cube(context.scene):
                self.report({"INFO"}, "The start-up cube stood around the head and is hidden now")
            frame_heads(context, [result.head for result in imported])
            frames = f"{imported[0].frame_start:g} to {imported[-1].frame_end:g}"
            names = ", ".join(result.collection.name for result in imported[:3])
            more = f" and {len(imported) - 3} more" if len(imported) > 3 else ""
            self.report({"INFO"}, f"Imported {names}{more}, frames {frames}")
        for error in errors:
            self.report({"ERROR"}, error)
        return {"FINISHED"} if imported else {"CANCELLED"}

    def draw(self, _context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split, layout.use_property_decorate = True, False
        for title, names in (
            ("Face", ("model_path", "identity", "full_basis")),
            ("Scene", ("adapt_scene", "use_sound", "arrange")),
            ("Picture", ("look", "camera")),
        ):
            header, body = layout.panel(f"xtalker_import_{title.lower()}")
            header.label(text=title)
            if body:
                for name in names:
                    body.prop(self, name)
                if title == "Scene":
                    row = body.row(heading="Start Frame")
                    row.prop(self, "use_start_frame", text="")
                    value = row.row()
                    value.active = self.use_start_frame
                    value.prop(self, "start_frame", text="")


def _owner(path: Path) -> Path:
    """A single array of a sequence folder stands for the folder."""
    return path.parent if path.suffix in {".npy", ".wav"} and (path.parent / "expcode.npy").is_file() else path


class XTALKER_FH_sequence(bpy.types.FileHandler):
    """Files dropped on the 3D view."""

    bl_idname = "XTALKER_FH_sequence"
    bl_label = "FLAME Talking Head"
    bl_import_operator = "xtalker.import_sequence"
    bl_file_extensions = ".npz;.npy"

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        return context.area is not None and context.area.type == "VIEW_3D"


def add_to_import_menu(self, _context: bpy.types.Context) -> None:
    """The entry in File > Import."""
    self.layout.operator(XTALKER_OT_import_sequence.bl_idname, text="FLAME Talking Head (.npz, .npy, folder)")
