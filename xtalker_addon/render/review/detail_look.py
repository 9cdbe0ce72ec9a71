"""Wrinkles in the review engine: a map of heights over the head's UVs, which bends its normals.

The surface is moved along its normal by the height, S + h n, and its new normal is the cross product of what that
point changes by from pixel to pixel. The flat triangles count as the smooth surface that their normals tell of.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...core.model.detail import DetailDecoder, load_detail_decoder, wrinkle_warnings
from ...core.model.flame import FlameModel
from ...core.sequence import Sequence
from ...errors import RenderError


class Wrinkles:
    """A clip's wrinkles, decoded frame by frame as they are shown: one map is in memory."""

    def __init__(self, decoder: DetailDecoder, sequence: Sequence) -> None:
        self._decoder, self._codes = decoder, decoder.inputs(sequence)

    def relief(self, index: int) -> tuple[NDArray[np.floating], NDArray[np.floating] | None]:
        """Heights in metres of an array index, and where they bend normals; see `drawing.Drawable.bend`."""
        return self._decoder.decode(self._codes[index : index + 1])[0], self._decoder.mask


def wrinkles_of(sequence: Sequence, model: FlameModel, checkpoint: Path | None) -> tuple[Wrinkles | None, list[str]]:
    """A clip's wrinkles on a model by a checkpoint of DECA or EMOCA, and sentences for the user.

    None where the clip or the model can have none. Raises RenderError without a checkpoint, ModelError where it is
    broken.
    """
    if checkpoint is None:
        raise RenderError(
            f"{sequence.source}: the detail look needs DECA's deca_model.tar or EMOCA's checkpoint, and none is named; "
            "name it, or choose another look."
        )
    decoder = _decoder(checkpoint, model.source.parent, checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0)
    possible, warnings = wrinkle_warnings(decoder, sequence, model)
    return Wrinkles(decoder, sequence) if possible else None, warnings


@lru_cache(maxsize=1)
def _decoder(checkpoint: Path, data: Path, _changed: int) -> DetailDecoder:
    """Read once a process: a batch shows many clips with the same one."""
    return load_detail_decoder(checkpoint, data)
