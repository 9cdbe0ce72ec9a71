"""WebTalk-Synthetic (ViBES) and its siblings: `FLAME_coeffs_25/<stem>.npz`, `audios/` and `transcripts/` beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ..files import storage
from .code_keys import draft_codes, expression_key
from .codes_npz import outline_codes
from .companions import find_transcript
from .draft import Draft
from .labels import webtalk_labels
from .layout import Layout, Outline, Place

_FOLDER: Final = "FLAME_coeffs"


def in_webtalk(path: Path) -> bool:
    """Whether the file lies where WebTalk keeps its codes."""
    return path.suffix == ".npz" and path.parent.name.startswith(_FOLDER)


def resolve_stem(path: Path) -> Path | None:
    """The .npz of the clip that `path` names: `.../<stem>` in the codes' folder, or in the dataset's own."""
    name = f"{path.name}.npz"
    folders = sorted(place.with_suffix("") for place in path.parent.glob(f"{_FOLDER}*"))  # or their archives
    candidates = (path.parent / name, *(folder / name for folder in folders))
    return next((candidate for candidate in candidates if storage.is_file(candidate)), None)


def _holds(place: Place) -> bool:
    return in_webtalk(place.path) and place.npz is not None and expression_key(place.npz) is not None


def _read(place: Place) -> Draft:
    """The clip in an .npz in a WebTalk folder, with its labels, and with what is said."""
    npz = place.npz
    assert npz
    draft = draft_codes(npz)
    usual = _usual_fps(npz.path)
    if usual and draft.fps_source == "assumed":
        draft.settle_fps(usual, "layout")
    draft.labels |= webtalk_labels(npz.path.parent.parent, npz.path.stem)
    transcript = find_transcript(npz.path.parent, npz.path.stem)
    if transcript:
        draft.labels["transcript"] = transcript
    return draft


def _outline(place: Place) -> Outline:
    assert place.npz
    return outline_codes(place.npz, _usual_fps(place.path))


def _usual_fps(path: Path) -> float | None:
    return 25.0 if path.parent.name.endswith("_25") else None


LAYOUT: Final = Layout(
    "WebTalk-Synthetic, YouTube_Talking, CANDOR",
    (".npz",),
    _holds,
    _read,
    _outline,
)
