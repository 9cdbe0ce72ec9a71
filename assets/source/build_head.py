"""Builds assets/default_head.npz, the head that XTalker shows when no FLAME model is given.

    python assets/source/build_head.py [OUTPUT]

Needs numpy and scipy. The same arrays come out every time. How to decode the albedo columns: see head/skin.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from head import pack

DEFAULT_OUTPUT = Path(__file__).resolve().parents[1] / "default_head.npz"


def main(output: Path) -> None:
    """Writes the model to `output`, which appears complete or not at all."""
    arrays = pack.build()
    unfinished = output.with_name(output.name + ".part")
    with unfinished.open("wb") as stream:
        np.savez_compressed(stream, **arrays)
    unfinished.replace(output)
    print(f"{output}: {output.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_OUTPUT)
