"""Between what is to be seen and who draws it.

`review` and `scene` say what a picture shows, in the words of this module alone. A device draws it: `gpu` by the
graphics driver, `cpu` by a rasteriser of our own. A third way to draw is one more `Device`, and a line in `devices`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..core.light.spherical_harmonics import STUDIO_ALBEDO
from ..core.motion.rotation import Floats
from .settings import Look

T = TypeVar("T")
NormalsOf = Callable[[Floats], NDArray[np.float32]]  # of vertices (..., V, 3)
RGB = tuple[float, float, float]
RGBA = tuple[float, float, float, float]
Text = tuple[float, float, float, RGBA, str]  # left edge, baseline from the top, size in pixels, colour
# NONE: in place of what is there; ALPHA_PREMULT: over it; ADDITIVE_PREMULT: beside it.
Blend = Literal["NONE", "ALPHA_PREMULT", "ADDITIVE_PREMULT"]

GREY: Final[RGB] = (STUDIO_ALBEDO, STUDIO_ALBEDO, STUDIO_ALBEDO)
# What shows through the open mouth is the inside of the back of the head: nearly black, a little warm.
INSIDE: Final[RGB] = (0.09, 0.05, 0.045)


@dataclass(frozen=True, slots=True)
class Rect:
    """Pixels of a picture: left and top edge, width and height."""

    x: int
    y: int
    width: int
    height: int

    def scaled(self, factor: int) -> Rect:
        """The same part of a picture that is `factor` times as large."""
        return Rect(self.x * factor, self.y * factor, self.width * factor, self.height * factor)

    def overlaps(self, other: Rect) -> bool:
        """Whether the two share a pixel."""
        across = self.x < other.x + other.width and other.x < self.x + self.width
        return across and self.y < other.y + other.height and other.y < self.y + self.height

    def around(self, other: Rect) -> Rect:
        """The smallest rectangle that holds both."""
        x, y = min(self.x, other.x), min(self.y, other.y)
        right = max(self.x + self.width, other.x + other.width)
        lower = max(self.y + self.height, other.y + other.height)
        return Rect(x, y, right - x, lower - y)

    def spanned(self, low: NDArray[np.floating], high: NDArray[np.floating]) -> Rect:
        """The pixels from `low` to `high` (x, y), shares of this rectangle with y up, and one around; within it."""
        left, upper = max(0, int(low[0] * self.width) - 1), max(0, int((1 - high[1]) * self.height) - 1)
        right = min(self.width, int(np.ceil(high[0] * self.width)) + 1)
        lower = min(self.height, int(np.ceil((1 - low[1]) * self.height)) + 1)
        return Rect(self.x + left, self.y + upper, right - left, lower - upper)

    def within(self, other: Rect) -> Rect:
        """The part that is in both; without width or height where there is none."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        right = min(self.x + self.width, other.x + other.width)
        lower = min(self.y + self.height, other.y + other.height)
        return Rect(x, y, max(0, right - x), max(0, lower - y))


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


