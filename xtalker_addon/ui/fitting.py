"""Codes for clips of vertices, as the import dialog offers them and the panel finds them again."""

from __future__ import annotations

from dataclasses import replace

from ..blender.steps import Watch
from ..core.model.fit import fit_codes
from ..core.model.flame import FlameModel
from ..core.sequence import Sequence


def fitted(clip: Sequence, model: FlameModel, watch: Watch) -> Sequence:
    """Codes for a clip of vertices, with a sentence about the distance that is left. Raises ModelError."""
    fit = fit_codes(clip, model, watch=watch)
    worst = int(fit.largest_mm.argmax())
    left = (
        f"{clip.name}: its codes were fitted to vertices, from which the face is {fit.mean_mm.mean():.3g} mm on "
        f"average and {fit.largest_mm[worst]:.3g} mm at most (frame {worst})."
    )
    return replace(fit.sequence, warnings=(*fit.sequence.warnings, left))
