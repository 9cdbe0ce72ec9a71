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
    from .quiet import quiet_blender

    with quiet_blender():
        if settings.engine == "review":
            from .review import render_review

            return render_review(sequence, model, settings, out)
        from . import blender_engines

        return blender_engines.render(sequence, model, settings, out)
