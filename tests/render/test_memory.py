"""Memory stays flat: over many clips in one process, and over a clip of any length."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("bpy", reason="this Python has no Blender module")

from xtalker_addon.render.gpu.graphics import renderer_name

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
    pytest.mark.skipif(not renderer_name(), reason="this machine has no graphics, not even Mesa's"),
]

SCRIPT = """
import sys
from pathlib import Path
import numpy as np
from tests.data.clips import talking_clip
from xtalker_addon.core.model.flame import load_model
from xtalker_addon.render import render_sequence
from xtalker_addon.render.settings import RenderSettings

def megabytes(field="VmRSS"):
    return int(Path("/proc/self/status").read_text().split(field + ":")[1].split()[0]) / 1024

clips, frames, size = (int(word) for word in sys.argv[2:])
model, settings = load_model(), RenderSettings(size=(size, size))
clip = talking_clip(np.random.default_rng(0), frames)
for number in range(1, clips + 1):
    render_sequence(clip, model, settings, Path(sys.argv[1]) / "a.mp4")
    if number in {20, clips}:
        print(megabytes(), megabytes("VmHWM"))
"""


def rendered(folder: Path, clips: int, frames: int, size: int) -> list[list[float]]:
    """Resident memory in MB, now and at most, after 20 clips and at the end; in a process of its own."""
    command = [sys.executable, "-c", SCRIPT, str(folder), str(clips), str(frames), str(size)]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return [[float(word) for word in line.split()] for line in done.stdout.splitlines()]


def test_five_hundred_clips(tmp_path):
    early, late = rendered(tmp_path, clips=500, frames=5, size=256)
    assert late[0] < early[0] + 50


def test_a_long_clip(tmp_path):
    (peak,) = rendered(tmp_path, clips=1, frames=3466, size=512)
    assert peak[1] < 600
