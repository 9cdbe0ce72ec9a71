"""Preferences: where the face model is, and what was found there."""

import bpy

from ..core.flame import FlameModel, load_model
from ..errors import ModelError

PACKAGE = __name__.rpartition(".ui.")[0]
_loaded: dict[str, FlameModel] = {}


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
        column = self.layout.column()
        column.prop(self, "model_path")
        text = self.model_message or ("XTalker's own head is used" if not self.model_path else "")
        if text:
            column.label(text=text, icon="CHECKMARK" if self.model_is_good else "ERROR")
        box = self.layout.box()
        box.label(text="FLAME is free for research from flame.is.tue.mpg.de and may not be passed on", icon="INFO")
        box.label(text="Data sets such as 3DXTalker and WebTalk-Synthetic have research licences of their own")


def preferred_model_path() -> str:
    """The model path that the user chose; '' for the default head, also where there are no preferences."""
    addon = bpy.context.preferences.addons.get(PACKAGE)
    return addon.preferences.model_path if addon and addon.preferences else ""


def current_model(path: str) -> FlameModel:
    """The model at `path` ('' for the default head), kept in memory until another is asked for."""
    if path not in _loaded:
        model = load_model(bpy.path.abspath(path) if path else None)
        _loaded.clear()
        _loaded[path] = model
    return _loaded[path]
