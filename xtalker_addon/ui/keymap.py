"""Keys in the 3D view that go through an open data set. Where none is open they are Blender's, or the user's own."""

from typing import Any, Final

import bpy

# What is pressed, together with Shift and Alt; the operator and what it is given; what it does, for the panel.
_KEYS: Final[tuple[tuple[str, str, dict[str, Any], str], ...]] = (
    ("A", "xtalker.judge_entry", {"verdict": "approved"}, "approve"),
    ("R", "xtalker.judge_entry", {"verdict": "rejected"}, "reject"),
    ("N", "xtalker.note_entry", {}, "note"),
    ("UP_ARROW", "xtalker.step_entry", {"step": -1}, "previous"),
    ("DOWN_ARROW", "xtalker.step_entry", {"step": 1}, "next"),
)
_MAP: Final = "3D View"
_items: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []


def register() -> None:
    """Add the keys to those that add-ons have, where the user can change them."""
    keys = bpy.context.window_manager.keyconfigs.addon
    if keys is None:  # as in some programs without a window
        return
    keymap = keys.keymaps.new(name=_MAP, space_type="VIEW_3D")
    for key, operator, values, _ in _KEYS:
        item = keymap.keymap_items.new(operator, key, "PRESS", shift=True, alt=True)
        for name, value in values.items():
            setattr(item.properties, name, value)
        _items.append((keymap, item))


def unregister() -> None:
    """Take them away again."""
    for keymap, item in _items:
        keymap.keymap_items.remove(item)
    _items.clear()


def in_words() -> str:
    """The keys as they are by default."""
    names = {"UP_ARROW": "↑", "DOWN_ARROW": "↓"}
    return "Shift Alt in the 3D view: " + ", ".join(f"{names.get(key, key)} {does}" for key, _, _, does in _KEYS)
