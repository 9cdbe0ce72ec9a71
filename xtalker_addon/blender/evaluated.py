"""What Blender makes of a head in the current frame."""

from __future__ import annotations

import bpy
import numpy as np
from numpy.typing import NDArray

from .subdivision import undivided


def own_vertices(head: bpy.types.Object) -> NDArray[np.float32]:
    """Vertices (V, 3) after keys, bones and modifiers in the head's own axes, which are FLAME's, in metres.

    They are the model's, without what a subdivision adds and moves.
    """
    with undivided(head):
        evaluated = head.evaluated_get(bpy.context.evaluated_depsgraph_get())
        positions = evaluated.data.attributes["position"].data
        vertices = np.empty(3 * len(positions), np.float32)
        positions.foreach_get("vector", vertices)
    return vertices.reshape(-1, 3)


def world_vertices(head: bpy.types.Object) -> NDArray[np.float32]:
    """Vertices (V, 3) after keys, bones and modifiers, in metres and world axes."""
    vertices = own_vertices(head)
    to_world = np.array(head.evaluated_get(bpy.context.evaluated_depsgraph_get()).matrix_world, np.float64)
    return (vertices @ to_world[:3, :3].T + to_world[:3, 3]).astype(np.float32)


def vertices_in_flame_axes(head: bpy.types.Object) -> NDArray[np.float32]:
    """The same in FLAME axes: Blender's x, z and -y."""
    x, y, z = world_vertices(head).T
    return np.stack([x, z, -y], axis=1)
