"""Everything that Blender is told when XTalker is switched on, in order, and taken back when it is switched off."""

from typing import Final

import bpy

from .import_operator import XTALKER_FH_sequence, XTALKER_OT_import_sequence, add_to_import_menu
from .preferences import XTALKER_AP_preferences

CLASSES: Final = (XTALKER_AP_preferences, XTALKER_OT_import_sequence, XTALKER_FH_sequence)


def register() -> None:
    """Classes in order, then menus."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.TOPBAR_MT_file_import.append(add_to_import_menu)


def unregister() -> None:
    """The reverse."""
    bpy.types.TOPBAR_MT_file_import.remove(add_to_import_menu)
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
