"""The head's material: the light of the codes and the studio look as exact pixels, and a skin for the scene's light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, cast

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.light.spherical_harmonics import STUDIO_ALBEDO
from ..core.model.displacements import HEIGHT_RANGE
from . import compat
from .nodes import (
    LINING_ATTRIBUTE,
    MOIST_ATTRIBUTE,
    SH_INPUTS,
    Tree,
    cornea_group,
    display_group,
    flame_bump_group,
    flame_normal_group,
    sh_group,
    studio_group,
)
from .surface import Picture

Look = Literal["SH", "STUDIO", "SCENE"]
LOOKS: Final = ("SH", "STUDIO", "SCENE")
SH_NODE: Final = "SH Light"
WRINKLES_NODE: Final = "Wrinkles"
STRENGTH_NODE: Final = "Wrinkle Strength"
_SWITCHES: Final[dict[Look, str]] = {"STUDIO": "Studio Look", "SCENE": "Scene Light"}
# What shows through the open mouth is the inside of the back of the head: nearly black, a little warm.
_INSIDE: Final = (0.09, 0.05, 0.045)
# The film of water on the cornea, which has the cornea's own refractive index.
_TEARS: Final = {"Coat IOR": 1.376, "Coat Roughness": 0.04}


@dataclass(frozen=True, slots=True)
class HeadMaterial:
    """A head's material and the node whose inputs are the light's coefficients."""

    material: bpy.types.Material
    light_node: bpy.types.Node


def build_material(name: str, albedo: Picture | None, wrinkles: Picture | None = None) -> HeadMaterial:
    """A material that can show three looks (see `set_look`).

    albedo : display RGB in the head's UVs; None for an even grey
    wrinkles : displacement in the head's UVs, which bends the normals and, where the mesh is fine enough, the surface
    """
    material = bpy.data.materials.new(name)
    nodes = compat.node_tree(material)
    nodes.nodes.clear()
    tree = Tree(nodes)
    colour = _albedo(tree, albedo)
    normal = tree.use(flame_normal_group()).outputs["Normal"]
    height = None if wrinkles is None else _height(tree, wrinkles)
    if height is not None:
        normal = tree.use(flame_bump_group(), {"Normal": normal, "Height": height}).outputs["Normal"]
    light = tree.use(sh_group(), {"Normal": normal})
    light.name = light.label = SH_NODE
    studio = tree.use(studio_group(), {"Normal": normal})

    coded = tree.vector("MULTIPLY", colour, light.outputs["Shading"])
    grey = tree.scaled(studio.outputs["Shading"], STUDIO_ALBEDO)
    is_studio = _switch(tree, "STUDIO")
    pixel = tree.mix(is_studio, coded, grey)
    backfacing = tree.output("ShaderNodeNewGeometry", "Backfacing")
    lining = tree.output("ShaderNodeAttribute", "Fac", attribute_name=LINING_ATTRIBUTE)
    inside = tree.math("MAXIMUM", backfacing, tree.math("MULTIPLY", lining, is_studio))
    display = tree.use(display_group(), {"Value": tree.mix(inside, pixel, _INSIDE)})
    emission = tree.output("ShaderNodeEmission", "Emission", {"Color": display.outputs["Linear"]})

    skin_colour = tree.use(display_group(), {"Value": tree.mix(backfacing, colour, _INSIDE)})
    moist = tree.output("ShaderNodeAttribute", "Fac", attribute_name=MOIST_ATTRIBUTE)
    skin_inputs = {"Base Color": skin_colour.outputs["Linear"], "Roughness": 0.55, "Coat Weight": moist, **_TEARS}
    skin_inputs["Coat Normal"] = tree.use(cornea_group()).outputs["Normal"]
    skin = tree.output("ShaderNodeBsdfPrincipled", "BSDF", skin_inputs)
    either = {"Fac": _switch(tree, "SCENE"), "Shader": emission, "Shader_001": skin}
    surface = {"Surface": tree.output("ShaderNodeMixShader", "Shader", either)}
    if height is not None:
        raised = {"Height": height, "Midlevel": 0.0, "Scale": 1.0}
        surface["Displacement"] = tree.output("ShaderNodeDisplacement", "Displacement", raised)
    tree.node("ShaderNodeOutputMaterial", surface)
    return HeadMaterial(material, light)


def set_look(material: bpy.types.Material, look: Look) -> None:
    """SH: albedo x the codes' light; STUDIO: DECA's grey look; SCENE: a skin that the scene's own light falls on."""
    for name, node_name in _SWITCHES.items():
        node = compat.node_tree(material).nodes[node_name]
        node.outputs["Value"].default_value = float(look == name)


def look_of(material: bpy.types.Material | None) -> Look | None:
    """The look that a head's material shows; None where it is not one of ours any more."""
    nodes = material.node_tree.nodes if material and material.node_tree else {}
    if any(name not in nodes for name in _SWITCHES.values()):
        return None
    shown = (look for look, name in _SWITCHES.items() if nodes[name].outputs["Value"].default_value > 0.5)
    return cast(Look, next(shown, "SH"))


def set_light(light_node: bpy.types.Node, coefficients: NDArray[np.floating]) -> None:
    """Put (9, 3) coefficients on the light node, unkeyed."""
    sockets = [socket for socket in light_node.inputs if socket.name in SH_INPUTS]
    for socket, value in zip(sockets, np.asarray(coefficients, float), strict=True):
        socket.default_value = tuple(value)


def _switch(tree: Tree, look: Look) -> bpy.types.NodeSocket:
    node = tree.node("ShaderNodeValue", name=_SWITCHES[look], label=_SWITCHES[look])
    node.outputs["Value"].default_value = 0.0
    return node.outputs["Value"]


def _height(tree: Tree, wrinkles: Picture) -> bpy.types.NodeSocket:
    """Metres along the normal, times the strength that an artist sets on a node."""
    texture = tree.node("ShaderNodeTexImage", name=WRINKLES_NODE, label=WRINKLES_NODE, extension="EXTEND")
    wrinkles.put_on(texture)
    strength = tree.node("ShaderNodeValue", name=STRENGTH_NODE, label=STRENGTH_NODE).outputs["Value"]
    strength.default_value = 1.0
    metres = tree.math("MULTIPLY", tree.math("SUBTRACT", texture.outputs["Color"], 0.5), 2 * HEIGHT_RANGE)
    return tree.math("MULTIPLY", metres, strength)


def _albedo(tree: Tree, albedo: Picture | None) -> bpy.types.NodeSocket:
    if albedo is None:
        node = tree.node("ShaderNodeRGB", name="Albedo", label="Albedo")
        node.outputs["Color"].default_value = (STUDIO_ALBEDO, STUDIO_ALBEDO, STUDIO_ALBEDO, 1.0)
        return node.outputs["Color"]
    texture = tree.node("ShaderNodeTexImage", name="Albedo", label="Albedo")
    albedo.put_on(texture)
    return texture.outputs["Color"]
