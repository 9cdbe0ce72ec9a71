"""The conditions and the numbers of published scripts: `--as 3dxtalker` gives what that script prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from .face import Conditions

Over = Literal["clips", "frames"]


@dataclass(frozen=True, slots=True)
class Printed:
    """A number as a script prints it: its name there, our metric, the factor, and what its mean runs over."""

    name: str
    metric: str
    scale: float = 1.0
    unit: str = ""
    over: Over = "clips"


@dataclass(frozen=True, slots=True)
class Preset:
    """How a published script compares.

    note : what it does differently from others
    """

    conditions: Conditions
    prints: tuple[Printed, ...]
    note: str


PRESETS: Final[Mapping[str, Preset]] = {
    "3dxtalker": Preset(
        Conditions(identity="own", head_pose="keep", identity_mode="per_frame"),
        (
            Printed("LVE", "lve_max_squared", unit="m²"),
            Printed("LVE (norm)", "lve_max", unit="m"),
            Printed("LVS", "lvs"),
            Printed("MVE", "mve", unit="m"),
            Printed("UFVE", "ufve", unit="m"),
            Printed("FDD", "fdd_3dxtalker", unit="m"),
            Printed("pose variation", "pose_variation", unit="rad²"),
            Printed("BA", "beat_alignment"),
        ),
        "posed vertices, each clip on its own identity of every frame; the mean over clips. Its FDD takes "
        "head_template.obj as the generic template, whose vertices do not lie where FLAME's do: name it by --template "
        "to have its number",
    ),
    "codetalker": Preset(
        Conditions(identity="truth", head_pose="remove"),
        (
            Printed("Lip Vertex Error", "lve_max_squared", unit="m²", over="frames"),
            Printed("FDD", "fdd_codetalker", unit="m²"),
        ),
        "vertices without head pose on the truth's identity; LVE is the mean over all frames of all clips, FDD over "
        "clips. Its lip set is its own list (lve.txt), its upper face fdd.txt: name them by --lips and --upper-face",
    ),
    "artalk": Preset(
        Conditions(identity="truth", head_pose="remove"),
        (
            Printed("LVE", "lve_rms", scale=1e3, unit="mm"),
            Printed("FDD", "fdd_artalk", scale=100.0, unit="m x 100"),
            Printed("MOD", "mod_artalk", scale=1e3, unit="mm"),
        ),
        "vertices without head pose on the truth's identity, lips of FLAME_masks.pkl; the mean over clips",
    ),
}
