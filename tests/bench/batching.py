"""What the batch layer costs over a bare loop that renders and nothing more, and what a second process gains."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.data.trees import write_clip
from xtalker_addon.render.settings import RenderSettings

ROOT = Path(__file__).parents[2]
CLIPS, FRAMES, SIZE = 8, 250, 256
ENGINE = RenderSettings().engine
_BARE = """
import sys
from pathlib import Path
import bpy
from xtalker_addon.core.model.flame import load_model
from xtalker_addon.core.formats import find_sequences, read_sequence
from xtalker_addon.render import render_sequence
from xtalker_addon.render.settings import RenderSettings
source, output, engine, size = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
model = load_model()
for clip in find_sequences(source):
    settings = RenderSettings(engine=engine, size=(size, size))
    render_sequence(read_sequence(clip), model, settings, output / f"{clip.name}.mp4")
"""


def seconds(command: list[str], output: Path) -> float:
    shutil.rmtree(output, ignore_errors=True)
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    return time.perf_counter() - started


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder, "in"), Path(folder, "out")
        for index in range(CLIPS):
            write_clip(source / "V0-GRID" / f"clip_{index}", FRAMES, index)
        bare = [sys.executable, "-c", _BARE, str(source), str(output), ENGINE, str(SIZE)]
        batch = [sys.executable, "render_scripts/render_batch.py", "--input", str(source), "--output", str(output)]
        batch += ["--engine", ENGINE, "--size", str(SIZE)]
        two = [*batch, "--jobs", "2"] if importlib.util.find_spec("distributed") else None
        commands = [command for command in (bare, batch, two) if command]
        rounds = [[seconds(command, output) for command in commands] for _ in range(3)]  # in turn: machines drift
        loop, layer, *pair = (min(times) for times in zip(*rounds, strict=True))
        what = f"{CLIPS} clips of {FRAMES} frames, {ENGINE}, {SIZE} x {SIZE}"
        print(f"{what}: bare loop {loop:.1f} s, batch {layer:.1f} s, {100 * (layer / loop - 1):+.1f} %")
        for together in pair:
            print(f"two processes {together:.1f} s: {layer / together:.2f} x one")
