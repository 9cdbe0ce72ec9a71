"""The review engine against pyrender's EGL path and Cycles: the same mesh, codes and size, sound muxed, H.264 written.

pyrender needs numpy 1 and its own environment: XTALKER_PYRENDER names that environment's python (with pyrender and
imageio-ffmpeg); without it that row is left out.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in a batch's processes; numpy reads it once

import numpy as np
import soundfile

from tests.bench._timing import best_seconds
from tests.data.clips import talking_clip
from xtalker_addon.core.model.flame import load_model
from xtalker_addon.core.motion.camera import framing_view
from xtalker_addon.render import render_sequence
from xtalker_addon.render.gpu.device import Gpu
from xtalker_addon.render.gpu.graphics import with_graphics
from xtalker_addon.render.review.film import Film
from xtalker_addon.render.review.rendering import render_review
from xtalker_addon.render.settings import RenderSettings
from xtalker_addon.render.video.writer import VideoWriter

FRAMES = 500  # the mean length of 3DXTalker's sequences
CYCLES_FRAMES = 8
SIZE = 512


def speech_clip(folder: Path):
    """Motion of a talking head that looks about: 500 frames with sound."""
    rng = np.random.default_rng(0)
    clip = talking_clip(rng, FRAMES)
    soundfile.write(folder / "speech.wav", rng.normal(0, 0.1, 16000 * FRAMES // 25), 16000)
    calm = {name: 0.3 * getattr(clip, name) for name in ("global_rotation", "neck", "expression")}
    return replace(clip, audio=folder / "speech.wav", **calm)


def pyrender_seconds(python: str, model, clip, folder: Path) -> float:
    """Seconds a frame."""
    vertices = model.evaluate(clip.identity(), clip.expression, clip.pose())
    view = framing_view(vertices.min((0, 1)), vertices.max((0, 1)))
    np.savez(
        folder / "clip.npz",
        vertices=vertices,
        faces=model.faces,
        size=SIZE,
        fps=clip.fps,
        view=(*view.center, view.height),
        audio=str(clip.audio),
    )
    script = Path(__file__).with_name("_pyrender_rival.py")
    command = [python, str(script), str(folder / "clip.npz"), str(folder / "pyrender.mp4")]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def stages(clip, model, settings, out: Path) -> dict[str, float]:
    """Seconds a frame of each stage alone. Encoding runs beside the others, in a process of its own."""
    rows = np.arange(clip.frames)

    def measure() -> dict[str, float]:
        film = Film(Gpu(), clip, model, settings, 0, clip.frames - 1)
        canvas = film.canvas
        kept = []

        def draw() -> None:
            for _ in film.draw(rows):
                pass
            canvas.rgba()  # waits for the last picture

        def draw_and_fetch() -> None:
            kept.clear()
            for _ in film.draw(rows):
                canvas.begin_nv12(film.changed())
                kept.extend(canvas.fetch_nv12())
            kept.extend(canvas.fetch_nv12(last=True))

        def encode() -> None:
            size = (canvas.row_width, canvas.rows)
            with VideoWriter(out, size, clip.fps, len(kept), audio=clip.audio, pixel_format="nv12") as video:
                for planes in kept:
                    video.write(planes)

        evaluated = best_seconds(lambda: [None for _ in film.clip.meshes(rows)], 2)
        drawn = best_seconds(draw, 2)
        fetched = best_seconds(draw_and_fetch, 2)
        return {
            "evaluate": evaluated,
            "draw and shade": drawn - evaluated,
            "convert and read back": fetched - drawn,
            "encode": best_seconds(encode, 2),
        }

    return {name: seconds / clip.frames for name, seconds in with_graphics(measure).items()}


def main() -> None:
    model = load_model()
    grey = replace(model, albedo=None)
    settings = RenderSettings(size=(SIZE, SIZE))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = speech_clip(folder)
        out = folder / "review.mp4"
        rows = {"grey, SH light": (grey, "sh"), "grey, studio": (grey, "studio"), "skin, SH light": (model, "sh")}
        ours = dict.fromkeys(rows, np.inf)
        pyrender = np.inf
        python = os.environ.get("XTALKER_PYRENDER")
        for _ in range(3):  # in turns, so that a busy moment of the machine meets all
            for label, (head, look) in rows.items():
                result = render_review(clip, head, replace(settings, look=look), out)
                ours[label] = min(ours[label], result.seconds / result.frames)
            if python:
                pyrender = min(pyrender, pyrender_seconds(python, model, clip, folder))
        started = time.perf_counter()
        cycles_settings = replace(settings, engine="cycles", samples=4, frames=(0, CYCLES_FRAMES - 1))
        render_sequence(clip, grey, replace(cycles_settings, frames=(0, 0)), folder / "cycles.mp4")
        once = time.perf_counter() - started
        started = time.perf_counter()
        render_sequence(clip, grey, cycles_settings, folder / "cycles.mp4")
        cycles = (time.perf_counter() - started - once) / (CYCLES_FRAMES - 1)
        print(f"{result.renderer}, {SIZE}x{SIZE}, {model.vertex_count} vertices, {FRAMES} frames; a frame takes")
        for label, seconds in ours.items():
            against = f"{cycles / seconds:5.1f} x Cycles at 4 samples"
            if python:
                against = f"{pyrender / seconds:5.1f} x pyrender (EGL, 4 samples, {1e3 * pyrender:.1f})," + against
            print(f"  {label:15s} {1e3 * seconds:6.1f} ms, {1 / seconds:4.0f} a second  {against} ({1e3 * cycles:.0f})")
        parts = stages(clip, grey, settings, out)
        total = ours["grey, SH light"]
        print(f"  stages of the first, alone, and their share of its {1e3 * total:.1f} ms (encoding runs beside them):")
        for name, seconds in parts.items():
            print(f"    {name:22s} {1e3 * seconds:5.1f}  {seconds / total:4.0%}")
        print(f"  what limits it: {max(parts, key=parts.get)}, on {os.cpu_count()} cores")
