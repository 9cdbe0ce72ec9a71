"""The detail decoder: numpy against torch on the same cores, with random weights."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from tests.bench._timing import best_seconds
from xtalker_addon.core.model.detail import load_detail_decoder

FRAMES = 8


def main() -> None:
    try:
        import torch

        from tests.data.checkpoints import random_generator, save_deca
    except ImportError:
        print("torch is not installed: nothing to compare with")
        return
    network = random_generator()
    with tempfile.TemporaryDirectory() as folder:
        save_deca(network, Path(folder) / "deca_model.tar")
        decoder = load_detail_decoder(Path(folder) / "deca_model.tar")
    rng = np.random.default_rng(0)
    codes = rng.normal(0, 1, (FRAMES, 181)).astype(np.float32)
    given = torch.tensor(codes)
    with torch.no_grad():
        error = np.abs(decoder.decode(codes) - network(given)[:, 0].numpy()).max()
        theirs = best_seconds(lambda: network(given), 3) / FRAMES
    ours = best_seconds(lambda: decoder.decode(codes), 3) / FRAMES
    print(f"numpy {1e3 * ours:.0f} ms a frame, torch {1e3 * theirs:.0f} ms ({theirs / ours:.2f} of numpy's time)")
    print(f"largest difference {error:.1e} m")
