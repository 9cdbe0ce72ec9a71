"""Preferences: the face model and what was found there, dataset folders, the cache, and defaults."""

from functools import lru_cache
from pathlib import Path

import bpy

from ..core.model.detail import DetailDecoder, load_detail_decoder
from ..core.model.flame import FlameModel, load_model
from ..errors import ModelError
from .choices import AUTOMATIC_LOOK, CAMERAS, IDENTITIES, LOOKS, VIEWPORTS
from .texts import write_lines

PACKAGE = __name__.rsplit(".", 2)[0]
_FIELDS = 0.6  # of the page's width, behind the titles
_LICENCES = (
    "FLAME is free for research from flame.is.tue.mpg.de and may not be passed on",
    "3DXTalker, WebTalk-Synthetic and most other data sets are for research only: see their licences",
)
_loaded: dict[str, FlameModel] = {}
_decoders: dict[str, DetailDecoder] = {}


class XTALKER_PG_dataset_root(bpy.types.PropertyGroup):
    path: bpy.props.StringProperty(
        name="Data Set", description="Folder of a data set, or of any sequences", subtype="DIR_PATH"
    )


class XTALKER_AP_preferences(bpy.types.AddonPreferences):
    bl_idname = PACKAGE

    model_path: bpy.props.StringProperty(
        name="Face Model",
        description="Your FLAME model: .pkl, converted .npz, or the folder that holds it. Empty for XTalker's own head",
        subtype="FILE_PATH",
    )
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
    viewport: bpy.props.EnumProperty(
        name="Viewport",
        description="What 3D views in Solid change to when a head is imported into a new file",
        items=VIEWPORTS,
    )

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split, layout.use_property_decorate = True, False
        column = layout.column()
        column.prop(self, "model_path", placeholder="XTalker's own head")
        _tell(context, column, model_sentence(self.model_path))
        column.prop(self, "detail_path", placeholder="None: faces without wrinkles")
        _tell(context, column, detail_sentence(self.detail_path))
        self._draw_roots(layout)
        column = layout.column()
        column.prop(self, "cache_path", placeholder="XTalker's own user folder")
        column.prop(self, "cache_megabytes")
        column.prop(self, "thumbnail_size")
        _beside_titles(layout).label(text="New imports begin with")
        column = layout.column()
        for name in ("identity", "look", "camera", "viewport"):
            column.prop(self, name)
        box = layout.box()
        for text in _LICENCES:
            write_lines(context, box, text, "INFO")

    def _draw_roots(self, layout: bpy.types.UILayout) -> None:
        for index, root in enumerate(self.roots):
            row = _beside_titles(layout, "" if index else "Data Sets").row(align=True)
            row.prop(root, "path", text="")
            row.operator("xtalker.remove_dataset_root", text="", icon="REMOVE").index = index
        row = _beside_titles(layout, "" if self.roots else "Data Sets")
        row.operator("xtalker.add_dataset_root", icon="ADD")


def model_sentence(path: str) -> tuple[bool, str]:
    """Whether the model at `path` can be used, and what was found there or why not; '' for XTalker's own."""
    return _model_sentence(path, _changed(path))


def detail_sentence(path: str) -> tuple[bool, str]:
    """The same of a detail model; '' for none, of which there is nothing to say."""
    return _detail_sentence(path, _changed(path)) if path else (True, "")


@lru_cache(maxsize=4)
def _model_sentence(path: str, _when: int) -> tuple[bool, str]:
    try:
        model = current_model(path)
    except ModelError as error:
        return False, str(error)
    return True, (
        f"{model.name}: {model.vertex_count} vertices, {len(model.identity_basis)} identity and "
        f"{len(model.expression_basis)} expression columns{', UVs' if model.uv is not None else ', no UVs'}"
    )


@lru_cache(maxsize=4)
def _detail_sentence(path: str, _when: int) -> tuple[bool, str]:
    try:
        load_detail_decoder(Path(bpy.path.abspath(path)))
    except ModelError as error:
        return False, str(error)
    return True, f"{Path(path).name}: decodes wrinkles"


def _changed(path: str) -> int:
    """When the file was written, so that a file that was mended is looked at again."""
    try:
        return Path(bpy.path.abspath(path)).stat().st_mtime_ns if path else 0
    except OSError:
        return 0


def _tell(context: bpy.types.Context, layout: bpy.types.UILayout, found: tuple[bool, str]) -> None:
    good, text = found
    if text:
        write_lines(context, _beside_titles(layout), text, "CHECKMARK" if good else "ERROR", _FIELDS)


def _beside_titles(layout: bpy.types.UILayout, title: str = "") -> bpy.types.UILayout:
    """Where the fields stand, behind the titles."""
    split = layout.split(factor=1 - _FIELDS)
    name = split.row()
    name.alignment = "RIGHT"
    name.label(text=title)
    return split.column()


class XTALKER_OT_add_dataset_root(bpy.types.Operator):
    """Choose a folder of sequences that the dataset browser can show"""

    bl_idname = "xtalker.add_dataset_root"
    bl_label = "Add Data Set"
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
    bl_label = "Remove Data Set"
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
