"""The table of all layouts, in the order in which they are tried: those that are told by more come first."""

from __future__ import annotations

from typing import Final

from . import (
    all_in_one,
    arkit,
    codes_npz,
    columns,
    emoca_results,
    hdf5_clip,
    json_clips,
    lmdb_clips,
    npz_frames,
    origin_turned,
    pickled,
    predictions,
    safetensors_clip,
    smplx_npz,
    threedxtalker,
    tracker_frames,
    unit_json,
    vertices,
    webtalk,
)
from .layout import Layout, Place

FOLDERS: Final[tuple[Layout, ...]] = (
    threedxtalker.LAYOUT,
    npz_frames.LAYOUT,
    emoca_results.LAYOUT,
    tracker_frames.LAYOUT,
    lmdb_clips.TFHP,
    predictions.FOLDER_LAYOUT,
)
FILES: Final[tuple[Layout, ...]] = (
    lmdb_clips.UNILS,
    origin_turned.NERSEMBLE,
    origin_turned.CAP4D,
    smplx_npz.LAYOUT,
    webtalk.LAYOUT,
    codes_npz.LAYOUT,
    predictions.LAYOUT,
    all_in_one.LAYOUT,
    vertices.ARRAY_LAYOUT,
    vertices.ARCHIVE_LAYOUT,
    vertices.CACHE_LAYOUT,
    columns.LAYOUT,
    pickled.LAYOUT,
    safetensors_clip.LAYOUT,
    hdf5_clip.LAYOUT,
    *json_clips.LAYOUTS,
    arkit.TABLE_LAYOUT,
    arkit.ARCHIVE_LAYOUT,
    unit_json.JSON_LAYOUT,
)
SUFFIXES: Final = tuple({suffix for layout in FILES for suffix in layout.suffixes})


def folder_layout(place: Place) -> Layout | None:
    """The layout of the clip that a folder is; None where it is none."""
    return next((layout for layout in FOLDERS if layout.holds(place)), None)


def file_layout(place: Place) -> Layout | None:
    """The layout of the clip in a file, whatever its suffix; None where it holds none.

    Raises SequenceError where the file is broken.
    """
    return next((layout for layout in FILES if layout.holds(place)), None)
