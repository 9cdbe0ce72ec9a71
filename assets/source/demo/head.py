"""The head that acts the demo, and what the actor measures on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xtalker_addon.core.flame import FlameModel

Array = NDArray[np.float64]


def load_head(path: Path) -> FlameModel:
    """The head in `path`, an npz in FLAME's layout with names for columns and regions."""
    with np.load(path, allow_pickle=False) as data:
        basis = np.moveaxis(data["shapedirs"].astype(np.float32), 2, 0)
        return FlameModel(
            name=path.stem,
            source=path,
            template=data["v_template"].astype(np.float32),
            faces=data["f"].astype(np.int32),
            identity_basis=basis[:300],
            expression_basis=basis[300:],
            corrective_basis=np.moveaxis(data["posedirs"].astype(np.float32), 2, 0),
            joint_regressor=data["J_regressor"].astype(np.float32),
            weights=data["weights"].astype(np.float32),
            uv=data["vt"].astype(np.float32),
            uv_faces=data["ft"].astype(np.int32),
            identity_names=tuple(map(str, data["shape_names"])),
            expression_names=tuple(map(str, data["expression_names"])),
            regions={k.removeprefix("region_"): data[k].astype(np.int32) for k in data if k.startswith("region_")},
        )
