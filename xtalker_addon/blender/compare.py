"""Two heads compared: live colours by distance, a legend in millimetres, and error curves. All of it ordinary data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import bpy
import numpy as np
from mathutils import Vector
from numpy.typing import NDArray

from ..core.distance_colours import COLOURS
from ..core.light.radiance import linear_from_display
from ..errors import ModelError, UsageError
from . import compat
from .evaluated import own_vertices
from .head import COMPARED, REFERENCE, Head, every_head, mark_parts
from .keys import Animation
from .nodes import Tree, display_group, flame_normal_group, studio_group
from .subdivision import level_of

FACE_ERROR: Final = "Face Error (mm)"
LIP_ERROR: Final = "Lip Error (mm)"
MAXIMUM_MM: Final = 5.0  # at the legend's end, at first
SHADED: Final = "xtalker_shaded"  # on a material that maps `SHARE` to colours: whether they are lit as in the studio
TINT: Final = "xtalker_tint"  # on a material of one colour: its display value
_NAME: Final = "Distance"
SHARE: Final = "distance_share"  # of the legend's length, 0 to 1, for each vertex that is coloured
_PLATE: Final = (0.13, 0.13, 0.14)  # behind the legend, so that it can be read before any background
_INK: Final = (0.95, 0.95, 0.95)
_CURVES: Final = {FACE_ERROR: (0.35, 0.62, 0.96), LIP_ERROR: (0.98, 0.58, 0.20)}  # colours in the Graph Editor
_LEGEND_SIZE: Final = (0.008, 0.14)  # metres
_PLATE_CORNERS: Final = ((-0.006, -0.014), (0.064, 0.154))  # metres, from the strip's lower left corner


def begin(first: Head, second: Head, maximum_mm: float, other: str = "") -> bpy.types.Object:
    """Colour `first` by each vertex's distance to its fellow of `second`, wherever the two stand; returns the legend.

    other : what the second is called on the legend, its own name if empty

    Distances are those of the shapes in their own rigs' axes: where a head stands in the scene does not count.
    Raises ModelError where the two have not the same vertices.
    """
    counts = [len(head.face.data.vertices) for head in (first, second)]
    if counts[0] != counts[1]:
        raise ModelError(
            f"{first.name} has {counts[0]} vertices and {second.name} {counts[1]}; "
            "heads on the same model can be compared."
        )
    if level_of(second.face):
        raise UsageError(f"{second.name} is subdivided, which moves its vertices; set its Subdivision to 0 to compare.")
    end(first, but=second)
    modifier = first.face.modifiers.new(_NAME, "NODES")
    assert isinstance(modifier, bpy.types.NodesModifier)
    divides = [m.type == "SUBSURF" for m in first.face.modifiers]
    if any(divides):  # distances are the model's vertices'; the divided surface takes its colours from them
        first.face.modifiers.move(len(divides) - 1, divides.index(True))
    modifier.node_group = _distance_group(second.face, maximum_mm)
    return _build_legend(first, other or second.name, maximum_mm)


def end(head: Head, but: Head | None = None) -> None:
    """Take colours, legend and curves away again, and references that serve no comparison any more, but for one."""
    for modifier in [m for m in head.face.modifiers if _is_ours(m)]:
        group = modifier.node_group
        head.face.modifiers.remove(modifier)
        _remove_unused(group)
    legend = legend_of(head)
    if legend:
        action = legend.animation_data.action if legend.animation_data else None
        for item in (*legend.children, legend):
            data, font = item.data, getattr(item.data, "font", None)
            bpy.data.objects.remove(item)
            _remove_unused(data)
            _remove_unused(font)
        _remove_unused(action)
    for other in every_head():
        if REFERENCE in other.rig and not (but and other.rig == but.rig) and not is_measure_of_others(other):
            _remove_head(other)
    for material in [m for m in bpy.data.materials if m.get(COMPARED)]:
        _remove_unused(material)


def legend_of(head: Head) -> bpy.types.Object | None:
    """The legend of the comparison that the head is coloured by, with its numbers and curves; None without one."""
    mark = head.rig.get("xtalker_id")
    scenes = (head.scene, *head.rig.users_scene)
    ours = (o for scene in scenes for o in scene.objects if o.type == "EMPTY" and head.owns(o))
    return next((o for o in ours if mark and o.get(COMPARED) == mark), None)


def is_measure_of_others(head: Head) -> bool:
    """Whether another head is coloured by its distance to this one."""
    return any(other_of(other) == head.face for other in every_head() if other.rig != head.rig)


def is_coloured(head: Head) -> bool:
    """Whether the head shows a distance; a copy of such a head does, without a legend."""
    return _group_of(head) is not None


def maximum_of(head: Head) -> float:
    """Millimetres at the legend's end."""
    group = _group_of(head)
    return float(group.nodes["Maximum"].outputs["Value"].default_value) if group else 0.0


