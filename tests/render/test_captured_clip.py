"""A captured clip with its speech, by the real command line: its codes in other layouts make the same video."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.data import SHARED
from xtalker_addon.core.ffmpeg import find_ffmpeg
from xtalker_addon.core.formats import read_sequence
from xtalker_addon.core.model.flame import save_model
from xtalker_addon.render.video.probe import probe_video

pytest.importorskip("bpy", reason="this Python has no Blender module")

from tests.data.models import synthetic_model

ROOT = Path(__file__).resolve().parents[2]
FRAMES = 30


def render_batch(*arguments: object) -> subprocess.CompletedProcess[str]:
    script = ROOT / "render_scripts" / "render_batch.py"
    command = [sys.executable, str(script), *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def decoded(video: Path, stream: str) -> np.ndarray:
    """All samples of a video's picture (0:v, grey) or sound (0:a)."""
    raw = ["-f", "rawvideo", "-pix_fmt", "gray"] if stream == "0:v" else ["-f", "s16le"]
    command = [find_ffmpeg(), "-loglevel", "error", "-i", str(video), "-map", stream, *raw, "-"]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.uint8)


@pytest.fixture
def layouts(tmp_path):
    """The clip's expression, root, jaw and sound at 25 frames a second: generic npz, 3DXTalker folder, WebTalk clip."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not there")
    clip = read_sequence(SHARED / "beat2_scott.npz")
    pose = np.concatenate([clip.global_rotation, clip.jaw], axis=1)[:400]
    expression, audio = clip.expression[:400], SHARED / "beat2_scott.wav"
    root = tmp_path / "in"
    (root / "npz").mkdir(parents=True)
    np.savez(root / "npz" / "scott.npz", expressions=expression, pose=pose, fps=25)
    shutil.copy(audio, root / "npz" / "scott.wav")
    folder = root / "V0-Captured" / "scott"
    folder.mkdir(parents=True)
    np.save(folder / "expcode.npy", expression)
    np.save(folder / "posecode.npy", pose)
    shutil.copy(audio, folder / "audio.wav")
    webtalk = root / "webtalk"
    for name in ("FLAME_coeffs_25", "audios", "transcripts"):
        (webtalk / name).mkdir(parents=True)
    np.savez(
        webtalk / "FLAME_coeffs_25" / "scott.npz",
        exp=expression.astype(np.float32),
        shape=np.zeros((400, 100)),
        pose=pose,
        mocap_frame_rate=np.int64(25),
    )
    shutil.copy(audio, webtalk / "audios" / "scott.wav")
    (webtalk / "transcripts" / "scott.txt").write_text("A captured clip.")
    return root


def test_three_layouts_make_one_video(layouts, tmp_path):
    save_model(synthetic_model(), tmp_path / "model.npz")
    settings = ("--engine", "cycles", "--samples", 1, "--size", 64, "--frames", f"200-{200 + FRAMES - 1}")
    seen = render_batch("--input", layouts, "--output", tmp_path / "out", "--model", tmp_path / "model.npz", *settings)
    assert seen.returncode == 0, seen.stderr
    videos = sorted((tmp_path / "out").rglob("*.mp4"))
    assert len(videos) == 3
    assert tmp_path / "out" / "V0-Captured" / "scott.mp4" in videos
    pictures = [decoded(video, "0:v") for video in videos]
    sounds = [decoded(video, "0:a") for video in videos]
    assert len(pictures[0]) == FRAMES * 64 * 64
    assert np.ptp(pictures[0].reshape(FRAMES, -1).astype(int), axis=0).max() > 10  # it moves
    assert np.abs(np.frombuffer(sounds[0].tobytes(), np.int16)).max() > 1000  # it speaks
    for picture, sound in zip(pictures[1:], sounds[1:], strict=True):
        assert np.array_equal(picture, pictures[0])
        assert np.array_equal(sound, sounds[0])
    info = probe_video(videos[0])
    assert (info.video_codec, info.pixel_format, info.fps, info.audio_codec) == ("h264", "yuv420p", 25.0, "aac")
    assert info.colour == "tv, bt709"
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert (report["planned"], report["done"], report["failed"]) == (3, 3, 0)
