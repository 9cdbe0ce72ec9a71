"""Every link of what XTalker builds counts: it is valid and ends in a socket that its node uses."""

from __future__ import annotations

from collections.abc import Iterator

import bpy
import numpy as np

from tests.data.clips import talking_clip
from tests.data.ridges import Ridges
from tests.render.conftest import painted
from xtalker_addon.blender import compare
from xtalker_addon.blender.head import head_of
from xtalker_addon.blender.importer import ImportOptions, import_sequence


def trees() -> Iterator[bpy.types.NodeTree]:
    yield from bpy.data.node_groups
    for owner in (*bpy.data.materials, *bpy.data.worlds):
        if owner.node_tree:
            yield owner.node_tree


def link_names(tree: bpy.types.NodeTree) -> list[str]:
    return [f"{tree.name}: {link.from_node.name} -> {link.to_node.name}, {link.to_socket.name}" for link in tree.links]


def useless() -> list[str]:
    """Links that Blender ignores."""
    return [
        name
        for tree in trees()
        for name, link in zip(link_names(tree), tree.links, strict=True)
        if not (link.is_valid and link.to_socket.enabled and link.from_socket.enabled)
    ]


def test_every_link_counts(model):
    clip = talking_clip(np.random.default_rng(3), 4, light=np.ones((4, 9, 3)), detail=np.zeros((4, 128)))
    plain = ImportOptions(camera="NONE", look="SCENE", lamps=True)
    rich = ImportOptions(camera="NONE", detail=Ridges(), world=True, offset=0.4)
    first, second = (import_sequence(clip, m, o) for m, o in ((model, plain), (painted(model), rich)))
    compare.begin(*(head_of(result.rig, bpy.context.scene) for result in (first, second)), 5.0)
    bpy.context.view_layer.update()
    assert sum(len(tree.links) for tree in trees()) > 200
    assert useless() == []


def test_a_link_that_blender_ignores_is_seen():
    """As one made by place was, since Blender 5.3 has another input in that place."""
    tree = bpy.data.node_groups.new("Odd", "ShaderNodeTree")
    mix, value = tree.nodes.new("ShaderNodeMix"), tree.nodes.new("ShaderNodeValue")
    mix.data_type = "FLOAT"
    vector_factor = next(socket for socket in mix.inputs if socket.identifier == "Factor_Vector")
    tree.links.new(value.outputs["Value"], vector_factor)
    assert useless() == ["Odd: Value -> Mix, Factor"]
