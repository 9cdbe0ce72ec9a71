"""Cycles, EEVEE and Workbench: the head is imported into an empty file and rendered frame by frame into the encoder."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ..blender import compat
from ..blender.evaluated import vertices_in_flame_axes
from ..blender.importer import ImportOptions, ImportResult, import_sequence
from ..core.light.radiance import linear_from_display
from ..core.light.spherical_harmonics import STUDIO_ALBEDO, sh_shading, studio_shading
from ..core.model.detail import DetailDecoder, load_detail_decoder
from ..core.model.flame import FlameModel
from ..core.model.normals import vertex_normals
from ..core.sequence import Sequence
from ..core.speech.audio import sound_file
from ..errors import MachineError
from .composite import Composite
from .gpu.graphics import is_software, renderer_name
from .review.sheet import ContactSheet
from .settings import RenderResult, RenderSettings, frame_range, sheet_path
from .video.writer import VideoWriter

_TARGA_HEADER: Final = 18  # bytes before the pixels of an uncompressed Targa file


def render(sequence: Sequence, model: FlameModel, settings: RenderSettings, out: Path) -> RenderResult:
    """See `render_sequence`."""
    started = time.perf_counter()
    first, last = frame_range(sequence, settings)
    composite = Composite(settings, sequence)
    sheet = ContactSheet(settings, settings.size, first, last) if settings.sheet else None
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = settings.size
    renderer = _choose_engine(scene, settings)
    with tempfile.TemporaryDirectory(prefix="xtalker-") as folder:
        head = import_sequence(sequence, model, _import_options(sequence, model, settings, Path(folder)))
        shade = _vertex_colours(head, sequence, model, settings) if settings.engine == "workbench" else None
        read = _still_image(scene, Path(folder), settings.size, composite.deep)
        with (
            sound_file(sequence.audio, out.parent) as audio,
            VideoWriter(
                out,
                settings.size,
                sequence.fps,
                last - first + 1,
                audio=audio,
                audio_offset_seconds=first / sequence.fps,
                output=settings.output,
                pixel_format=composite.pixel_format,
                first=first,
                threads=settings.threads,
            ) as video,
        ):
            for frame in range(first, last + 1):
                scene.frame_set(frame)
                if shade:
                    shade(frame)
                bpy.ops.render.render(write_still=True)
                picture = composite.over(read())
                video.write(composite.frame(picture))
                if sheet and frame in sheet.indices:
                    sheet.add(frame, composite.shown(picture))
    if sheet:
        sheet.write(sheet_path(out, settings.output))
    warnings = [*head.warnings, *composite.warnings]
    if settings.light == "sh" and sequence.light is None:
        warnings.append(f"{sequence.name}: has no light codes, so it is shown in the studio look.")
    return RenderResult(out, last - first + 1, time.perf_counter() - started, renderer, tuple(warnings))


def _import_options(sequence: Sequence, model: FlameModel, settings: RenderSettings, folder: Path) -> ImportOptions:
    """For one render; skins and wrinkles, where there are any, go to `folder`."""
    in_scene = settings.light in ("world", "lamps")
    lamps = settings.light == "lamps" and sequence.light is not None
    return ImportOptions(
        identity=settings.identity,
        start_frame=0,  # scene frames are array indices
        sound=False,
        look="SCENE" if in_scene else "STUDIO" if settings.light == "studio" else None,
        world=in_scene and not lamps,
        lamps=lamps,
        camera="CROP" if settings.camera == "crop" else "FRAMING",
        crop=settings.crop,
        subdivision=settings.subdivision,
        reference=False,  # a render leaves out what a camera shows in the viewport
        skin=settings.skin,
        detail=None if settings.detail is None else _decoder(settings.detail, model.source.parent),
        pictures=folder,
        vertices=folder,
    )


@lru_cache(maxsize=1)
def _decoder(path: Path, data: Path) -> DetailDecoder:
    return load_detail_decoder(path, data)


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
        cycles.max_bounces = 0
        if settings.light in ("world", "lamps"):
            cycles.max_bounces = 4
            _quieten(cycles)
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


def _quieten(cycles: Any) -> None:
    """Take the grain out of light that is sampled: by Blender's denoiser, or by samples where it was left out."""
    try:
        cycles.denoiser, cycles.use_denoising = "OPENIMAGEDENOISE", True
    except TypeError:  # not among the choices of this build
        cycles.samples *= 8


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
        colours[:, :3] = linear_from_display(display)
        attribute.data.foreach_set("color", colours.ravel())
        mesh.update_tag()

    return shade


def _still_image(
    scene: bpy.types.Scene, folder: Path, size: tuple[int, int], deep: bool
) -> Callable[[], NDArray[np.float32]]:
    """Let Blender write its pictures in the format that costs least; returns what reads the last one back.

    That is (H, W, 4), the first row on top, with premultiplied alpha: display values, or linear light where deep.
    """
    path = folder / ("frame.exr" if deep else "frame.tga")
    image = scene.render.image_settings
    compat.prefer_still_images(image)
    image.file_format, image.color_mode = "OPEN_EXR" if deep else "TARGA_RAW", "RGBA"
    if deep:
        image.color_depth, image.exr_codec = "16", "NONE"
    scene.render.filepath, scene.render.use_file_extension = str(path), False
    return lambda: (_read_exr if deep else _read_targa)(path, size)


def _read_targa(path: Path, size: tuple[int, int]) -> NDArray[np.float32]:
    """An uncompressed Targa file as Blender writes it: BGRA with straight alpha, last row first."""
    width, height = size
    pixels = np.fromfile(path, np.uint8, width * height * 4, offset=_TARGA_HEADER)
    picture: NDArray[np.float32] = np.divide(pixels, 255, dtype=np.float32).reshape(height, width, 4)
    picture = picture[::-1, :, [2, 1, 0, 3]]
    picture[..., :3] *= picture[..., 3:]
    return picture


def _read_exr(path: Path, size: tuple[int, int]) -> NDArray[np.float32]:
    width, height = size
    image = bpy.data.images.load(str(path))
    pixels = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    return pixels.reshape(height, width, 4)[::-1]
