"""The review engine: a clip's vertices in numpy batches, drawn by the graphics driver, piped to ffmpeg with the sound."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import gpu
import numpy as np
from numpy.typing import NDArray

from ..blender.importer import framing_of
from ..core.camera import OrthographicView, crop_view
from ..core.flame import FlameModel
from ..core.sequence import Sequence
from ..errors import RenderError
from .canvas import Canvas, image_texture
from .clip import Clip
from .drawable import Drawable, View, close_holes
from .encode import VideoWriter
from .graphics import with_graphics
from .layouts import Panel, arrange
from .overlay import Overlay
from .settings import Look, RenderResult, RenderSettings

_REACH: Final = 1.0  # metres before and behind the head that can be seen


def render_review(sequence: Sequence, model: FlameModel, settings: RenderSettings, out: Path) -> RenderResult:
    """Render one sequence with its sound to `out`, which appears whole or not at all.

    Raises RenderError, ModelError, and MachineError where this machine has no graphics or no encoder.
    """
    return with_graphics(lambda: _render(sequence, model, settings, out))


def _render(sequence: Sequence, model: FlameModel, settings: RenderSettings, out: Path) -> RenderResult:
    started = time.perf_counter()
    first, last = frame_range(sequence, settings)
    film = Film(sequence, model, settings, first, last)
    indices = np.arange(first, last + 1)
    canvas = film.canvas
    as_planes = settings.output == "h264"
    with VideoWriter(
        out,
        (canvas.row_width, canvas.rows) if as_planes else (canvas.width, canvas.height),
        sequence.fps,
        len(indices),
        audio=sequence.audio,
        audio_offset_seconds=first / sequence.fps,
        codec=settings.output,
        pixel_format="nv12" if as_planes else "rgba",
        crop=(canvas.width, canvas.height),
    ) as video:
        for _ in film.draw(indices):
            if as_planes:
                canvas.begin_nv12()
                for planes in canvas.fetch_nv12():
                    video.write(planes)
            else:
                video.write(np.ascontiguousarray(canvas.rgba()))
        for planes in canvas.fetch_nv12(last=True):
            video.write(planes)
    renderer = gpu.platform.renderer_get()
    return RenderResult(out, len(indices), time.perf_counter() - started, renderer, tuple(film.warnings))


def frame_range(sequence: Sequence, settings: RenderSettings) -> tuple[int, int]:
    """First and last array index that are asked for, within the sequence. Raises RenderError where there is none."""
    first, last = settings.frames or (0, sequence.frames - 1)
    if first >= sequence.frames:
        raise RenderError(
            f"{sequence.source}: has {sequence.frames} frames (0 to {sequence.frames - 1}) and {first} to {last} were "
            "asked for; choose other frames."
        )
    return first, min(last, sequence.frames - 1)


class Film:
    """One clip on a canvas: everything that is the same in all of its pictures. Needs a graphics context."""

    def __init__(
        self, sequence: Sequence, model: FlameModel, settings: RenderSettings, first: int, last: int
    ) -> None:
        self._sequence, self._settings = sequence, settings
        self._clip = Clip(sequence, model, settings.identity)
        self.warnings: list[str] = []
        self._look = self._choose_look()
        self._layout = arrange(settings, self._look, sequence.reference_image is not None)
        self.canvas = Canvas(self._layout.width, self._layout.height)
        self._overlay = Overlay(self._layout, sequence, first, last)
        self.warnings += self._overlay.warnings
        self._reference = None if sequence.reference_image is None else image_texture(sequence.reference_image)
        samples = self._clip.samples()
        self._head = _drawable(sequence, model, self._layout.panels)
        self._middle = samples.mean((0, 1), dtype=np.float64)
        self._framing = framing_of(sequence, model, self._clip.identity, settings.size[0] / settings.size[1])
        self._crops = settings.camera == "crop" and sequence.camera is not None
        if settings.camera == "crop" and sequence.camera is None:
            self.warnings.append(f"{sequence.source}: has no camera codes, so the camera is a steady framing one.")
        self._depths = {turn: self._depth_range(samples, turn) for turn in {p.turn for p in self._layout.panels}}

    def _choose_look(self) -> Look:
        look = self._settings.look or ("studio" if self._settings.light == "studio" else "sh")
        if self._settings.light == "world":
            self.warnings.append(f"{self._sequence.name}: the review engine has no world light; it shows the SH light.")
        if look == "sh" and self._sequence.light is None:
            self.warnings.append(f"{self._sequence.name}: has no light codes, so it is shown in the studio look.")
            return "studio"
        return look

    def draw(self, indices: NDArray[np.integer]) -> Iterator[int]:
        """Draw one array index after the other; each picture is on the canvas while its index is yielded."""
        backdrop = self._settings.backdrop
        self.canvas.clear(None if backdrop == "transparent" else self._settings.background)
        for index, positions, normals in self._clip.meshes(indices):
            self._head.move(positions, normals)
            for panel in self._layout.panels:
                self._draw_panel(panel, index)
            self._overlay.draw(self.canvas, index)
            yield index

    def _draw_panel(self, panel: Panel, index: int) -> None:
        behind = panel.shows == "reference" or self._settings.backdrop == "reference"
        if behind and self._reference is not None:
            self.canvas.image(panel.rect, self._reference)
        if panel.shows == "reference":
            return
        light = None if self._sequence.light is None else self._sequence.light[index]
        plain = self._settings.backdrop == "plain" or (behind and self._reference is None)
        self._head.draw(
            self.canvas,
            panel.rect,
            panel.shows,
            self._view(panel, index),
            light,
            self._settings.background if plain else None,
            blend=behind and not plain,
        )

    def _view(self, panel: Panel, index: int) -> View:
        framing = self._framing
        if self._crops:
            framing = crop_view(self._sequence.camera[index])
        turn = _turned(panel.turn)
        aspect = panel.rect.width / panel.rect.height
        return View(_to_clip(framing, aspect, self._middle, turn), turn, self._depths[panel.turn])

    def _depth_range(self, samples: NDArray[np.floating], turn: float) -> tuple[float, float]:
        """Nearest and farthest clip z of the clip."""
        z = -((samples - self._middle) @ _turned(turn)[2]) / _REACH
        return float(z.min()), float(z.max())


def _drawable(sequence: Sequence, model: FlameModel, panels: tuple[Panel, ...]) -> Drawable:
    albedo = None
    if model.albedo is not None and any(panel.shows in ("sh", "albedo") for panel in panels):
        albedo = model.albedo.decode(None if sequence.texture is None else sequence.texture.mean(0))
    caps = close_holes(model.faces, model.template)
    return Drawable(model.faces, model.uv, model.uv_faces, albedo, caps)


def _turned(angle: float) -> NDArray[np.floating]:
    """(3, 3) rotation about the vertical axis; a positive angle turns the face to the subject's left."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([(c, 0, s), (0, 1, 0), (-s, 0, c)])


def _to_clip(
    view: OrthographicView, aspect: float, pivot: NDArray[np.floating], turn: NDArray[np.floating]
) -> NDArray[np.floating]:
    """(4, 4) from FLAME axes to clip space: the head turned about a vertical line through `pivot`, seen along -z."""
    scale = np.array([2 / (view.height * aspect), 2 / view.height, -1 / _REACH])
    matrix = np.eye(4)
    matrix[:3, :3] = scale[:, None] * turn
    moved = np.array([view.center[0], view.center[1], pivot[2]])
    matrix[:3, 3] = scale * (pivot - turn @ pivot - moved)
    return matrix
