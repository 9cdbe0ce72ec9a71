"""Sound and picture of a rendered video agree at its start and at its end."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from xtalker_addon.core.ffmpeg import find_ffmpeg
from xtalker_addon.core.formats import read_sequence
from xtalker_addon.core.model.flame import save_model

pytest.importorskip("bpy", reason="this Python has no Blender module")

from tests.data.models import synthetic_model
from tests.render.test_captured_clip import render_batch

FPS, RATE, SIZE = 25, 16000, 64
DECODED_RATE = 48000


def write_clip(folder: Path, frames: int, events: list[int]) -> None:
    """A 3DXTalker folder whose jaw is wide open in exactly the frames `events`, each with a click at its start."""
    folder.mkdir(parents=True)
    pose = np.zeros((frames, 6), np.float32)
    pose[events, 3] = 0.5
    sound = np.zeros(frames * RATE // FPS, np.float32)
    for event in events:
        start = event * RATE // FPS
        sound[start : start + 32] = np.hanning(32) * 0.9
    np.save(folder / "posecode.npy", pose)
    np.save(folder / "expcode.npy", np.zeros((frames, 50), np.float32))
    soundfile.write(folder / "audio.wav", sound, RATE)


def seen_and_heard(video: Path) -> tuple[np.ndarray, np.ndarray]:
    """Times in seconds of the frames with the jaw open, and of the clicks, as a player would present them."""
    decode = [find_ffmpeg(), "-loglevel", "error", "-i", str(video)]
    raw = subprocess.run([*decode, "-f", "rawvideo", "-pix_fmt", "gray", "-"], capture_output=True, check=True).stdout
    frames = np.frombuffer(raw, np.uint8).reshape(-1, SIZE * SIZE).astype(np.float32)
    change = np.abs(frames - np.median(frames, axis=0)).mean(1)
    opened = np.flatnonzero(change > 0.5 * change.max())
    raw = subprocess.run(
        [*decode, "-f", "f32le", "-ac", "1", "-ar", str(DECODED_RATE), "-"], capture_output=True, check=True
    )
    sound = np.abs(np.frombuffer(raw.stdout, np.float32))
    loud = np.flatnonzero(sound > 0.4 * sound.max())
    clicks = loud[np.diff(loud, prepend=-DECODED_RATE) > DECODED_RATE // 10]
    return opened / FPS, clicks / DECODED_RATE


def check(tmp_path: Path, seconds: int, *options: object) -> None:
    frames = seconds * FPS
    events = [12, 40, frames // 2, frames - 41, frames - 13]
    write_clip(tmp_path / "in" / "clicks", frames, events)
    assert read_sequence(tmp_path / "in" / "clicks").warnings == ()
    save_model(synthetic_model(), tmp_path / "model.npz")
    settings = ("--model", tmp_path / "model.npz", "--size", SIZE, "--light", "studio", *options)
    seen = render_batch("--input", tmp_path / "in", "--output", tmp_path / "out", *settings)
    assert seen.returncode == 0, seen.stderr
    opened, clicks = seen_and_heard(tmp_path / "out" / "clicks.mp4")
    assert (opened * FPS).round().astype(int).tolist() == events
    assert len(clicks) == len(events)
    assert np.abs(opened - clicks).max() < 0.020


def test_a_short_clip(tmp_path):
    check(tmp_path, 6)


@pytest.mark.slow
def test_a_clip_of_138_seconds(tmp_path):
    check(tmp_path, 138)
