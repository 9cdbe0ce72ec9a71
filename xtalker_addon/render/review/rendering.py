"""The review engine: vertices from numpy batches, drawn by a device, piped to ffmpeg with the sound."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...core.amounts import counted
from ...core.model.flame import FlameModel
from ...core.sequence import Sequence
from ...core.speech.audio import sound_file
from ...errors import RenderError
from ..colours import linear_planes, straight_alpha
from ..devices import choose_device
from ..drawing import Device
from ..settings import RenderResult, RenderSettings, frame_range, sheet_path
from ..video.streams import PixelFormat
from ..video.writer import VideoWriter
from .film import Film
from .panels import VERSUS
from .sheet import ContactSheet
from .versus import Versus


def render_review(
    sequence: Sequence,
    model: FlameModel,
    settings: RenderSettings,
    out: Path,
    predictions: Mapping[str, Sequence] | None = None,
) -> RenderResult:
    """Render one sequence with its sound to `out`, and its contact sheet; each appears whole or not at all.

    predictions : by name, what the layout versus shows beside the sequence

    Raises RenderError, ModelError, and MachineError where this machine has no graphics or no encoder.
    """

    def draw() -> RenderResult:
        versus = None
        if settings.layout == VERSUS:
            versus = Versus.of(sequence, predictions or {}, model, settings.identity)
        result = _render(device, sequence, model, settings, out, versus)
        if settings.sheet:
            _render_sheet(device, sequence, model, settings, sheet_path(out, settings.output), versus)
        return result

    device = choose_device(settings.device)
    return device.run(draw)


def _shown_range(sequence: Sequence, settings: RenderSettings, versus: Versus | None) -> tuple[int, int]:
    """First and last array index that are asked for and that the predictions have too. Raises RenderError."""
    first, last = frame_range(sequence, settings)
    shared = min((found.frames for found in versus.comparisons.values()), default=last + 1) if versus else last + 1
    if first >= shared:
        raise RenderError(
            f"{sequence.source}: its predictions have {counted(shared, 'frame')} and {first} to {last} were asked for; "
            "choose other frames."
        )
    return first, min(last, shared - 1)


def _render(
    device: Device, sequence: Sequence, model: FlameModel, settings: RenderSettings, out: Path, versus: Versus | None
) -> RenderResult:
    started = time.perf_counter()
    first, last = _shown_range(sequence, settings, versus)
    film = Film(device, sequence, model, settings, first, last, versus)
    indices = np.arange(first, last + 1)
    canvas = film.canvas
    as_planes = settings.output == "h264"
    channels = 4 if settings.backdrop == "transparent" else 3
    colours: PixelFormat = "rgba" if channels == 4 else "rgb24"
    pixel_format: PixelFormat = "nv12" if as_planes else "gbrapf32le" if settings.output == "exr" else colours
    with (
        sound_file(sequence.audio, out.parent) as audio,
        VideoWriter(
            out,
            (canvas.row_width, canvas.rows) if as_planes else (canvas.width, canvas.height),
            sequence.fps,
            len(indices),
            audio=audio,
            audio_offset_seconds=first / sequence.fps,
            output=settings.output,
            pixel_format=pixel_format,
            crop=(canvas.width, canvas.height),
            first=first,
            threads=(as_planes and device.encoding_threads) or settings.threads,
        ) as video,
    ):
        for _ in film.draw(indices):
            if as_planes:
                canvas.begin_nv12(film.changed())
                for planes in canvas.fetch_nv12():
                    video.write(planes)
            elif settings.output == "exr":
                video.write(linear_planes(canvas.rgba()))
            else:
                video.write(np.ascontiguousarray(straight_alpha(canvas.rgba())[..., :channels]))
        for planes in canvas.fetch_nv12(last=True):
            video.write(planes)
    comparisons = versus.comparisons if versus else {}
    seconds = time.perf_counter() - started
    return RenderResult(out, len(indices), seconds, device.name(), tuple(film.warnings), comparisons)


def _render_sheet(
    device: Device, sequence: Sequence, model: FlameModel, settings: RenderSettings, out: Path, versus: Versus | None
) -> None:
    first, last = _shown_range(sequence, settings, versus)
    film = Film(device, sequence, model, settings, first, last, versus)
    sheet = ContactSheet(settings, (film.canvas.width, film.canvas.height), first, last)
    for index in film.draw(sheet.indices):
        sheet.add(index, straight_alpha(film.canvas.rgba()))
    sheet.write(out)
