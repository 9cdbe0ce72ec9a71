"""What is asked of a render and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ..core.sequence import IdentityMode

Engine = Literal["review", "workbench", "eevee", "cycles"]
Light = Literal["sh", "studio", "world"]
Camera = Literal["fixed", "crop"]


@dataclass(frozen=True, slots=True)
class RenderSettings:
    """How to render a sequence.

    size   : width and height of the picture in pixels; videos with 4:2:0 chroma are padded to even sizes
    light  : sh: albedo x spherical-harmonics shading; studio: DECA's grey look; world: Blender's own lighting
    camera : fixed: steady framing of the whole clip; crop: the 224-pixel crop of each frame's camera code
    frames : first and last array index to render, both included; None for all
    samples: samples a pixel for Cycles and EEVEE; anti-aliasing
    """

    engine: Engine = "cycles"
    light: Light = "sh"
    camera: Camera = "fixed"
    size: tuple[int, int] = (512, 512)
    frames: tuple[int, int] | None = None
    samples: int = 4
    identity: IdentityMode = "mean"
    background: tuple[float, float, float] = (0.93, 0.93, 0.92)
    allow_software: bool = False


@dataclass(frozen=True, slots=True)
class RenderResult:
    """One finished video.

    path     : the video, complete
    frames   : pictures in it
    seconds  : what it took
    renderer : the program or graphics driver that drew it
    warnings : sentences for the user
    """

    path: Path
    frames: int
    seconds: float
    renderer: str
    warnings: tuple[str, ...] = field(default=())
