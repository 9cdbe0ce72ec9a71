"""Texture spaces as users have them, with random content: FLAME_albedo_from_BFM.npz and FLAME_texture.npz."""

from __future__ import annotations

from pathlib import Path

import numpy as np

SIDE = 512


def write_bfm_albedo(path: Path, columns: int = 8, fortran: bool = False, seed: int = 0) -> None:
    """MU (512 * 512 * 3,) and PC (512 * 512 * 3, columns), float64 BGR in 0..1."""
    rng = np.random.default_rng(seed)
    # A product of thin matrices: random in every texel and column, and made in no time.
    basis = rng.normal(0, 0.014, (SIDE * SIDE * 3, 2)) @ rng.normal(0, 1, (2, columns))
    np.savez(path, MU=rng.random(SIDE * SIDE * 3), PC=np.asfortranarray(basis) if fortran else basis)


def write_flame_texture(path: Path, columns: int = 6, seed: int = 0, **more: np.ndarray) -> None:
    """mean (512, 512, 3) and tex_dir (512, 512, 3, columns) in 0..255, BGR."""
    rng = np.random.default_rng(seed)
    mean = 255 * rng.random((SIDE, SIDE, 3))
    np.savez(path, mean=mean, tex_dir=rng.normal(0, 5, (SIDE, SIDE, 3, columns)), **more)
