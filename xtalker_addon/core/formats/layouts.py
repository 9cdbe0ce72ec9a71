"""The table of all layouts, in the order in which they are tried: those that are told by more come first."""

from __future__ import annotations

from typing import Final

from . import all_in_one, codes_npz, smplx_npz, threedxtalker, webtalk
from .layout import Layout, Place

FOLDERS: Final[tuple[Layout, ...]] = (threedxtalker.LAYOUT,)
FILES: Final[tuple[Layout, ...]] = (
    smplx_npz.LAYOUT,
    webtalk.LAYOUT,
    codes_npz.LAYOUT,
    all_in_one.LAYOUT,
)
SUFFIXES: Final = frozenset(suffix for layout in FILES for suffix in layout.suffixes)


def folder_layout(place: Place) -> Layout | None:
    """The layout of the clip that a folder is; None where it is none."""
    return next((layout for layout in FOLDERS if layout.holds(place)), None)


def file_layout(place: Place) -> Layout | None:
    """The layout of the clip in a file, whatever its suffix; None where it holds none.

    Raises SequenceError where the file is broken.
    """
    return next((layout for layout in FILES if layout.holds(place)), None)
