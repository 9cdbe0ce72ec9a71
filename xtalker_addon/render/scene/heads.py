"""What the review engine sees in a Blender scene: evaluated meshes, the light and the look on their materials."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from ...blender.compare import SHADED, SHARE, TINT
from ...blender.head import COMPARED
from ...blender.material import SH_NODE, STRENGTH_NODE, WRINKLES_NODE, look_of
from ...blender.nodes import LINING_ATTRIBUTE, SH_INPUTS
from ...core.distance_colours import colour_scale
from ...core.files.picture_cache import picture_file
from ...core.files.png import read_png
from ...core.model.displacements import height_from_grey
from ..drawing import GREY, Canvas, Device, Drawable, NormalsOf, Rect, Shown, View
from ..settings import Look
from .mesh import own_normals, read, seen_part, triangles_of

# From FLAME's axes to Blender's.
_TO_WORLD: Final = np.array([(1, 0, 0, 0), (0, 0, -1, 0), (0, 1, 0, 0), (0, 0, 0, 1)], np.float64)
_WITH_SURFACE: Final = ("MESH", "CURVE", "SURFACE", "META", "FONT")


class SceneHeads:
    """Draws the surfaces of a scene. Keeps their topology and skins from picture to picture."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._drawables: dict[str, tuple[tuple[object, ...], Drawable, NormalsOf]] = {}
        self._bent_by: dict[str, object] = {}

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
            material = _shown_material(item, mesh)
            surface = _Surface(material, depsgraph.scene.frame_current)
            drawable = self._moved(item, mesh, np.array(instance.matrix_world, np.float64), surface)
            part = seen_part(item, np.array(to_clip @ instance.matrix_world, np.float64), rect)
            if part.width > 0 and part.height > 0:
                head = Shown(drawable, _look(material), view, _light(material), wrinkled=surface.is_wrinkled)
                shown.append((head, part))
        canvas.clear(None)
        canvas.draw_heads(rect, shown)

    def _moved(
        self,
        item: bpy.types.Object,
        mesh: bpy.types.Mesh,
        to_world: NDArray[np.float64],
        surface: _Surface,
    ) -> Drawable:
        """The object's drawable, where the object is now."""
        faces, loops = triangles_of(mesh)
        measured = _share(mesh)
        made_of = (
            mesh.original.name,
            len(mesh.vertices),
            faces.tobytes(),
            surface.skin_key,
            surface.is_wrinkled,
            measured is not None,
        )
        held = self._drawables.get(item.name)
        if held is None or held[0] != made_of:
            drawable = self._made(mesh, faces, loops, surface, measured is not None)
            normals_of = self._device.normals(faces, len(mesh.vertices))
            held = self._drawables[item.name] = (made_of, drawable, normals_of)
        if measured is not None:
            held[1].lay(np.stack([measured, np.full_like(measured, 0.5)], axis=1))
        if surface.is_wrinkled and self._bent_by.get(item.name) != (made_of, surface.wrinkle_key):
            held[1].bend(surface.height())
            self._bent_by[item.name] = (made_of, surface.wrinkle_key)
        to_flame = np.linalg.inv(_TO_WORLD) @ to_world
        positions = read(mesh.attributes["position"].data, "vector", 3 * len(mesh.vertices), np.float32)
        positions = (positions.reshape(-1, 3) @ to_flame[:3, :3].T + to_flame[:3, 3]).astype(np.float32)
        normals = own_normals(mesh, to_flame)
        held[1].move(positions, held[2](positions) if normals is None else normals)
        return held[1]

    def _made(
        self,
        mesh: bpy.types.Mesh,
        faces: NDArray[np.int32],
        loops: NDArray[np.int32],
        surface: _Surface,
        measured: bool,
    ) -> Drawable:
        """measured: coloured by a comparison; every vertex has its place on the scale, which `lay` sets."""
        made = self._device.drawable
        if measured:
            nowhere = np.zeros((int(faces.max()) + 1, 2), np.float32)
            return made(faces, nowhere, faces, colour_scale()[None], measured=True)
        lining = _lining(mesh)
        layer = mesh.uv_layers.active
        albedo = surface.albedo() if layer else None
        if layer is None or (albedo is None and not surface.is_wrinkled):
            return made(faces, tint=surface.tint, lining=lining)
        uv = read(layer.uv, "vector", 2 * len(mesh.loops), np.float32).reshape(-1, 2)
        unique, inverse = np.unique(uv, axis=0, return_inverse=True)
        corners = inverse.reshape(-1)[loops]
        return made(faces, unique, corners, albedo, None, surface.tint, lining, wrinkled=surface.is_wrinkled)


