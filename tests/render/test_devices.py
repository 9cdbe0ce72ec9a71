"""What draws where: the rasteriser without Blender, without graphics, and the words about a card that is not used."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.data.trees import write_clip
from tests.render.conftest import needs_rasteriser
from xtalker_addon.batch.arguments import add_arguments, settings_of
from xtalker_addon.batch.record import settings_key
from xtalker_addon.errors import MachineError, UsageError
from xtalker_addon.render import devices
from xtalker_addon.render.refusals import refuse_contradictions
from xtalker_addon.render.settings import RenderSettings
from xtalker_addon.render.video.probe import probe_video

ROOT = Path(__file__).resolve().parents[2]
# A Python in which nothing of Blender can be found, as after `pip install .` without its extra.
WITHOUT_BLENDER = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("bpy", "gpu", "blf", "mathutils", "imbuf"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Hidden())
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == "bpy" else found(name, package)
"""


@pytest.fixture
def no_blender(tmp_path):
    """An environment in which every Python, those of the batch too, lacks Blender's modules and EGL."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(WITHOUT_BLENDER)
    path = os.pathsep.join([str(folder), str(ROOT)])
    return {**os.environ, "PYTHONPATH": path, "__EGL_VENDOR_LIBRARY_DIRS": "/nonexistent"}


def xtalker(environment, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "xtalker_addon.cli", "render", *arguments]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120)


@needs_rasteriser
def test_a_python_without_blender_makes_a_video_with_sound(tmp_path, no_blender):
    write_clip(tmp_path / "in" / "V0-GRID" / "clip", 12, 1)
    out = tmp_path / "out"
    common = ["--input", str(tmp_path / "in"), "--output", str(out), "--size", "96"]
    done = xtalker(no_blender, *common, "--layout", "inspect")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Drawn by XTalker's rasteriser" in done.stdout
    info = probe_video(out / "V0-GRID" / "clip.mp4")
    assert (info.frames, info.width, info.has_audio) == (12, 192, True)
    record = json.loads((out / "V0-GRID" / "clip.json").read_text())
    assert record["renderer"].startswith("XTalker's rasteriser")
    assert "blender" not in record["versions"]
    refused = xtalker(no_blender, *common, "--engine", "cycles", "--overwrite")
    assert refused.returncode == 4
    assert "engine of Blender" in refused.stderr
    refused = xtalker(no_blender, *common, "--device", "gpu", "--overwrite")
    assert refused.returncode == 4
    assert "--device cpu" in refused.stderr


@pytest.fixture
def fresh():
    """`choose_device` keeps its answer for the process."""
    devices.choose_device.cache_clear()
    yield
    devices.choose_device.cache_clear()


@needs_rasteriser
def test_a_card_that_is_not_used_is_named(tmp_path, monkeypatch, fresh):
    pytest.importorskip("bpy", reason="this Python has no Blender module")
    from xtalker_addon.render.gpu import graphics

    (tmp_path / "nvidia0").touch()
    monkeypatch.setattr(devices, "_DEVICES", tmp_path)
    monkeypatch.setattr(graphics, "renderer_name", lambda: "llvmpipe (LLVM 15.0.6, 256 bits), OpenGL")
    device = devices.choose_device()
    assert device.name().startswith("XTalker's rasteriser")
    assert f"{tmp_path / 'nvidia0'} is not used: Blender would draw by llvmpipe" in device.name()
    devices.choose_device.cache_clear()
    monkeypatch.setattr(graphics, "renderer_name", lambda: "NVIDIA H100, OpenGL")
    assert type(devices.choose_device()).__name__ == "Gpu"


@needs_rasteriser
def test_a_card_that_is_not_used_for_want_of_blender_is_named(tmp_path, monkeypatch, fresh):
    (tmp_path / "nvidia0").touch()
    monkeypatch.setattr(devices, "_DEVICES", tmp_path)
    monkeypatch.setattr(devices.importlib.util, "find_spec", lambda name: None)
    name = devices.choose_device().name()
    assert name.startswith("XTalker's rasteriser")
    assert f"{tmp_path / 'nvidia0'} is not used: Blender as a Python module, bpy, is not installed" in name


@needs_rasteriser
def test_without_a_card_the_processor_draws(tmp_path, monkeypatch, fresh):
    monkeypatch.setattr(devices, "_DEVICES", tmp_path)
    assert type(devices.choose_device()).__name__ == "Cpu"
    assert "not used" not in devices.choose_device().name()


def test_without_a_library_the_processor_is_refused(monkeypatch, fresh):
    from xtalker_addon.render.cpu import library

    monkeypatch.setattr(library, "find_library", lambda: None)
    with pytest.raises(MachineError, match="--device gpu"):
        devices.choose_device("cpu")


def test_only_the_review_engine_has_devices():
    with pytest.raises(UsageError, match="--device needs --engine review"):
        refuse_contradictions(RenderSettings(engine="cycles", device="cpu"))


def test_who_draws_makes_no_other_video():
    """What is there and up to date stays, whichever machine made it."""
    assert settings_key(RenderSettings(device="cpu", threads=1)) == settings_key(RenderSettings())


@pytest.mark.parametrize(
    ("more", "threads"), [([], 0), (["--jobs", "2"], 4), (["--jobs", "99"], 1), (["--scheduler", "tcp://a:1"], 1)]
)
def test_processes_side_by_side_share_the_cores(monkeypatch, more, threads):
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert settings_of(parser.parse_args(["--input", "in", "--output", "out", *more])).threads == threads
