"""Node groups: light and normals written as ordinary nodes, shared by all heads of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import pi
from typing import Any, Final

import bpy

from ..core.light.radiance import COSINE_LOBE
from ..core.light.spherical_harmonics import SH_CONSTANTS, STUDIO_DIRECTIONS, STUDIO_INTENSITY

NORMAL_ATTRIBUTE: Final = "flame_normal"
LINING_ATTRIBUTE: Final = "mouth_lining"  # 1 on faces that line the mouth behind the lips
MOIST_ATTRIBUTE: Final = "moist"  # 1 on the eyes, less on what is less wet, 0 on skin
EYE_ATTRIBUTE: Final = "eye"  # metres from the middle of the eyeball, at rest in FLAME's axes; 0 on all else
SH_INPUTS: Final = ("1", "x", "y", "z", "xy", "xz", "yz", "x2 - y2", "3z2 - 1")
_CORNEA_EDGE: Final = 0.41  # sine of the angle from the eye's axis
_CORNEA_CURVATURE: Final = 1.6  # against the eyeball's: 12 mm and 7.8 mm are the radii of people's
_REVISION: Final = 1  # of the groups below; a file made by another revision keeps its own


class Tree:
    """Writes nodes in the order of evaluation and lays them out in columns."""

    _ROWS = 6

    def __init__(self, tree: bpy.types.NodeTree) -> None:
        self.tree = tree
        self._placed = 0

    def node(self, kind: str, inputs: Mapping[str, Any] | None = None, /, **settings: Any) -> bpy.types.Node:
        """A node of type `kind` with properties `settings`.

        inputs : by the socket's name, or its identifier where several share a name; a socket to link, or a value
        """
        node = self.tree.nodes.new(kind)
        column, row = divmod(self._placed, self._ROWS)
        node.location = (200 * column, -180 * row)
        self._placed += 1
        for name, value in settings.items():
            setattr(node, name, value)
        for name, value in (inputs or {}).items():
            socket = _named(node.inputs, name)
            if isinstance(value, bpy.types.NodeSocket):
                self.tree.links.new(value, socket)
            else:
                socket.default_value = value
        return node

    def output(self, kind: str, socket: str, inputs: Mapping[str, Any] | None = None, /, **settings: Any) -> Any:
        """The output `socket` of such a node."""
        return _named(self.node(kind, inputs, **settings).outputs, socket)

    def math(self, operation: str, *values: Any) -> bpy.types.NodeSocket:
        """Result of a Math node."""
        return self.output("ShaderNodeMath", "Value", _numbered("Value", values), operation=operation)

    def vector(self, operation: str, *vectors: Any) -> bpy.types.NodeSocket:
        """Result of a Vector Math node that gives a vector."""
        return self.output("ShaderNodeVectorMath", "Vector", _numbered("Vector", vectors), operation=operation)

    def scaled(self, vector: Any, factor: Any) -> bpy.types.NodeSocket:
        """The vector times a number."""
        inputs = {"Vector": vector, "Scale": factor}
        return self.output("ShaderNodeVectorMath", "Vector", inputs, operation="SCALE")

    def scalar(self, operation: str, *vectors: Any) -> bpy.types.NodeSocket:
        """Result of a Vector Math node that gives a number."""
        return self.output("ShaderNodeVectorMath", "Value", _numbered("Vector", vectors), operation=operation)

    def parts(self, vector: Any) -> tuple[Any, Any, Any]:
        """The vector's x, y and z."""
        outputs = self.node("ShaderNodeSeparateXYZ", {"Vector": vector}).outputs
        return outputs["X"], outputs["Y"], outputs["Z"]

    def combined(self, x: Any, y: Any, z: Any) -> bpy.types.NodeSocket:
        """The vector of x, y and z."""
        return self.output("ShaderNodeCombineXYZ", "Vector", {"X": x, "Y": y, "Z": z})

    def mix(self, factor: Any, a: Any, b: Any, kind: str = "VECTOR") -> bpy.types.NodeSocket:
        """A where factor is 0, b where it is 1; kind is VECTOR or FLOAT."""
        suffix = kind.title()
        inputs = {"Factor_Float": factor, f"A_{suffix}": a, f"B_{suffix}": b}
        return self.output("ShaderNodeMix", f"Result_{suffix}", inputs, data_type=kind)

    def use(self, group: bpy.types.NodeTree, inputs: Mapping[str, Any] | None = None) -> bpy.types.Node:
        """A node that stands for a group, titled with its name."""
        return self.node("ShaderNodeGroup", inputs, node_tree=group, label=group.name, width=200)


