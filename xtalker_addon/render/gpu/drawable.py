"""One head on the graphics card: fixed topology and skin, new positions and normals every frame."""

from __future__ import annotations

from typing import Final

import gpu
import numpy as np
from numpy.typing import NDArray

from ...core.model.detail import relief_texels
from ..drawing import GREY, INSIDE, View
from ..settings import Look
from ..shading import EVEN_LIGHT, PixelKind, shading_block
from ..triangles import split_at_seams, unique_edges
from .canvas import image_texture
from .shaders import WITH_NORMALS, WITH_UV, WRINKLED, SurfaceKind, surface_shader

_PASSES: Final[dict[Look, tuple[SurfaceKind, PixelKind]]] = {
    "sh": ("normals", "sh"),
    "studio": ("normals", "studio"),
    "albedo": ("normals", "sh"),  # in an even light
    "normal": ("normals", "value"),
    "depth": ("depth", "value"),
    "wireframe": ("clay", "value"),
    "3dxtalker": ("bare", "phong"),
}
_BENT: Final[dict[SurfaceKind, SurfaceKind]] = {"normals": "wrinkled", "normals_places": "wrinkled_places"}


class Drawable:
    """A triangle mesh on the graphics card; see `drawing.Device.drawable`."""

    def __init__(
        self,
        faces: NDArray[np.integer],
        uv: NDArray[np.floating] | None = None,
        uv_faces: NDArray[np.integer] | None = None,
        albedo: NDArray[np.floating] | None = None,
        caps: NDArray[np.integer] | None = None,
        tint: tuple[float, float, float] = GREY,
        lining: NDArray[np.bool_] | None = None,
        wrinkled: bool = False,
        measured: bool = False,
    ) -> None:
        self._tint = tint
        self._measured = measured
        self._source: NDArray[np.integer] | None = None
        self._uv: gpu.types.GPUVertBuf | None = None
        self.albedo: gpu.types.GPUTexture | None = None
        self._relief: gpu.types.GPUTexture | None = None
        if (albedo is not None or wrinkled) and uv is not None and uv_faces is not None:
            self._source, places, faces, caps = split_at_seams(faces, caps, uv, uv_faces)
            self._uv = _buffer(_layout(uv=2), uv=places)
            if albedo is not None:
                self.dress(albedo)
        self._triangles = _indices("TRIS", faces)
        self._lined: tuple[gpu.types.GPUIndexBuf, gpu.types.GPUIndexBuf] | None = None
        if lining is not None and lining.any():
            # Wound the other way, a face shows its inside where it showed its outside.
            self._lined = _indices("TRIS", faces[~lining]), _indices("TRIS", faces[lining][:, ::-1])
        self._caps = _indices("TRIS", caps) if caps is not None and len(caps) else None
        self._cull = caps is not None
        self._edges = lambda: _indices("LINES", unique_edges(faces))
        self._edge_indices: gpu.types.GPUIndexBuf | None = None
        self._layout = _layout(position=3, normal=3)
        self._vertices: gpu.types.GPUVertBuf | None = None

    @property
    def has_skin(self) -> bool:
        """Whether it has an albedo, which `dress` may change."""
        return self.albedo is not None

    def dress(self, albedo: NDArray[np.floating]) -> None:
        """Take a new albedo (H, W, 3)."""
        self.albedo = image_texture(albedo[::-1])

    def move(self, positions: NDArray[np.float32], normals: NDArray[np.float32]) -> None:
        """Take new (V, 3) positions and unit normals."""
        if self._source is not None:
            positions, normals = positions[self._source], normals[self._source]
        self._vertices = _buffer(self._layout, position=positions, normal=normals)

    def lay(self, uv: NDArray[np.float32]) -> None:
        """Take new places on the albedo, (V, 2) for the vertices, of a head whose every vertex had one place."""
        self._uv = _buffer(_layout(uv=2), uv=uv[self._source])

    def bend(self, height: NDArray[np.floating], mask: NDArray[np.floating] | None = None) -> None:
        """Take new wrinkles; see `drawing.Drawable`."""
        data = gpu.types.Buffer("FLOAT", 4 * height.size, np.ascontiguousarray(relief_texels(height, mask)).ravel())
        self._relief = gpu.types.GPUTexture(height.shape[::-1], format="RGBA32F", data=data)

    def passes(self, look: Look, wrinkled: bool = False) -> tuple[SurfaceKind, PixelKind]:
        """How this head shows a look; wrinkled: with the normals that `bend` gave it."""
        surface, pixel = _PASSES[look]
        if look in ("sh", "albedo") and self.albedo is not None:
            surface, pixel = "normals_places", "sh_albedo"
        elif look == "studio" and self._measured:
            surface, pixel = "normals_places", "studio_albedo"
        return _BENT.get(surface, surface) if wrinkled and self._relief else surface, pixel

    def shading(
        self,
        look: Look,
        light: NDArray[np.floating] | None,
        background: tuple[float, float, float] | None,
        opacity: float = 1.0,
        place: tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> gpu.types.GPUUniformBuf:
        """The shading block of a look; see `shading_block`."""
        if look == "albedo":
            light = EVEN_LIGHT
        tint = GREY if look == "studio" else self._tint
        pixel = self.passes(look)[1]
        return gpu.types.GPUUniformBuf(shading_block(pixel, light, tint, INSIDE, background, opacity, place))

    def draw_surface(self, look: Look, view: View, wrinkled: bool = False) -> None:
        """Draw into the samples of the bound canvas."""
        surface = self.passes(look, wrinkled)[0]
        gpu.state.face_culling_set("BACK" if self._cull else "NONE")
        if look == "studio" and self._lined:
            self._draw(surface, view, "TRIS", self._lined[0])
            gpu.state.face_culling_set("FRONT")
            self._draw(surface, view, "TRIS", self._lined[1])
        else:
            self._draw(surface, view, "TRIS", self._triangles)
        if look == "wireframe":
            if self._edge_indices is None:
                self._edge_indices = self._edges()
            self._draw("lines", view, "LINES", self._edge_indices)
        if self._caps is not None:
            gpu.state.face_culling_set("NONE")
            self._draw(surface, view, "TRIS", self._caps)

    def _draw(self, kind: SurfaceKind, view: View, primitive: str, indices: gpu.types.GPUIndexBuf) -> None:
        batch = gpu.types.GPUBatch(type=primitive, buf=self._vertices, elem=indices)
        shader = surface_shader(kind)
        shader.bind()
        shader.uniform_float("to_clip", _column_major(view.to_clip))
        if kind in WITH_NORMALS:
            shader.uniform_float("to_light", _column_major(view.to_light))
        if kind == "depth":
            shader.uniform_float("range", view.depth)
        if kind in WITH_UV:
            batch.vertbuf_add(self._uv)
        if kind in WRINKLED:
            shader.uniform_sampler("relief", self._relief)
        batch.draw(shader)


def _indices(kind: str, rows: NDArray[np.integer]) -> gpu.types.GPUIndexBuf:
    return gpu.types.GPUIndexBuf(type=kind, seq=np.ascontiguousarray(rows, np.int32))


def _buffer(layout: gpu.types.GPUVertFormat, **attributes: NDArray[np.float32]) -> gpu.types.GPUVertBuf:
    buffer = gpu.types.GPUVertBuf(layout, len(next(iter(attributes.values()))))
    for name, rows in attributes.items():
        buffer.attr_fill(name, rows)
    return buffer


def _layout(**attributes: int) -> gpu.types.GPUVertFormat:
    layout = gpu.types.GPUVertFormat()
    for name, width in attributes.items():
        layout.attr_add(id=name, comp_type="F32", len=width, fetch_mode="FLOAT")
    return layout


def _column_major(matrix: NDArray[np.floating]) -> list[float]:
    square = np.eye(4, dtype=np.float32)
    square[: len(matrix), : len(matrix)] = matrix
    return square.T.ravel().tolist()
