"""Where the review engine draws: samples, the picture that they make, and its way back to memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import gpu
import numpy as np
from numpy.typing import NDArray

from ..errors import RenderError
from .shaders import PixelKind, fill_shader, image_shader, nv12_shader, pixel_shader

_IN_FLIGHT: Final = 2  # pictures whose bytes are fetched while later ones are drawn


@dataclass(frozen=True, slots=True)
class Rect:
    """Pixels of a picture: left and top edge, width and height."""

    x: int
    y: int
    width: int
    height: int


class Canvas:
    """A picture of (width, height) pixels, each with 2x2 samples.

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
        fine = (2 * self.row_width, 2 * self.rows)
        self._samples = gpu.types.GPUTexture(fine, format="RGBA8")
        self._albedo: gpu.types.GPUTexture | None = None
        self._depth = gpu.types.GPUTexture(fine, format="DEPTH_COMPONENT32F")
        self._surfaces = gpu.types.GPUFrameBuffer(depth_slot=self._depth, color_slots=(self._samples,))
        self._textured_surfaces = self._surfaces
        self._colour = gpu.types.GPUTexture((self.row_width, self.rows), format="RGBA8")
        self._picture = gpu.types.GPUFrameBuffer(color_slots=(self._colour,))
        # A framebuffer does not keep its textures alive, so both are held.
        self._planes: deque[tuple[gpu.types.GPUFrameBuffer, gpu.types.GPUTexture]] = deque()
        self._pending: deque[tuple[gpu.types.GPUFrameBuffer, gpu.types.GPUTexture]] = deque()
        self._triangle = flat_batch(np.array([(-1, -1), (3, -1), (-1, 3)], np.float32))

    @contextmanager
    def surfaces(self, rect: Rect, with_albedo: bool = False) -> Iterator[None]:
        """Draw surfaces into the samples of `rect`, cleared before; clip y points up."""
        if with_albedo and self._albedo is None:
            self._albedo = gpu.types.GPUTexture((2 * self.row_width, 2 * self.rows), format="RGBA8")
            self._textured_surfaces = gpu.types.GPUFrameBuffer(
                depth_slot=self._depth, color_slots=(self._samples, self._albedo)
            )
        target = self._textured_surfaces if with_albedo else self._surfaces
        area = (2 * rect.x, 2 * (self.rows - rect.y - rect.height), 2 * rect.width, 2 * rect.height)
        with target.bind():
            target.viewport_set(*area)
            gpu.state.scissor_test_set(True)
            gpu.state.scissor_set(*area)
            target.clear(color=(0.0, 0.0, 0.0, 0.0), depth=1.0)
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

    def clear(self, colour: tuple[float, float, float] | None) -> None:
        """Fill the picture, and what lies beyond it, with a colour; None: with nothing."""
        with self.picture() as target:
            target.clear(color=(0.0, 0.0, 0.0, 0.0) if colour is None else (*colour, 1.0))

    def resolve(self, rect: Rect, kind: PixelKind, shading: gpu.types.GPUUniformBuf, blend: bool = False) -> None:
        """Turn the samples of `rect` into pixels; `blend`: over what is there."""
        shader = pixel_shader(kind)
        with self.picture() as target:
            target.viewport_set(rect.x, rect.y, rect.width, rect.height)
            gpu.state.blend_set("ALPHA" if blend else "NONE")
            shader.bind()
            shader.uniform_sampler("samples", self._samples)
            if kind == "sh_albedo":
                shader.uniform_sampler("albedo", self._albedo)
            shader.uniform_block("light", shading)
            shader.uniform_int("height", self.rows)
            self._triangle.draw(shader)

    def image(self, rect: Rect, image: gpu.types.GPUTexture) -> None:
        """Stretch an image, its first row on top, over `rect`."""
        shader = image_shader()
        with self.picture() as target:
            target.viewport_set(rect.x, rect.y, rect.width, rect.height)
            shader.bind()
            shader.uniform_sampler("image", image)
            shader.uniform_float("corner", (rect.x, rect.y, rect.width, rect.height))
            self._triangle.draw(shader)

    def fill(self, rect: Rect, colour: tuple[float, float, float, float]) -> None:
        """Blend one colour over `rect`."""
        self.shape(self._triangle, rect, colour)

    def shape(
        self, batch: gpu.types.GPUBatch, rect: Rect, colour: tuple[float, float, float, float], part: float = 1.0
    ) -> None:
        """Blend a flat shape (see `flat_batch`) over `rect`, of which only the left `part` is touched."""
        shader = fill_shader()
        with self.picture() as target:
            target.viewport_set(rect.x, rect.y, rect.width, rect.height)
            gpu.state.scissor_test_set(True)
            gpu.state.scissor_set(rect.x, rect.y, max(0, round(rect.width * part)), rect.height)
            gpu.state.blend_set("ALPHA")
            shader.bind()
            shader.uniform_float("fill", colour)
            batch.draw(shader)

    def rgba(self) -> NDArray[np.uint8]:
        """The picture (height, width, 4), first row on top; straight alpha."""
        with self._picture.bind():
            pixels = self._picture.read_color(0, 0, self.row_width, self.rows, 4, 0, "UBYTE")
        return _bytes(pixels).reshape(self.rows, self.row_width, 4)[: self.height, : self.width]

    def begin_nv12(self) -> None:
        """Start turning the picture into NV12; `fetch_nv12` takes it later, while other pictures are drawn."""
        if not self._planes:
            texture = gpu.types.GPUTexture((self.row_width // 4, self.rows * 3 // 2), format="RGBA8")
            self._planes.append((gpu.types.GPUFrameBuffer(color_slots=(texture,)), texture))
        target = self._planes.pop()
        shader = nv12_shader()
        with target[0].bind():
            _plain_state()
            shader.bind()
            shader.uniform_sampler("picture", self._colour)
            shader.uniform_int("height", self.rows)
            self._triangle.draw(shader)
        self._pending.append(target)

    def fetch_nv12(self, last: bool = False) -> Iterator[NDArray[np.uint8]]:
        """Bytes of pictures of row_width x rows that are ready; with `last`, of all that were begun."""
        while len(self._pending) > (0 if last else _IN_FLIGHT):
            target = self._pending.popleft()
            with target[0].bind():
                pixels = target[0].read_color(0, 0, self.row_width // 4, self.rows * 3 // 2, 4, 0, "UBYTE")
            self._planes.append(target)
            yield _bytes(pixels)


def flat_batch(triangles: NDArray[np.float32]) -> gpu.types.GPUBatch:
    """A shape of (3 n, 2) clip coordinates."""
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
    data = gpu.types.Buffer("FLOAT", pixels.size, pixels.ravel())
    return gpu.types.GPUTexture((width, height), format="RGBA8", data=data)


def _plain_state() -> None:
    gpu.state.scissor_test_set(False)
    gpu.state.blend_set("NONE")
    gpu.state.depth_test_set("NONE")
    gpu.state.depth_mask_set(False)
    gpu.state.face_culling_set("NONE")


def _bytes(pixels: Any) -> NDArray[np.uint8]:
    return np.frombuffer(memoryview(pixels), np.uint8)
