"""How the columns of a model make ARKit's units."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError
from ..assets import DEFAULT_HEAD, asset
from .names import FLESH, column

if TYPE_CHECKING:
    from ..model.flame import FlameModel


@dataclass(frozen=True, slots=True)
class Units:
    """Of a model whose columns are ARKit's units, by `names.FLESH`.

    column_names : of the model's expression, up to the last of these columns
    columns      : (43,) their numbers
    amounts      : (43,) the share of the whole unit that one sigma of its code makes
    jaw_open     : radians that the whole jawOpen turns the jaw by
    """

    column_names: tuple[str, ...]
    columns: NDArray[np.int64]
    amounts: NDArray[np.float64]
    jaw_open: float

    def codes(self, coefficients: Mapping[str, NDArray[Any]], frames: int) -> NDArray[np.float32]:
        """(T, E) expression codes of coefficients (T,) by unit; units that are not there stay 0."""
        codes = np.zeros((frames, len(self.column_names)), np.float32)
        for unit, place, amount in zip(FLESH, self.columns, self.amounts, strict=True):
            if unit in coefficients:
                codes[:, place] = coefficients[unit] / amount
        return codes


def units_of(model: FlameModel) -> Units | None:
    """How the model makes the units; None where it has no such columns."""
    return _units(model.expression_names, model.expression_amounts, model.jaw_open)


@lru_cache(maxsize=1)
def own_units() -> Units:
    """How XTalker's own head does, from its file without its shapes. Raises ModelError where the file is another."""
    path = asset(DEFAULT_HEAD)
    try:
        with np.load(path, allow_pickle=False) as file:
            names, amounts = file["expression_names"].tolist(), file["expression_amounts"].tolist()
            units = _units(names, amounts, float(file["jaw_open"]))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        units = None
    if units is None:
        raise ModelError(f"{path}: has no columns of ARKit's units; install XTalker again.")
    return units


def _units(names: Sequence[str], amounts: Sequence[float], jaw_open: float) -> Units | None:
    place = {name: index for index, name in enumerate(names) if name}
    columns = [place.get(column(unit), -1) for unit in FLESH]
    if min(columns) < 0 or not amounts or min(amounts[index] for index in columns) <= 0 or jaw_open <= 0:
        return None
    width = max(columns) + 1
    share = np.array([amounts[index] for index in columns])
    return Units(tuple(names[:width]), np.array(columns), share, jaw_open)
