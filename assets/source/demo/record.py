"""Writes the sequence in the layout of the 3DXTalker dataset: a folder with eleven files."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import hilbert

from .speech import SAMPLE_RATE

FPS = 25
SAMPLES_PER_FRAME = SAMPLE_RATE // FPS


def metadata(frames: int, size: int) -> bytes:
    """Six plain pickles in a row, as the dataset's extractor leaves them: version, videos, their facts, and so on."""
    video = {"fps": f"{FPS}/1", "width": size, "height": size, "num_frames": frames, "bit_rate": "0"}
    sound = {"sample_rate": str(SAMPLE_RATE), "sample_fmt": "s16", "num_frames": frames * SAMPLES_PER_FRAME}
    file = io.BytesIO()
    for part in (3, ["XTalker_demo.mp4"], [video], [], [list(range(frames))], [sound]):
        pickle.dump(part, file, protocol=4)
    return file.getvalue()


def write_sequence(folder: Path, codes: Mapping[str, NDArray[np.generic]], samples: NDArray[np.float64]) -> None:
    """Write `codes` by file name, the sound (N,) within +-1 with its envelope, and the metadata into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    pcm = np.round(samples * 32767).astype("<i2")
    for name, array in codes.items():
        np.save(folder / f"{name}.npy", array)
    # The envelope is as long as the sound: half precision keeps it as small.
    np.save(folder / "envelope.npy", np.abs(hilbert(pcm / 32768)).astype(np.float16))
    soundfile.write(folder / "audio.wav", pcm, SAMPLE_RATE)
    (folder / "metadata.pkl").write_bytes(metadata(len(codes["expcode"]), 512))
