"""Independent FLAME layers that ours is measured against. They are needed for nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ...core.model.flame import FlameModel
from . import body_models_layer, flame_pytorch_layer


class _Vertices(Protocol):
    def __call__(
        self,
        model: FlameModel,
        shape: NDArray[np.floating],
        expression: NDArray[np.floating],
        pose: NDArray[np.floating],
    ) -> Iterator[NDArray[np.floating]]: ...


class _Missing(Protocol):
    def __call__(self) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Oracle:
    """A layer of somebody else's.

    missing  : names the packages of it that are not installed
    vertices : (n, V, 3) of consecutive frames, in metres and FLAME axes, from `shape` (T, S) and `expression` (T, E),
               both as wide as the model's bases, and `pose` (T, 15), axis-angle in the order of FLAME's joints
    """

    name: str
    missing: _Missing
    vertices: _Vertices


ORACLES: Final = (
    Oracle("flame-pytorch", flame_pytorch_layer.missing, flame_pytorch_layer.vertices),
    Oracle("body-models", body_models_layer.missing, body_models_layer.vertices),
)


def installed() -> list[Oracle]:
    """The layers that can be asked here."""
    return [oracle for oracle in ORACLES if not oracle.missing()]
