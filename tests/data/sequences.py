"""Writes clips in every layout, with codes, motion and speech of realistic size; the same seed gives the same clip."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from xtalker_addon.core.motion.statistics import EXPRESSION_STD, HEAD_STD, JAW_STD

Arrays = dict[str, NDArray]

SHARED = Path(__file__).parents[3] / "shared" / "data"  # beside the repository; tests that need it skip without it
BEAT2 = SHARED / "beat2_scott.npz"
SAMPLE_RATE = 16_000
FPS = 25

# Standard deviations of 3DXTalker's codes that the package does not know one by one.
_STD = {"shape": 0.095, "detail": 0.078}


def standard_deviations() -> NDArray:
    """(284,) of shape 100, expression 50, pose 6, detail 128."""
    statistics = SHARED / "3dxtalker_mean_std.npz"
    if statistics.is_file():
        with np.load(statistics) as file:
            return file["data_std"]
    return np.concatenate(
        [np.full(100, _STD["shape"]), EXPRESSION_STD, HEAD_STD, JAW_STD, np.full(128, _STD["detail"])]
    )


def smooth_motion(frames: int, width: int, rng: np.random.Generator, seconds: float = 0.2) -> NDArray:
    """(frames, width) of unit variance that changes over about `seconds`, as faces do."""
    span = max(1, round(seconds * FPS))
    kernel = np.hanning(2 * span + 1)
    noise = rng.normal(size=(frames + 2 * span, width))
    smooth = np.stack([np.convolve(column, kernel, "valid") for column in noise.T], axis=1)
    return smooth / np.linalg.norm(kernel)


def speech(frames: int, rng: np.random.Generator, fps: float = FPS) -> tuple[NDArray, NDArray]:
    """A voiced babble of syllables (N,) in -1..1 and its loudness a frame (frames,) in 0..1."""
    samples = round(frames / fps * SAMPLE_RATE)
    time = np.arange(samples) / SAMPLE_RATE
    loudness = np.clip(smooth_motion(frames, 1, rng, 0.12)[:, 0], 0, None)
    loudness /= max(loudness.max(), 1e-6)
    envelope = np.interp(time * fps - 0.5, np.arange(frames), loudness)  # a frame's loudness amid its samples
    pitch = 2 * np.pi * np.cumsum(120 + 15 * np.sin(2 * np.pi * 0.7 * time)) / SAMPLE_RATE
    voice = sum(np.sin(k * pitch) / k for k in range(1, 12))
    return (0.3 * envelope * voice).astype(np.float32), loudness


def make_codes(frames: int, seed: int = 0) -> tuple[Arrays, NDArray]:
    """Codes of a clip under 3DXTalker's file names (without .npy), float32, and its speech (N,)."""
    rng = np.random.default_rng(seed)
    std = standard_deviations()
    sound, loudness = speech(frames, rng)
    shape = rng.normal(0, 0.7, 100) + smooth_motion(frames, 100, rng, 0.4) * std[:100]
    expression = smooth_motion(frames, 50, rng) * std[100:150]
    pose = smooth_motion(frames, 6, rng, 0.6) * std[150:156]
    pose[:, 3] = np.abs(0.2 * pose[:, 3]) + 0.22 * loudness  # the mouth opens with the voice
    light = np.zeros((9, 3))
    light[0], light[1], light[2], light[3] = 3.0, 0.25, 0.4, 0.5
    light += rng.normal(0, 0.08, (9, 3))
    codes = {
        "expcode": expression,
        "shapecode": shape,
        "posecode": pose,
        "detailcode": smooth_motion(frames, 128, rng) * std[156:],
        "cam": np.array([8.5, 0.0, 0.02]) + smooth_motion(frames, 3, rng) * (0.12, 0.003, 0.003),
        "lightcode": light + smooth_motion(frames, 27, rng).reshape(-1, 9, 3) * 0.03,
        "texcode": rng.normal(0, 0.6, 50) + smooth_motion(frames, 50, rng) * 0.05,
        "refimg": _portrait(rng),
        "envelope": np.abs(analytic_signal(sound)),
    }
    return {name: np.ascontiguousarray(array, np.float32) for name, array in codes.items()}, sound


