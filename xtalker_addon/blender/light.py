"""The light of the codes as keyed Blender data: on the head's material, and as a world that lights the whole scene."""

from __future__ import annotations

from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.light.radiance import linear_from_display
from . import compat
from .keys import Animation
from .nodes import SH_INPUTS, Tree, radiance_group

BACKDROP: Final = (0.93, 0.93, 0.92)  # display values, as in review pictures
_SAMPLING_MAP: Final = 64  # pixels


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

    Coefficients are those of the linear shading (`core.light.radiance.linear_light`). Radiance cannot be negative:
    where they ask for it, it is zero.
    """
    world = bpy.data.worlds.new(name)
    cycles: Any = getattr(world, "cycles", None)
    if cycles:  # such smooth light needs no fine map of where to sample it, which would take seconds a frame
        cycles.sampling_method, cycles.sample_map_resolution = "MANUAL", _SAMPLING_MAP
    nodes = compat.node_tree(world)
    nodes.nodes.clear()
    tree = Tree(nodes)
    light = tree.use(radiance_group())
    light.name = light.label = "SH Light"
    background = tree.output("ShaderNodeBackground", "Background", {"Color": light.outputs["Radiance"]})
    show_world(tree, background)
    return world, light


def show_world(tree: Tree, light: bpy.types.NodeSocket) -> None:
    """Let a world light the scene by `light`, while a camera sees an even backdrop behind it."""
    linear = (*linear_from_display(np.array(BACKDROP)), 1.0)
    backdrop = tree.output("ShaderNodeBackground", "Background", {"Color": linear}, name="Backdrop", label="Backdrop")
    seen = tree.output("ShaderNodeLightPath", "Is Camera Ray")
    mixed = tree.node("ShaderNodeMixShader", {"Shader": light, "Shader_001": backdrop})
    tree.tree.links.new(seen, mixed.inputs[0])
    tree.node("ShaderNodeOutputWorld", {"Surface": mixed.outputs["Shader"]})


def radiates(node: bpy.types.Node) -> bool:
    """Whether a coefficient node is a world's, which wants the linear shading's coefficients, or a material's."""
    return node.node_tree is not None and node.node_tree.get("xtalker_group") == "SH Radiance"
