"""The head that acts the demo: its model, its skin, and codes by the names of its columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xtalker_addon.core.model.albedo import Albedo, albedo_from_fields
from xtalker_addon.core.model.flame import FlameModel

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Head:
    """A face model, the names of its columns, and its skin."""

    model: FlameModel
    names: Mapping[str, tuple[str, ...]]
    skin: Albedo

    def codes(
        self, values: Mapping[str, Array | float], basis: Literal["identity", "expression", "albedo"], width: int
    ) -> Array:
        """Codes (..., width) of a `basis` from values (...) by column name, 0 for all other columns.

        Raises ValueError where the head has no such column among the first `width`.
        """
        names = self.names[basis][:width]
        codes = np.zeros((*np.shape(next(iter(values.values()))), width))
        for name, value in values.items():
            if name not in names:
                raise ValueError(f"{self.model.source}: no {basis} column '{name}' among the first {width}.")
            codes[..., names.index(name)] += value
        return codes

    def albedo(self, code: Array) -> Array:
        """The texture (H, W, 3) in 0..1, first row at v = 1, of one code (n,)."""
        return self.skin.decode(code)


def load_head(path: Path) -> Head:
    """The head in `path`, an npz in FLAME's layout with names for columns and regions."""
    with np.load(path, allow_pickle=False) as data:
        basis = np.moveaxis(data["shapedirs"].astype(np.float32), 2, 0)
        model = FlameModel(
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
            regions={k.removeprefix("region_"): data[k].astype(np.int32) for k in data if k.startswith("region_")},
        )
        skin = albedo_from_fields(data, path)
        assert skin is not None
        return Head(
            model,
            {
                "identity": tuple(map(str, data["shape_names"])),
                "expression": tuple(map(str, data["expression_names"])),
                "albedo": skin.names,
            },
            skin,
        )
