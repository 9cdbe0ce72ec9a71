"""The review engine against pyrender's EGL path, Cycles and an earlier build of itself.

All have the same mesh, codes and size, sound muxed, H.264 written. pyrender needs numpy 1 and its own environment:
XTALKER_PYRENDER names that environment's python (with pyrender and imageio-ffmpeg); XTALKER_EARLIER names a checkout of
an earlier build. What is not named is left out.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in a batch's processes; numpy reads it once

import numpy as np
import soundfile

from tests.data.clips import talking_clip
from xtalker_addon.batch.inspection import Expected, inspect_video
from xtalker_addon.core.model.flame import load_model
from xtalker_addon.core.motion.camera import framing_view
from xtalker_addon.render import render_sequence
from xtalker_addon.render.devices import choose_device
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


def earlier_seconds(checkout: str, folder: Path) -> list[float]:
    """Seconds a frame of an earlier build, grey and with skin."""
    command = [
        sys.executable,
        str(Path(__file__).with_name("_earlier_rival.py")),
        checkout,
        str(folder / "earlier.mp4"),
    ]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=checkout, env=environment)
    return [float(line) for line in done.stdout.split()[-2:]]


def stages(clip, model, settings, out: Path) -> dict[str, tuple[float, float]]:
    """Seconds a frame of each stage alone, and processor seconds. Encoding runs beside the others."""
    rows = np.arange(clip.frames)
    device = choose_device(settings.device)
    expected = Expected(clip.frames, clip.fps, True)

    def measure() -> dict[str, tuple[float, float]]:
        film = Film(device, clip, model, settings, 0, clip.frames - 1)
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
            with VideoWriter(out, size, clip.fps, len(kept), audio=clip.audio, pixel_format="nv12", threads=1) as video:
                for planes in kept:
                    video.write(planes)

        evaluated = spent(lambda: [None for _ in film.meshes(rows)])
        drawn = spent(draw)
        fetched = spent(draw_and_fetch)
        encoded = spent(encode)
        return {
            "evaluate": evaluated,
            "draw and shade": (drawn[0] - evaluated[0], drawn[1] - evaluated[1]),
            "to NV12": (fetched[0] - drawn[0], fetched[1] - drawn[1]),
            "encode, one thread": encoded,
            "play back": spent(lambda: inspect_video(out, expected, out.with_suffix(".jpg"))),
        }

    return {name: (wall / clip.frames, cpu / clip.frames) for name, (wall, cpu) in device.run(measure).items()}


def print_stages(label: str, clip, model, settings, out: Path) -> None:
    parts = stages(clip, model, settings, out)
    total = sum(cpu for _, cpu in parts.values())
    print(f"  stages of {label}, alone: milliseconds, of processors, and their share of {1e3 * total:.2f}")
    for name, (wall, cpu) in parts.items():
        print(f"    {name:22s} {1e3 * wall:5.2f}  {1e3 * cpu:5.2f}  {cpu / total:4.0%}")
    print(f"    what limits it: {max(parts, key=lambda name: parts[name][1])}, on {os.cpu_count()} cores")


def spent(action: Callable[[], object]) -> tuple[float, float]:
    """Seconds and processor seconds, those of children too, of the best of three runs."""
    runs = []
    for _ in range(3):
        before, started = processor_seconds(), time.perf_counter()
        action()
        runs.append((time.perf_counter() - started, processor_seconds() - before))
    return min(wall for wall, _ in runs), min(cpu for _, cpu in runs)


def processor_seconds() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def main() -> None:
    model = load_model()
    grey = replace(model, albedo=None)
    settings = RenderSettings(size=(SIZE, SIZE))
    python, checkout = os.environ.get("XTALKER_PYRENDER"), os.environ.get("XTALKER_EARLIER")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = speech_clip(folder)
        out = folder / "review.mp4"
        rows = {"grey, SH light": (grey, "sh"), "grey, studio": (grey, "studio"), "skin, SH light": (model, "sh")}
        ours = dict.fromkeys(rows, np.inf)
        pyrender, earlier = np.inf, [np.inf, np.inf]
        for turn in range(3):  # in turns, so that a busy moment of the machine meets all
            for label, (head, look) in rows.items():
                result = render_review(clip, head, replace(settings, look=look), out)
                ours[label] = min(ours[label], result.seconds / result.frames)
            if python and turn < 2:
                pyrender = min(pyrender, pyrender_seconds(python, model, clip, folder))
            if checkout and turn < 2:
                earlier = list(map(min, earlier, earlier_seconds(checkout, folder)))
        cycles = cycles_seconds(clip, grey, settings, folder)
        print(f"{result.renderer}, {SIZE}x{SIZE}, {model.vertex_count} vertices, {FRAMES} frames; a frame takes")
        for label, seconds in ours.items():
            against = [f"{cycles / seconds:.0f} x Cycles at 4 samples ({1e3 * cycles:.0f})"]
            if python:
                against.append(f"{pyrender / seconds:.1f} x pyrender with EGL and 4 samples ({1e3 * pyrender:.1f})")
            if checkout and label != "grey, studio":
                before = earlier["skin" in label]
                against.append(f"{before / seconds:.2f} x the earlier build ({1e3 * before:.1f})")
            print(f"  {label:15s} {1e3 * seconds:5.2f} ms, {1 / seconds:4.0f} a second; {', '.join(against)}")
        for label, (head, look) in rows.items():
            if label == "grey, studio":
                continue
            print_stages(label, clip, head, replace(settings, look=look), out)


def cycles_seconds(clip, model, settings: RenderSettings, folder: Path) -> float:
    """Seconds a frame, after the first."""
    settings = replace(settings, engine="cycles", samples=4, frames=(0, CYCLES_FRAMES - 1))
    started = time.perf_counter()
    render_sequence(clip, model, replace(settings, frames=(0, 0)), folder / "cycles.mp4")
    once = time.perf_counter() - started
    started = time.perf_counter()
    render_sequence(clip, model, settings, folder / "cycles.mp4")
    return (time.perf_counter() - started - once) / (CYCLES_FRAMES - 1)
