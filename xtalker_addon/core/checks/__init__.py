"""Finds the faults of data: what `xtalker check` reports, and what the browser shows of a sequence."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ...errors import AudioError, SequenceError
from ..formats import read_sequence
from ..formats.labels import labels_of
from ..formats.threedxtalker import ODD_WIDTH
from ..formats.unit_table import LOST_WORDS
from ..motion.cuts import find_cuts
from ..sequence import Sequence
from . import motion
from .finding import KINDS, MEASURES, SEVERITIES, Finding, Report, Severity
from .sound import check_sound

__all__ = ["KINDS", "MEASURES", "SEVERITIES", "Finding", "Report", "Severity", "check_path", "check_sequence"]

_SHORT_SECONDS: Final = 1.0
# Remarks of the readers that a check here makes with a number of its own.
_SAID_BY_CHECKS: Final = ("both start together", "expected one value a sample")


def check_path(path: Path, fps: float | None = None, truth: Path | None = None) -> Report:
    """Read and check the sequence at `path`. One that cannot be read gives a report that says so.

    fps   : frames a second where the user says so (see `read_sequence`)
    truth : a tree that the sound is taken from (see `read_sequence`)
    """
    try:
        return check_sequence(read_sequence(path, fps, truth))
    except SequenceError as error:
        name = path.name if path.is_dir() else path.stem
        found = Finding(error.kind, error.frame, str(error).rstrip("."))
        return Report(name, str(path), labels_of(path, name), {}, (found,))


def check_sequence(sequence: Sequence) -> Report:
    """All measures and findings of a sequence that has been read."""
    measures = {"frames": float(sequence.frames), "fps": sequence.fps, "seconds": sequence.seconds}
    cuts = find_cuts(sequence)
    measures["cuts"] = float(cuts.size)
    findings = [Finding(fault.kind, fault.frame, str(fault).rstrip(".")) for fault in sequence.faults]
    findings += _remarks(sequence)
    if sequence.seconds < _SHORT_SECONDS:
        findings.append(Finding("short", None, f"the motion lasts {sequence.seconds:.2f} s", sequence.frames))
    findings += motion.check_range(sequence, measures)
    findings += motion.check_rotations(sequence, measures)
    findings += motion.check_frames(sequence, cuts)
    findings += motion.check_identity(sequence, cuts, measures)
    findings += motion.check_camera(sequence, measures)
    findings += motion.check_light(sequence, measures)
    try:
        findings += check_sound(sequence, cuts, measures)
    except AudioError as error:  # after the seconds that a reader looks at
        findings.append(Finding("no_sound", None, str(error).rstrip(".")))
    ordered = {name: measures[name] for name in MEASURES if name in measures}
    findings.sort(key=lambda found: -SEVERITIES.index(found.severity))
    return Report(sequence.name, str(sequence.source), sequence.labels, ordered, tuple(findings), sequence.left_out)


def _remarks(sequence: Sequence) -> list[Finding]:
    """What the reader said; where there is no sound, its reason."""
    said = (*_SAID_BY_CHECKS, *map(str, sequence.faults))
    kinds = {text: "reading" for text in sequence.warnings if not any(part in text for part in said)}
    if sequence.audio is None:
        kinds |= {text: "no_sound" for text in kinds if "silent" in text}
    kinds |= {text: "odd_width" for text in kinds if ODD_WIDTH in text}
    kinds |= {text: "lost_frames" for text in kinds if any(words in text for words in LOST_WORDS)}
    return [Finding(kind, None, text.rstrip(".")) for text, kind in kinds.items()]
