"""Evaluates a model's codes with body-models: FOLDER holds model.npz and codes.npz and gets vertices.npy."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from body_models.flame.numpy import FLAME

_BATCH = 32


def main(folder: Path) -> None:
    layer = FLAME(model_path=folder / "model.npz")
    with np.load(folder / "codes.npz", allow_pickle=False) as stored:
        # In double precision, so that all that is left is the rounding of what is measured.
        shape, expression, pose = (np.asarray(stored[key], np.float64) for key in ("shape", "expression", "pose"))
    turns = pose.reshape(len(pose), 5, 3)
    found = None
    for start in range(0, len(pose), _BATCH):
        rows = slice(start, start + _BATCH)
        vertices = layer.forward_vertices(
            turns[rows, 1:], head_rotation=turns[rows, 0], shape=shape[rows], expression=expression[rows]
        )
        if found is None:
            size = (len(pose), *vertices.shape[1:])
            found = np.lib.format.open_memmap(folder / "vertices.npy", mode="w+", dtype=np.float64, shape=size)
        found[rows] = vertices


if __name__ == "__main__":
    main(Path(sys.argv[1]))
