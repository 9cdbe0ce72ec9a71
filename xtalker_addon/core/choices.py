"""Settings that scripts make: each word is one that its annotation names."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

from ..errors import UsageError


def refuse_unknown_choices(settings: Any) -> None:
    """Raises UsageError where a field of a dataclass has a Literal type, or None, and another value."""
    kind: type[Any] = settings.__class__
    for name, known in _choices(kind).items():
        value = getattr(settings, name)
        if value not in known:
            words = ", ".join(map(repr, known))
            raise UsageError(f"{kind.__name__}: {name} is {value!r}; expected one of {words}.")


@cache
def _choices(kind: type[Any]) -> dict[str, tuple[Any, ...]]:
    hints = get_type_hints(kind)
    return {field.name: known for field in fields(kind) if (known := _words(hints[field.name]))}


def _words(hint: Any) -> tuple[Any, ...]:
    """What a type allows, of Literals and None alone; nothing where it allows more."""
    if hint is type(None):
        return (None,)
    if get_origin(hint) is Literal:
        return get_args(hint)
    parts = [_words(part) for part in get_args(hint)]
    return sum(parts, ()) if parts and all(parts) else ()
