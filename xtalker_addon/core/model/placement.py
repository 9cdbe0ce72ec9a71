"""What a model is given of a sequence where that takes the model's own joints, shapes and people."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError, UsageError
from ..light.spherical_harmonics import PLAIN_LIGHT
from ..motion.rotation import Floats, matrix_from_axis_angle
from ..sequence import Sequence
from .flame import FlameModel
from .people import Person

_BLINKS: Final = ("eye_blink_left", "eye_blink_right")


def expression_for(model: FlameModel, sequence: Sequence) -> NDArray[np.float32]:
    """(T, E) expression codes as wide as the model's basis, with the eyelids as its blinks where it has such columns.

    Of clips with codes. Raises ModelError where there are more codes than columns, or none of the names of the codes.
    """
    assert sequence.expression is not None
    if sequence.column_names:
        codes = _by_name(model, sequence, sequence.expression)
    else:
        codes = model.fit_codes(sequence.expression, "expression")
    if sequence.eyelids is not None and _has_blinks(model):
        columns = [model.expression_names.index(name) for name in _BLINKS]
        codes[:, columns] += sequence.eyelids / np.array([amount_of(model, column) for column in columns], np.float32)
    return codes


def _by_name(model: FlameModel, sequence: Sequence, expression: NDArray[np.float32]) -> NDArray[np.float32]:
    """The codes in the model's columns of their names."""
    place = {name: index for index, name in enumerate(model.expression_names) if name}
    moved = [index for index in np.flatnonzero(expression.any(0)) if sequence.column_names[index]]
    missing = [sequence.column_names[index] for index in moved if sequence.column_names[index] not in place]
    if missing:
        raise ModelError(
            f"{sequence.source}: moves ARKit's units, and {model.name} has no columns of their names "
            f"({', '.join(missing[:3])}{', ...' if len(missing) > 3 else ''}); show it on XTalker's own head, which is "
            "taken where no model is named."
        )
    codes = np.zeros((len(expression), len(model.expression_basis)), np.float32)
    codes[:, [place[sequence.column_names[index]] for index in moved]] = expression[:, moved]
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


def as_person(sequence: Sequence, model: FlameModel, name: str | None, lit: bool = True) -> Sequence:
    """`sequence` with the identity and the skin of one of the model's people; as it is for None.

    lit : by a plain light where it has none of its own (see `plainly_lit`)
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
    shown = replace(sequence, shape=person.identity, texture=np.tile(person.texture, (sequence.frames, 1)))
    return plainly_lit(shown) if lit else shown


def plainly_lit(sequence: Sequence) -> Sequence:
    """`sequence` in a plain light where it has none, which its warnings tell: whoever names a skin wants to see it."""
    if sequence.light is not None:
        return sequence
    told = f"{sequence.name}: has no light codes, so its skin is shown in a plain light from the front."
    light = np.tile(PLAIN_LIGHT, (sequence.frames, 1, 1))
    return replace(sequence, light=light, warnings=(*sequence.warnings, told))


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


def amount_of(model: FlameModel, column: int) -> float:
    """The share of the whole movement of a column's name that one sigma makes: 1 where the model does not say."""
    return model.expression_amounts[column] if model.expression_amounts else 1.0


def _has_blinks(model: FlameModel) -> bool:
    return all(name in model.expression_names for name in _BLINKS)
