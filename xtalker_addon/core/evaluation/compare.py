"""One truth against its predictions: every metric, and the curves over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...errors import AudioError, SequenceError
from ..model.flame import FlameModel
from ..model.placement import another_face
from ..sequence import Sequence
from .beats import MISSING, beat_seconds, can_find_beats
from .face import Conditions, Face, frames_in_common, identity_of
from .measure import VertexMeasures
from .metrics import METRICS
from .motion import angles_between, beat_alignment, correlation, head_angles_between, lag_frames, pose_variation
from .regions import Regions
from .templates import subject_template

_CHUNK: Final = 32  # frames whose vertices are in memory together; suits the cache
_LAG_SECONDS: Final = 1.0  # within which the mouth's lag is looked for

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Yardstick:
    """What all clips of an evaluation are measured with.

    template  : (V, 3) the generic face that 3DXTalker's upper-face dynamics are against
    templates : file of subjects' still faces; None: the one beside a clip of vertices, where there is one
    beats     : whether the sound's beats are looked for, where that can be done
    """

    model: FlameModel
    regions: Regions
    conditions: Conditions
    template: Array
    templates: Path | None = None
    beats: bool = True


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
    warnings: tuple[str, ...] = ()


def compare(truth: Sequence, predictions: Iterable[Sequence], yardstick: Yardstick) -> list[Comparison]:
    """Every metric of each prediction over the frames that it has in common with the truth, at the truth's rate.

    Raises ModelError where codes or still faces do not fit the model.
    """
    template = None
    if truth.vertices is not None:
        template = subject_template(truth.source, yardstick.model.vertex_count, yardstick.templates)
    rivals = [_Rival(truth, prediction, yardstick, template) for prediction in predictions]
    own = np.arange(max(len(rival.places) for rival in rivals), dtype=np.float64)
    conditions = yardstick.conditions
    identity = identity_of(truth, own, conditions.identity_mode)
    face = Face(truth, yardstick.model, own, identity, conditions.head_pose)
    still = face.still() if template is None else template
    for rival in rivals:
        rival.begin(truth, identity, still, yardstick)
    for piece in face.planes(_CHUNK):
        for rival in rivals:
            rival.add(piece)
    return [rival.finish(truth, face) for rival in rivals]


class _Rival:
    """One prediction while it is compared."""

    def __init__(self, truth: Sequence, prediction: Sequence, yardstick: Yardstick, template: Array | None) -> None:
        self._prediction, self._beats = prediction, yardstick.beats
        self.places = frames_in_common(truth, prediction)
        self._warnings = [text for clip in (truth, prediction) for text in another_face(yardstick.model, clip)]
        self._warnings += _about_vertices(truth, prediction, yardstick.conditions, template)
        if abs(truth.fps - prediction.fps) >= 1e-3:
            self._warnings.append(
                f"{prediction.source}: has {prediction.fps:g} frames a second and the truth {truth.fps:g}; it was "
                "taken at the truth's frames."
            )

    def begin(self, truth: Sequence, identity: Array | None, still: Array, yardstick: Yardstick) -> None:
        conditions = yardstick.conditions
        if conditions.identity == "own":
            identity = identity_of(self._prediction, self.places, conditions.identity_mode)
        elif identity is not None and identity.ndim == 2:
            identity = identity[: len(self.places)]
        self._face = Face(self._prediction, yardstick.model, self.places, identity, conditions.head_pose)
        self._pieces = self._face.planes(_CHUNK)
        self._measures = VertexMeasures(yardstick.regions, still, yardstick.template, truth.fps)

    def add(self, truth: Array) -> None:
        """Compare with the next piece of the truth, while this prediction lasts."""
        piece = next(self._pieces, None)
        if piece is not None:
            self._measures.add(truth[: len(piece)], piece)

    def finish(self, truth: Sequence, face: Face) -> Comparison:
        curves, found = self._measures.curves(), self._measures.metrics()
        if "mouth_opening" in curves:
            openings = curves["mouth_opening_truth"], curves["mouth_opening"]
            found |= _known(
                mouth_correlation=correlation(*openings),
                mouth_lag=lag_frames(*openings, round(_LAG_SECONDS * truth.fps)),
            )
        found |= self._measure_poses(truth, face.pose, curves)
        ordered = {key: found[key] for key in METRICS if key in found}
        return Comparison(len(self.places), truth.fps, ordered, curves, tuple(self._warnings))

    def _measure_poses(
        self, truth: Sequence, true_pose: Array | None, curves: dict[str, NDArray[np.float64]]
    ) -> dict[str, float]:
        """The metrics of rotations, and their curves; vertices tell none."""
        found: dict[str, float] = {}
        pose = self._face.pose
        if pose is None:
            return found
        if true_pose is not None:
            true_pose = true_pose[: len(pose)]
            curves["head_rotation"] = head_angles_between(true_pose, pose)
            curves["jaw_rotation"] = angles_between(true_pose[:, 6:9], pose[:, 6:9])
            found |= {f"{part}_rotation_error": float(curves[f"{part}_rotation"].mean()) for part in ("head", "jaw")}
        found["pose_variation"] = pose_variation(pose[:, :3])
        if self._beats:
            found |= _known(beat_alignment=_beats(truth, pose[:, :3], self._warnings))
        return found


def _about_vertices(truth: Sequence, prediction: Sequence, conditions: Conditions, template: Array | None) -> list[str]:
    """What cannot be had of vertices. Raises SequenceError where that would make a false number."""
    held = [clip for clip in (truth, prediction) if clip.vertices is not None]
    if not held:
        return []
    if conditions.head_pose == "remove" and len(held) == 1:
        raise SequenceError(
            f"{held[0].source}: holds vertices, out of which the head's pose cannot be taken as out of the codes that "
            "they are compared with; compare posed heads (--head-pose keep)."
        )
    found: list[str] = []
    if conditions.head_pose == "remove":
        found.append(f"{truth.source}: both hold vertices, which are compared with the head pose that is in them.")
    if prediction.vertices is not None and conditions.identity == "truth":
        found.append(f"{prediction.source}: holds vertices, so it is compared on the identity that is in them.")
    if truth.vertices is not None and template is None:
        found.append(
            f"{truth.source}: holds vertices without the subject's still face, which a templates.pkl beside them or "
            "--templates FILE tells; fdd_codetalker and fdd_artalk take the model's mean face as its template."
        )
    return found


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
