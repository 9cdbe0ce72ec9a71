"""Which panels a picture of the review engine has, and where."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from math import ceil, radians, sqrt
from typing import Final, Literal

from ..errors import RenderError
from .canvas import Rect
from .panels import PANELS, Shows, panel_names
from .settings import Look, RenderSettings

_TURNS: Final = {"three-quarter": radians(-40), "profile": radians(-90)}


@dataclass(frozen=True, slots=True)
class Panel:
    """One part of the picture. turn: radians about the vertical axis that the head is turned by, left positive."""

    rect: Rect
    shows: Look | Literal["reference", "overlay"]
    label: str = ""
    turn: float = 0.0


@dataclass(frozen=True, slots=True)
class Layout:
    """A picture of width x height: panels and, below them, the strip with the burn-in."""

    width: int
    height: int
    panels: tuple[Panel, ...]
    strip: Rect | None


def arrange(settings: RenderSettings, look: Look, lacking: Set[Shows]) -> Layout:
    """The layout that the settings ask for, without the panels whose content is `lacking`.

    Raises RenderError where it has no panels left, or has unknown ones.
    """
    width, height = settings.size
    names = panel_names(settings.layout)
    other: Look = "albedo" if look == "studio" else "studio"
    wanted: list[tuple[Look | Literal["reference", "overlay"], str, float]] = []
    for name in names:
        shows, label = PANELS[name]
        if shows in ("look", "other"):
            shows = look if shows == "look" else other
            label = label or PANELS[shows][1]
        if shows not in lacking:
            wanted.append((shows, "" if len(names) == 1 else label, _TURNS.get(name, 0.0)))
    if not wanted:
        raise RenderError(f"layout {settings.layout!r}: nothing of it can be shown of this sequence; choose another.")
    columns = len(wanted) if len(wanted) <= 3 else ceil(sqrt(len(wanted)))
    panels = tuple(
        Panel(Rect(width * (place % columns), height * (place // columns), width, height), *panel)
        for place, panel in enumerate(wanted)
    )
    rows = -(-len(panels) // columns)
    strip = None
    if settings.layout != "single" if settings.burn_in is None else settings.burn_in:
        strip = Rect(0, rows * height, columns * width, max(56, round(0.15 * height)))
    return Layout(columns * width, rows * height + (strip.height if strip else 0), panels, strip)