class Drawable(Protocol):
    """A triangle mesh of V vertices that one device holds, drawn in any look; see `Device.drawable`."""

    @property
    def has_skin(self) -> bool:
        """Whether it has an albedo, which `dress` may change."""
        ...

    def move(self, positions: NDArray[np.float32], normals: NDArray[np.float32]) -> None:
        """Take new (V, 3) positions and unit normals."""

    def dress(self, albedo: NDArray[np.floating]) -> None:
        """Take a new albedo (H, W, 3)."""

    def lay(self, uv: NDArray[np.float32]) -> None:
        """Take new places on the albedo, (V, 2) for the vertices, of a head whose every vertex had one place."""

    def bend(self, height: NDArray[np.floating], mask: NDArray[np.floating] | None = None) -> None:
        """Take new wrinkles: heights (H, W) in metres along the normals, their first row at v = 1.

        mask : (H, W), 1 where normals are bent and 0 where they stay; None: all are bent
        """


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A head as it is to be seen.

    light    : (9, 3), for the SH look
    wrinkled : with bent normals where it has any, in the looks that shade
    opacity  : from 0 to 1, over what is there
    place    : for the look 3dxtalker; see `shading.shading_block`
    """

    head: Any  # a Drawable of the canvas's own device
    look: Look
    view: View
    light: NDArray[np.floating] | None
    wrinkled: bool = False
    opacity: float = 1.0
    place: tuple[float, float, float] = (0.0, 0.0, 0.0)


def touching(heads: list[tuple[Shown, Rect]]) -> list[tuple[Rect, list[Shown]]]:
    """Heads that may touch, together, with the part of the picture that is theirs alone."""
    found: list[tuple[Rect, list[Shown]]] = []
    for shown, part in heads:
        members = [shown]
        while touched := next((group for group in found if group[0].overlaps(part)), None):
            found.remove(touched)
            part, members = part.around(touched[0]), touched[1] + members
        found.append((part, members))
    return found


class Picture(Protocol):
    """An image that one device holds."""

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...


class Canvas(Protocol):
    """A picture of (width, height) pixels that is drawn on; display values, premultiplied alpha.

    In memory, rows are `row_width` pixels long, a multiple of 4, and there are `rows` of them, a multiple of 2; what
    lies beyond the picture is background.
    """

    width: int
    height: int
    row_width: int
    rows: int

    def clear(self, colour: RGB | None) -> None:
        """Fill the picture, and what lies beyond it, with a colour; None: with nothing."""

    def fill(self, rect: Rect, colour: RGBA) -> None:
        """Blend one colour over `rect`."""

    def flat(self, triangles: NDArray[np.float32]) -> Any:
        """A flat shape of (3 n, 2) clip coordinates, y down, for `shape`."""

    def shape(self, flat: Any, rect: Rect, colour: RGBA, part: float = 1.0) -> None:
        """Blend a shape over `rect`, of which only the left `part` is touched."""

    def image(self, rect: Rect, image: Any, part: Rect) -> None:
        """Stretch a Picture, its first row on top, over `rect`, of which only what is in `part` is touched."""

    def write(self, lines: list[Text]) -> None:
        """Lines of text."""

    def draw_head(self, rect: Rect, part: Rect, shown: Shown, background: RGB | None, blend: Blend = "NONE") -> None:
        """Draw one head in `rect`, of which only `part` is touched. background: None for premultiplied alpha."""

    def draw_heads(self, rect: Rect, heads: list[tuple[Shown, Rect]]) -> None:
        """Draw heads that may hide each other, each with the part of `rect` that it may touch, where nothing is yet."""

    def rgba(self) -> NDArray[np.uint8]:
        """The picture (height, width, 4), first row on top; premultiplied alpha."""
        ...

    def begin_nv12(self, changed: tuple[Rect, ...]) -> None:
        """Start turning the picture into NV12; `fetch_nv12` takes it later, while other pictures are drawn.

        changed : what may differ from the picture of any earlier call
        """

    def fetch_nv12(self, last: bool = False) -> Iterator[NDArray[np.uint8]]:
        """Bytes of pictures of row_width x rows that are ready; with `last`, of all that were begun."""
        ...


class Device(Protocol):
    """Who draws.

    encoding_threads : of H.264's encoder that keep up with it; 0: as many as it may have
    """

    encoding_threads: int

    def run(self, work: Callable[[], T]) -> T:
        """The result of `work`, called where canvases can be made and drawn on. Raises MachineError where none can."""
        ...

    def name(self) -> str:
        """What draws, for people; to be called by the work of `run`."""
        ...

    def canvas(self, width: int, height: int) -> Canvas:
        """Raises RenderError where it cannot be so large."""
        ...

    def picture(self, rgb: NDArray[np.floating]) -> Picture:
        """Of an (H, W, 3) image of 0..1, its first row first."""
        ...

    def normals(self, faces: NDArray[np.integer], vertex_count: int) -> NormalsOf:
        """What gives vertex normals as `core.model.normals.VertexNormals` does."""
        ...

    def drawable(
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
    ) -> Drawable:
        """A head.

        faces        : (F, 3) counter-clockwise seen from outside
        uv, uv_faces : (U, 2) with v up and (F, 3), or None
        albedo       : (H, W, 3) display values 0..1 with the first row at v = 1, or None for `tint`
        caps         : triangles that close its holes (see `triangles.close_holes`), so that insides need not be drawn;
                       None: they are
        tint         : display values of the whole surface where there is no albedo
        lining       : (F,) faces behind the lips that the studio look shows as dark as an inside; None: none
        wrinkled     : `bend` may be called; needs UVs
        measured     : the studio look shows the albedo too, as a scale of colours on which `lay` places the vertices
        """
        ...
