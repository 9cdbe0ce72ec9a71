"""Everything that Blender is told when XTalker is switched on, in order, and taken back when it is switched off."""

from typing import Final

import bpy

from ..render.scene import engine as review_engine
from . import (
    browser,
    browser_operators,
    browser_panel,
    compare_ui,
    export_ui,
    head_operators,
    head_panel,
    head_settings,
    import_operator,
    keymap,
    prediction_ui,
    preferences,
    render_ui,
)

_MODULES: Final = (
    *(preferences, browser, browser_operators, browser_panel, render_ui),
    *(import_operator, head_settings, head_operators, head_panel, compare_ui, export_ui, prediction_ui),
)
CLASSES: Final = tuple(cls for module in _MODULES for cls in module.CLASSES)
# Owner, name, property group: what the panels read and write.
_POINTERS: Final = (
    (bpy.types.Object, "xtalker", head_settings.XTALKER_PG_head),
    (bpy.types.WindowManager, "xtalker_browser", browser.XTALKER_PG_browser),
)


def register() -> None:
    """Classes in order, then what hangs on them."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    for owner, name, group in _POINTERS:
        setattr(owner, name, bpy.props.PointerProperty(type=group))
    bpy.types.TOPBAR_MT_file_import.append(import_operator.add_to_import_menu)
    bpy.app.handlers.load_post.append(browser.show_again)
    keymap.register()
    review_engine.register()


def unregister() -> None:
    """The reverse."""
    review_engine.unregister()
    keymap.unregister()
    bpy.app.handlers.load_post.remove(browser.show_again)
    bpy.types.TOPBAR_MT_file_import.remove(import_operator.add_to_import_menu)
    render_ui.stop()
    browser.close()
    for owner, name, _group in reversed(_POINTERS):
        delattr(owner, name)
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
