"""Any .npz with FLAME codes under one of the usual names (`code_keys`)."""

from __future__ import annotations

from typing import Final

from .code_keys import FITTED_TO, CodeArrays, draft_codes, expression_key, fitted_model, settle_rate
from .companions import find_transcript
from .draft import Draft
from .layout import Layout, Outline, Place, frames_in, outline_of


def outline_codes(arrays: CodeArrays, usual_fps: float | None = None) -> Outline:
    """Frames and rate from headers; usual_fps: the layout's rate, where the arrays tell none. Raises SequenceError."""
    key = expression_key(arrays)
    draft = Draft(arrays.path.stem, arrays.path)
    settle_rate(draft, arrays)
    if usual_fps and draft.fps_source == "assumed":
        draft.settle_fps(usual_fps, "layout")
    return outline_of(draft, frames_in(arrays.shape(key)) if key else 0)


def outline_npz(place: Place) -> Outline:
    """The same of the archive at a place."""
    assert place.npz
    return outline_codes(place.npz)


def _read(place: Place) -> Draft:
    assert place.npz
    draft = draft_codes(place.npz)
    draft.fitted_to = fitted_model(place.npz)
    if draft.fitted_to:
        del draft.left_out[FITTED_TO]
    transcript = find_transcript(place.path.parent, place.path.stem)
    if transcript:
        draft.labels["transcript"] = transcript
    return draft


LAYOUT: Final = Layout(
    ".npz of FLAME codes",
    (".npz",),
    lambda place: place.npz is not None and expression_key(place.npz) is not None,
    _read,
    outline_npz,
)
