"""What is measured: a name for every variant of a formula, its unit, its exact definition, and who uses it.

Papers call different formulas by one name (LVE, FDD, MOD); a number here says which one it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Group = Literal["lips", "face", "head"]
Better = Literal["low", "high", "zero", "none"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One formula.

    title      : a few words for a heading
    unit       : of the stored value
    definition : the formula in words; of one clip, unless `over` says frames
    used_by    : the published script that has it, or ''
    better     : which values are good: low or high ones, those near zero, or none by itself
    over       : what a mean over a data set runs over; frames: clips count by their length
    shown      : the unit that people read it in, and how many of them are one of `unit`
    """

    title: str
    group: Group
    unit: str
    definition: str
    used_by: str = ""
    better: Better = "low"
    over: Literal["clips", "frames"] = "clips"
    shown: tuple[str, float] | None = None

    @property
    def shown_unit(self) -> str:
        """The unit that people read it in."""
        return self.shown[0] if self.shown else self.unit

    @property
    def shown_scale(self) -> float:
        """What a stored value is multiplied by to be shown."""
        return self.shown[1] if self.shown else 1.0

    def badness(self, value: float) -> float:
        """A number that is larger for a worse value."""
        return {"low": value, "high": -value, "zero": abs(value), "none": 0.0}[self.better]


_MM: Final = ("mm", 1e3)
_MM2: Final = ("mm²", 1e6)
_DEGREES: Final = ("°", math.degrees(1))

METRICS: Final[Mapping[str, Metric]] = {
    "lve_max_squared": Metric(
        "Lip error, largest, squared",
        "lips",
        "m²",
        "in each frame the largest squared distance over the lip vertices; the mean over frames",
        "FaceFormer, CodeTalker, TorchMetrics (LVE); 3DXTalker (LVE, first number)",
        over="frames",
        shown=_MM2,
    ),
    "lve_max": Metric(
        "Lip error, largest",
        "lips",
        "m",
        "in each frame the largest distance over the lip vertices; the mean over frames",
        "3DXTalker (LVE, second number)",
        shown=_MM,
    ),
    "lve_rms": Metric(
        "Lip error, largest, root of mean square",
        "lips",
        "m",
        "the square root of the mean over frames of the largest squared distance over the lip vertices",
        "ARTalk (LVE)",
        shown=_MM,
    ),
    "mod_artalk": Metric(
        "Lip error, mean",
        "lips",
        "m",
        "the mean over frames and lip vertices of the distance",
        "ARTalk (MOD, as its author describes it)",
        shown=_MM,
    ),
    "mod": Metric(
        "Mouth opening difference",
        "lips",
        "m",
        "the mean over frames of the absolute difference of the mouth opening: the distance between the inner edges of "
        "the upper and the lower lip in the middle",
        "DiffPoseTalk (MOD)",
        shown=_MM,
    ),
    "mouth_correlation": Metric(
        "Mouth opening, correlation",
        "lips",
        "",
        "Pearson's correlation over time of the mouth openings of truth and prediction",
        better="high",
    ),
    "mouth_lag": Metric(
        "Mouth opening, lag",
        "lips",
        "frames",
        "by how many frames the prediction's mouth opening comes late: the shift, up to a second either way, at which "
        "it correlates best with the truth's; to a fraction of a frame by a parabola",
        better="zero",
    ),
    "lvs": Metric(
        "Lip cosine",
        "lips",
        "",
        "in each frame the cosine between the flattened absolute coordinates of the lip vertices; the mean over "
        "frames. Near 1 for any two heads in one place",
        "3DXTalker (LVS)",
        better="high",
    ),
    "mve": Metric(
        "Vertex error, mean",
        "face",
        "m",
        "the mean over frames and all vertices of the distance",
        "3DXTalker (MVE)",
        shown=_MM,
    ),
    "ufve": Metric(
        "Upper-face error, mean",
        "face",
        "m",
        "the mean over frames and upper-face vertices of the distance; a vertex that the set names twice counts twice",
        "3DXTalker (UFVE)",
        shown=_MM,
    ),
    "fdd_codetalker": Metric(
        "Upper-face dynamics, by time",
        "face",
        "m²",
        "motion is vertices minus the subject's template; for each upper-face vertex the standard deviation over time "
        "(of n) of its squared length; the mean over vertices, truth minus prediction",
        "CodeTalker, FaceDiffuser, TorchMetrics (FDD)",
        better="zero",
        shown=_MM2,
    ),
    "fdd_3dxtalker": Metric(
        "Upper-face dynamics, by vertices",
        "face",
        "m",
        "motion is vertices minus the generic template, zero outside the upper face; in each frame the standard "
        "deviation over all vertices (of n - 1) of the sum of its coordinates; the mean over frames, absolute "
        "difference of truth and prediction",
        "3DXTalker (FDD)",
        shown=_MM,
    ),
    "fdd_artalk": Metric(
        "Upper-face dynamics, absolute sums",
        "face",
        "m",
        "motion is vertices minus the subject's template; for each upper-face vertex the standard deviation over time "
        "(of n) of the sum of its absolute coordinates; the mean over vertices, truth minus prediction",
        "ARTalk (FDD, times 100)",
        better="zero",
        shown=_MM,
    ),
    "velocity_error": Metric(
        "Velocity error",
        "face",
        "m/s",
        "the mean over frames and all vertices of the length of the difference of velocities",
        shown=("mm/s", 1e3),
    ),
    "jitter_error": Metric(
        "Jitter",
        "face",
        "m/s²",
        "the mean over frames and all vertices of the length of the acceleration, prediction minus truth: above zero "
        "the prediction trembles more",
        better="zero",
    ),
    "head_rotation_error": Metric(
        "Head rotation error",
        "head",
        "rad",
        "the mean over frames of the angle between the rotations of the head (root, then neck)",
        shown=_DEGREES,
    ),
    "jaw_rotation_error": Metric(
        "Jaw rotation error",
        "head",
        "rad",
        "the mean over frames of the angle between the rotations of the jaw",
        shown=_DEGREES,
    ),
    "pose_variation": Metric(
        "Head pose variation",
        "head",
        "rad²",
        "of the prediction alone: the variance over time (of n) of each of the three numbers of the head's axis-angle; "
        "their mean",
        "3DXTalker (pose variation)",
        better="none",
    ),
    "beat_alignment": Metric(
        "Beat alignment",
        "head",
        "",
        "of the prediction's head and the truth's sound: for each beat of the sound (librosa's beat tracker at 16 "
        "kHz, first 60 s) exp(-d² / 14), d the frames to the nearest minimum of the head's speed (of its axis-angle, "
        "smoothed by a Gaussian of 3 frames); the mean over beats, 0 without any",
        "3DXTalker (BA)",
        better="high",
    ),
}
