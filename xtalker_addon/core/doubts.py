"""What a face model may not be right for: sentences for whoever chose it, or chose none."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .assets import asset
from .flame import DEFAULT_HEAD, FlameModel

_FLAME_VERTICES = 5023
_OWN_SEQUENCE = "XTalker_demo"  # whose codes were made for the default head


def doubts(model: FlameModel, sources: Iterable[Path] = ()) -> tuple[str, ...]:
    """Sentences about `model`, and about it with the sequences at `sources`; none where all is well."""
    found: list[str] = []
    if model.vertex_count != _FLAME_VERTICES:
        found.append(
            f"{model.source}: has {model.vertex_count:,} vertices and FLAME has {_FLAME_VERTICES:,}; it is taken as it "
            "is, but whether its regions and texture coordinates are FLAME's cannot be checked."
        )
    if model.source == asset(DEFAULT_HEAD) and any(source.stem != _OWN_SEQUENCE for source in sources):
        found.append(
            "The head is XTalker's own, on which expression codes fitted with FLAME mean something else: use it to "
            "test, not to judge the data, and name the FLAME model that the codes were fitted with by --model."
        )
    return tuple(found)