def other_of(head: Head) -> bpy.types.Object | None:
    """The face that the head is compared with."""
    group = _group_of(head)
    return group.nodes["Other"].inputs["Object"].default_value if group else None


def set_maximum(head: Head, maximum_mm: float) -> None:
    """Let colours and legend go to another distance."""
    modifier = next((m for m in head.face.modifiers if _is_ours(m)), None)
    if modifier:
        if modifier.node_group.users > 1:  # a copied head, and below a copied legend, have it in common with theirs
            modifier.node_group = modifier.node_group.copy()
        modifier.node_group.nodes["Maximum"].outputs["Value"].default_value = maximum_mm
    legend = legend_of(head)
    for text in (o for o in legend.children if o.type == "FONT") if legend else ():
        if text.data.users > 1:
            text.data = text.data.copy()
        text.data.body = f"{text['xtalker_share'] * maximum_mm:.3g} mm"


def measure(
    first: Head, second: Head, regions: dict[str, NDArray[np.integer]], frames: range
) -> Iterator[tuple[float, float]]:
    """Per scene frame, millimetres: mean distance over the face, and largest over the lips (nan where unknown).

    The largest distance over the lips in each frame is the lip vertex error of the literature. Sets the scene's frame.
    """
    face, lips = regions.get("face"), regions.get("lips")
    for frame in frames:
        first.scene.frame_set(frame)
        apart = 1000.0 * np.linalg.norm(_vertices(first) - _vertices(second), axis=1)
        yield (
            float((apart if face is None else apart[face]).mean()),
            float("nan") if lips is None else float(apart[lips].max()),
        )


def write_curves(legend: bpy.types.Object, frames: range, errors: NDArray[np.floating]) -> None:
    """Key errors (T, 2) of face and lips as properties of the legend, for the Graph Editor, and note their numbers."""
    old = legend.animation_data.action if legend.animation_data else None
    animation = Animation(legend.name, np.asarray(frames, np.float32))
    for name, values in zip((FACE_ERROR, LIP_ERROR), np.asarray(errors, np.float64).T, strict=True):
        if np.isfinite(values).all():
            legend[name] = float(values[0])
            legend[f"xtalker_{name}_mean"], legend[f"xtalker_{name}_max"] = float(values.mean()), float(values.max())
            legend[f"xtalker_{name}_worst"] = frames[int(values.argmax())]
            animation.write(
                legend, f'["{bpy.utils.escape_identifier(name)}"]', values, "Distance", colour=_CURVES[name]
            )
    _remove_unused(old)


def numbers_of(legend: bpy.types.Object) -> list[tuple[str, float, float, int]]:
    """Name, mean, largest (millimetres) and worst frame of every curve that was measured."""
    keys = [name for name in (LIP_ERROR, FACE_ERROR) if f"xtalker_{name}_mean" in legend]
    return [(n, *(legend[f"xtalker_{n}_{part}"] for part in ("mean", "max", "worst"))) for n in keys]


def _vertices(head: Head) -> NDArray[np.float64]:
    return own_vertices(head.face).astype(np.float64)


