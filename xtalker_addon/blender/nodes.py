"""Node groups: light and normals written as ordinary nodes, shared by all heads of a file."""

from __future__ import annotations

from collections.abc import Callable
from math import pi
from typing import Any, Final

import bpy

from ..core.light.radiance import COSINE_LOBE
from ..core.light.spherical_harmonics import SH_CONSTANTS, STUDIO_DIRECTIONS, STUDIO_INTENSITY

NORMAL_ATTRIBUTE: Final = "flame_normal"
LINING_ATTRIBUTE: Final = "mouth_lining"  # 1 on faces that line the mouth behind the lips
SH_INPUTS: Final = ("1", "x", "y", "z", "xy", "xz", "yz", "x2 - y2", "3z2 - 1")
_REVISION: Final = 1  # of the groups below; a file made by another revision keeps its own


class Tree:
    """Writes nodes in the order of evaluation and lays them out in columns."""

    _ROWS = 6

    def __init__(self, tree: bpy.types.NodeTree) -> None:
        self.tree = tree
        self._placed = 0

    def node(self, kind: str, *inputs: Any, **settings: Any) -> bpy.types.Node:
        """A node of type `kind` with properties `settings`; an input is a socket to link, a value, or None."""
        node = self.tree.nodes.new(kind)
        column, row = divmod(self._placed, self._ROWS)
        node.location = (200 * column, -180 * row)
        self._placed += 1
        for name, value in settings.items():
            setattr(node, name, value)
        for socket, value in zip(node.inputs, inputs, strict=False):
            if isinstance(value, bpy.types.NodeSocket):
                self.tree.links.new(value, socket)
            elif value is not None:
                socket.default_value = value
        return node

    def math(self, operation: str, *inputs: Any) -> bpy.types.NodeSocket:
        """Result of a Math node."""
        return self.node("ShaderNodeMath", *inputs, operation=operation).outputs[0]

    def vector(self, operation: str, *inputs: Any) -> bpy.types.NodeSocket:
        """Result of a Vector Math node that gives a vector."""
        return self.node("ShaderNodeVectorMath", *inputs, operation=operation).outputs["Vector"]

    def scalar(self, operation: str, *inputs: Any) -> bpy.types.NodeSocket:
        """Result of a Vector Math node that gives a number."""
        return self.node("ShaderNodeVectorMath", *inputs, operation=operation).outputs["Value"]

    def use(self, group: bpy.types.NodeTree) -> bpy.types.Node:
        """A node that stands for a group, titled with its name."""
        return self.node("ShaderNodeGroup", node_tree=group, label=group.name, width=200)


def _shared(name: str, kind: str, build: Callable[[bpy.types.NodeTree], None]) -> bpy.types.NodeTree:
    """The group `name` of this file, built if it is not there yet."""
    for group in bpy.data.node_groups:
        if group.get("xtalker_group") == name and group.get("xtalker_revision") == _REVISION and group.library is None:
            return group
    group = bpy.data.node_groups.new(name, kind)
    group["xtalker_group"], group["xtalker_revision"] = name, _REVISION
    build(group)
    return group


def _socket(group: bpy.types.NodeTree, name: str, direction: str, kind: str) -> None:
    group.interface.new_socket(name, in_out=direction, socket_type=f"NodeSocket{kind}")


def normals_group() -> bpy.types.NodeTree:
    """Geometry nodes: stores unit area-weighted vertex normals, in the mesh's own axes, as `flame_normal`.

    A face's normal times its area, averaged over the faces around a vertex, has the direction of their sum.
    """
    return _shared("Area-Weighted Normals", "GeometryNodeTree", _build_normals)


