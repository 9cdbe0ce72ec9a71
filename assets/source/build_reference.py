"""Writes assets/verify_reference.npz: what flame-pytorch makes of random codes on the default head.

`xtalker verify` measures against it where torch is not installed. Build it anew whenever the head has changed:

    python assets/source/build_reference.py        needs torch, smplx and flame-pytorch
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from xtalker_addon.blender.oracles import flame_pytorch_layer  # noqa: E402
from xtalker_addon.blender.verify import REFERENCE  # noqa: E402
from xtalker_addon.core.model.flame import load_model  # noqa: E402

FRAMES = 8


def main() -> None:
    rng = np.random.default_rng(0)
    model = load_model()
    codes = {
        "shape": rng.normal(0, 1, (FRAMES, len(model.identity_basis))).astype(np.float32),
        "expression": rng.normal(0, 1, (FRAMES, len(model.expression_basis))).astype(np.float32),
        "pose": rng.normal(0, 0.3, (FRAMES, 15)).astype(np.float32),
    }
    vertices = np.concatenate(list(flame_pytorch_layer.vertices(model, **codes)))
    target = ROOT / "assets" / REFERENCE
    np.savez_compressed(target, vertices=vertices, **codes)
    print(f"{target}: {len(vertices)} frames, {target.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
