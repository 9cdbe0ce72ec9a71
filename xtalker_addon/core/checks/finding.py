"""What a check finds: measures of a sequence, and what is wrong with it, where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Severity = Literal["note", "warning", "fault"]
SEVERITIES: Final[tuple[Severity, ...]] = ("note", "warning", "fault")  # mildest first

# Kind: how bad it is, and its name for people. A fault spoils what is made of the sequence; a warning wants a look.
KINDS: Final[Mapping[str, tuple[Severity, str]]] = {
    "unreadable": ("fault", "cannot be read"),
    "not_finite": ("fault", "numbers that are not finite"),
    "unequal_frames": ("fault", "files disagree on the number of frames"),
    "lost_frames": ("warning", "frames without a face, or without a time"),
    "reading": ("note", "remarks while reading"),
    "short": ("warning", "shorter than a second"),
    "expression_range": ("warning", "expression far out of range"),
    "jaw_range": ("warning", "jaw far out of range"),
    "pose_range": ("warning", "head, neck or eyes far from rest"),
    "odd_width": ("warning", "other columns than the layout has"),
    "negative_jaw": ("warning", "jaw turned inwards"),
    "wrap": ("note", "axis-angle wraps round"),
    "stray_frame": ("warning", "a single frame of something else"),
    "repeated_frames": ("warning", "frames repeated"),
    "cut": ("note", "clips joined"),
    "identity_jitter": ("warning", "identity wobbles"),
    "identity_change": ("warning", "another face after a cut"),
    "camera_scale": ("fault", "camera scale makes no sense"),
    "light_energy": ("warning", "light far too dark or bright"),
    "no_sound": ("warning", "no sound"),
    "dropped_frames": ("warning", "frames missing, by the sound"),
    "doubled_frames": ("warning", "frames too many, by the sound"),
    "silent": ("fault", "silence"),
    "dropout": ("note", "sound drops out"),
    "clipped": ("warning", "clipped sound"),
    "envelope": ("warning", "envelope of another sound"),
    "lip_lag": ("warning", "lips and sound apart"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    kind  : one of KINDS
    frame : array index where it is, or where it is worst; None where it is everywhere
    text  : one sentence for people
    count : how many frames it concerns
    """

    kind: str
    frame: int | None
    text: str
    count: int = 1

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return KINDS[self.kind][0]


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured and found in one sequence.

    left_out : key of its files -> why nothing came of it
    measures : name -> number; what could not be measured is not there (see MEASURES)
    """

    name: str
    source: str
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    measures: Mapping[str, float] = field(default_factory=dict[str, float])
    findings: tuple[Finding, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def severity(self) -> Severity | None:
        """That of the worst finding."""
        found = {finding.severity for finding in self.findings}
        return next((severity for severity in reversed(SEVERITIES) if severity in found), None)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "name": self.name,
            "source": self.source,
            "severity": self.severity,
            "labels": dict(self.labels),
            "measures": dict(self.measures),
            "left_out": dict(self.left_out),
            "findings": [
                {"kind": f.kind, "severity": f.severity, "frame": f.frame, "count": f.count, "text": f.text}
                for f in self.findings
            ],
        }


# Measure: its unit or meaning, in the order of the table's columns.
MEASURES: Final[Mapping[str, str]] = {
    "frames": "frames",
    "fps": "frames a second",
    "seconds": "seconds of motion",
    "sound_seconds": "seconds of sound",
    "drift_frames": "frames by which the sound is longer than the motion",
    "cuts": "joints between clips",
    "expression_sigma": "largest distance of an expression code from its median, published standard deviations",
    "jaw_sigma": "the same of the jaw",
    "jaw_lowest": "smallest jaw pitch, radians; below 0 is inwards",
    "identity_jitter": "wobble of the identity, standard deviations of FLAME (norm over all codes)",
    "camera_scale": "median of cam's scale",
    "light_energy": "mean shading of a white surface; 1 is neutral",
    "loudness_db": "root mean square of the sound, dB of full scale",
    "clipped_share": "share of samples at full scale",
    "envelope_difference": "root mean square difference of envelope.npy from the sound's, relative",
    "lip_correlation": "correlation of jaw and loudness at the best lag",
    "lag_frames": "frames by which the lips are late; below 0 they are early",
}
