"""What the panels of a layout are called."""

from __future__ import annotations

from typing import Final, Literal

from ...errors import RenderError
from ..settings import Look

VERSUS: Final = "versus"  # whose panels hang on how many predictions there are: see `layouts.arrange`
Shows = Look | Literal["look", "other", "reference", "overlay", "error"]

# What a panel is called by the user: what it shows, and its label. `look` is the chosen look, `other` studio, or albedo
# where the look is studio; overlay is the look over the reference image.
PANELS: Final[dict[str, tuple[Shows, str]]] = {
    "look": ("look", ""),
    "other": ("other", ""),
    "reference": ("reference", "Reference"),
    "overlay": ("overlay", "Overlay"),
    "sh": ("sh", "Light of the clip"),
    "studio": ("studio", "Studio"),
    "detail": ("detail", "Detail"),
    "albedo": ("albedo", "Albedo"),
    "normal": ("normal", "Normals"),
    "depth": ("depth", "Depth"),
    "wireframe": ("wireframe", "Wireframe"),
    "front": ("look", "Front"),
    "three-quarter": ("look", "Three-quarter"),
    "profile": ("look", "Profile"),
}
_PRESETS: Final[dict[str, tuple[str, ...]]] = {
    "single": ("look",),
    "compare": ("reference", "look", "other"),
    "angles": ("front", "three-quarter", "profile"),
    "inspect": ("look", "other", "depth", "wireframe"),
    "fit": ("reference", "overlay", "look"),
    "wrinkles": ("studio", "detail"),
    VERSUS: ("look",),
}


def panel_names(layout: str) -> tuple[str, ...]:
    """The panels of a preset, or of names with commas between. Raises RenderError for other names."""
    if layout in _PRESETS:
        return _PRESETS[layout]
    names = tuple(name.strip() for name in layout.split(","))
    unknown = next((name for name in names if name not in PANELS), None)
    if unknown is not None:
        raise RenderError(
            f"layout {layout!r}: there is no panel {unknown!r}; choose {', '.join(_PRESETS)}, or panels with commas "
            f"between: {', '.join(PANELS)}."
        )
    return names
