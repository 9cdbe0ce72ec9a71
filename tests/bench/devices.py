"""Frames a second of a batch by the graphics card and by the processors, with 1, 4 and 16 processes.

Without a card only the rasteriser is measured; more processes than cores are left out. XTALKER_CLIPS=N takes N clips
for each process in place of 6.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in a batch's processes; numpy reads it once

import numpy as np

from tests.bench.review import FRAMES, SIZE, print_stages, speech_clip
from tests.data.trees import write_clip
from xtalker_addon.core.assets import asset
from xtalker_addon.core.model.flame import load_model
from xtalker_addon.render.settings import DeviceName, RenderSettings

ROOT = Path(__file__).parents[2]
CLIPS = int(os.environ.get("XTALKER_CLIPS", "6"))
PROCESSES = (1, 4, 16)


def devices() -> dict[str, list[str]]:
    """Name -> options, of what draws on this machine. Blender 5.3 has two ways to a card."""
    ways = {"processors": ["--device", "cpu"]}
    if not importlib.util.find_spec("bpy"):
        return ways
    from xtalker_addon.blender import compat
    from xtalker_addon.render.gpu.graphics import is_software, renderer_name

    renderer = renderer_name()
    if renderer and not is_software(renderer):
        ways["card"] = ["--device", "gpu"]
        if compat.draws_with_vulkan():
            ways["card, OpenGL"] = ["--device", "gpu", "--opengl"]
    return ways


def batch(command: list[str], processes: int) -> tuple[float, float, str]:
    """Frames a second and busy cores once every process has made its first clip, and who drew."""
    batch = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert batch.stdout
    moments, drawn = [], ""
    for line in batch.stdout:
        if line.startswith("["):
            moments.append((time.perf_counter(), busy_seconds()))
        elif line.startswith("Drawn by "):
            drawn = line.strip()
    assert batch.wait() == 0
    (started, busy_before), (ended, busy_after) = moments[processes - 1], moments[-1]
    frames = (len(moments) - processes) * FRAMES
    return frames / (ended - started), (busy_after - busy_before) / (ended - started), drawn


def busy_seconds() -> float:
    """Processor seconds of the whole machine since it started; 0 where it does not tell."""
    try:
        user, nice, system = map(int, Path("/proc/stat").read_text().split()[1:4])
    except OSError:
        return 0.0
    return (user + nice + system) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    cores = os.cpu_count() or 1
    ways = devices()
    counts = [count for count in PROCESSES if count <= cores]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for index in range(CLIPS * max(counts)):
            write_clip(folder / "in" / "V0-GRID" / f"clip_{index:03d}", FRAMES, index)
        head = np.load(asset("default_head.npz"))
        np.savez(folder / "grey.npz", **{key: head[key] for key in head if not key.startswith("albedo_")})
        heads = {"skin": [], "grey": ["--model", str(folder / "grey.npz")]}
        print(f"{SIZE} x {SIZE}, H.264 with sound, clips of {FRAMES} frames, {cores} cores")
        for way, options in ways.items():
            for label, model in heads.items():
                for count in counts:
                    command = [sys.executable, "render_scripts/render_batch.py", "--input", str(folder / "in")]
                    command += ["--output", str(folder / "out"), "--jobs", str(count), *options, *model]
                    rate, busy, drawn = batch([*command, "--limit", str(CLIPS * count)], count)
                    shutil.rmtree(folder / "out")
                    row = f"{way}, {label}, --jobs {count}"
                    print(f"  {row}: {rate:.0f} frames a second, {busy:.1f} cores busy", flush=True)
            print(f"  {drawn}")
        clip, model = speech_clip(folder), load_model()
        by_device: dict[str, DeviceName] = {"processors": "cpu", "card": "gpu"}
        for way, device in by_device.items():
            if way not in ways:
                continue
            settings = RenderSettings(size=(SIZE, SIZE), look="sh", device=device)
            print(way)
            print_stages("grey, SH light", clip, replace(model, albedo=None), settings, folder / "grey.mp4")
            print_stages("skin, SH light", clip, model, settings, folder / "skin.mp4")
