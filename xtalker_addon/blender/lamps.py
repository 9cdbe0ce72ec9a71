"""A key, a fill and an even light that come near the light of the codes: handles for artists."""

from __future__ import annotations

from math import pi

import bpy
import numpy as np
from mathutils import Vector
from numpy.typing import NDArray

from ..core.light.lamps import fit_light_rig
from . import compat
from .keys import Animation
from .light import show_world
from .nodes import Tree

_SOFTNESS = 0.35  # radians that a lamp spreads over: a large soft box
_DISTANCE = 1.2  # metres from the head, for the eye; a sun's place changes nothing


def build_lamps(
    name: str, light: NDArray[np.floating], animation: Animation, collection: bpy.types.Collection
) -> tuple[list[bpy.types.Object], bpy.types.World, float]:
    """Two suns and an even world, keyed, fitted to (T, 9, 3) coefficients; and how far their shading is off.

    Colour and energy are keyed; the lamps stand still, so that an artist can turn them.
    """
    rig = fit_light_rig(light)
    lamps: list[bpy.types.Object] = []
    for role, direction, strength in (("Key", rig.key_direction, rig.key), ("Fill", rig.fill_direction, rig.fill)):
        data = bpy.data.lights.new(f"{name} {role}", "SUN")
        data.angle = _SOFTNESS
        lamp = bpy.data.objects.new(data.name, data)
        towards = Vector((direction[0], -direction[2], direction[1]))
        lamp.rotation_mode = "QUATERNION"
        lamp.rotation_quaternion = towards.to_track_quat("Z", "Y")
        lamp.location = towards * _DISTANCE
        energy = np.maximum(strength.max(1), 1e-6)
        # A sun of energy E lights a surface that faces it with E / pi.
        animation.write(data, "energy", pi * energy, role)
        animation.write(data, "color", strength / energy[:, None], role)
        collection.objects.link(lamp)
        lamps.append(lamp)
    world = bpy.data.worlds.new(f"{name} Ambient")
    nodes = compat.node_tree(world)
    nodes.nodes.clear()
    tree = Tree(nodes)
    background = tree.node("ShaderNodeBackground", name="Ambient")
    show_world(tree, background.outputs["Background"])
    colour = np.concatenate([rig.ambient, np.ones((len(rig.ambient), 1))], axis=1)
    socket = background.inputs.find("Color")
    animation.write(nodes, f'nodes["Ambient"].inputs[{socket}].default_value', colour, "Ambient")
    return lamps, world, rig.error
