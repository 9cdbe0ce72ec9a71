"""What a face model may not be right for: sentences for whoever chose it, or chose none."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final

from ..errors import SequenceError
from .assets import DEFAULT_HEAD, asset
from .formats.arkit import holds_units
from .formats.arrays import NpzFile
from .formats.code_keys import fitted_model
from .model.flame import OWN_HEAD, FlameModel

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
    return model_source == asset(DEFAULT_HEAD) and not all(map(_is_own, sources))


@lru_cache(maxsize=256)  # a panel asks whenever it is drawn
def _is_own(source: Path) -> bool:
    """Whether codes were made for the default head: the demo's, ARKit's units, and those that were fitted on it."""
    if source.stem == _OWN_SEQUENCE or holds_units(source):
        return True
    try:
        mark = fitted_model(NpzFile(source)) if source.suffix.lower() == ".npz" else ""
    except SequenceError:
        return False
    return mark.rpartition(" ")[0] == OWN_HEAD
