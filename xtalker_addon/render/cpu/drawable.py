"""One head as the rasteriser holds it: fixed topology and skin, new positions and normals every frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...core.model.detail import relief_texels
from ...errors import RenderError
from ..drawing import GREY, INSIDE, RGB, Shown
from ..settings import Look
from ..shading import EVEN_LIGHT, PHONG, PixelKind, shading_block
from ..triangles import split_at_seams, unique_edges
from . import library as c
from .library import Relief, Shading, Surface, Texture, aligned, the_library
from .samples import Samples

Matrix = NDArray[np.float64]

_MARGIN: Final = 16  # texels after each row, so that rows do not meet in the cache
_LINE_COLOUR: Final = (0.16, 0.2, 0.27)
_PLANES_BESIDE: Final = 2  # those of lines, and of no triangle
_LINES_NEARER: Final = 2e-4  # of the depth
_VALUES: Final[dict[Look, int]] = {"normal": c.COLOURED_NORMALS, "depth": c.DEPTH, "wireframe": c.CLAY}
_PHONG: Final = tuple(PHONG[name] for name in ("AMBIENT", "DIFFUSE", "SPECULAR", "SHININESS", "CAMERA"))
_KINDS: Final[dict[PixelKind, int]] = {"sh": c.SH, "studio": c.STUDIO, "value": c.VALUE, "phong": c.PHONG}


@dataclass(slots=True)
class Pass:
    """A head whose triangles are among the samples.

    planes : how many it has, with the one that no triangle has
    """

    head: Drawable
    surface: Surface
    planes: int
    kind: PixelKind
    reading: int

    def shading(self, shown: Shown, background: RGB | None, blend: int) -> Shading:
        """How its samples become pixels."""
        light = EVEN_LIGHT if shown.look == "albedo" else shown.light
        tint = GREY if shown.look == "studio" else self.head.tint
        rows = shading_block(self.kind, light, tint, INSIDE, background, shown.opacity, shown.place)
        shading = Shading(kind=_KINDS[self.kind], blend=blend, reading=self.reading)
        shading.rows[:] = rows.ravel().tolist()
        shading.phong[:] = _PHONG
        return shading


class _Planes:
    """Memory for planes, as the triangles of one picture have them.

    narrow: without places on the skin. inside: what a sample of an inside weighs. first: planes that other heads have
    """

    def __init__(self, memory: NDArray[np.float32], narrow: bool, inside: float, first: int) -> None:
        self.width = c.FLOATS_OF_NARROW_PLANE if narrow else c.FLOATS_OF_PLANE
        self.capacity = len(memory) // self.width
        self.rows = memory[: self.capacity * self.width].reshape(-1, self.width)
        self.narrow, self.inside, self.first = narrow, inside, first


class Drawable:
    """A triangle mesh of V vertices, drawn in any look; see `drawing.Device.drawable`."""

    def __init__(
        self,
        faces: NDArray[np.integer],
        uv: NDArray[np.floating] | None = None,
        uv_faces: NDArray[np.integer] | None = None,
        albedo: NDArray[np.floating] | None = None,
        caps: NDArray[np.integer] | None = None,
        tint: RGB = GREY,
        lining: NDArray[np.bool_] | None = None,
        wrinkled: bool = False,
        measured: bool = False,
    ) -> None:
        self._library = the_library()
        self.tint = tint
        self._measured = measured
        self._culled = caps is not None
        self._source: NDArray[np.int32] | None = None
        self._uv: NDArray[np.float32] | None = None
        self._skin: NDArray[np.uint8] | None = None
        self._relief: NDArray[np.float32] | None = None
        if (albedo is not None or wrinkled) and uv is not None and uv_faces is not None:
            source, self._uv, faces, caps = split_at_seams(faces, caps, uv, uv_faces)
            self._source = np.ascontiguousarray(source, np.int32)
            if albedo is not None:
                self.dress(albedo)
        self._faces = _rows(faces)
        self._lined: tuple[NDArray[np.int32], NDArray[np.int32]] | None = None
        if lining is not None and lining.any():
            self._lined = _rows(faces[~lining]), _rows(faces[lining])
        self._caps = _rows(np.zeros((0, 3), np.int32) if caps is None else caps)
        self._edges: NDArray[np.int32] | None = None
        count = int(faces.max(initial=-1)) + 1 if self._source is None else len(self._source)
        self._least = count if self._source is None else int(self._source.max(initial=-1)) + 1
        self._vertices = aligned((count, c.FLOATS_OF_VERTEX), np.float32)
        self._planes = aligned((len(self._faces) + len(self._caps) + _PLANES_BESIDE) * c.FLOATS_OF_PLANE, np.float32)

    @property
    def has_skin(self) -> bool:
        """Whether it has an albedo, which `dress` may change."""
        return self._skin is not None

    def dress(self, albedo: NDArray[np.floating]) -> None:
        """Take a new albedo (H, W, 3)."""
        colours = np.ascontiguousarray(albedo, np.float32)
        height, width = colours.shape[:2]
        if self._skin is None or self._skin.shape[:2] != (height + 2, width + 2 + _MARGIN):
            self._skin = aligned((height + 2, width + 2 + _MARGIN, 4), np.uint8)
        self._library.texture(colours.ctypes.data, height, width, self._skin.ctypes.data, self._skin.shape[1])

    def move(self, positions: NDArray[np.float32], normals: NDArray[np.float32]) -> None:
        """Take new (V, 3) positions and unit normals; they are read when the head is drawn."""
        if positions.shape != normals.shape or len(positions) < self._least or positions.shape[1:] != (3,):
            raise RenderError(f"a head of {self._least} vertices cannot have positions of shape {positions.shape}.")
        self._positions = np.ascontiguousarray(positions, np.float32)
        self._normals = np.ascontiguousarray(normals, np.float32)

    def lay(self, uv: NDArray[np.float32]) -> None:
        """Take new places on the albedo, (V, 2) for the vertices, of a head whose every vertex had one place."""
        self._uv = np.ascontiguousarray(uv[self._source], np.float32)

    def bend(self, height: NDArray[np.floating], mask: NDArray[np.floating] | None = None) -> None:
        """Take new wrinkles: heights (H, W) in metres along the normals, their first row at v = 1."""
        texels = relief_texels(height, mask)
        self._relief = np.ascontiguousarray(np.pad(texels, ((1, 1), (1, 1), (0, 0)), mode="edge"))

    def draw(self, samples: Samples, shown: Shown, to_picture: Matrix, first: int, alone: bool) -> Pass:
        """Put its triangles among the samples.

        to_picture : (4, 4) from clip space to subsamples. first: how many planes other heads have. alone: no others
        """
        matrix = to_picture @ np.asarray(shown.view.to_clip, np.float64)
        look = shown.look
        kind, textured = self._kind(look)
        wrinkled = shown.wrinkled and self._relief is not None and look in ("sh", "studio", "albedo")
        reading = c.WRINKLED if wrinkled else c.SINGLE if kind == "phong" else c.PLAIN
        perspective = matrix[3].tolist() != [0, 0, 0, 1]
        narrow = reading == c.PLAIN and not textured and not perspective
        inside = -1.0 if wrinkled or perspective else 1 / c.INSIDE_SHARE  # by its sign, or at once
        whole, depths = self._place(shown, matrix)
        if alone and whole:
            samples.pack(len(self._faces) + len(self._caps) + _PLANES_BESIDE, *depths)
        planes = _Planes(self._planes, narrow, inside, first)
        needed = self._fill(samples, look, planes)
        if needed > planes.capacity:
            self._planes = aligned(needed * c.FLOATS_OF_PLANE, np.float32)
            planes = _Planes(self._planes, narrow, inside, first)
            self._fill(samples, look, planes)
        surface = Surface(self._planes.ctypes.data, first, needed, perspective)
        if textured and self._skin is not None:
            height, width = self._skin.shape[0] - 2, self._skin.shape[1] - 2 - _MARGIN
            surface.skin = Texture(self._skin.ctypes.data, width, height, self._skin.shape[1])
        if wrinkled:
            surface.relief = self._relief_of(matrix, shown.view.to_light)
        return Pass(self, surface, needed, kind, reading)

    def _kind(self, look: Look) -> tuple[PixelKind, bool]:
        """How pixels are shaded, and whether with the skin."""
        if look in ("sh", "albedo"):
            return "sh", self.has_skin
        if look == "studio":
            return "studio", self._measured
        return ("phong" if look == "3dxtalker" else "value"), False

    def _place(self, shown: Shown, matrix: Matrix) -> tuple[bool, list[float]]:
        """Whether all of it can be seen, and then its nearest and farthest depth."""
        columns = np.ascontiguousarray(matrix.T, np.float32)
        to_light = np.ascontiguousarray(np.asarray(shown.view.to_light).T, np.float32)
        depths = np.empty(2, np.float32)
        whole = self._library.place(
            self._positions.ctypes.data,
            self._normals.ctypes.data,
            None if self._source is None else self._source.ctypes.data,
            None if self._uv is None else self._uv.ctypes.data,
            len(self._vertices),
            columns.ctypes.data,
            to_light.ctypes.data,
            _VALUES.get(shown.look, c.NORMALS),
            *shown.view.depth,
            self._vertices.ctypes.data,
            depths.ctypes.data,
        )
        return bool(whole), depths.tolist()

    def _fill(self, samples: Samples, look: Look, planes: _Planes) -> int:
        """How many planes there are, or would be if there were room for them."""
        bare = look == "3dxtalker"
        back = c.AS_OUTSIDE if bare else c.HIDDEN if self._culled else c.AS_INSIDE
        parts = [(self._faces, c.AS_OUTSIDE, back)]
        if look == "studio" and self._lined:
            parts = [(self._lined[0], c.AS_OUTSIDE, back), (self._lined[1], c.AS_INSIDE, c.HIDDEN)]
        used = 1
        planes.rows[0] = 0
        for faces, front, behind in parts:
            used = self._triangles(samples, faces, front, behind, planes, used)
        if look == "wireframe":
            used = self._lines(samples, planes, used)
        return self._triangles(samples, self._caps, c.AS_OUTSIDE, c.AS_OUTSIDE if bare else c.AS_INSIDE, planes, used)

    def _triangles(
        self, samples: Samples, faces: NDArray[np.int32], front: int, back: int, planes: _Planes, used: int
    ) -> int:
        return self._library.triangles(
            samples.film,
            self._vertices.ctypes.data,
            faces.ctypes.data,
            len(faces),
            front,
            back,
            planes.rows.ctypes.data,
            used,
            planes.capacity,
            planes.first,
            planes.narrow,
            planes.inside,
        )

    def _lines(self, samples: Samples, planes: _Planes, used: int) -> int:
        if self._edges is None:
            self._edges = unique_edges(self._faces)
        if used < planes.capacity:
            planes.rows[used] = 0
            planes.rows[used, 2 * planes.width // 3 :][:4] = (*_LINE_COLOUR, 1.0)
        edges = self._edges
        number = planes.first + used
        self._library.lines(
            samples.film, self._vertices.ctypes.data, edges.ctypes.data, len(edges), _LINES_NEARER, number
        )
        return used + 1

    def _relief_of(self, matrix: Matrix, to_light: NDArray[np.floating]) -> Relief:
        assert self._relief is not None
        height, width = self._relief.shape[0] - 2, self._relief.shape[1] - 2
        to_place = np.zeros((4, 4))
        to_place[:3] = to_light @ np.linalg.inv(matrix)[:3]
        to_place[:, :2] *= c.SUBSAMPLES  # what is drawn counts samples
        relief = Relief(self._relief.ctypes.data, width, height)
        relief.to_place[:] = to_place.T.ravel().tolist()
        return relief


def _rows(triangles: NDArray[np.integer]) -> NDArray[np.int32]:
    return np.ascontiguousarray(triangles, np.int32)
