"""What takes long to find out about a sequence before it is imported, and needs no Blender."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..core.motion.cuts import find_cuts
from ..core.sequence import Sequence
from ..core.speech.envelope import clip_envelope
from ..errors import AudioError
from .steps import Watch

_ENVELOPE_OFF: Final = 0.1  # by which a stored envelope differs from the sound's, from which on it is worth a word


@dataclass(frozen=True, slots=True)
class Analysis:
    """What takes long to find out about a sequence, and needs no Blender.

    cuts     : indices of the frames that begin another clip
    loudness : (T,) of the voice; None where there is none
    warnings : what is wrong with the voice
    """

    cuts: NDArray[np.int64]
    loudness: NDArray[np.float32] | None
    warnings: tuple[str, ...]


def analyse(sequence: Sequence, voice: bool = True, watch: Watch = lambda _share: None) -> Analysis:
    """Look at the whole of a sequence; voice: at its sound as well."""
    cuts = find_cuts(sequence)
    watch(0.3)
    try:
        loudness, difference = clip_envelope(sequence) if voice else (None, None)
    except AudioError as error:
        return Analysis(cuts, None, (str(error),))
    if difference is None or difference <= _ENVELOPE_OFF:
        return Analysis(cuts, loudness, ())
    warning = f"{sequence.name}: its envelope differs by {difference:.0%} from that of its sound."
    return Analysis(cuts, loudness, (warning,))