def analytic_signal(samples: NDArray) -> NDArray:
    """The signal whose magnitude is the envelope (Hilbert transform by FFT)."""
    n = len(samples)
    spectrum = np.fft.fft(samples)
    spectrum[1 : (n + 1) // 2] *= 2
    spectrum[n // 2 + 1 :] = 0
    return np.fft.ifft(spectrum)


def _portrait(rng: np.random.Generator) -> NDArray:
    """(3, 224, 224) in 0..1: an oval on a background, so that up, down, red and blue can be told."""
    y, x = np.mgrid[-1:1:224j, -1:1:224j]
    face = ((x / 0.6) ** 2 + (y / 0.8) ** 2 < 1)[None]
    skin, back = np.array([0.8, 0.6, 0.5])[:, None, None], np.array([0.2, 0.3, 0.5])[:, None, None]
    return np.where(face, skin, back) * (1 - 0.2 * (y + 1) / 2) + rng.normal(0, 0.005, (3, 224, 224)).clip(-0.02, 0.02)


def write_wav(path: Path, samples: NDArray, sample_rate: int = SAMPLE_RATE, subtype: str = "PCM_16") -> None:
    """(N,) or (N, channels) samples."""
    soundfile.write(path, samples, sample_rate, subtype=subtype)


def write_3dxtalker_folder(
    folder: Path, frames: int = 50, seed: int = 0, changes: Mapping[str, NDArray | None] | None = None
) -> Arrays:
    """All eleven files; `changes` replaces arrays by file name without .npy, or leaves files out (None).

    Returns the arrays that were written.
    """
    codes, sound = make_codes(frames, seed)
    arrays = {name: array for name, array in {**codes, **(changes or {})}.items() if array is not None}
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    write_wav(folder / "audio.wav", sound)
    # As the real one begins: a pickled version number. The rest is never looked at.
    (folder / "metadata.pkl").write_bytes(b"\x80\x04K\x03.")
    return arrays


def write_webtalk_clip(
    root: Path, stem: str, frames: int = 50, seed: int = 0, transcript: str = "Hello there."
) -> Arrays:
    """A clip of WebTalk-Synthetic below `root`; float64 shape and 0-d rate as published."""
    codes, sound = make_codes(frames, seed)
    arrays: Arrays = {
        "exp": np.pad(codes["expcode"], ((0, 0), (0, 50))),
        "shape": codes["shapecode"].astype(np.float64),
        "pose": codes["posecode"],
        "mocap_frame_rate": np.array(FPS),
    }
    for name in ("FLAME_coeffs_25", "audios", "transcripts"):
        (root / name).mkdir(parents=True, exist_ok=True)
    np.savez(root / "FLAME_coeffs_25" / f"{stem}.npz", **arrays)
    write_wav(root / "audios" / f"{stem}.wav", sound)
    (root / "transcripts" / f"{stem}.txt").write_text(transcript, encoding="utf-8")
    return arrays


def write_all_in_one(folder: Path, name: str, frames: int = 50, seed: int = 0, texture: bool = False) -> Arrays:
    """`<name>-AllInOne.npy`, `<name>.wav` and `<name>-evlp.npy`; the codes by 3DXTalker's names."""
    codes, sound = make_codes(frames, seed)
    parts = ["shapecode", "expcode", "posecode", "detailcode", *(["texcode"] if texture else [])]
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / f"{name}-AllInOne.npy", np.concatenate([codes[part] for part in parts], axis=1))
    np.save(folder / f"{name}-evlp.npy", codes["envelope"])
    write_wav(folder / f"{name}.wav", sound)
    return codes
