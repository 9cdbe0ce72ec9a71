"""The light of the codes as keyed Blender data: on the head's material, and as a world that lights the whole scene."""

from __future__ import annotations

from math import pi

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.lighting import SH_CONSTANTS
from . import compat
from .keys import Animation
from .nodes import SH_INPUTS, Tree, sh_functions

# A diffuse surface's response to each band of radiance (Ramamoorthi and Hanrahan, 2001), relative to pi.
# Dividing shading by it gives the radiance that causes it.
_COSINE_LOBE = (1.0, *(2 / 3,) * 3, *(1 / 4,) * 5)


def key_light(
    animation: Animation, owner: bpy.types.NodeTree, node: bpy.types.Node, light: NDArray[np.floating]
) -> None:
    """Key (T, 9, 3) coefficients on the nine vector inputs of an SH node in `owner`."""
    sockets = [index for index, socket in enumerate(node.inputs) if socket.name in SH_INPUTS]
    escaped = bpy.utils.escape_identifier(node.name)
    for index, coefficients in zip(sockets, np.moveaxis(np.asarray(light), 1, 0), strict=True):
        path = f'nodes["{escaped}"].inputs[{index}].default_value'
        animation.write(owner, path, coefficients, "SH Light")


def build_world(name: str) -> tuple[bpy.types.World, bpy.types.Node]:
    """A world that radiates what shades a white diffuse surface as the coefficients say, and its coefficient node.

    Radiance cannot be negative: where the coefficients ask for it, it is zero.
    """
    world = bpy.data.worlds.new(name)
    nodes = compat.node_tree(world)
    nodes.nodes.clear()
    light = nodes.nodes.new("ShaderNodeGroup")
    light.node_tree, light.name, light.label = _radiance_group(), "SH Light", "SH Light"
    tree = Tree(nodes)
    tree.node("ShaderNodeOutputWorld", tree.node("ShaderNodeBackground", light.outputs[0]).outputs[0])
    return world, light


def _radiance_group() -> bpy.types.NodeTree:
    group = bpy.data.node_groups.new("SH Radiance", "ShaderNodeTree")
    for name in SH_INPUTS:
        group.interface.new_socket(name, in_out="INPUT", socket_type="NodeSocketVector")
    group.interface.new_socket("Radiance", in_out="OUTPUT", socket_type="NodeSocketColor")
    tree = Tree(group)
    given = tree.node("NodeGroupInput").outputs
    to_flame = tree.node("ShaderNodeMapping", tree.node("ShaderNodeTexCoord").outputs["Generated"])
    to_flame.inputs["Rotation"].default_value = (-pi / 2, 0.0, 0.0)
    total: bpy.types.NodeSocket | None = None
    functions = sh_functions(tree, to_flame.outputs[0])
    for function, name, constant, lobe in zip(functions, SH_INPUTS, SH_CONSTANTS, _COSINE_LOBE, strict=True):
        total = tree.vector("MULTIPLY_ADD", given[name], tree.math("MULTIPLY", function, constant / lobe), total)
    tree.node("NodeGroupOutput", tree.vector("MAXIMUM", total, (0.0, 0.0, 0.0)))
    return group
