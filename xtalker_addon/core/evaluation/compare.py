"""One truth against its predictions: every metric, and the curves over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...errors import AudioError
from ..model.flame import FlameModel
from ..sequence import Sequence
from .beats import MISSING, beat_seconds, can_find_beats
from .face import Conditions, Face, frames_in_common, identity_of
from .measure import VertexMeasures
from .metrics import METRICS
from .motion import angles_between, beat_alignment, correlation, head_angles_between, lag_frames, pose_variation
from .regions import Regions

_CHUNK: Final = 32  # frames whose vertices are in memory together; suits the cache
_LAG_SECONDS: Final = 1.0  # within which the mouth's lag is looked for


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What one prediction of one clip comes to.

    metrics : of METRICS, in metres, seconds and radians; what could not be measured is not there
    curves  : per frame: those of `measure.CURVES` in metres, head_rotation and jaw_rotation in radians
    """

    frames: int
    fps: float
    metrics: Mapping[str, float]
    curves: Mapping[str, NDArray[np.float64]]
    warnings: tuple[str, ...] = field(default=())


def compare(
    truth: Sequence, prediction: Sequence, model: FlameModel, regions: Regions, conditions: Conditions
) -> Comparison:
    """Every metric over the frames that both have, at the truth's rate. Raises ModelError where codes do not fit."""
    places = frames_in_common(truth, prediction)
    own = np.arange(len(places), dtype=np.float64)
    warnings: list[str] = []
    if abs(truth.fps - prediction.fps) >= 1e-3:
        warnings.append(
            f"{prediction.source}: has {prediction.fps:g} frames a second and the truth {truth.fps:g}; it was taken at "
            "the truth's frames."
        )
    identity = identity_of(truth, own, conditions.identity_per_frame)
    faces = [Face(truth, model, own, identity, conditions.head_pose)]
    if conditions.identity == "own":
        identity = identity_of(prediction, places, conditions.identity_per_frame)
    faces.append(Face(prediction, model, places, identity, conditions.head_pose))
    measures = VertexMeasures(regions, faces[0].still(), model.template, truth.fps)
    for pieces in zip(*(face.vertices(_CHUNK) for face in faces), strict=True):
        measures.add(*pieces)
    curves = measures.curves()
    found = measures.metrics()
    if "mouth_opening" in curves:
        openings = curves["mouth_opening_truth"], curves["mouth_opening"]
        found |= _known(
            mouth_correlation=correlation(*openings),
            mouth_lag=lag_frames(*openings, round(_LAG_SECONDS * truth.fps)),
        )
    curves["head_rotation"] = head_angles_between(faces[0].pose, faces[1].pose)
    curves["jaw_rotation"] = angles_between(faces[0].pose[:, 6:9], faces[1].pose[:, 6:9])
    found |= {f"{part}_rotation_error": float(curves[f"{part}_rotation"].mean()) for part in ("head", "jaw")}
    found["pose_variation"] = pose_variation(faces[1].rotation)
    found |= _known(beat_alignment=_beats(truth, faces[1].rotation, warnings))
    ordered = {key: found[key] for key in METRICS if key in found}
    return Comparison(len(places), truth.fps, ordered, curves, tuple(warnings))


def _known(**values: float | None) -> dict[str, float]:
    return {key: value for key, value in values.items() if value is not None}


def _beats(truth: Sequence, rotation: NDArray[np.float32], warnings: list[str]) -> float | None:
    if not can_find_beats():
        warnings.append(MISSING)
        return None
    if truth.audio is None:
        warnings.append(f"{truth.source}: has no sound, so there is no beat_alignment.")
        return None
    try:
        return beat_alignment(beat_seconds(truth.audio), rotation, truth.fps)
    except AudioError as error:
        warnings.append(f"{str(error).rstrip('.')}, so there is no beat_alignment.")
        return None