def _numbered(name: str, values: Iterable[Any]) -> dict[str, Any]:
    """Values by the identifiers of a node's inputs that all have that name."""
    return {f"{name}_{index:03}" if index else name: value for index, value in enumerate(values)}


def _named(sockets: Any, name: str) -> Any:
    """The socket with that identifier, else the usable one with that name.

    Never by its place: Blender 5.3 put hidden sockets before those that nodes have always had, and a link to one of
    them counts for nothing.
    """
    exact = (socket for socket in sockets if socket.identifier == name)
    return next(exact, None) or next(socket for socket in sockets if socket.name == name and socket.enabled)


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
    geometry = tree.output("NodeGroupInput", "Geometry")
    normal = tree.output("GeometryNodeInputNormal", "Normal")
    area = tree.output("GeometryNodeInputMeshFaceArea", "Area")
    # Areas are tiny numbers in square metres: brought near 1 so that nothing is lost before normalising.
    scaled = {"Value": tree.scaled(normal, tree.math("MULTIPLY", area, 1e6))}
    weighted = tree.output("GeometryNodeFieldOnDomain", "Value", scaled, domain="FACE", data_type="FLOAT_VECTOR")
    stored = {"Geometry": geometry, "Name": NORMAL_ATTRIBUTE, "Value": tree.vector("NORMALIZE", weighted)}
    kept = tree.output("GeometryNodeStoreNamedAttribute", "Geometry", stored, domain="POINT", data_type="FLOAT_VECTOR")
    tree.node("NodeGroupOutput", {"Geometry": kept})


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
    shading: Any = (0.0, 0.0, 0.0)
    for function, name, constant in zip(sh_functions(tree, given["Normal"]), SH_INPUTS, SH_CONSTANTS, strict=True):
        weight = tree.math("MULTIPLY", function, constant)
        shading = tree.vector("MULTIPLY_ADD", given[name], weight, shading)
    tree.node("NodeGroupOutput", {"Shading": shading})


def radiance_group() -> bpy.types.NodeTree:
    """World nodes: radiance that shades white as nine RGB coefficients say, from where one looks."""
    return _shared("SH Radiance", "ShaderNodeTree", _build_radiance)


def _build_radiance(group: bpy.types.NodeTree) -> None:
    for name in SH_INPUTS:
        _socket(group, name, "INPUT", "Vector")
    _socket(group, "Radiance", "OUTPUT", "Color")
    tree = Tree(group)
    given = tree.node("NodeGroupInput").outputs
    outwards = {"Vector": tree.output("ShaderNodeTexCoord", "Generated"), "Rotation": (-pi / 2, 0.0, 0.0)}
    to_flame = tree.output("ShaderNodeMapping", "Vector", outwards)
    total: Any = (0.0, 0.0, 0.0)
    functions = sh_functions(tree, to_flame)
    for function, name, constant, lobe in zip(functions, SH_INPUTS, SH_CONSTANTS, COSINE_LOBE, strict=True):
        total = tree.vector("MULTIPLY_ADD", given[name], tree.math("MULTIPLY", function, constant / lobe), total)
    tree.node("NodeGroupOutput", {"Radiance": tree.vector("MAXIMUM", total, (0.0, 0.0, 0.0))})


def sh_functions(tree: Tree, direction: bpy.types.NodeSocket) -> list[Any]:
    """The nine polynomials in a unit vector, in DECA's order and without their constants."""
    x, y, z = tree.parts(direction)
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
    normal = tree.output("NodeGroupInput", "Normal")
    total: Any = 0.0
    for direction in STUDIO_DIRECTIONS:
        lit = tree.math("MAXIMUM", tree.scalar("DOT_PRODUCT", normal, tuple(direction)), 0.0)
        total = tree.math("MULTIPLY_ADD", lit, STUDIO_INTENSITY / len(STUDIO_DIRECTIONS), total)
    tree.node("NodeGroupOutput", {"Shading": total})


def flame_normal_group() -> bpy.types.NodeTree:
    """Shader nodes: the head's normal in FLAME axes, which are the camera's: it turns with the head, the light not.

    The length of the interpolated attribute is kept, as in the renderer that the light was fitted with.
    """
    return _shared("FLAME Normal", "ShaderNodeTree", _build_flame_normal)


