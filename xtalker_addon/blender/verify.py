"""`xtalker verify`: the imported head, frame by frame, against an independent FLAME layer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.assets import asset
from ..core.model.flame import FlameModel, load_model
from ..core.model.placement import expression_for, translation_for
from ..core.sequence import IdentityMode, Sequence
from .evaluated import vertices_in_flame_axes
from .importer import ImportOptions, fitted_codes, import_sequence
from .oracle import missing_packages, oracle_vertices

REFERENCE = "verify_reference.npz"
TOLERANCE_METRES = 1e-6


@dataclass(frozen=True, slots=True)
class Distance:
    """Distances in metres between two heads over all vertices and frames, and the frame of the largest."""

    largest: float
    mean: float
    frame: int

    def __str__(self) -> str:
        return f"largest {self.largest:.2e} m (frame {self.frame}), mean {self.mean:.2e} m"


def verify(sequence: Sequence, model: FlameModel) -> int:
    """Import `sequence`, print how far it is from the independent layer; 0 within a micrometre, 1 beyond.

    Replaces the open file by an empty one. Where torch is missing, the sequence is compared with our own evaluation
    of the model, and the default head with vertices that the independent layer computed once.
    """
    shape = sequence.identity()
    rows = (sequence.frames, 1)
    identity = np.tile(model.fit_codes(np.zeros(0) if shape is None else shape, "identity"), rows)
    expression = expression_for(model, sequence)
    missing = missing_packages()
    if missing:
        print(f"{', '.join(missing)} not installed: measured against a stored result of flame-pytorch instead.")
        stored = _stored_distance()
        print(f"Blender {bpy.app.version_string} to flame-pytorch, default head: {stored}")
        expected = model.evaluate_chunks(identity[0], expression, sequence.pose())
        distance = measure(_blender_frames(sequence, model), (v for chunk in expected for v in chunk))
        print(f"Blender to XTalker's evaluation, {sequence.frames} frames: {distance}")
        return int(max(stored.largest, distance.largest) > TOLERANCE_METRES)
    batches = oracle_vertices(model, identity, expression, sequence.pose())
    distance = measure(_blender_frames(sequence, model), (v for batch in batches for v in batch))
    print(f"Blender {bpy.app.version_string} to flame-pytorch, {model.name}, {sequence.frames} frames: {distance}")
    return int(distance.largest > TOLERANCE_METRES)


def measure(found: Iterable[NDArray[np.floating]], expected: Iterable[NDArray[np.floating]]) -> Distance:
    """Distances between two series of (V, 3) vertices."""
    largest, total, count, worst = 0.0, 0.0, 0, 0
    for frame, (ours, theirs) in enumerate(zip(found, expected, strict=True)):
        apart = np.linalg.norm(ours.astype(np.float64) - theirs, axis=-1)
        if apart.max() > largest:
            largest, worst = float(apart.max()), frame
        total += float(apart.sum())
        count += len(apart)
    return Distance(largest, total / max(count, 1), worst)


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
        return measure(_blender_frames(codes, load_model(), "per_frame"), stored["vertices"])
