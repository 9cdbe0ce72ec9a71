"""Which settings go together: what only some engines can do, and what an output cannot hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ..errors import UsageError
from .settings import Engine, RenderSettings

_REVIEW: Final[tuple[Engine, ...]] = ("review",)
_LIT: Final[tuple[Engine, ...]] = ("cycles", "eevee")
_BLENDERS: Final[tuple[Engine, ...]] = ("cycles", "eevee", "workbench")
_SKINNED: Final[tuple[Engine, ...]] = ("review", "cycles", "eevee")
# What is asked for, as the command line spells it; whether it is; who can do it.
_ONLY: Final[tuple[tuple[str, Callable[[RenderSettings], bool], tuple[Engine, ...]], ...]] = (
    ("--look", lambda wanted: wanted.look is not None, _REVIEW),
    ("--layout", lambda wanted: wanted.layout != "single", _REVIEW),
    ("--burn-in", lambda wanted: wanted.burn_in is True, _REVIEW),
    ("--light world", lambda wanted: wanted.light == "world", _LIT),
    ("--light lamps", lambda wanted: wanted.light == "lamps", _LIT),
    ("--texture", lambda wanted: wanted.texture is not None, _SKINNED),
    ("--skin per_frame", lambda wanted: wanted.skin == "per_frame", _SKINNED),
    ("--plate", lambda wanted: wanted.plate_opacity is not None, _BLENDERS),
    ("--wrinkles", lambda wanted: wanted.detail is not None, _LIT),
)


def refuse_contradictions(settings: RenderSettings) -> None:
    """Raises UsageError where the settings ask for what the engine or the output cannot give."""
    for flag, is_asked, engines in _ONLY:
        if is_asked(settings) and settings.engine not in engines:
            able = " or ".join(filter(None, (", ".join(engines[:-1]), engines[-1])))
            raise UsageError(f"{flag} needs --engine {able}; {settings.engine} cannot do that.")
    if settings.backdrop == "transparent" and settings.output == "h264":
        raise UsageError(
            "--background transparent: H.264 has no transparency; choose --codec prores or ffv1, --frames-out png or "
            "exr, or another background."
        )
    if settings.camera == "crop":
        return
    if settings.crop != "each":
        raise UsageError(f"--crop {settings.crop} needs --camera crop: it is what that camera follows.")
    if settings.plate_opacity is not None or (settings.backdrop == "reference" and settings.engine != "review"):
        flag = "--plate" if settings.backdrop != "reference" else "--background reference"
        raise UsageError(f"{flag} needs --camera crop: there the reference image fills the picture.")
