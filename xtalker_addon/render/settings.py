"""What is asked of a render and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from ..core.amounts import counted
from ..core.choices import refuse_unknown_choices
from ..core.evaluation.compare import Comparison
from ..core.motion.camera import CropMode
from ..core.sequence import IdentityMode, Sequence
from ..errors import RenderError

Engine = Literal["review", "workbench", "eevee", "cycles"]
Light = Literal["sh", "studio", "world", "lamps"]
Camera = Literal["fixed", "crop"]
Look = Literal["sh", "studio", "detail", "albedo", "normal", "depth", "wireframe", "3dxtalker"]
Backdrop = Literal["plain", "transparent", "reference"]
Output = Literal["h264", "prores", "ffv1", "png", "exr"]
Skin = Literal["mean", "per_frame"]
DeviceName = Literal["gpu", "cpu"]

AUTHORS_LOOK: Final = "3dxtalker"
VIDEO_SUFFIXES: Final[Mapping[str, str]] = {"h264": ".mp4", "prores": ".mov", "ffv1": ".mkv"}


@dataclass(frozen=True, slots=True)
class RenderSettings:
    """How to render a sequence.

    size   : width and height of the picture in pixels, of each panel where a layout has several; videos with 4:2:0
             chroma are padded to even sizes
    light  : sh: albedo x spherical-harmonics shading; studio: DECA's grey look; world, lamps: a skin in the light of
             a world, or of a key, a fill and an even light, made of the codes
    camera : fixed: steady framing of the whole clip; crop: the 224-pixel crop of each frame's camera code
    crop   : what a crop camera follows: the crop of each frame, smoothed between cuts, or the clip's median
    person : of the model's people, who shows the codes in place of the clip's own identity and skin; None: the clip's
    fps    : frames a second of the clip where the user says so; None: what the data say
    frames : first and last array index to render, both included; None for all
    samples: samples a pixel for Cycles and EEVEE; anti-aliasing
    texture : the texture space that the texture codes mean, in place of the model's own skin; None: the model's
    skin   : of the clip's mean texture code, or of each frame's
    detail : the checkpoint that decodes wrinkles from the detail codes (DECA's or EMOCA's); None: a smooth face
    subdivision : how often Blender divides the faces, for a rounder outline in large pictures; 0 to 3
    plate_opacity : of the reference image in front of the head, 0..1; None: it is not there (in a panel that shows
               both, half)

    backdrop : behind the head: the background colour, nothing, or the reference image where its crop lies
    output   : a video with sound, or a folder of pictures and their sound (see `video.writer.VideoWriter`)
    sheet    : also write a contact sheet of so many pictures (see `sheet_path`); 0: none
    threads  : that encoding may take, and playing back; 0: as many as ffmpeg likes

    Of the review engine alone:
    look     : what the surface shows; detail: studio with the wrinkles of `detail`; 3dxtalker: the picture of its
               authors' videos, with their framing on white (see `shaders.PHONG`); None: what `light` says
    layout   : single; compare: reference image, look and studio; angles: front, three-quarter and profile;
               inspect: look, studio, depth and wireframe; fit: reference image, the look over it, the look;
               wrinkles: studio and detail; versus: the truth, its predictions, and these coloured by their distance to
               it; or panels by their names with commas between (`panels.PANELS`)
    error_scale_mm : the distance at which those colours end
    device   : gpu: drawn by OpenGL, Vulkan or Metal; cpu: by the rasteriser on the processor; None: as
               `devices.choose_device` finds
    burn_in  : a strip with name, frame, timecode, jaw, sound level and waveform below the picture; None: where the
               layout has several panels

    Raises UsageError where a field has a word that its type does not name.
    """

    engine: Engine = "review"
    light: Light = "sh"
    camera: Camera = "fixed"
    size: tuple[int, int] = (512, 512)
    frames: tuple[int, int] | None = None
    samples: int = 4
    identity: IdentityMode = "mean"
    person: str | None = None
    background: tuple[float, float, float] = (0.93, 0.93, 0.92)
    allow_software: bool = False
    look: Look | None = None
    layout: str = "single"
    burn_in: bool | None = None
    backdrop: Backdrop = "plain"
    output: Output = "h264"
    sheet: int = 0
    crop: CropMode = "each"
    texture: Path | None = None
    skin: Skin = "mean"
    detail: Path | None = None
    plate_opacity: float | None = None
    error_scale_mm: float = 5.0
    subdivision: int = 0
    fps: float | None = None
    device: DeviceName | None = None
    threads: int = 0

    def __post_init__(self) -> None:
        refuse_unknown_choices(self)


@dataclass(frozen=True, slots=True)
class RenderResult:
    """One finished video, or folder of pictures.

    path     : the video or the folder, complete
    frames   : pictures in it
    seconds  : what it took
    renderer : the program or graphics driver that drew it
    warnings : sentences for the user
    comparisons : prediction -> what it comes to, in the layout versus
    """

    path: Path
    frames: int
    seconds: float
    renderer: str
    warnings: tuple[str, ...] = field(default=())
    comparisons: Mapping[str, Comparison] = field(default_factory=dict[str, Comparison])


def name_of_output(path: Path, output: Output) -> str:
    """What a video is called without its suffix; a folder of pictures, which has none, may have a dot in its name."""
    return path.name.removesuffix(VIDEO_SUFFIXES.get(output, ""))


def sheet_path(path: Path, output: Output) -> Path:
    """Where the contact sheet of a video or folder lies: beside it, as a .png of its name."""
    return path.with_name(f"{name_of_output(path, output)}.png")


def frame_range(sequence: Sequence, settings: RenderSettings) -> tuple[int, int]:
    """First and last array index that are asked for, within the sequence. Raises RenderError where there is none."""
    first, last = settings.frames or (0, sequence.frames - 1)
    if first >= sequence.frames:
        raise RenderError(
            f"{sequence.source}: has {counted(sequence.frames, 'frame')} (0 to {sequence.frames - 1}) and {first} to "
            f"{last} were asked for; choose other frames."
        )
    return first, min(last, sequence.frames - 1)
