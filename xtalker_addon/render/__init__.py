"""From sequences and Blender data to pictures and video."""

from __future__ import annotations

from pathlib import Path

from ..core.flame import FlameModel
from ..core.sequence import Sequence
from .settings import RenderResult, RenderSettings


def render_sequence(sequence: Sequence, model: FlameModel, settings: RenderSettings, out: Path) -> RenderResult:
    """Render one sequence with its sound to the video `out`, which appears whole or not at all.

    The file that is open in this Blender is replaced by an empty one: this is for processes of their own.
    Raises RenderError where this sequence cannot be rendered, MachineError where none can.
    """
    from . import blender_engines, review
    from .quiet import quiet_blender

    draw = review.render_review if settings.engine == "review" else blender_engines.render
    with quiet_blender():
        return draw(sequence, model, settings, out)
