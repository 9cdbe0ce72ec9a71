"""Takes back what was begun: every data-block that is new, and every setting of the scene that an import changes."""

from __future__ import annotations

from typing import Any, Final

import bpy

from . import compat

_SCENE: Final = ("frame_start", "frame_end", "sync_mode", "use_audio_scrub", "camera", "world")
_RENDER: Final = ("fps", "fps_base")
_VIEW: Final = ("view_transform", "look", "exposure", "gamma")


class Snapshot:
    """The file as it is now, to which `restore` goes back."""

    def __init__(self, context: bpy.types.Context) -> None:
        self._scene = context.scene
        self._layer = context.view_layer
        self._active = context.view_layer.objects.active
        self._selected = list(context.selected_objects)
        self._known = {item.session_uid for item in bpy.data.user_map()}
        self._values = [(owner, name, getattr(owner, name)) for owner, name in self._settings()]
        self._frame = self._scene.frame_current
        editor = self._scene.sequence_editor
        self._strips = {strip.name for strip in editor.strips} if editor else None
        self._shown = compat.sequencer_scene()

    def restore(self) -> None:
        """Go back. What was changed by others meanwhile, in what was there before, stays changed."""
        for owner, name, value in self._values:
            setattr(owner, name, value)
        compat.show_sequencer_scene(self._shown, replace=True)
        editor = self._scene.sequence_editor
        for strip in list(editor.strips) if editor else ():
            if strip.name not in (self._strips or ()):
                editor.strips.remove(strip)
        if editor and self._strips is None:
            self._scene.sequence_editor_clear()
        bpy.data.batch_remove([item for item in bpy.data.user_map() if item.session_uid not in self._known])
        self._scene.frame_set(self._frame)
        self._layer.objects.active = self._active
        for item in self._selected:
            item.select_set(True)

    def _settings(self) -> list[tuple[Any, str]]:
        render, view = self._scene.render, self._scene.view_settings
        groups = ((self._scene, _SCENE), (render, _RENDER), (view, _VIEW))
        world = [(self._scene.world, "use_fake_user")] if self._scene.world else []
        return world + [(owner, name) for owner, names in groups for name in names]
