"""What a model is given of a sequence where that takes the model's own joints, shapes and people."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from ..motion.rotation import Floats, matrix_from_axis_angle
from ..sequence import Sequence
from .flame import FlameModel
from .people import Person

_BLINKS: Final = ("eye_blink_left", "eye_blink_right")


def expression_for(model: FlameModel, sequence: Sequence) -> NDArray[np.float32]:
    """(T, E) expression codes as wide as the model's basis, with the eyelids as its blinks where it has such columns.

    Of clips with codes. Raises ModelError where there are more codes than columns.
    """
    assert sequence.expression is not None
    codes = model.fit_codes(sequence.expression, "expression")
    if sequence.eyelids is not None and _has_blinks(model):
        codes[:, [model.expression_names.index(name) for name in _BLINKS]] += sequence.eyelids
    return codes


def translation_for(
    model: FlameModel, sequence: Sequence, shape: Floats | None, expression: Floats
) -> NDArray[np.float32] | None:
    """(T, 3) metres, FLAME's translation: what `evaluate` and the bones take. None where the head stays in its place.

    shape : (S,) or (T, S), or None; expression : (T, E); both as they are shown, because both move the root joint J.
    A head that is turned by R about the origin, enlarged by s and moved by t is FLAME's, which turns about J, moved by
    t + s (R J - J).
    """
    if sequence.origin_rotation is None:
        return sequence.translation
    joint = model.rest_joints(shape, expression)[:, 0]
    shift = (matrix_from_axis_angle(sequence.origin_rotation) @ joint[..., None])[..., 0] - joint
    if sequence.scale is not None:
        shift *= sequence.scale[:, None]
    return (shift if sequence.translation is None else shift + sequence.translation).astype(np.float32)


def person_of(model: FlameModel, name: str) -> Person:
    """One of the model's people. Raises UsageError where it has no such person."""
    if name not in model.people:
        known = f"it has {', '.join(model.people)}" if model.people else "only XTalker's own head has people"
        raise UsageError(f"{model.source}: has no person '{name}'; {known}.")
    return model.people[name]


def as_person(sequence: Sequence, model: FlameModel, name: str | None) -> Sequence:
    """`sequence` with the identity and the skin of one of the model's people; as it is for None.

    Raises UsageError where the model has no such person, or the sequence's vertices are a person already.
    """
    if name is None:
        return sequence
    person = person_of(model, name)
    if sequence.vertices is not None:
        raise UsageError(
            f"{sequence.source}: holds vertices, which are one person already; show them without {name}, or find their "
            "codes by `xtalker fit`."
        )
    return replace(sequence, shape=person.identity, texture=np.tile(person.texture, (sequence.frames, 1)))


def not_shown(model: FlameModel, sequence: Sequence) -> list[str]:
    """Sentences about what the sequence holds and this model cannot show."""
    found = another_face(model, sequence)
    if sequence.eyelids is not None and sequence.eyelids.any() and not _has_blinks(model):
        found.append(
            f"{sequence.name}: its eyelids are left out, because {model.name} has no blinks; the expression alone "
            "moves the lids."
        )
    return found


def another_face(model: FlameModel, sequence: Sequence) -> list[str]:
    """A sentence where the codes were fitted to vertices on another model: on this one they are not those any more."""
    name, _, number = sequence.fitted_to.rpartition(" ")
    if not number or number == model.mark().rpartition(" ")[2]:
        return []
    other = f"another {name}" if name == model.name else name
    return [
        f"{sequence.name}: its codes were fitted to vertices on {other}, and on {model.name} they make another face; "
        "use that model, or fit the vertices again."
    ]


def _has_blinks(model: FlameModel) -> bool:
    return all(name in model.expression_names for name in _BLINKS)
