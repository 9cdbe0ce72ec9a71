"""The rasteriser on the processor as a device of the review engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .canvas import Canvas, Picture
from .drawable import Drawable
from .library import device_name, the_library
from .normals import Normals

T = TypeVar("T")


class Cpu:
    """The rasteriser; a `drawing.Device`. Raises MachineError where none is built for this machine.

    remark : what is to be said of it, beside its name
    """

    drawable = Drawable
    canvas = Canvas
    picture = Picture
    normals = Normals
    encoding_threads = 1  # more would take from drawing, and cost a third more

    def __init__(self, remark: str = "") -> None:
        the_library()
        self._remark = remark

    def run(self, work: Callable[[], T]) -> T:
        """It can draw anywhere."""
        return work()

    def name(self) -> str:
        """The rasteriser's name, and the remark."""
        return f"{device_name()} ({self._remark})" if self._remark else device_name()
