"""Which panels a picture of the review engine has, and where."""

from __future__ import annotations

from dataclasses import dataclass
from math import radians
from typing import Final, Literal

from .canvas import Rect
from .settings import Look, RenderSettings

_LABELS: Final[dict[Look | Literal["reference"], str]] = {
    "reference": "Reference",
    "sh": "SH light",
    "studio": "Studio",
    "albedo": "Albedo",
    "normal": "Normals",
    "depth": "Depth",
    "wireframe": "Wireframe",
}
_THREE_QUARTER: Final = radians(-40)
_PROFILE: Final = radians(-90)


@dataclass(frozen=True, slots=True)
class Panel:
    """One part of the picture. turn: radians about the vertical axis that the head is turned by, left positive."""

    rect: Rect
    shows: Look | Literal["reference"]
    label: str = ""
    turn: float = 0.0


@dataclass(frozen=True, slots=True)
class Layout:
    """A picture of width x height: panels and, below them, the strip with the burn-in."""

    width: int
    height: int
    panels: tuple[Panel, ...]
    strip: Rect | None


def arrange(settings: RenderSettings, look: Look, has_reference: bool) -> Layout:
    """The layout that the settings ask for. A reference panel is there only where there is a reference."""
    width, height = settings.size
    second: Look = "albedo" if look == "studio" else "studio"
    wanted: list[tuple[Look | Literal["reference"], str, float]] = [(look, "", 0.0)]
    columns = 1
    if settings.layout == "compare":
        shown: list[Look | Literal["reference"]] = ["reference", look, second]
        wanted = [(name, _LABELS[name], 0.0) for name in shown[0 if has_reference else 1 :]]
        columns = len(wanted)
    elif settings.layout == "angles":
        turns = {"Front": 0.0, "Three-quarter": _THREE_QUARTER, "Profile": _PROFILE}
        wanted = [(look, label, turn) for label, turn in turns.items()]
        columns = 3
    elif settings.layout == "inspect":
        names: list[Look] = [look, second, "depth", "wireframe"]
        wanted = [(name, _LABELS[name], 0.0) for name in names]
        columns = 2
    panels = tuple(
        Panel(Rect(width * (place % columns), height * (place // columns), width, height), *panel)
        for place, panel in enumerate(wanted)
    )
    rows = -(-len(panels) // columns)
    strip = None
    if settings.layout != "single" if settings.burn_in is None else settings.burn_in:
        strip = Rect(0, rows * height, columns * width, max(56, round(0.15 * height)))
    return Layout(columns * width, rows * height + (strip.height if strip else 0), panels, strip)