def _build_flame_normal(group: bpy.types.NodeTree) -> None:
    _socket(group, "Normal", "OUTPUT", "Vector")
    tree = Tree(group)
    attribute = tree.output("ShaderNodeAttribute", "Vector", attribute_name=NORMAL_ATTRIBUTE)
    to_world = {"vector_type": "VECTOR", "convert_from": "OBJECT", "convert_to": "WORLD"}
    turned = tree.output("ShaderNodeVectorTransform", "Vector", {"Vector": attribute}, **to_world)
    world = tree.scaled(tree.vector("NORMALIZE", turned), tree.scalar("LENGTH", attribute))
    x, y, z = tree.parts(world)
    tree.node("NodeGroupOutput", {"Normal": tree.combined(x, z, tree.math("MULTIPLY", y, -1.0))})


def flame_bump_group() -> bpy.types.NodeTree:
    """Shader nodes: a normal in FLAME axes, bent by a height in metres."""
    return _shared("FLAME Bump", "ShaderNodeTree", _build_flame_bump)


def _build_flame_bump(group: bpy.types.NodeTree) -> None:
    _socket(group, "Normal", "INPUT", "Vector")
    _socket(group, "Height", "INPUT", "Float")
    _socket(group, "Normal", "OUTPUT", "Vector")
    tree = Tree(group)
    given = tree.node("NodeGroupInput").outputs
    x, y, z = tree.parts(given["Normal"])
    world = tree.combined(x, tree.math("MULTIPLY", z, -1.0), y)
    bent = {"Strength": 1.0, "Distance": 1.0, "Height": given["Height"], "Normal": world}
    x, y, z = tree.parts(tree.output("ShaderNodeBump", "Normal", bent))
    tree.node("NodeGroupOutput", {"Normal": tree.combined(x, z, tree.math("MULTIPLY", y, -1.0))})


def cornea_group() -> bpy.types.NodeTree:
    """Shader nodes: the normal of a cornea that stands out of a round eyeball, for what is mirrored in it."""
    return _shared("Cornea", "ShaderNodeTree", _build_cornea)


def _build_cornea(group: bpy.types.NodeTree) -> None:
    _socket(group, "Normal", "OUTPUT", "Vector")
    tree = Tree(group)
    place = tree.output("ShaderNodeAttribute", "Vector", attribute_name=EYE_ATTRIBUTE)
    x, y, _ = tree.parts(place)
    radius = tree.math("MAXIMUM", tree.scalar("LENGTH", place), 1e-6)
    aside = tree.math("DIVIDE", tree.math("SQRT", tree.math("MULTIPLY_ADD", x, x, tree.math("MULTIPLY", y, y))), radius)
    # A surface of curvature c / radius in place of 1 / radius, as far as the cornea's edge: c - 1 is the slope it adds.
    inner = tree.math("MINIMUM", aside, _CORNEA_EDGE)
    steeper = tree.math("MULTIPLY", tree.math("MULTIPLY", inner, inner), -0.5 * (_CORNEA_CURVATURE - 1))
    height = tree.math("MULTIPLY", steeper, radius)
    bent = {"Strength": 1.0, "Distance": 1.0, "Height": height}
    tree.node("NodeGroupOutput", {"Normal": tree.output("ShaderNodeBump", "Normal", bent)})


def display_group() -> bpy.types.NodeTree:
    """Shader nodes: from an sRGB display value to linear, so that the Standard view shows the value itself."""
    return _shared("Display Value", "ShaderNodeTree", _build_display)


def _build_display(group: bpy.types.NodeTree) -> None:
    _socket(group, "Value", "INPUT", "Vector")
    _socket(group, "Linear", "OUTPUT", "Color")
    tree = Tree(group)
    decoded: list[Any] = []
    for value in tree.parts(tree.output("NodeGroupInput", "Value")):
        positive = tree.math("MAXIMUM", value, 0.0)
        low = tree.math("DIVIDE", positive, 12.92)
        high = tree.math("POWER", tree.math("DIVIDE", tree.math("ADD", positive, 0.055), 1.055), 2.4)
        is_high = tree.math("GREATER_THAN", positive, 0.04045)
        decoded.append(tree.mix(is_high, low, high, "FLOAT"))
    tree.node("NodeGroupOutput", {"Linear": tree.combined(*decoded)})
