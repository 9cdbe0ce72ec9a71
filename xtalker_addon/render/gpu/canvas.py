"""Where the review engine draws: samples, the picture that they make, and its way back to memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import blf
import gpu
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from ...errors import RenderError
from ..drawing import RGB, RGBA, Blend, Rect, Shown, Text, touching
from ..drawing import Canvas as AnyCanvas
from ..shading import PixelKind
from .shaders import TEXTURED, WITH_PLACES, fill_shader, image_shader, linear_shader, nv12_shader, pixel_shader

_EVERYWHERE: Final = np.array([(-1, -1), (3, -1), (-1, 3)], np.float32)  # clip coordinates of one triangle
_STEP: Final = 32  # samples grow by as many pixels, so that they seldom do
_IN_FLIGHT: Final = 2  # pictures whose bytes are fetched while later ones are drawn


class Samples:
    """2x2 samples for each pixel of some part of a picture, up to (width, height) pixels."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = (-(-size // _STEP) * _STEP for size in (width, height))
        self.values = self._texture("RGBA8")
        self._depth = self._texture("DEPTH_COMPONENT32F")
        self._target = gpu.types.GPUFrameBuffer(depth_slot=self._depth, color_slots=(self.values,))
        self.places: gpu.types.GPUTexture | None = None
        self._target_with_places = self._target

    def hold(self, part: Rect) -> bool:
        """Whether there are samples for all pixels of `part`."""
        return part.width <= self.width and part.height <= self.height

    def target(self, with_places: bool) -> gpu.types.GPUFrameBuffer:
        """Where surfaces are drawn: their values and, if asked for, their places on the skin."""
        if with_places and self.places is None:
            self.places = self._texture("RG16")
            self._target_with_places = gpu.types.GPUFrameBuffer(
                depth_slot=self._depth, color_slots=(self.values, self.places)
            )
        return self._target_with_places if with_places else self._target

    def _texture(self, kind: str) -> gpu.types.GPUTexture:
        return gpu.types.GPUTexture((2 * self.width, 2 * self.height), format=kind)


