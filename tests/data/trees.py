"""Trees of clips on disk, as datasets are laid out."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import soundfile

from tests.data.clips import smooth

SUBSETS = ("V0-GRID", "V1-RAVDESS", "V2-MEAD", "V3-VFHQ", "V4-HDTF", "V5-CelebV-HQ")


def write_clip(folder: Path, frames: int = 6, seed: int = 0, sound: bool = True) -> Path:
    """A 3DXTalker folder of realistic motion, with speech-like sound of the same length."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    light = np.zeros((frames, 9, 3), np.float32)
    light[:, 0], light[:, 3] = 2.7, 0.4
    jaw = np.abs(smooth(rng, frames, 1, 0.25))
    arrays = {
        "expcode": smooth(rng, frames, 50, 1.0),
        "shapecode": np.repeat(rng.normal(0, 0.8, (1, 100)), frames, 0),
        "posecode": np.concatenate([smooth(rng, frames, 3, 0.15), jaw, np.zeros((frames, 2))], 1),
        "detailcode": np.zeros((frames, 128)),
        "texcode": np.zeros((frames, 50)),
        "cam": np.tile([8.0, 0.0, 0.02], (frames, 1)),
        "lightcode": light,
    }
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array.astype(np.float32))
    if sound:
        time = np.arange(round(frames / 25 * 16000)) / 16000
        loudness = np.interp(time, np.arange(frames) / 25, jaw[:, 0] / 0.25)
        samples = 0.3 * loudness * np.sin(2 * np.pi * (130 + 40 * seed % 90) * time) + rng.normal(0, 0.01, time.size)
        soundfile.write(folder / "audio.wav", samples.astype(np.float32), 16000)
    return folder


def write_hollow_tree(root: Path, clips: int) -> None:
    """`clips` folders of eleven files in six subsets, as 3DXTalker has them; only the expression's header is true."""
    lengths = np.random.default_rng(0).integers(75, 600, clips)
    root.mkdir(parents=True)
    others = (
        *("shapecode.npy", "posecode.npy", "detailcode.npy", "cam.npy", "lightcode.npy", "texcode.npy", "refimg.npy"),
        *("envelope.npy", "audio.wav", "metadata.pkl"),
    )
    empty = root / ".empty"  # a file may have some 65,000 names
    empty.mkdir()
    for name in others:
        (empty / name).touch()
    for index, frames in enumerate(lengths.tolist()):
        folder = root / SUBSETS[index % len(SUBSETS)] / f"M{index % 40:03d}_happy_{index:05d}"
        folder.mkdir(parents=True)
        for name in others:
            os.link(empty / name, folder / name)
        with (folder / "expcode.npy").open("wb") as file:
            header = {"descr": "<f4", "fortran_order": False, "shape": (frames, 50)}
            np.lib.format.write_array_header_1_0(file, header)
            file.truncate(file.tell() + frames * 200)  # zeros that take no space
