"""People whom a head's file names: an identity and a skin that can speak any sequence of codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..assets import DEFAULT_HEAD, asset
from .model_file import checked_array, column_names

_CODES: Final = ("identity", "texture")


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """Identity (S,) and texture (K,) codes, in standard deviations of the model's own columns."""

    identity: NDArray[np.float32]
    texture: NDArray[np.float32]


def people_from_fields(fields: Mapping[str, Any], source: Path) -> dict[str, Person]:
    """Those whom a model file names. Raises ModelError where its arrays do not fit each other."""
    if "people_names" not in fields:
        return {}
    count = int(np.size(fields["people_names"]))
    identity, texture = (checked_array(fields, f"people_{what}", (count, None), source) for what in _CODES)
    names = column_names(fields, "people_names", count)
    return {name: Person(shape, skin) for name, shape, skin in zip(names, identity, texture, strict=True)}


def people_fields(people: Mapping[str, Person]) -> dict[str, Any]:
    """What `people_from_fields` reads."""
    if not people:
        return {}
    return {
        "people_names": np.array(list(people)),
        **{f"people_{what}": np.stack([getattr(person, what) for person in people.values()]) for what in _CODES},
    }


def named_people() -> tuple[str, ...]:
    """Those of the default head, without the rest of it."""
    with np.load(asset(DEFAULT_HEAD), allow_pickle=False) as file:
        return tuple(str(name) for name in file["people_names"])
