"""One head as the review engine holds it: fixed topology and skin, new positions and normals every frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import gpu
import numpy as np
from numpy.typing import NDArray

from ...core.light.spherical_harmonics import STUDIO_ALBEDO, UNIT_AMBIENT
from ..settings import Look
from .canvas import Blend, Canvas, Rect, image_texture
from .shaders import WITH_NORMALS, WITH_PLACES, WITH_UV, WRINKLED, PixelKind, SurfaceKind, shading_block, surface_shader

# What shows through the open mouth is the inside of the back of the head: nearly black, a little warm.
INSIDE: Final = (0.09, 0.05, 0.045)

_GREY: Final = (STUDIO_ALBEDO, STUDIO_ALBEDO, STUDIO_ALBEDO)
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


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """How a head is seen.

    to_clip  : (4, 4) from the head's axes to clip space
    to_light : (3, 3) rotation from the head's axes to FLAME's, in which light and normals are given
    depth    : nearest and farthest clip z of the depth look
    """

    to_clip: NDArray[np.floating]
    to_light: NDArray[np.floating]
    depth: tuple[float, float] = (-1.0, 1.0)


class Drawable:
    """A triangle mesh of V vertices, drawn in any look.

    faces        : (F, 3) counter-clockwise seen from outside
    uv, uv_faces : (U, 2) with v up and (F, 3), or None
    albedo       : (H, W, 3) display values 0..1 with the first row at v = 1, or None for `tint`
    caps         : triangles that close its holes (see `close_holes`), so that insides need not be drawn; None: they are
    tint         : display values of the whole surface where there is no albedo
    lining       : (F,) faces behind the lips that the studio look shows as dark as an inside; None: none
    wrinkled     : `bend` may be called; needs UVs
    measured     : the studio look shows the albedo too, as a scale of colours on which `lay` places the vertices
    """

    def __init__(
        self,
        faces: NDArray[np.integer],
        uv: NDArray[np.floating] | None = None,
        uv_faces: NDArray[np.integer] | None = None,
        albedo: NDArray[np.floating] | None = None,
        caps: NDArray[np.integer] | None = None,
        tint: tuple[float, float, float] = _GREY,
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
            faces, caps = self._split_at_seams(faces, caps, uv, uv_faces)
            if albedo is not None:
                self.dress(albedo)
        self._triangles = _indices("TRIS", faces)
        self._lined: tuple[gpu.types.GPUIndexBuf, gpu.types.GPUIndexBuf] | None = None
        if lining is not None and lining.any():
            # Wound the other way, a face shows its inside where it showed its outside.
            self._lined = _indices("TRIS", faces[~lining]), _indices("TRIS", faces[lining][:, ::-1])
        self._caps = _indices("TRIS", caps) if caps is not None and len(caps) else None
        self._cull = caps is not None
        self._edges = lambda: _indices("LINES", _unique_edges(faces))
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

    def _split_at_seams(self, faces, caps, uv, uv_faces):
        """A vertex with several UVs becomes several; returns the faces and caps of the new vertices."""
        pairs = np.stack([faces.ravel(), uv_faces.ravel()], axis=1)
        unique, inverse = np.unique(pairs, axis=0, return_inverse=True)
        self._source = np.ascontiguousarray(unique[:, 0])
        self._uv = _buffer(_layout(uv=2), uv=np.ascontiguousarray(uv[unique[:, 1]], np.float32))
        if caps is not None:
            first = np.zeros(int(faces.max()) + 1, np.int64)
            first[self._source[::-1]] = np.arange(len(unique))[::-1]
            caps = first[caps]
        return inverse.reshape(faces.shape), caps

    def move(self, positions: NDArray[np.float32], normals: NDArray[np.float32]) -> None:
        """Take new (V, 3) positions and unit normals."""
        if self._source is not None:
            positions, normals = positions[self._source], normals[self._source]
        self._vertices = _buffer(self._layout, position=positions, normal=normals)

    def lay(self, uv: NDArray[np.float32]) -> None:
        """Take new places on the albedo, (V, 2) for the vertices, of a head whose every vertex had one place."""
        self._uv = _buffer(_layout(uv=2), uv=uv[self._source])

    def bend(self, relief: gpu.types.GPUTexture) -> None:
        """Take new wrinkles; see `detail_look.relief_texture`."""
        self._relief = relief

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
            light = _EVEN_LIGHT
        tint = _GREY if look == "studio" else self._tint
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


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A head as it is to be seen.

    light    : (9, 3), for the SH look
    wrinkled : with bent normals where it has any, in the looks that shade
    opacity  : from 0 to 1, over what is there
    place    : for the look 3dxtalker; see `shading_block`
    """

    head: Drawable
    look: Look
    view: View
    light: NDArray[np.floating] | None
    wrinkled: bool = False
    opacity: float = 1.0
    place: tuple[float, float, float] = (0.0, 0.0, 0.0)


