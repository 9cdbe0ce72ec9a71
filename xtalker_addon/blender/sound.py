"""The clip's sound as a strip of the scene's sequencer, and whether it is heard."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import bpy

from ..core.files.storage import as_file
from . import compat
from .head import belongs_to, heads_in

OFF: Final = "xtalker_off"  # on a strip: nobody wants to hear it
HIDDEN: Final = "xtalker_hidden"  # its head is hidden
OUT_OF_STEP: Final = "xtalker_out_of_step"  # Blender cannot play it at the head's speed
_CAUSES: Final = (OFF, HIDDEN, OUT_OF_STEP)


def add_sound_strip(scene: bpy.types.Scene, name: str, audio: Path, start_frame: int) -> bpy.types.Strip:
    """A strip whose first sample sounds at `start_frame`, on the first channel that is free for its whole length.

    A sound out of an archive is packed into the Blender file. Raises AudioError where it cannot be taken out.
    """
    editor = scene.sequence_editor or scene.sequence_editor_create()
    with tempfile.TemporaryDirectory(prefix="xtalker-") as folder, as_file(audio, Path(folder)) as file:
        strip = editor.strips.new_sound(name, str(file.absolute()), channel=1, frame_start=start_frame)
        if file != audio:
            strip.sound.name = audio.name
            strip.sound.pack()
    start, end = compat.strip_start(strip), compat.strip_end(strip)
    busy = {other.channel for other in _sounding(scene, start, end, strip)}
    strip.channel = next(channel for channel in range(1, 129) if channel not in busy)
    compat.show_sequencer_scene(scene)
    return strip


def voices_beside(strip: bpy.types.Strip, scene: bpy.types.Scene) -> list[str]:
    """Heads that are heard while the strip sounds."""
    at_once = _sounding(scene, compat.strip_start(strip), compat.strip_end(strip), strip)
    audible = [other for other in at_once if not other.mute]
    return [rig.name for rig in heads_in(scene) if any(belongs_to(rig, other) for other in audible)]


def silence(strip: bpy.types.Strip, cause: str, silent: bool) -> None:
    """Mute a strip for one of the causes above, or let that be no cause any more.

    A strip that an artist muted in the sequencer stays muted.
    """
    if strip.mute and not any(name in strip for name in _CAUSES):
        strip[OFF] = True
    if silent:
        strip[cause] = True
    elif cause in strip:
        del strip[cause]
    strip.mute = any(name in strip for name in _CAUSES)


def take_over(strip: bpy.types.Strip, old: bpy.types.Strip) -> None:
    """Let a strip be as loud, as far to the side and as muted as the one that it takes the place of."""
    strip.volume, strip.pan, strip.color_tag = old.volume, old.pan, old.color_tag
    for cause in (name for name in _CAUSES if name in old):
        strip[cause] = True
    strip.mute = old.mute


def lay_sound(strip: bpy.types.Strip, start: float, speed: float) -> None:
    """Let a strip begin at scene frame `start`, fractions too, and play at `speed`; muted where that cannot be."""
    silence(strip, OUT_OF_STEP, not compat.place_sound(strip, start, speed))


def _sounding(scene: bpy.types.Scene, start: float, end: float, but: bpy.types.Strip) -> list[bpy.types.Strip]:
    """Other strips between two frames."""
    strips = (strip for strip in scene.sequence_editor.strips if strip != but)
    return [s for s in strips if compat.strip_start(s) < end and compat.strip_end(s) > start]
