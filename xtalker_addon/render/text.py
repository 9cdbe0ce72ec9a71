"""How much room text takes on a picture."""

from __future__ import annotations

import blf


def text_width(text: str, size: float) -> float:
    """Pixels, of letters `size` pixels high."""
    blf.size(0, size)
    return blf.dimensions(0, text)[0]