def _group_of(head: Head) -> bpy.types.NodeTree | None:
    return next((m.node_group for m in head.face.modifiers if _is_ours(m)), None)


def _is_ours(modifier: bpy.types.Modifier) -> bool:
    return modifier.type == "NODES" and modifier.node_group is not None and COMPARED in modifier.node_group


def _distance_group(other: bpy.types.Object, maximum_mm: float) -> bpy.types.NodeTree:
    group = bpy.data.node_groups.new(_NAME, "GeometryNodeTree")
    group[COMPARED] = True
    group.is_modifier = True
    for direction in ("INPUT", "OUTPUT"):
        group.interface.new_socket("Geometry", in_out=direction, socket_type="NodeSocketGeometry")
    tree = Tree(group)
    other_face = {"Object": other}
    info = tree.node("GeometryNodeObjectInfo", other_face, name="Other", transform_space="ORIGINAL")
    position = tree.output("GeometryNodeInputPosition", "Position")
    same_vertex = {
        "Geometry": info.outputs["Geometry"],
        "Value": position,
        "Index": tree.output("GeometryNodeInputIndex", "Index"),
    }
    there = tree.output("GeometryNodeSampleIndex", "Value", same_vertex, data_type="FLOAT_VECTOR", domain="POINT")
    millimetres = tree.math("MULTIPLY", tree.scalar("DISTANCE", position, there), 1000.0)
    maximum = tree.output("ShaderNodeValue", "Value", name="Maximum", label="Maximum (mm)")
    maximum.default_value = maximum_mm
    share = tree.math("MINIMUM", tree.math("DIVIDE", millimetres, maximum), 1.0)
    stored = _store(tree, tree.output("NodeGroupInput", "Geometry"), "distance_mm", millimetres)
    stored = _store(tree, stored, SHARE, share)
    painted = {"Geometry": stored, "Material": _mapped_material(_NAME, shaded=True)}
    tree.node("NodeGroupOutput", {"Geometry": tree.output("GeometryNodeSetMaterial", "Geometry", painted)})
    return group


def _store(tree: Tree, geometry: Any, name: str, value: Any) -> bpy.types.NodeSocket:
    inputs = {"Geometry": geometry, "Name": name, "Value": value}
    return tree.output("GeometryNodeStoreNamedAttribute", "Geometry", inputs, domain="POINT", data_type="FLOAT")


def _mapped_material(name: str, shaded: bool) -> bpy.types.Material:
    """Shows the colours as they are, or in the studio look's light so that the face keeps its form."""
    material, tree = _new_material(name)
    material[SHADED] = shaded
    share = tree.output("ShaderNodeAttribute", "Fac", attribute_name=SHARE)
    ramp = tree.node("ShaderNodeValToRGB", {"Fac": share})
    for index, colour in enumerate(COLOURS):
        place = index / (len(COLOURS) - 1)
        # A new ramp has its first and its last colour.
        ends = {0.0: ramp.color_ramp.elements[0], 1.0: ramp.color_ramp.elements[-1]}
        element = ends.get(place) or ramp.color_ramp.elements.new(place)
        element.color = (*colour, 1.0)
    colour = ramp.outputs["Color"]
    if shaded:
        normal = tree.use(flame_normal_group()).outputs["Normal"]
        colour = tree.vector("MULTIPLY", colour, tree.use(studio_group(), {"Normal": normal}).outputs["Shading"])
    _emit(tree, colour)
    return material


def _plain_material(name: str, colour: tuple[float, float, float]) -> bpy.types.Material:
    """One display colour, whatever the light."""
    material, tree = _new_material(name)
    material.diffuse_color = (*linear_from_display(np.array(colour)), 1.0)  # for the Solid viewport
    material[TINT] = colour
    _emit(tree, tree.combined(*colour))
    return material