def _build_normals(group: bpy.types.NodeTree) -> None:
    _socket(group, "Geometry", "INPUT", "Geometry")
    _socket(group, "Geometry", "OUTPUT", "Geometry")
    group.is_modifier = True
    tree = Tree(group)
    geometry = tree.node("NodeGroupInput").outputs[0]
    normal = tree.node("GeometryNodeInputNormal").outputs["Normal"]
    area = tree.node("GeometryNodeInputMeshFaceArea").outputs[0]
    # Areas are tiny numbers in square metres: brought near 1 so that nothing is lost before normalising.
    scaled = tree.vector("SCALE", normal, None, None, tree.math("MULTIPLY", area, 1e6))
    weighted = tree.node("GeometryNodeFieldOnDomain", scaled, domain="FACE", data_type="FLOAT_VECTOR").outputs[0]
    unit = tree.vector("NORMALIZE", weighted)
    store = tree.node("GeometryNodeStoreNamedAttribute", domain="POINT", data_type="FLOAT_VECTOR")
    group.links.new(geometry, store.inputs["Geometry"])
    store.inputs["Name"].default_value = NORMAL_ATTRIBUTE
    group.links.new(unit, store.inputs["Value"])
    tree.node("NodeGroupOutput", store.outputs["Geometry"])


def sh_group() -> bpy.types.NodeTree:
    """Shader nodes: DECA's spherical-harmonics shading of a normal in FLAME axes, from nine RGB coefficients."""
    return _shared("SH Light", "ShaderNodeTree", _build_sh)


def _build_sh(group: bpy.types.NodeTree) -> None:
    _socket(group, "Normal", "INPUT", "Vector")
    for name in SH_INPUTS:
        _socket(group, name, "INPUT", "Vector")
    _socket(group, "Shading", "OUTPUT", "Vector")
    tree = Tree(group)
    given = tree.node("NodeGroupInput").outputs
    shading: bpy.types.NodeSocket | None = None
    for function, name, constant in zip(sh_functions(tree, given["Normal"]), SH_INPUTS, SH_CONSTANTS, strict=True):
        weight = tree.math("MULTIPLY", function, constant)
        shading = tree.vector("MULTIPLY_ADD", given[name], weight, shading)
    tree.node("NodeGroupOutput", shading)


def radiance_group() -> bpy.types.NodeTree:
    """World nodes: radiance that shades white as nine RGB coefficients say, from where one looks."""
    return _shared("SH Radiance", "ShaderNodeTree", _build_radiance)


def _build_radiance(group: bpy.types.NodeTree) -> None:
    for name in SH_INPUTS:
        _socket(group, name, "INPUT", "Vector")
    _socket(group, "Radiance", "OUTPUT", "Color")
    tree = Tree(group)
    given = tree.node("NodeGroupInput").outputs
    to_flame = tree.node("ShaderNodeMapping", tree.node("ShaderNodeTexCoord").outputs["Generated"])
    to_flame.inputs["Rotation"].default_value = (-pi / 2, 0.0, 0.0)
    total: bpy.types.NodeSocket | None = None
    functions = sh_functions(tree, to_flame.outputs[0])
    for function, name, constant, lobe in zip(functions, SH_INPUTS, SH_CONSTANTS, COSINE_LOBE, strict=True):
        total = tree.vector("MULTIPLY_ADD", given[name], tree.math("MULTIPLY", function, constant / lobe), total)
    tree.node("NodeGroupOutput", tree.vector("MAXIMUM", total, (0.0, 0.0, 0.0)))


def sh_functions(tree: Tree, direction: bpy.types.NodeSocket) -> list[Any]:
    """The nine polynomials in a unit vector, in DECA's order and without their constants."""
    x, y, z = tree.node("ShaderNodeSeparateXYZ", direction).outputs
    squares = tree.math("SUBTRACT", tree.math("MULTIPLY", x, x), tree.math("MULTIPLY", y, y))
    zonal = tree.math("MULTIPLY_ADD", tree.math("MULTIPLY", z, z), 3.0, -1.0)
    products = [tree.math("MULTIPLY", a, b) for a, b in ((x, y), (x, z), (y, z))]
    return [1.0, x, y, z, *products, squares, zonal]


def studio_group() -> bpy.types.NodeTree:
    """Shader nodes: the grey studio look's shading of a normal in FLAME axes, five clamped directional lights."""
    return _shared("Studio Light", "ShaderNodeTree", _build_studio)


