"""Preferences: the face model and what was found there, dataset folders, the cache, and defaults."""

from pathlib import Path

import bpy

from ..core.detail import DetailDecoder, load_detail_decoder
from ..core.flame import FlameModel, load_model
from ..errors import ModelError
from .choices import AUTOMATIC_LOOK, CAMERAS, IDENTITIES, LOOKS

PACKAGE = __name__.rsplit(".", 2)[0]
_loaded: dict[str, FlameModel] = {}
_decoders: dict[str, DetailDecoder] = {}


class XTALKER_PG_dataset_root(bpy.types.PropertyGroup):
    path: bpy.props.StringProperty(
        name="Dataset", description="Folder of a data set, or of any sequences", subtype="DIR_PATH"
    )


class XTALKER_AP_preferences(bpy.types.AddonPreferences):
    bl_idname = PACKAGE

    model_path: bpy.props.StringProperty(
        name="Face Model",
        description="Your FLAME model: .pkl, converted .npz, or the folder that holds it. Empty for XTalker's own head",
        subtype="FILE_PATH",
        update=lambda self, _context: self.check_model(),
    )
    model_message: bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"})
    model_is_good: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    detail_path: bpy.props.StringProperty(
        name="Detail Model",
        description="DECA's deca_model.tar or EMOCA's checkpoint: turns detail codes into wrinkles. Empty for none",
        subtype="FILE_PATH",
    )
    roots: bpy.props.CollectionProperty(type=XTALKER_PG_dataset_root)
    cache_path: bpy.props.StringProperty(
        name="Cache Folder",
        description="Where the index and the thumbnails of data sets are kept. Empty for XTalker's own user folder",
        subtype="DIR_PATH",
    )
    cache_megabytes: bpy.props.IntProperty(
        name="Cache Limit (MB)",
        description="The oldest thumbnails are deleted beyond this size",
        default=500,
        min=10,
        soft_max=10_000,
    )
    thumbnail_size: bpy.props.IntProperty(
        name="Thumbnail Size",
        description="Side of a thumbnail in pixels",
        default=128,
        min=32,
        max=224,
    )
    identity: bpy.props.EnumProperty(name="Identity", description="For new imports", items=IDENTITIES)
    look: bpy.props.EnumProperty(name="Look", description="For new imports", items=[AUTOMATIC_LOOK, *LOOKS])
    camera: bpy.props.EnumProperty(name="Camera", description="For new imports", items=CAMERAS)

    def check_model(self) -> None:
        """Load the chosen model at once, so that a wrong file is told here and not at the first import."""
        try:
            model = current_model(self.model_path)
        except ModelError as error:
            self.model_is_good, self.model_message = False, str(error)
            return
        self.model_is_good = True
        self.model_message = (
            f"{model.name}: {model.vertex_count} vertices, {len(model.identity_basis)} identity and "
            f"{len(model.expression_basis)} expression columns{', UVs' if model.uv is not None else ', no UVs'}"
        )

    def draw(self, _context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split, layout.use_property_decorate = True, False
        column = layout.column()
        column.prop(self, "model_path")
        text = self.model_message or ("XTalker's own head is used" if not self.model_path else "")
        if text:
            column.label(text=text, icon="CHECKMARK" if self.model_is_good else "ERROR")
        layout.prop(self, "detail_path")
        self._draw_roots(layout)
        column = layout.column(heading="Cache")
        column.prop(self, "cache_path")
        column.prop(self, "cache_megabytes")
        column.prop(self, "thumbnail_size")
        column = layout.column(heading="New Imports")
        for name in ("identity", "look", "camera"):
            column.prop(self, name)
        box = layout.box()
        box.label(text="FLAME is free for research from flame.is.tue.mpg.de and may not be passed on", icon="INFO")
        box.label(text="Data sets such as 3DXTalker and WebTalk-Synthetic are for research only: see their licences")

    def _draw_roots(self, layout: bpy.types.UILayout) -> None:
        column = layout.column(heading="Datasets")
        for index, root in enumerate(self.roots):
            row = column.row(align=True)
            row.prop(root, "path", text="")
            row.operator("xtalker.remove_dataset_root", text="", icon="REMOVE").index = index
        column.operator("xtalker.add_dataset_root", icon="ADD")


class XTALKER_OT_add_dataset_root(bpy.types.Operator):
    """Choose a folder of sequences that the dataset browser can show"""

    bl_idname = "xtalker.add_dataset_root"
    bl_label = "Add Dataset"
    bl_options = {"INTERNAL"}

    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        path = bpy.path.abspath(self.directory)
        if not Path(path).is_dir():
            self.report({"ERROR"}, f"{path}: is not a folder; choose the one that holds the sequences")
            return {"CANCELLED"}
        chosen = preferences()
        if chosen and path not in [root.path for root in chosen.roots]:
            chosen.roots.add().path = path
        context.window_manager.xtalker_browser.root = path
        return {"FINISHED"}


class XTALKER_OT_remove_dataset_root(bpy.types.Operator):
    """Take this folder off the list; its files stay"""

    bl_idname = "xtalker.remove_dataset_root"
    bl_label = "Remove Dataset"
    bl_options = {"INTERNAL"}

    index: bpy.props.IntProperty()

    def execute(self, _context: bpy.types.Context) -> set[str]:
        chosen = preferences()
        if chosen:
            chosen.roots.remove(self.index)
        return {"FINISHED"}


def preferences() -> XTALKER_AP_preferences | None:
    """XTalker's preferences; None where it is not switched on as an add-on."""
    addon = bpy.context.preferences.addons.get(PACKAGE)
    return addon.preferences if addon else None


def preferred_model_path() -> str:
    """The model path that the user chose; '' for the default head, also where there are no preferences."""
    chosen = preferences()
    return chosen.model_path if chosen else ""


def cache_folder() -> Path:
    """Where indexes and thumbnails are kept; made if it is not there."""
    chosen = preferences()
    path = bpy.path.abspath(chosen.cache_path) if chosen and chosen.cache_path else ""
    if not path and PACKAGE.startswith("bl_ext."):
        path = bpy.utils.extension_path_user(PACKAGE, create=True)
    folder = Path(path or bpy.utils.user_resource("DATAFILES", path="xtalker", create=True))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def current_model(path: str) -> FlameModel:
    """The model at `path` ('' for the default head), kept in memory until another is asked for."""
    if path not in _loaded:
        model = load_model(bpy.path.abspath(path) if path else None)
        _loaded.clear()
        _loaded[path] = model
    return _loaded[path]


def current_detail() -> DetailDecoder | None:
    """The detail decoder that the user chose, kept in memory; None without one. Raises ModelError."""
    chosen = preferences()
    path = bpy.path.abspath(chosen.detail_path) if chosen and chosen.detail_path else ""
    if path and path not in _decoders:
        decoder = load_detail_decoder(Path(path), current_model(preferred_model_path()).source.parent)
        _decoders.clear()
        _decoders[path] = decoder
    return _decoders.get(path)


CLASSES = (
    XTALKER_PG_dataset_root,
    XTALKER_AP_preferences,
    XTALKER_OT_add_dataset_root,
    XTALKER_OT_remove_dataset_root,
)
