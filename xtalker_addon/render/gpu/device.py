"""The graphics card, or what stands in for one, as a device of the review engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import gpu
import numpy as np
from numpy.typing import NDArray

from ...core.model.normals import VertexNormals
from .canvas import Canvas, image_texture
from .drawable import Drawable
from .graphics import device_name, with_graphics

T = TypeVar("T")


class Gpu:
    """Blender's module `gpu`, by OpenGL, Vulkan or Metal; a `drawing.Device`."""

    drawable = Drawable
    canvas = Canvas
    normals = VertexNormals
    encoding_threads = 0

    def run(self, work: Callable[[], T]) -> T:
        """See `with_graphics`."""
        return with_graphics(work)

    def name(self) -> str:
        """The driver's name and the interface."""
        return device_name()

    def picture(self, rgb: NDArray[np.floating]) -> gpu.types.GPUTexture:
        """A texture."""
        return image_texture(rgb)
