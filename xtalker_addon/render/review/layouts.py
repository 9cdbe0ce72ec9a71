"""Which panels a picture of the review engine has, and where."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from math import ceil, radians, sqrt
from typing import Final, Literal

from ...errors import RenderError
from ..drawing import Rect
from ..settings import Look, RenderSettings
from .panels import PANELS, VERSUS, Shows, panel_names

_TURNS: Final = {"three-quarter": radians(-40), "profile": radians(-90)}


@dataclass(frozen=True, slots=True)
class Panel:
    """One part of the picture.

    turn  : radians about the vertical axis that the head is turned by, left positive
    rival : the prediction whose head it shows; none: the sequence itself
    """

    rect: Rect
    shows: Look | Literal["reference", "overlay", "error"]
    label: str = ""
    turn: float = 0.0
    rival: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """A picture of width x height: panels and, below them, the strip with the burn-in.

    legend : where the scale of the errors' colours is; None where no panel has them
    """

    width: int
    height: int
    panels: tuple[Panel, ...]
    strip: Rect | None
    legend: Rect | None = None


def arrange(settings: RenderSettings, look: Look, lacking: Set[Shows], rivals: Sequence[str] = ()) -> Layout:
    """The layout that the settings ask for, without the panels whose content is `lacking`.

    rivals : names of the predictions that the layout versus shows

    Raises RenderError where it has no panels left, or has unknown ones.
    """
    if settings.layout == VERSUS:
        return _versus(settings, look, rivals)
    width, height = settings.size
    names = panel_names(settings.layout)
    other: Look = "albedo" if look == "studio" else "studio"
    wanted: list[tuple[Look | Literal["reference", "overlay", "error"], str, float]] = []
    for name in names:
        shows, label = PANELS[name]
        if shows in ("look", "other"):
            shows = look if shows == "look" else other
            label = label or (PANELS[shows][1] if shows in PANELS else "3DXTalker")
        if shows not in lacking:
            wanted.append((shows, "" if len(names) == 1 else label, _TURNS.get(name, 0.0)))
    if not wanted:
        raise RenderError(f"layout {settings.layout!r}: nothing of it can be shown of this sequence; choose another.")
    columns = len(wanted) if len(wanted) <= 3 else ceil(sqrt(len(wanted)))
    panels = tuple(
        Panel(Rect(width * (place % columns), height * (place // columns), width, height), *panel)
        for place, panel in enumerate(wanted)
    )
    return _with_strip(settings, panels, columns, -(-len(panels) // columns))


def _versus(settings: RenderSettings, look: Look, rivals: Sequence[str]) -> Layout:
    """Truth, prediction and error side by side; of several predictions, the errors lie below them."""
    width, height = settings.size
    panels = [Panel(Rect(0, 0, width, height), look, "Truth")]
    for place, name in enumerate(rivals, start=1):
        below = (place * width, height) if len(rivals) > 1 else (2 * width, 0)
        panels.append(Panel(Rect(place * width, 0, width, height), look, name, rival=name))
        panels.append(Panel(Rect(*below, width, height), "error", f"{name}: error", rival=name))
    columns, rows = (1 + len(rivals), 2) if len(rivals) > 1 else (3, 1)
    legend = Rect(0, height, width, height) if len(rivals) > 1 else panels[-1].rect
    return replace(_with_strip(settings, tuple(panels), columns, rows), legend=legend)


def _with_strip(settings: RenderSettings, panels: tuple[Panel, ...], columns: int, rows: int) -> Layout:
    width, height = columns * settings.size[0], rows * settings.size[1]
    strip = None
    if settings.layout != "single" if settings.burn_in is None else settings.burn_in:
        strip = Rect(0, height, width, max(56, round(0.15 * settings.size[1])))
    return Layout(width, height + (strip.height if strip else 0), panels, strip)
