"""What of a sequence's light falls on everything in the scene: on the head's own node, as a world, as lamps."""

from __future__ import annotations

from typing import Final

import bpy

from ..core.light.radiance import linear_light, negative_share
from ..core.light.spherical_harmonics import PLAIN_LIGHT
from ..core.sequence import Sequence
from .head import is_marked, mark_parts
from .keys import Animation
from .lamps import build_lamps
from .light import build_world, key_light, radiates
from .material import set_light

_LAMPS_OFF: Final = 0.1  # relative error of the lamps' shading, from which on it is worth a word
_NEGATIVE_LIGHT: Final = 0.02  # of the mean light, from which on clamping is worth a word


def light_head(animation: Animation, sequence: Sequence, owner: bpy.types.NodeTree, node: bpy.types.Node) -> None:
    """Key the sequence's light on an SH node; a plain light from the front where it has none."""
    light = PLAIN_LIGHT if sequence.light is None else sequence.light
    if radiates(node):
        light = linear_light(light)
    if light.ndim == 2:
        set_light(node, light)
    else:
        key_light(animation, owner, node, light)


def light_scene(animation: Animation, scene: bpy.types.Scene, sequence: Sequence, rig: bpy.types.Object) -> list[str]:
    """Light the scene by a world made of the sequence's light; returns warnings for the user."""
    world, node = build_world(sequence.name)
    warnings = _replace_world(scene, world, rig)
    light_head(animation, sequence, world.node_tree, node)
    if sequence.light is None:
        return warnings
    shares = negative_share(linear_light(sequence.light))
    worst = int(shares.argmax())
    if shares[worst] < _NEGATIVE_LIGHT:
        return warnings
    return [
        *warnings,
        f"{sequence.name}: its light is less than nothing in some directions, which no lamp can be; as a world it is "
        f"up to {shares[worst]:.0%} brighter on the whole (frame {worst}).",
    ]


def add_lamps(
    animation: Animation,
    scene: bpy.types.Scene,
    sequence: Sequence,
    collection: bpy.types.Collection,
    rig: bpy.types.Object,
) -> list[str]:
    """Light the scene by lamps that come near the light that the sequence has; returns warnings for the user."""
    assert sequence.light is not None
    lamps, world, error = build_lamps(sequence.name, sequence.light, animation, collection)
    mark_parts(rig, *lamps)
    warnings = _replace_world(scene, world, rig)
    if error <= _LAMPS_OFF:
        return warnings
    return [*warnings, f"{sequence.name}: lamps come within {error:.0%} of the light of the codes, no nearer."]


def _replace_world(scene: bpy.types.Scene, world: bpy.types.World, rig: bpy.types.Object) -> list[str]:
    """Let a head's world light the scene; one of somebody else's is kept in the file, which the warning says."""
    old, scene.world = scene.world, world
    mark_parts(rig, world)
    if old is None or old.users or old.library or is_marked(old):
        return []
    old.use_fake_user = True
    return [f"{rig.name}: lights the scene now; the world {old.name} is kept in the file."]
