"""Any .npz with FLAME codes under one of the usual names (`code_keys`)."""

from __future__ import annotations

from typing import Final

from .code_keys import draft_codes, expression_key, start_draft
from .companions import find_transcript
from .draft import Draft
from .layout import Layout, Outline, Place, frames_in


def outline_codes(place: Place) -> Outline:
    """Frames and rate from headers. Raises SequenceError where there is no expression."""
    npz = place.npz
    key = expression_key(npz) if npz else None
    shape = npz.shape(key) if npz and key else ()
    draft = start_draft(npz) if npz else None
    return Outline(frames_in(shape), draft.fps if draft and draft.fps_source == "read" else None)


def _read(place: Place) -> Draft:
    assert place.npz
    draft = draft_codes(place.npz)
    transcript = find_transcript(place.path.parent, place.path.stem)
    if transcript:
        draft.labels["transcript"] = transcript
    return draft


LAYOUT: Final = Layout(
    ".npz of FLAME codes",
    (".npz",),
    lambda place: place.npz is not None and expression_key(place.npz) is not None,
    _read,
    outline_codes,
)
