"""The skin as fine as the picture shows it."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...core.model.albedo import Albedo
from ...core.model.flame import FlameModel

_FINEST: Final = 0.75  # of all triangles: a quarter has finer skin, that of the face


def skin_for(model: FlameModel, pixels_per_metre: float) -> Albedo | None:
    """The model's skin with one to two texels a pixel along each axis, where it has as many; None where it has none.

    A pixel reads one place of the skin. Pores that lie between those places would come and go as the head moves.
    """
    albedo = model.albedo
    if albedo is None or model.uv is None or model.uv_faces is None:
        return albedo
    height, width = albedo.mean.shape[:2]
    metres = _twice_areas(model.template[model.faces])
    texels = _twice_areas(np.pad(model.uv * (width, height), ((0, 0), (0, 1)))[model.uv_faces])
    shown = metres > 0
    density = np.quantile(np.sqrt(texels[shown] / metres[shown]), _FINEST)
    return _coarser(albedo, int(np.log2(max(density / pixels_per_metre, 1.0))))


@lru_cache(maxsize=4)
def _coarser(albedo: Albedo, halvings: int) -> Albedo:
    """The clips of a batch share it."""
    return albedo.coarser(halvings)


def _twice_areas(corners: NDArray[np.floating]) -> NDArray[np.floating]:
    """(F,) of (F, 3, 3) corners."""
    return np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
