"""An evaluated mesh of a Blender scene as arrays, and where it is in the picture; asked for at every redraw."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ...blender.nodes import NORMAL_ATTRIBUTE
from ..drawing import Rect

_EVEN = 1e-5  # relative difference of scales from which on normals do not turn with the mesh


def triangles_of(mesh: bpy.types.Mesh) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Vertices (F, 3) of the mesh's triangles, and their corners (F, 3)."""
    corners = read(mesh.attributes[".corner_vert"].data, "value", len(mesh.loops), np.int32)
    if len(corners) == 3 * len(mesh.polygons):  # nothing but triangles: no need to look for them
        return corners.reshape(-1, 3), np.arange(len(corners), dtype=np.int32).reshape(-1, 3)
    mesh.calc_loop_triangles()
    loops = read(mesh.loop_triangles, "loops", 3 * len(mesh.loop_triangles), np.int32).reshape(-1, 3)
    return corners[loops], loops


def own_normals(mesh: bpy.types.Mesh, to_world: NDArray[np.floating]) -> NDArray[np.float32] | None:
    """Unit normals (V, 3) in world axes, as the mesh carries them for its material; None where not, or it is skewed."""
    attribute: Any = mesh.attributes.get(NORMAL_ATTRIBUTE)
    if attribute is None or attribute.domain != "POINT" or attribute.data_type != "FLOAT_VECTOR":
        return None
    turned = to_world[:3, :3]
    square = turned.T @ turned
    scale = float(np.sqrt(square[0, 0]))
    skew = np.abs(square - np.diag([scale**2] * 3)).max()
    if not scale or skew > _EVEN * scale**2 or np.linalg.det(turned) < 0:
        return None
    normals = read(attribute.data, "vector", 3 * len(mesh.vertices), np.float32).reshape(-1, 3)
    return (normals @ (turned.T / scale)).astype(np.float32)


def seen_part(item: bpy.types.Object, to_clip: NDArray[np.floating], rect: Rect) -> Rect:
    """The pixels of `rect` that an object may touch, and one around; to_clip: (4, 4) from the object's own axes."""
    corners = np.array(item.bound_box) @ to_clip[:, :3].T + to_clip[:, 3]
    depth = corners[:, 3:]
    if depth.min() < 1e-6:  # behind the eye there is no place in the picture
        return rect
    places = np.clip((corners[:, :2] / depth + 1) / 2, 0, 1)
    return rect.spanned(places.min(0), places.max(0))


def read(collection: Any, name: str, count: int, dtype: type) -> NDArray[Any]:
    """A property of all items of one of Blender's collections."""
    values = np.empty(count, dtype)
    collection.foreach_get(name, values)
    return values
