"""Every difference between the Blenders that XTalker runs on (4.5 LTS, 5.2 LTS and 5.3), and nothing else."""

from __future__ import annotations

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


def place_sound(strip: bpy.types.Strip, start: int, speed: float) -> None:
    """Let a sound strip begin at `start` and play at `speed`.

    Stretching sound from Python crashes Blender before 5.0: there the strip is muted at any speed but 1.
    """
    can_stretch = bpy.app.version >= (5, 0, 0)
    if can_stretch:
        strip.retiming_keys.reset()
    if "content_start" in strip.bl_rna.properties:
        strip.content_start = start
    else:
        strip.frame_start = start
    if speed == 1.0:
        strip.mute = False
    elif can_stretch:
        end = strip_end(strip)
        strip.retiming_keys.add(timeline_frame=round(end))
        strip.retiming_keys[-1].timeline_frame = start + max(1, round((end - start) / speed))
    else:
        strip.mute = True
