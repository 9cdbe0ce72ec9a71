"""Every difference between the Blenders that XTalker runs on (4.5 LTS, 5.2 LTS and 5.3), and nothing else."""

from __future__ import annotations

from math import floor
from typing import Any

import bpy


def eevee_engine() -> str:
    """EEVEE is called BLENDER_EEVEE_NEXT up to 4.5 and BLENDER_EEVEE from 5.0."""
    engines = bpy.types.RenderSettings.bl_rna.properties["engine"].enum_items
    return "BLENDER_EEVEE" if bpy.app.version >= (5, 0, 0) or "BLENDER_EEVEE" in engines else "BLENDER_EEVEE_NEXT"


def draws_with_vulkan() -> bool:
    """Whether Blender draws by Vulkan wherever a driver of it is there, in background too; since 5.3."""
    return bpy.app.version >= (5, 3, 0)


def node_tree(owner: bpy.types.Material | bpy.types.World) -> bpy.types.NodeTree:
    """The owner's node tree. It is there from the start in 5.x, where asking for it is deprecated."""
    if owner.node_tree is None:
        owner.use_nodes = True
    assert owner.node_tree is not None
    return owner.node_tree


def strip_end(strip: bpy.types.Strip) -> float:
    """First frame after a sequencer strip, handles included; the property has a new name since 5.0."""
    name = "right_handle" if "right_handle" in strip.bl_rna.properties else "frame_final_end"
    return float(getattr(strip, name))


def strip_start(strip: bpy.types.Strip) -> float:
    """First frame of a sequencer strip, handles included."""
    name = "left_handle" if "left_handle" in strip.bl_rna.properties else "frame_final_start"
    return float(getattr(strip, name))


def sequencer_scene() -> bpy.types.Scene | None:
    """The scene whose strips the Video Sequencer shows; since 5.0 a workspace chooses it."""
    return getattr(bpy.context.workspace, "sequencer_scene", None)


def show_sequencer_scene(scene: bpy.types.Scene | None, replace: bool = False) -> None:
    """Let the Video Sequencer show `scene`; where it shows another already, only to `replace` that."""
    workspace: Any = bpy.context.workspace
    if workspace is None or "sequencer_scene" not in workspace.bl_rna.properties:
        return
    if replace or workspace.sequencer_scene is None:
        workspace.sequencer_scene = scene


def prefer_still_images(image_settings: bpy.types.ImageFormatSettings) -> None:
    """Still formats can be chosen only when the media type is not video (5.0 and later)."""
    if "media_type" in image_settings.bl_rna.properties:
        setattr(image_settings, "media_type", "IMAGE")  # noqa: B010  unknown to 4.5's type


def content_start(strip: bpy.types.Strip) -> float:
    """Frame of a strip's first sample, whatever its handles cut off; the property has a new name since 5.0."""
    return float(getattr(strip, "content_start" if "content_start" in strip.bl_rna.properties else "frame_start"))


def place_sound(strip: bpy.types.Strip, start: float, speed: float) -> bool:
    """Let a sound strip begin at scene frame `start` and play at `speed`; returns whether it does.

    Stretching sound from Python ends Blender before 5.0. From 5.0 to 5.2 it takes the first strip of the scene for the
    one that is meant, so it is safe only where there is no other. At speed 1 nothing is stretched.
    """
    scene: Any = strip.id_data
    if bpy.app.version >= (5, 0, 0) and len(strip.retiming_keys):
        strip.retiming_keys.reset()
    whole = floor(start)
    setattr(strip, "content_start" if "content_start" in strip.bl_rna.properties else "frame_start", whole)
    strip.sound_offset = (start - whole) * scene.render.fps_base / scene.render.fps
    if speed == 1.0:
        return True
    alone = len(scene.sequence_editor.strips_all) == 1
    if bpy.app.version < (5, 0, 0) or (bpy.app.version < (5, 3, 0) and not alone):
        return False
    end = strip_end(strip)
    strip.retiming_keys.add(timeline_frame=round(end))
    strip.retiming_keys[-1].timeline_frame = whole + max(1, round((end - whole) / speed))
    return True