def _shown_material(item: bpy.types.Object, mesh: bpy.types.Mesh) -> bpy.types.Material | None:
    """The object's first; that of a comparison where a modifier puts one on."""
    compared = next((material for material in mesh.materials if material and material.get(COMPARED)), None)
    return compared or (item.material_slots[0].material if item.material_slots else None)


def _share(mesh: bpy.types.Mesh) -> NDArray[np.float32] | None:
    """(V,) places on a comparison's scale of colours; None for a mesh that is not coloured by one."""
    attribute: Any = mesh.attributes.get(SHARE)
    if attribute is None or attribute.domain != "POINT" or attribute.data_type != "FLOAT":
        return None
    return np.clip(read(attribute.data, "value", len(mesh.vertices), np.float32), 0.0, 1.0)


def _lining(mesh: bpy.types.Mesh) -> NDArray[np.bool_] | None:
    """Which loop triangles line the mouth behind the lips; None where the mesh does not say."""
    attribute: Any = mesh.attributes.get(LINING_ATTRIBUTE)
    if attribute is None or attribute.domain != "FACE":
        return None
    lined = read(attribute.data, "value", len(mesh.polygons), np.float32) > 0
    mesh.calc_loop_triangles()
    return lined[read(mesh.loop_triangles, "polygon_index", len(mesh.loop_triangles), np.int32)]


class _Surface:
    """What a material has on a head in one frame: its skin and its wrinkles."""

    def __init__(self, material: bpy.types.Material | None, frame: int) -> None:
        nodes: Any = material.node_tree.nodes if material and material.node_tree else {}
        albedo, strength = nodes.get("Albedo"), nodes.get(STRENGTH_NODE)
        self.tint = tuple(material[TINT]) if material and TINT in material else GREY
        if albedo is not None and albedo.type != "TEX_IMAGE":
            colour = albedo.outputs["Color"].default_value
            self.tint = (colour[0], colour[1], colour[2])
        self._skin = _Texture.of(albedo, frame)
        self._wrinkles = _Texture.of(nodes.get(WRINKLES_NODE), frame)
        self._strength = 1.0 if strength is None else float(strength.outputs["Value"].default_value)
        self.is_wrinkled = self._wrinkles is not None
        self.skin_key = self.tint if self._skin is None else self._skin.key
        self.wrinkle_key = None if self._wrinkles is None else (self._wrinkles.key, self._strength)

    def albedo(self) -> NDArray[np.floating] | None:
        """(H, W, 3) display values, first row on top; None for the tint."""
        return None if self._skin is None else self._skin.values()

    def height(self) -> NDArray[np.floating]:
        """(H, W) metres, first row on top, of a wrinkled surface."""
        assert self._wrinkles
        return self._strength * height_from_grey(self._wrinkles.values()[..., 0])


class _Texture:
    """The picture that an Image Texture node shows in one frame."""

    def __init__(self, image: bpy.types.Image, file: Path | None) -> None:
        self._image, self._file = image, file
        self.key = (image.name_full, file)

    @classmethod
    def of(cls, node: Any, frame: int) -> _Texture | None:
        """None where the node is none, or shows nothing."""
        if node is None or node.type != "TEX_IMAGE" or node.image is None:
            return None
        image, user = node.image, node.image_user
        if image.source != "SEQUENCE":
            return cls(image, None) if image.size[0] else None
        number = min(max(frame - user.frame_start + 1, 1), user.frame_duration) + user.frame_offset
        file = picture_file(Path(bpy.path.abspath(image.filepath, library=image.library)).parent, number)
        return cls(image, file) if file.is_file() else None

    def values(self) -> NDArray[np.floating]:
        """(H, W, channels) stored values 0..1, first row on top. Raises ModelError where its file is broken."""
        if self._file is None:
            return _pixels(self._image)
        found = read_png(self._file)
        return found / np.float32(np.iinfo(found.dtype).max)


def _look(material: bpy.types.Material | None) -> Look:
    """Skin in the scene's light is beyond a raster engine; it is shown in the codes' light."""
    if material and material.get(COMPARED):
        return "studio" if material.get(SHADED) else "albedo"
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
