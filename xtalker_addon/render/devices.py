"""Which device draws: a graphics card where there is one, else the rasteriser on the processor."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from typing import Final

from ..errors import MachineError
from .cpu.device import Cpu
from .cpu.library import find_library
from .drawing import Device
from .settings import DeviceName

# What the drivers of cards put there on Linux; dxg: where that runs within Windows.
_CARDS: Final = ("dri/renderD*", "nvidia[0-9]*", "dxg")
_DEVICES: Final = Path("/dev")


@cache
def choose_device(asked: DeviceName | None = None) -> Device:
    """The device that draws review videos in this process, outside Blender's own drawing.

    None: the graphics card where there is one that Blender reaches, else the rasteriser on the processor, else software
    that stands in for a card. Its name says where a card is there and is not used.
    Raises MachineError where the device cannot be had.
    """
    if asked == "cpu" or (asked is None and find_library() and not _may_have_card()):
        return Cpu()
    if not importlib.util.find_spec("bpy"):
        if asked is None and find_library():
            return Cpu(_unused("Blender as a Python module, bpy, is not installed"))
        raise MachineError(
            "drawing by the graphics card needs Blender, and bpy, Blender as a Python module, is not installed; "
            "install it with `pip install '.[blender]'` in XTalker's folder, or use --device cpu."
        )
    from .gpu.device import Gpu
    from .gpu.graphics import is_software, renderer_name

    if asked == "gpu":
        return Gpu()
    renderer = renderer_name()
    if (renderer and not is_software(renderer)) or not find_library():
        return Gpu()
    return Cpu(_unused(f"Blender would draw by {renderer}" if renderer else "no driver of EGL or Vulkan is installed"))


@cache
def device_in_blender() -> Device:
    """The device that draws scenes where Blender has a context of its driver bound: its viewports and renders.

    The rasteriser in place of a driver that draws on the processor too.
    """
    from .gpu.device import Gpu
    from .gpu.graphics import device_name, is_software

    return Cpu() if find_library() and is_software(device_name()) else Gpu()


def _unused(why: str) -> str:
    """What is said of cards that do not draw; nothing where there are none."""
    cards = ", ".join(map(str, _cards()))
    return f"the card {cards} is not used: {why}" if cards else ""


def _may_have_card() -> bool:
    """Asking Blender takes seconds; on Linux the system knows without it."""
    return not sys.platform.startswith("linux") or bool(_cards())


def _cards() -> list[Path]:
    return sorted(path for pattern in _CARDS for path in _DEVICES.glob(pattern))
