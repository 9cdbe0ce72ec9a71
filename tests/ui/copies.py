"""Copies of a head as artists make them, what a head shows, and every control of its panels."""

from __future__ import annotations

import bpy
import numpy as np

from xtalker_addon.blender import compare
from xtalker_addon.blender.evaluated import own_vertices
from xtalker_addon.blender.head import REFERENCE, Head, head_of, heads_in
from xtalker_addon.blender.presence import is_muted
from xtalker_addon.blender.swap import crop_mode


def show(rig, scene=None):
    """Make a scene that shows the head the window's, and the head active; returns the head."""
    scene = scene or (bpy.context.scene if rig.name in bpy.context.scene.objects else rig.users_scene[0])
    bpy.context.window.scene = scene
    for item in scene.objects:
        item.select_set(item == rig)
    bpy.context.view_layer.objects.active = rig
    return head_of(rig, scene)


def _select_with_parts(rig):
    head = show(rig)
    for item in (rig, head.face, head.camera):
        item.select_set(True)


def duplicated(rig, linked, more=()):
    """As an artist does: the head and what hangs on it."""
    _select_with_parts(rig)
    for item in more:
        item.select_set(True)
    bpy.ops.object.duplicate(linked=linked)
    return bpy.context.view_layer.objects.active


def linked_into(rig, how):
    """Let another scene show the same head; returns that scene."""
    if how == "copy of a scene with the same objects":
        bpy.ops.scene.new(type="LINK_COPY")
        return bpy.context.scene
    scene = bpy.data.scenes.new("Second")
    _select_with_parts(rig)
    bpy.ops.object.make_links_scene(scene=scene.name)
    return scene


def _appended(rig, path):
    name = rig.users_collection[0].name
    bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True)
    with bpy.data.libraries.load(str(path)) as (_, wanted):
        wanted.collections = [name]
    bpy.context.scene.collection.children.link(wanted.collections[0])
    return _only_head(wanted.collections[0].objects)


def _only_head(items):
    (rig,) = (item for item in heads_in(bpy.context.scene) if REFERENCE not in item and item.name in items)
    return rig


def _of_copied_scene(_rig, _path):
    bpy.ops.scene.new(type="FULL_COPY")
    return _only_head(bpy.context.scene.objects)


def _pasted(rig, _path):
    _select_with_parts(rig)
    bpy.ops.view3d.copybuffer()
    bpy.ops.scene.new(type="EMPTY")
    bpy.ops.view3d.pastebuffer()
    return _only_head(bpy.context.scene.objects)


COPIES = {
    "duplicate": lambda rig, _path: duplicated(rig, linked=False),
    "linked duplicate": lambda rig, _path: duplicated(rig, linked=True),
    "append": _appended,
    "copy of a scene": _of_copied_scene,
    "pasted into another scene": _pasted,
}


def shown(rig, scene=None):
    """All that a head shows in frame 6, and all that its controls say, by name."""
    head = show(rig, scene)
    head.scene.frame_set(6)
    return {**_said(rig), **_seen(head)}


def _said(rig):
    settings = rig.xtalker
    common = bpy.types.PropertyGroup.bl_rna.properties.keys()
    return {name: getattr(settings, name) for name in set(settings.bl_rna.properties.keys()) if name not in common}


def _seen(head: Head):
    legend, camera = compare.legend_of(head), head.camera
    texts = sorted(item.data.body for item in legend.children if item.type == "FONT") if legend else []
    return {
        "vertices": own_vertices(head.face),
        "coloured": np.mean(_colours(head)),
        "light": np.ravel([tuple(i.default_value) for i in head.material.node_tree.nodes["SH Light"].inputs][1:]),
        "name": head.name,
        "identity": head.identity,
        "model": str(head.rig["xtalker_model_source"]),
        "muted": is_muted(head),
        "rendered": head.face.hide_render,
        "divided": sum(modifier.type == "SUBSURF" for modifier in head.face.modifiers),
        "crop": str(crop_mode(head)),
        "camera": np.array([*camera.location, camera.data.ortho_scale]),
        "legend": [*texts, *(str(numbers) for numbers in (compare.numbers_of(legend) if legend else ()))],
        "measured by": str(bool(compare.other_of(head))),
    }


def _colours(head: Head):
    evaluated = head.face.evaluated_get(bpy.context.evaluated_depsgraph_get())
    attribute = evaluated.data.attributes.get(compare.SHARE)
    values = np.zeros(len(evaluated.data.vertices), np.float32)
    if attribute:
        attribute.data.foreach_get("value", values)
    return values


def differing(first, second, but=()):
    """Names of what two heads do not show alike."""
    return [name for name in first if name not in but and not _alike(first[name], second[name])]


def _alike(first, second):
    if isinstance(first, np.ndarray):
        return first.shape == second.shape and np.allclose(first, second, atol=2e-6)
    return np.isclose(first, second, atol=1e-5) if isinstance(first, float | np.floating) else first == second


def _setting(name, value):
    return lambda rig: setattr(rig.xtalker, name, value)


def controls(other_source, model_file):
    """Everything that the panels can do to one head, in an order in which each of it shows.

    What they do to the scene and to other heads on purpose (solo, a world, adapting) is not among it.
    """
    ops = bpy.ops.xtalker
    camera = {
        f"camera {kind} {crop}": lambda _rig, k=kind, c=crop: ops.set_camera(kind=k, crop=c)
        for kind, crop in (("FRAMING", "each"), ("CROP", "each"), ("CROP", "smooth"), ("CROP", "steady"))
    }
    settings = [
        ("look", "STUDIO"), ("look", "SCENE"), ("look", "SH"), ("subdivision", 1), ("subdivision", 0), ("offset", 2.5),
        ("speed", 2.0), ("amount_expression", 0.5), ("amount_jaw", 0.0), ("amount_head", 1.5),
        ("freeze_expression", True), ("freeze_expression", False), ("freeze_jaw", True), ("freeze_head", True),
        ("reference", False), ("reference_opacity", 0.25), ("reference_depth", "FRONT"),
    ]  # fmt: skip
    return {
        **{f"{name} {value}": _setting(name, value) for name, value in settings},
        **camera,
        "mute": lambda _rig: ops.mute_head(),
        "bring back": lambda _rig: ops.mute_head(),
        "compare": lambda _rig: ops.compare_heads(),
        "up to": _setting("compare_maximum", 8.0),
        "measure": lambda _rig: ops.measure_heads(),
        "stop comparing": lambda _rig: ops.end_compare(),
        "identity first": lambda _rig: ops.set_identity(identity="first"),
        "identity per frame": lambda _rig: ops.set_identity(identity="per_frame"),
        "model": lambda _rig: ops.relink_model(filepath=str(model_file)),
        "swap": lambda _rig: ops.swap_sequence(filepath=str(other_source)),
        "amount_eyes 0.5": _setting("amount_eyes", 0.5),
        "freeze_eyes True": _setting("freeze_eyes", True),
    }
