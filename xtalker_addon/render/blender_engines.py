"""Cycles, EEVEE and Workbench: the head is imported into an empty file and rendered frame by frame into the encoder."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ..blender import compat
from ..blender.evaluated import vertices_in_flame_axes
from ..blender.importer import ImportOptions, ImportResult, import_sequence
from ..blender.material import Look
from ..core.flame import FlameModel
from ..core.lighting import STUDIO_ALBEDO, sh_shading, studio_shading
from ..core.normals import vertex_normals
from ..core.sequence import Sequence
from ..errors import MachineError
from .encode import VideoWriter
from .graphics import is_software, renderer_name
from .settings import Light, RenderResult, RenderSettings, frame_range

_LOOKS: Final[dict[Light, Look]] = {"sh": "SH", "studio": "STUDIO", "world": "SCENE"}
_TARGA_HEADER: Final = 18  # bytes before the pixels of an uncompressed Targa file


def render(sequence: Sequence, model: FlameModel, settings: RenderSettings, out: Path) -> RenderResult:
    """See `render_sequence`."""
    started = time.perf_counter()
    first, last = frame_range(sequence, settings)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = settings.size
    renderer = _choose_engine(scene, settings)
    options = ImportOptions(
        identity=settings.identity,
        start_frame=0,  # scene frames are array indices
        sound=False,
        look=_LOOKS[settings.light],
        world=settings.light == "world",
        camera="CROP" if settings.camera == "crop" else "FRAMING",
        reference=False,
    )
    head = import_sequence(sequence, model, options)
    shade = _vertex_colours(head, sequence, model, settings) if settings.engine == "workbench" else None
    with (
        tempfile.TemporaryDirectory(prefix="xtalker-") as folder,
        VideoWriter(
            out,
            settings.size,
            sequence.fps,
            last - first + 1,
            audio=sequence.audio,
            audio_offset_seconds=first / sequence.fps,
        ) as video,
    ):
        still = Path(folder) / "frame.tga"
        _write_plain_targa(scene, still)
        for frame in range(first, last + 1):
            scene.frame_set(frame)
            if shade:
                shade(frame)
            bpy.ops.render.render(write_still=True)
            video.write(_over(_read_targa(still, settings.size), settings.background))
    return RenderResult(out, last - first + 1, time.perf_counter() - started, renderer, head.warnings)


def _choose_engine(scene: bpy.types.Scene, settings: RenderSettings) -> str:
    """Set the engine up for many small pictures; returns what will draw them."""
    render = scene.render
    render.film_transparent = True
    render.use_persistent_data = True
    render.dither_intensity = 0.0
    if settings.engine == "cycles":
        render.engine = "CYCLES"
        cycles: Any = scene.cycles
        cycles.samples = settings.samples
        cycles.use_denoising = cycles.use_adaptive_sampling = False
        cycles.max_bounces = 4 if settings.light == "world" else 0
        return f"Cycles ({cycles.device})"
    graphics = renderer_name()
    if not graphics:
        raise MachineError(
            f"{settings.engine} needs OpenGL or Vulkan and this machine has neither; use --engine cycles."
        )
    if settings.engine == "workbench":
        render.engine = "BLENDER_WORKBENCH"
        shading = scene.display.shading
        shading.light, shading.color_type = "FLAT", "VERTEX"
        scene.display.render_aa = "FXAA" if settings.samples < 5 else "5" if settings.samples < 8 else "8"
        return graphics
    if is_software(graphics) and not settings.allow_software:
        raise MachineError(
            f"EEVEE would draw on the processor here ({graphics}) at seconds a frame; "
            "use --engine review or cycles, or insist with --allow-software."
        )
    render.engine = compat.eevee_engine()
    scene.eevee.taa_render_samples = settings.samples
    return graphics


def _vertex_colours(
    head: ImportResult, sequence: Sequence, model: FlameModel, settings: RenderSettings
) -> Callable[[int], None]:
    """Workbench knows no light of codes: the shading is written on the vertices before each frame."""
    mesh = head.head.data
    attribute = mesh.color_attributes.new("Shading", "FLOAT_COLOR", "POINT")
    mesh.color_attributes.active_color = attribute
    colours = np.ones((model.vertex_count, 4), np.float32)

    def shade(frame: int) -> None:
        normals = vertex_normals(vertices_in_flame_axes(head.head), model.faces)
        if settings.light == "sh" and sequence.light is not None:
            display = STUDIO_ALBEDO * sh_shading(normals, sequence.light[frame])
        else:
            display = STUDIO_ALBEDO * studio_shading(normals)[:, None]
        colours[:, :3] = _linear(display)
        attribute.data.foreach_set("color", colours.ravel())
        mesh.update_tag()

    return shade


def _linear(display: NDArray[np.floating]) -> NDArray[np.floating]:
    """Linear values that the Standard view shows as `display` (IEC 61966-2-1)."""
    value = np.maximum(display, 0)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _write_plain_targa(scene: bpy.types.Scene, path: Path) -> None:
    """The format that costs least to write and to read back."""
    image = scene.render.image_settings
    compat.prefer_still_images(image)
    image.file_format, image.color_mode = "TARGA_RAW", "RGBA"
    scene.render.filepath, scene.render.use_file_extension = str(path), False


def _read_targa(path: Path, size: tuple[int, int]) -> NDArray[np.uint8]:
    """(H, W, 4) RGBA of an uncompressed Targa file as Blender writes it: BGRA, last row first."""
    width, height = size
    pixels = np.fromfile(path, np.uint8, width * height * 4, offset=_TARGA_HEADER)
    return pixels.reshape(height, width, 4)[::-1, :, [2, 1, 0, 3]]


def _over(rgba: NDArray[np.uint8], background: tuple[float, float, float]) -> NDArray[np.uint8]:
    """(H, W, 3) of straight-alpha display values over an even background."""
    alpha = rgba[..., 3:].astype(np.float32) / 255
    mixed = rgba[..., :3] * alpha + 255 * np.asarray(background, np.float32) * (1 - alpha)
    return np.ascontiguousarray((mixed + 0.5).astype(np.uint8))