def draw_head(
    canvas: Canvas,
    rect: Rect,
    part: Rect,
    shown: Shown,
    background: tuple[float, float, float] | None,
    blend: Blend = "NONE",
    keep_depth: bool = False,
) -> None:
    """Draw one head in `rect`, of which only `part` is touched. background: None for premultiplied alpha."""
    surface, pixel = shown.head.passes(shown.look, shown.wrinkled)
    with canvas.surfaces(rect, part, surface in WITH_PLACES, keep_depth):
        shown.head.draw_surface(shown.look, shown.view, shown.wrinkled)
    shading = shown.head.shading(shown.look, shown.light, background, shown.opacity, shown.place)
    canvas.resolve(part, pixel, shading, shown.head.albedo, blend)


def draw_heads(canvas: Canvas, rect: Rect, heads: list[tuple[Shown, Rect]]) -> None:
    """Draw heads, each with the part of `rect` that it may touch, where nothing is yet; premultiplied alpha.

    Where parts overlap, heads may hide each other: the depth of all comes first; then each is drawn alone, behind that
    depth, and the parts are added up.
    """
    for part, group in _groups(heads):
        if len(group) > 1:
            with canvas.surfaces(rect, part):
                for shown in group:
                    # The look does not matter here, but the same shader gives the same depth.
                    shown.head.draw_surface("normal", shown.view)
        for shown in group:
            draw_head(canvas, rect, part, shown, None, "ADDITIVE_PREMULT", keep_depth=len(group) > 1)


def _groups(heads: list[tuple[Shown, Rect]]) -> list[tuple[Rect, list[Shown]]]:
    """Heads that may touch, together, with the part of the picture that is theirs alone."""
    groups: list[tuple[Rect, list[Shown]]] = []
    for shown, part in heads:
        members = [shown]
        while touched := next((group for group in groups if group[0].overlaps(part)), None):
            groups.remove(touched)
            part, members = part.around(touched[0]), touched[1] + members
        groups.append((part, members))
    return groups


_EVEN_LIGHT: Final = np.zeros((9, 3))
_EVEN_LIGHT[0] = UNIT_AMBIENT


def close_holes(faces: NDArray[np.integer], positions: NDArray[np.floating]) -> NDArray[np.int32]:
    """Triangles (n, 3) that close every hole of a mesh, wound so that they show their insides to the outside.

    Seen from the front, the hole behind the lips would show the inside of the far side of the head; a lid in the hole
    shows the same colour, and all other insides need not be drawn.
    """
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    count = int(faces.max(initial=0)) + 1
    unmatched = ~np.isin(edges @ (count, 1), edges @ (1, count))
    after = dict(edges[unmatched].tolist())
    caps: list[tuple[int, int, int]] = []
    while after:
        loop = [next(iter(after))]
        while (following := after.pop(loop[-1], None)) is not None and following != loop[0]:
            loop.append(following)
        caps += _zigzag(loop, positions)
    return np.array(caps, np.int32).reshape(-1, 3)


def _zigzag(loop: list[int], positions: NDArray[np.floating]) -> list[tuple[int, int, int]]:
    """Triangles between the two halves of a loop, swept from one end of its longest side to the other."""
    points = positions[loop]
    along = points[:, int(np.argmax(np.ptp(points, axis=0)))]
    start = int(np.argmin(along))
    loop, along = loop[start:] + loop[:start], np.roll(along, -start)
    left, right = 0, len(loop)  # one beyond the last is the first again
    triangles: list[tuple[int, int, int]] = []
    while right - left > 1:
        ahead, behind = left + 1, right - 1
        if along[ahead] <= along[behind]:
            triangles.append((loop[left], loop[ahead], loop[right % len(loop)]))
            left = ahead
        else:
            triangles.append((loop[left], loop[behind], loop[right % len(loop)]))
            right = behind
    return [triangle for triangle in triangles if len(set(triangle)) == 3]


def _unique_edges(faces: NDArray[np.integer]) -> NDArray[np.int32]:
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    return np.unique(np.sort(edges, axis=1), axis=0).astype(np.int32)


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