class Canvas:
    """A picture of (width, height) pixels.

    Textures are `row_width` wide, a multiple of 4, and `rows` high, a multiple of 2; what lies beyond the picture is
    background. Must be made, used and dropped where there is a graphics context.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.row_width, self.rows = -(-width // 4) * 4, -(-height // 2) * 2
        largest = gpu.capabilities.max_texture_size_get()
        if 2 * max(self.row_width, self.rows) > largest:
            raise RenderError(
                f"a picture of {width} x {height} is too large for this graphics driver; choose at most {largest // 2}."
            )
        self._samples = Samples(1, 1)
        self._colour = gpu.types.GPUTexture((self.row_width, self.rows), format="RGBA8")
        self._picture = gpu.types.GPUFrameBuffer(color_slots=(self._colour,))
        # A framebuffer does not keep its textures alive, so both are held.
        self._planes: deque[tuple[gpu.types.GPUFrameBuffer, gpu.types.GPUTexture]] = deque()
        self._pending: deque[tuple[gpu.types.GPUFrameBuffer, gpu.types.GPUTexture]] = deque()
        self._triangle = _flat_batch(_EVERYWHERE)

    @contextmanager
    def surfaces(self, rect: Rect, part: Rect, with_places: bool = False, keep_depth: bool = False) -> Iterator[None]:
        """Draw surfaces into the samples of `rect`; clip y points up. Only `part` has samples, cleared before.

        keep_depth : behind what was drawn before, whose values are cleared and whose depth is not
        """
        if not self._samples.hold(part):
            self._samples = Samples(max(part.width, self._samples.width), max(part.height, self._samples.height))
        below = part.y + part.height - rect.y - rect.height
        target = self._samples.target(with_places)
        with target.bind():
            # All is cleared, not a part: only that is free of work for each sample in software drivers.
            target.clear(color=(0.0, 0.0, 0.0, 0.0), **({} if keep_depth else {"depth": 1.0}))
            gpu.state.viewport_set(*_box(Rect(rect.x - part.x, below, rect.width, rect.height).scaled(2)))
            gpu.state.depth_test_set("LESS_EQUAL")
            gpu.state.depth_mask_set(True)
            yield
            _plain_state()

    @contextmanager
    def picture(self) -> Iterator[gpu.types.GPUFrameBuffer]:
        """Draw on the picture; clip y points down."""
        with self._picture.bind():
            _plain_state()
            yield self._picture
            _plain_state()

    def draw_head(
        self,
        rect: Rect,
        part: Rect,
        shown: Shown,
        background: RGB | None,
        blend: Blend = "NONE",
        keep_depth: bool = False,
    ) -> None:
        """Draw one head in `rect`, of which only `part` is touched. background: None for premultiplied alpha."""
        surface, pixel = shown.head.passes(shown.look, shown.wrinkled)
        with self.surfaces(rect, part, surface in WITH_PLACES, keep_depth):
            shown.head.draw_surface(shown.look, shown.view, shown.wrinkled)
        shading = shown.head.shading(shown.look, shown.light, background, shown.opacity, shown.place)
        self.resolve(part, pixel, shading, shown.head.albedo, blend)

    def draw_heads(self, rect: Rect, heads: list[tuple[Shown, Rect]]) -> None:
        """Draw heads, each with the part of `rect` that it may touch, where nothing is yet; premultiplied alpha.

        Where parts overlap, heads may hide each other: the depth of all comes first; then each is drawn alone, behind
        that depth, and the parts are added up.
        """
        for part, group in touching(heads):
            if len(group) > 1:
                with self.surfaces(rect, part):
                    for shown in group:
                        # The look does not matter here, but the same shader gives the same depth.
                        shown.head.draw_surface("normal", shown.view)
            for shown in group:
                self.draw_head(rect, part, shown, None, "ADDITIVE_PREMULT", keep_depth=len(group) > 1)

    def clear(self, colour: RGB | None) -> None:
        """Fill the picture, and what lies beyond it, with a colour; None: with nothing."""
        with self.picture() as target:
            target.clear(color=(0.0, 0.0, 0.0, 0.0) if colour is None else (*colour, 1.0))

    def resolve(
        self,
        part: Rect,
        kind: PixelKind,
        shading: gpu.types.GPUUniformBuf,
        albedo: gpu.types.GPUTexture | None,
        blend: Blend = "NONE",
    ) -> None:
        """Turn the samples of `part` into pixels. albedo: of a skin whose places were drawn."""
        shader = pixel_shader(kind)
        with self.picture():
            gpu.state.viewport_set(*_box(part))
            gpu.state.blend_set(blend)
            shader.bind()
            shader.uniform_sampler("samples", self._samples.values)
            if kind in TEXTURED:
                shader.uniform_sampler("places", self._samples.places)
                shader.uniform_sampler("albedo", albedo)
            shader.uniform_block("shading", shading)
            shader.uniform_int("corner", (part.x, part.y + part.height - 1))
            self._triangle.draw(shader)

    def image(self, rect: Rect, image: gpu.types.GPUTexture, part: Rect) -> None:
        """Stretch an image, its first row on top, over `rect`, of which only what is in `part` is touched."""
        shader = image_shader()
        with self.picture():
            gpu.state.viewport_set(*_box(rect.within(part)))
            shader.bind()
            shader.uniform_sampler("image", image)
            shader.uniform_float("corner", (rect.x, rect.y, rect.width, rect.height))
            self._triangle.draw(shader)

    def fill(self, rect: Rect, colour: RGBA) -> None:
        """Blend one colour over `rect`."""
        self.shape(self._triangle, rect, colour)

    def flat(self, triangles: NDArray[np.float32]) -> gpu.types.GPUBatch:
        """A flat shape of (3 n, 2) clip coordinates."""
        return _flat_batch(triangles)

    def shape(self, flat: gpu.types.GPUBatch, rect: Rect, colour: RGBA, part: float = 1.0) -> None:
        """Blend a shape of `flat` over `rect`, of which only the left `part` is touched."""
        shader = fill_shader()
        with self.picture():
            gpu.state.viewport_set(*_box(rect))
            _limit_to(Rect(rect.x, rect.y, round(rect.width * part), rect.height))
            gpu.state.blend_set("ALPHA")
            shader.bind()
            shader.uniform_float("fill", colour)
            flat.draw(shader)

    def write(self, lines: list[Text]) -> None:
        """Lines of text."""
        with self.picture(), gpu.matrix.push_pop(), gpu.matrix.push_pop_projection():
            gpu.state.viewport_set(0, 0, self.row_width, self.rows)
            gpu.state.blend_set("ALPHA")
            gpu.matrix.load_matrix(Matrix.Identity(4))
            # blf's y points up, the picture's down.
            x, y = 2 / self.row_width, 2 / self.rows
            gpu.matrix.load_projection_matrix(Matrix(((x, 0, 0, -1), (0, -y, 0, 1), (0, 0, -1, 0), (0, 0, 0, 1))))
            for left, baseline, size, colour, text in lines:
                blf.size(0, size)
                blf.color(0, *colour)
                blf.position(0, round(left), round(self.rows - baseline), 0)
                blf.draw(0, text)

    def rgba(self) -> NDArray[np.uint8]:
        """The picture (height, width, 4), first row on top; premultiplied alpha."""
        with self._picture.bind():
            pixels = self._picture.read_color(0, 0, self.row_width, self.rows, 4, 0, "UBYTE")
        return _bytes(pixels).reshape(self.rows, self.row_width, 4)[: self.height, : self.width]

    @property
    def texture(self) -> gpu.types.GPUTexture:
        """The picture, with what lies beyond it."""
        return self._colour

    def begin_nv12(self, changed: tuple[Rect, ...]) -> None:
        """Start turning the picture into NV12; `fetch_nv12` takes it later, while other pictures are drawn.

        changed : what may differ from the picture of any earlier call
        """
        if not self._planes:
            texture = gpu.types.GPUTexture((self.row_width // 4, self.rows * 3 // 2), format="RGBA8")
            self._planes.append((gpu.types.GPUFrameBuffer(color_slots=(texture,)), texture))
            changed = (Rect(0, 0, self.row_width, self.rows),)
        target = self._planes.pop()
        shader = nv12_shader()
        with target[0].bind():
            _plain_state()
            shader.bind()
            shader.uniform_sampler("picture", self._colour)
            shader.uniform_int("height", self.rows)
            for rect in changed:
                left, right = rect.x // 4, -(-(rect.x + rect.width) // 4)
                upper, lower = rect.y // 2, -(-(rect.y + rect.height) // 2)
                for start, rows in ((2 * upper, 2 * (lower - upper)), (self.rows + upper, lower - upper)):
                    _limit_to(Rect(left, start, right - left, rows))
                    self._triangle.draw(shader)
            _plain_state()
        self._pending.append(target)

    def fetch_nv12(self, last: bool = False) -> Iterator[NDArray[np.uint8]]:
        """Bytes of pictures of row_width x rows that are ready; with `last`, of all that were begun."""
        while len(self._pending) > (0 if last else _IN_FLIGHT):
            target = self._pending.popleft()
            with target[0].bind():
                pixels = target[0].read_color(0, 0, self.row_width // 4, self.rows * 3 // 2, 4, 0, "UBYTE")
            self._planes.append(target)
            yield _bytes(pixels)


def show(canvas: AnyCanvas, corner: tuple[int, int], background: RGB | None) -> None:
    """Blend any device's picture and what is behind it over the bound framebuffer, in linear values, first row on top.

    corner : the framebuffer's pixel for the lower left one
    """
    texture = (
        canvas.texture if isinstance(canvas, Canvas) else _texture(np.divide(canvas.rgba(), 255, dtype=np.float32))
    )
    shader = linear_shader()
    gpu.state.blend_set("ALPHA_PREMULT")
    shader.bind()
    shader.uniform_sampler("picture", texture)
    shader.uniform_int("height", canvas.height)
    shader.uniform_float("corner", corner)
    shader.uniform_float("ground", (0.0, 0.0, 0.0, 0.0) if background is None else (*background, 1.0))
    _flat_batch(_EVERYWHERE).draw(shader)
    gpu.state.blend_set("NONE")


def _flat_batch(triangles: NDArray[np.float32]) -> gpu.types.GPUBatch:
    layout = gpu.types.GPUVertFormat()
    layout.attr_add(id="position", comp_type="F32", len=2, fetch_mode="FLOAT")
    corners = gpu.types.GPUVertBuf(layout, len(triangles))
    corners.attr_fill("position", np.ascontiguousarray(triangles, np.float32))
    return gpu.types.GPUBatch(type="TRIS", buf=corners)


def image_texture(rgb: NDArray[np.floating]) -> gpu.types.GPUTexture:
    """A texture of an (H, W, 3) image of 0..1, its first row first."""
    height, width = rgb.shape[:2]
    pixels = np.ones((height, width, 4), np.float32)
    pixels[..., :3] = rgb
    return _texture(pixels)


def _texture(pixels: NDArray[np.float32]) -> gpu.types.GPUTexture:
    """Of (H, W, 4) values 0..1, its first row first."""
    height, width = pixels.shape[:2]
    data = gpu.types.Buffer("FLOAT", pixels.size, pixels.ravel())
    return gpu.types.GPUTexture((width, height), format="RGBA8", data=data)


def _box(rect: Rect) -> tuple[int, int, int, int]:
    return rect.x, rect.y, rect.width, rect.height


def _limit_to(rect: Rect) -> None:
    gpu.state.scissor_test_set(True)
    gpu.state.scissor_set(*_box(rect))


def _plain_state() -> None:
    gpu.state.scissor_test_set(False)
    gpu.state.blend_set("NONE")
    gpu.state.depth_test_set("NONE")
    gpu.state.depth_mask_set(False)
    gpu.state.face_culling_set("NONE")


def _bytes(pixels: Any) -> NDArray[np.uint8]:
    pixels.dimensions = int(np.prod(pixels.dimensions))  # Blender 4.5 lends only flat buffers as contiguous memory
    return np.frombuffer(memoryview(pixels), np.uint8)