def _new_material(name: str) -> tuple[bpy.types.Material, Tree]:
    material = bpy.data.materials.new(name)
    material[COMPARED] = True
    nodes = compat.node_tree(material)
    nodes.nodes.clear()
    return material, Tree(nodes)


def _emit(tree: Tree, value: bpy.types.NodeSocket) -> None:
    """Show a display value."""
    linear = tree.use(display_group(), {"Value": value}).outputs["Linear"]
    emission = tree.output("ShaderNodeEmission", "Emission", {"Color": linear})
    tree.node("ShaderNodeOutputMaterial", {"Surface": emission})


def _build_legend(first: Head, other: str, maximum_mm: float) -> bpy.types.Object:
    """An empty beside the head that carries a plate with a strip of the colours and three lengths in words."""
    legend = bpy.data.objects.new(f"{first.name} to {other}", None)
    legend["xtalker_other"] = other
    legend[COMPARED] = first.rig["xtalker_id"]
    mark_parts(first.rig, legend)
    legend.empty_display_size = 0.01
    box = np.array([first.face.matrix_world @ Vector(corner) for corner in first.face.bound_box])
    legend.location = (box[:, 0].max() + 0.02, box[:, 1].mean(), box[:, 2].mean() - _LEGEND_SIZE[1] / 2)
    ink = _plain_material("Distance Legend Text", _INK)
    parts = (_plate(), _strip(), *(_text(share, maximum_mm, ink) for share in (0.0, 0.5, 1.0)))
    for item in (legend, *parts):
        for scene in first.rig.users_scene:
            scene.collection.objects.link(item)
        item.parent = legend if item != legend else None
    return legend


def _plate() -> bpy.types.Object:
    mesh = bpy.data.meshes.new("Distance Legend Plate")
    mesh.from_pydata(_corners(*_PLATE_CORNERS, behind=0.001), [], [range(4)])
    mesh.materials.append(_plain_material("Distance Legend Plate", _PLATE))
    return bpy.data.objects.new("Legend Plate", mesh)


def _strip() -> bpy.types.Object:
    mesh = bpy.data.meshes.new("Distance Legend")
    mesh.from_pydata(_corners((0.0, 0.0), _LEGEND_SIZE), [], [range(4)])
    mesh.attributes.new(SHARE, "FLOAT", "POINT").data.foreach_set("value", np.array([0, 0, 1, 1], np.float32))
    mesh.materials.append(_mapped_material("Distance Legend", shaded=False))
    return bpy.data.objects.new("Legend", mesh)


def _corners(
    low: tuple[float, float], high: tuple[float, float], behind: float = 0.0
) -> list[tuple[float, float, float]]:
    """Of an upright rectangle that faces the front, counter-clockwise from its lower left."""
    return [(x, behind, z) for x, z in (low, (high[0], low[1]), high, (low[0], high[1]))]


def _text(share: float, maximum_mm: float, ink: bpy.types.Material) -> bpy.types.Object:
    curve = bpy.data.curves.new("Distance", "FONT")
    curve.body = f"{share * maximum_mm:.3g} mm"
    curve.size = 0.012
    curve.align_y = "CENTER"
    curve.materials.append(ink)
    item = bpy.data.objects.new("Distance", curve)
    item["xtalker_share"] = share
    item.location = (_LEGEND_SIZE[0] + 0.004, 0.0, share * _LEGEND_SIZE[1])
    item.rotation_euler = (np.pi / 2, 0.0, 0.0)
    return item


def _remove_head(head: Head) -> None:
    """All that an import made for a head."""
    collections, action, material = list(head.rig.users_collection), head.action, head.material
    for item in (*head.rig.children_recursive, head.rig):
        data = item.data
        bpy.data.objects.remove(item)
        _remove_unused(data)
    for block in (action, material):
        _remove_unused(block)
    for collection in collections:
        if not collection.all_objects and not collection.is_embedded_data:
            bpy.data.collections.remove(collection)


def _remove_unused(block: bpy.types.ID | None) -> None:
    if block is not None and not block.users:
        bpy.data.batch_remove([block])
