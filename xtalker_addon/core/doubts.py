"""What a face model may not be right for: sentences for whoever chose it, or chose none."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from .assets import DEFAULT_HEAD, asset
from .formats.arkit import holds_units
from .model.flame import FlameModel

_FLAME_VERTICES = 5023
STAND_IN: Final = (
    "This head is XTalker's own, on which FLAME's expression codes mean something else: use it to test, "
    "not to judge data"
)
_OWN_SEQUENCE = "XTalker_demo"  # whose codes were made for the default head


def doubts(model: FlameModel, sources: Iterable[Path] = ()) -> tuple[str, ...]:
    """Sentences about `model`, and about it with the sequences at `sources`; none where all is well."""
    found: list[str] = []
    if model.vertex_count != _FLAME_VERTICES:
        found.append(
            f"{model.source}: has {model.vertex_count:,} vertices and FLAME has {_FLAME_VERTICES:,}; it is taken as it "
            "is, but whether its regions and texture coordinates are FLAME's cannot be checked."
        )
    if is_stand_in(model.source, sources):
        found.append(f"{STAND_IN}; --model names your FLAME.")
    return tuple(found)


def is_stand_in(model_source: Path, sources: Iterable[Path]) -> bool:
    """Whether the default head shows a sequence whose codes were made for another."""
    if model_source != asset(DEFAULT_HEAD):
        return False
    return any(source.stem != _OWN_SEQUENCE and not holds_units(source) for source in sources)
