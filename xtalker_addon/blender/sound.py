"""The clip's sound as a strip of the scene's sequencer."""

from __future__ import annotations

import tempfile
from pathlib import Path

import bpy

from ..core.files.storage import as_file
from . import compat


def add_sound_strip(scene: bpy.types.Scene, name: str, audio: Path, start_frame: int) -> bpy.types.Strip:
    """A strip whose first sample sounds at `start_frame`, on the first channel that is free for its whole length.

    Playback follows the sound from then on, and scrubbing is audible. A sound out of an archive is packed into the
    Blender file. Raises AudioError where it cannot be taken out.
    """
    editor = scene.sequence_editor or scene.sequence_editor_create()
    with tempfile.TemporaryDirectory(prefix="xtalker-") as folder, as_file(audio, Path(folder)) as file:
        strip = editor.strips.new_sound(name, str(file.absolute()), channel=1, frame_start=start_frame)
        if file != audio:
            strip.sound.name = audio.name
            strip.sound.pack()
    start, end = compat.strip_start(strip), compat.strip_end(strip)
    busy = {
        other.channel
        for other in editor.strips
        if other != strip and compat.strip_start(other) < end and compat.strip_end(other) > start
    }
    strip.channel = next(channel for channel in range(1, 129) if channel not in busy)
    scene.sync_mode = "AUDIO_SYNC"
    scene.use_audio_scrub = True
    compat.show_sequencer_scene(scene)
    return strip
