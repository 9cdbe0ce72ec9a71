"""From sequences and Blender data to pictures and video."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from ..core.model.flame import FlameModel, with_texture
from ..core.model.placement import as_person, plainly_lit
from ..core.sequence import Sequence
from ..errors import MachineError
from .refusals import refuse_contradictions
from .settings import RenderResult, RenderSettings


def render_sequence(
    sequence: Sequence,
    model: FlameModel,
    settings: RenderSettings,
    out: Path,
    predictions: Mapping[str, Sequence] | None = None,
) -> RenderResult:
    """Render one sequence with its sound to `out`, a video or a folder, which appears whole or not at all.

    predictions : by name, what the layout versus shows beside it
    The file that is open in this Blender is replaced by an empty one: this is for processes of their own.
    Raises UsageError where the settings contradict each other, RenderError where this sequence cannot be rendered,
    ModelError where the model, the texture space or the detail model do not fit, MachineError where none can.
    """
    from .quiet import quiet_blender

    refuse_contradictions(settings)
    in_skin = "studio" not in (settings.light, settings.look)
    sequence = as_person(sequence, model, settings.person, in_skin)
    if settings.texture is not None:
        model = _dressed(model, settings.texture)
        sequence = plainly_lit(sequence) if in_skin else sequence
    with quiet_blender():
        if settings.engine == "review":
            from .review.rendering import render_review

            return render_review(sequence, model, settings, out, predictions)
        if not importlib.util.find_spec("bpy"):
            raise MachineError(
                f"{settings.engine} is an engine of Blender, and bpy, Blender as a Python module, is not installed; "
                "install it with `pip install '.[blender]'` in XTalker's folder, name a Blender program by "
                "--blender, or use --engine review."
            )
        from . import blender_engines

        return blender_engines.render(sequence, model, settings, out)


@lru_cache(maxsize=1)
def _dressed(model: FlameModel, texture: Path) -> FlameModel:
    """Kept for the next sequence: a texture space is a large file."""
    return with_texture(model, texture)
