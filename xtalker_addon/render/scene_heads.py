"""What the review engine sees in a Blender scene: evaluated meshes, the light and the look on their materials."""

from __future__ import annotations

from typing import Any, Final

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from ..blender.material import SH_NODE, look_of
from ..blender.nodes import LINING_ATTRIBUTE, SH_INPUTS
from ..core.lighting import STUDIO_ALBEDO
from ..core.normals import vertex_normals
from .canvas import Canvas, Rect
from .drawable import Drawable, Shown, View, draw_heads
from .scene_mesh import own_normals, read, seen_part, triangles_of
from .settings import Look

# From FLAME's axes to Blender's.
_TO_WORLD: Final = np.array([(1, 0, 0, 0), (0, 0, -1, 0), (0, 1, 0, 0), (0, 0, 0, 1)], np.float64)
_WITH_SURFACE: Final = ("MESH", "CURVE", "SURFACE", "META", "FONT")


class SceneHeads:
    """Draws the surfaces of a scene. Keeps their topology and skins from picture to picture."""

    def __init__(self) -> None:
        self._drawables: dict[str, tuple[tuple[object, ...], Drawable]] = {}

    def draw(self, canvas: Canvas, depsgraph: bpy.types.Depsgraph, to_clip: Matrix) -> None:
        """Draw everything that the depsgraph shows over nothing; to_clip: (4, 4) from world to clip space."""
        view = View(np.array(to_clip, np.float64) @ _TO_WORLD, np.eye(3))
        rect = Rect(0, 0, canvas.width, canvas.height)
        shown: list[tuple[Shown, Rect]] = []
        for instance in depsgraph.object_instances:
            item = instance.object
            if item.type not in _WITH_SURFACE or not instance.show_self:
                continue
            mesh = item.to_mesh() if item.type != "MESH" else item.data
            if mesh is None or not len(mesh.polygons):
                continue
            material = item.material_slots[0].material if item.material_slots else None
            drawable = self._moved(item, mesh, np.array(instance.matrix_world, np.float64), material)
            part = seen_part(item, np.array(to_clip @ instance.matrix_world, np.float64), rect)
            if part.width > 0 and part.height > 0:
                shown.append((Shown(drawable, _look(material), view, _light(material)), part))
        canvas.clear(None)
        draw_heads(canvas, rect, shown)

    def _moved(
        self,
        item: bpy.types.Object,
        mesh: bpy.types.Mesh,
        to_world: NDArray[np.float64],
        material: bpy.types.Material | None,
    ) -> Drawable:
        """The object's drawable, where the object is now."""
        faces, loops = triangles_of(mesh)
        skin = _skin(material)
        made_of = (mesh.original.name, faces.tobytes(), skin if isinstance(skin, tuple) else skin.name_full)
        held = self._drawables.get(item.name)
        if held is None or held[0] != made_of:
            held = self._drawables[item.name] = (made_of, _drawable(mesh, faces, loops, skin))
        to_flame = np.linalg.inv(_TO_WORLD) @ to_world
        positions = read(mesh.attributes["position"].data, "vector", 3 * len(mesh.vertices), np.float32)
        positions = (positions.reshape(-1, 3) @ to_flame[:3, :3].T + to_flame[:3, 3]).astype(np.float32)
        normals = own_normals(mesh, to_flame)
        held[1].move(positions, vertex_normals(positions, faces) if normals is None else normals)
        return held[1]


def _drawable(
    mesh: bpy.types.Mesh,
    faces: NDArray[np.int32],
    loops: NDArray[np.int32],
    skin: bpy.types.Image | tuple[float, float, float],
) -> Drawable:
    lining = _lining(mesh)
    if isinstance(skin, tuple):
        return Drawable(faces, tint=skin, lining=lining)
    layer = mesh.uv_layers.active
    if layer is None:
        return Drawable(faces, lining=lining)
    uv = read(layer.uv, "vector", 2 * len(mesh.loops), np.float32).reshape(-1, 2)
    unique, inverse = np.unique(uv, axis=0, return_inverse=True)
    return Drawable(faces, unique, inverse.reshape(-1)[loops], _pixels(skin), lining=lining)


def _lining(mesh: bpy.types.Mesh) -> NDArray[np.bool_] | None:
    """Which loop triangles line the mouth behind the lips; None where the mesh does not say."""
    attribute: Any = mesh.attributes.get(LINING_ATTRIBUTE)
    if attribute is None or attribute.domain != "FACE":
        return None
    lined = read(attribute.data, "value", len(mesh.polygons), np.float32) > 0
    mesh.calc_loop_triangles()
    return lined[read(mesh.loop_triangles, "polygon_index", len(mesh.loop_triangles), np.int32)]


def _skin(material: bpy.types.Material | None) -> bpy.types.Image | tuple[float, float, float]:
    """The image of the material's albedo, or the colour of its surface."""
    grey = (STUDIO_ALBEDO,) * 3
    node: Any = material.node_tree.nodes.get("Albedo") if material and material.node_tree else None
    if node is None:
        return grey
    if node.type == "TEX_IMAGE":
        return node.image if node.image is not None and node.image.size[0] else grey
    return tuple(node.outputs[0].default_value[:3])


def _look(material: bpy.types.Material | None) -> Look:
    """Skin in the scene's light is beyond a raster engine; it is shown in the codes' light."""
    return "sh" if look_of(material) in ("SH", "SCENE") else "studio"


def _light(material: bpy.types.Material | None) -> NDArray[np.floating] | None:
    """(9, 3) coefficients as they are keyed at this frame."""
    node: Any = material.node_tree.nodes.get(SH_NODE) if material and material.node_tree else None
    if node is None:
        return None
    return np.array([tuple(socket.default_value) for socket in node.inputs if socket.name in SH_INPUTS])


def _pixels(image: bpy.types.Image) -> NDArray[np.float32]:
    """(H, W, 3) stored values, first row on top."""
    width, height = image.size
    values = np.empty(width * height * image.channels, np.float32)
    image.pixels.foreach_get(values)
    return values.reshape(height, width, image.channels)[::-1, :, :3]
