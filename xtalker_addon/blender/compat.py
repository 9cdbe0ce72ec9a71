"""Every difference between the Blenders that XTalker runs on (4.5 LTS and 5.2 LTS), and nothing else."""

from __future__ import annotations

from typing import Any

import bpy


def eevee_engine() -> str:
    """EEVEE is called BLENDER_EEVEE_NEXT up to 4.5 and BLENDER_EEVEE from 5.0."""
    engines = bpy.types.RenderSettings.bl_rna.properties["engine"].enum_items
    return "BLENDER_EEVEE" if bpy.app.version >= (5, 0, 0) or "BLENDER_EEVEE" in engines else "BLENDER_EEVEE_NEXT"


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


def show_sequencer_scene(scene: bpy.types.Scene) -> None:
    """Let the Video Sequencer show `scene`: since 5.0 a workspace chooses whose strips it shows."""
    workspace: Any = bpy.context.workspace
    if workspace is not None and "sequencer_scene" in workspace.bl_rna.properties and workspace.sequencer_scene is None:
        workspace.sequencer_scene = scene


def prefer_still_images(image_settings: bpy.types.ImageFormatSettings) -> None:
    """Still formats can be chosen only when the media type is not video (5.0 and later)."""
    if "media_type" in image_settings.bl_rna.properties:
        setattr(image_settings, "media_type", "IMAGE")  # noqa: B010  unknown to 4.5's type
