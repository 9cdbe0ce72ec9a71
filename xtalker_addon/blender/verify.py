"""`xtalker verify`: the imported head, frame by frame, against an independent FLAME layer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.amounts import counted
from ..core.assets import asset
from ..core.model.flame import FlameModel, load_model
from ..core.model.placement import expression_for, translation_for
from ..core.sequence import IdentityMode, Sequence
from ..errors import UsageError
from .evaluated import vertices_in_flame_axes
from .importer import ImportOptions, fitted_codes, import_sequence
from .oracles import ORACLES, installed

REFERENCE = "verify_reference.npz"
TOLERANCE_METRES = 1e-6


@dataclass(slots=True)
class Distance:
    """Distances in metres between two heads over all vertices and frames, and the frame of the largest."""

    largest: float = 0.0
    total: float = 0.0
    count: int = 0
    frame: int = 0

    @property
    def mean(self) -> float:
        return self.total / max(self.count, 1)

    def add(self, frame: int, one: NDArray[np.floating], other: NDArray[np.floating]) -> None:
        """Count in a frame's (V, 3) vertices."""
        apart = np.linalg.norm(one.astype(np.float64) - other, axis=-1)
        if apart.max() > self.largest:
            self.largest, self.frame = float(apart.max()), frame
        self.total += float(apart.sum())
        self.count += len(apart)

    def __str__(self) -> str:
        return f"largest {self.largest:.2e} m (frame {self.frame}), mean {self.mean:.2e} m"


def verify(sequence: Sequence, model: FlameModel) -> int:
    """Import `sequence`, print how far it is from every independent layer; 0 within a micrometre, 1 beyond.

    Replaces the open file by an empty one. Where there are several layers they must agree with each other as well;
    where there is none, the sequence is compared with our own evaluation of the model, and the default head with
    vertices that flame-pytorch computed once. Raises UsageError for vertices.
    """
    if sequence.expression is None:
        raise UsageError(f"{sequence.source}: holds vertices, which no equation made; verify a sequence of codes.")
    shape = sequence.identity()
    rows = (sequence.frames, 1)
    identity = np.tile(model.fit_codes(np.zeros(0) if shape is None else shape, "identity"), rows)
    expression = expression_for(model, sequence)
    blender = f"Blender {bpy.app.version_string}"
    layers = installed()
    if not layers:
        names = ", ".join(oracle.name for oracle in ORACLES)
        print(
            f"No independent layer is installed ({names}): measured against a stored result of flame-pytorch instead."
        )
        stored = {f"{blender} to flame-pytorch, default head": _stored_distance()}
        ours = model.evaluate_chunks(identity[0], expression, sequence.pose())
        distances = measure({blender: _blender_frames(sequence, model), "XTalker's evaluation": _each(ours)})
        beyond = _told(stored, "the stored frames, not this sequence")
        return max(beyond, _told(distances, f"{model.name}, {counted(sequence.frames, 'frame')}"))
    theirs = {layer.name: _each(layer.vertices(model, identity, expression, sequence.pose())) for layer in layers}
    distances = measure({blender: _blender_frames(sequence, model), **theirs})
    return _told(distances, f"{model.name}, {counted(sequence.frames, 'frame')}")


def _told(distances: Mapping[str, Distance], what: str) -> int:
    for pair, distance in distances.items():
        print(f"{pair}, {what}: {distance}")
    return int(max(distance.largest for distance in distances.values()) > TOLERANCE_METRES)


def _each(batches: Iterable[NDArray[np.floating]]) -> Iterator[NDArray[np.floating]]:
    return (vertices for batch in batches for vertices in batch)


def measure(series: Mapping[str, Iterable[NDArray[np.floating]]]) -> dict[str, Distance]:
    """Distances between every two series of (V, 3) vertices, by their names."""
    pairs = {f"{one} to {other}": Distance() for one, other in combinations(series, 2)}
    for frame, heads in enumerate(zip(*series.values(), strict=True)):
        for distance, (one, other) in zip(pairs.values(), combinations(heads, 2), strict=True):
            distance.add(frame, one, other)
    return pairs


def _blender_frames(
    sequence: Sequence, model: FlameModel, identity: IdentityMode = "mean"
) -> Iterator[NDArray[np.float32]]:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    options = ImportOptions(identity=identity, start_frame=0, sound=False, camera="NONE")
    head = import_sequence(sequence, model, options).head
    place = translation_for(model, sequence, *fitted_codes(sequence, model, options))
    offset = np.zeros((sequence.frames, 3)) if place is None else place
    scale = np.ones(sequence.frames) if sequence.scale is None else sequence.scale
    for frame in range(sequence.frames):
        bpy.context.scene.frame_set(frame)
        # The layer is asked for the head where it is, and as large as it is.
        yield (vertices_in_flame_axes(head) - offset[frame]) / scale[frame]


def _stored_distance() -> Distance:
    """The default head in Blender against vertices that flame-pytorch computed for it."""
    path = asset(REFERENCE)
    with np.load(path, allow_pickle=False) as stored:
        pose = stored["pose"]
        codes = Sequence(
            "reference",
            path,
            25.0,
            stored["expression"],
            shape=stored["shape"],
            global_rotation=pose[:, :3],
            neck=pose[:, 3:6],
            jaw=pose[:, 6:9],
            eyes=pose[:, 9:],
        )
        (distance,) = measure(
            {"Blender": _blender_frames(codes, load_model(), "per_frame"), "stored": stored["vertices"]}
        ).values()
        return distance
