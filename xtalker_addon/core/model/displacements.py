"""A clip's displacement maps as one picture a frame, kept in a folder that the user named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..files.picture_cache import picture_folder
from ..motion.rotation import Floats
from ..sequence import Sequence
from .detail import LIMIT, DetailDecoder

# Pictures hold displacement from -HEIGHT_RANGE to HEIGHT_RANGE: the decoder's limit and what DECA adds to every map.
# Sixteen bits make steps of 0.4 micrometres.
HEIGHT_RANGE: Final = 1.25 * LIMIT


def grey_from_height(height: Floats) -> NDArray[np.floating]:
    """Grey 0..1 of metres: 0.5 is none, 0 and 1 are -HEIGHT_RANGE and HEIGHT_RANGE."""
    return np.clip(0.5 + height / (2 * HEIGHT_RANGE), 0, 1)


def height_from_grey(grey: Floats) -> NDArray[np.float32]:
    """Metres of grey 0..1."""
    return (np.asarray(grey, np.float32) - np.float32(0.5)) * np.float32(2 * HEIGHT_RANGE)


def displacement_folder(
    decoder: DetailDecoder, sequence: Sequence, cache: Path, watch: Callable[[float], None] | None = None
) -> Path:
    """The folder below `cache` with a 16-bit picture a frame; made where it is not there. watch: see `picture_folder`.

    Raises ModelError without detail codes, UsageError where the folder cannot be written.
    """
    content = (b"displacement", decoder.inputs(sequence).tobytes(), *decoder.fingerprint())
    name = f"{sequence.name}-wrinkles"
    return picture_folder(cache, name, content, sequence.frames, lambda: _pictures(decoder, sequence), watch)


def _pictures(decoder: DetailDecoder, sequence: Sequence) -> Iterator[NDArray[np.uint16]]:
    for heights in decoder.decode_sequence(sequence):
        yield from np.round(grey_from_height(heights) * 65535).astype(np.uint16)