def _build_studio(group: bpy.types.NodeTree) -> None:
    _socket(group, "Normal", "INPUT", "Vector")
    _socket(group, "Shading", "OUTPUT", "Vector")
    tree = Tree(group)
    normal = tree.node("NodeGroupInput").outputs["Normal"]
    total: Any = 0.0
    for direction in STUDIO_DIRECTIONS:
        lit = tree.math("MAXIMUM", tree.scalar("DOT_PRODUCT", normal, tuple(direction)), 0.0)
        total = tree.math("MULTIPLY_ADD", lit, STUDIO_INTENSITY / len(STUDIO_DIRECTIONS), total)
    tree.node("NodeGroupOutput", total)


def flame_normal_group() -> bpy.types.NodeTree:
    """Shader nodes: the head's normal in FLAME axes, which are the camera's: it turns with the head, the light not.

    The length of the interpolated attribute is kept, as in the renderer that the light was fitted with.
    """
    return _shared("FLAME Normal", "ShaderNodeTree", _build_flame_normal)


def _build_flame_normal(group: bpy.types.NodeTree) -> None:
    _socket(group, "Normal", "OUTPUT", "Vector")
    tree = Tree(group)
    attribute = tree.node("ShaderNodeAttribute", attribute_name=NORMAL_ATTRIBUTE).outputs["Vector"]
    turned = tree.node("ShaderNodeVectorTransform", attribute, vector_type="VECTOR", convert_from="OBJECT")
    turned.convert_to = "WORLD"
    direction = tree.vector("NORMALIZE", turned.outputs[0])
    world = tree.vector("SCALE", direction, None, None, tree.scalar("LENGTH", attribute))
    x, y, z = tree.node("ShaderNodeSeparateXYZ", world).outputs
    flame = tree.node("ShaderNodeCombineXYZ", x, z, tree.math("MULTIPLY", y, -1.0)).outputs[0]
    tree.node("NodeGroupOutput", flame)


def flame_bump_group() -> bpy.types.NodeTree:
    """Shader nodes: a normal in FLAME axes, bent by a height in metres."""
    return _shared("FLAME Bump", "ShaderNodeTree", _build_flame_bump)


def _build_flame_bump(group: bpy.types.NodeTree) -> None:
    _socket(group, "Normal", "INPUT", "Vector")
    _socket(group, "Height", "INPUT", "Float")
    _socket(group, "Normal", "OUTPUT", "Vector")
    tree = Tree(group)
    given = tree.node("NodeGroupInput").outputs
    x, y, z = tree.node("ShaderNodeSeparateXYZ", given["Normal"]).outputs
    world = tree.node("ShaderNodeCombineXYZ", x, tree.math("MULTIPLY", z, -1.0), y).outputs[0]
    bump = tree.node("ShaderNodeBump")
    bump.inputs["Strength"].default_value = bump.inputs["Distance"].default_value = 1.0
    group.links.new(given["Height"], bump.inputs["Height"])
    group.links.new(world, bump.inputs["Normal"])
    x, y, z = tree.node("ShaderNodeSeparateXYZ", bump.outputs[0]).outputs
    tree.node("NodeGroupOutput", tree.node("ShaderNodeCombineXYZ", x, z, tree.math("MULTIPLY", y, -1.0)).outputs[0])


def display_group() -> bpy.types.NodeTree:
    """Shader nodes: from an sRGB display value to linear, so that the Standard view shows the value itself."""
    return _shared("Display Value", "ShaderNodeTree", _build_display)


def _build_display(group: bpy.types.NodeTree) -> None:
    _socket(group, "Value", "INPUT", "Vector")
    _socket(group, "Linear", "OUTPUT", "Color")
    tree = Tree(group)
    channels = tree.node("ShaderNodeSeparateXYZ", tree.node("NodeGroupInput").outputs["Value"]).outputs
    decoded: list[Any] = []
    for value in channels:
        positive = tree.math("MAXIMUM", value, 0.0)
        low = tree.math("DIVIDE", positive, 12.92)
        high = tree.math("POWER", tree.math("DIVIDE", tree.math("ADD", positive, 0.055), 1.055), 2.4)
        is_high = tree.math("GREATER_THAN", positive, 0.04045)
        mix = tree.node("ShaderNodeMix", is_high, None, low, high, data_type="FLOAT")
        decoded.append(mix.outputs[0])
    tree.node("NodeGroupOutput", tree.node("ShaderNodeCombineXYZ", *decoded).outputs[0])
