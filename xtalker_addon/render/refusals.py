"""Which settings go together: what only some engines can do, and what an output cannot hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ..errors import UsageError
from .review.panels import VERSUS, panel_names
from .settings import AUTHORS_LOOK, Engine, RenderSettings

_REVIEW: Final[tuple[Engine, ...]] = ("review",)
_LIT: Final[tuple[Engine, ...]] = ("cycles", "eevee")
_BLENDERS: Final[tuple[Engine, ...]] = ("cycles", "eevee", "workbench")
_SKINNED: Final[tuple[Engine, ...]] = ("review", "cycles", "eevee")
# What is asked for, as the command line spells it; whether it is; who can do it.
_ONLY: Final[tuple[tuple[str, Callable[[RenderSettings], bool], tuple[Engine, ...]], ...]] = (
    ("--device", lambda wanted: wanted.device is not None, _REVIEW),
    ("--look", lambda wanted: wanted.look is not None, _REVIEW),
    ("--layout", lambda wanted: wanted.layout != "single", _REVIEW),
    ("--burn-in", lambda wanted: wanted.burn_in is True, _REVIEW),
    ("--light world", lambda wanted: wanted.light == "world", _LIT),
    ("--light lamps", lambda wanted: wanted.light == "lamps", _LIT),
    ("--texture", lambda wanted: wanted.texture is not None, _SKINNED),
    ("--skin per_frame", lambda wanted: wanted.skin == "per_frame", _SKINNED),
    ("--subdivision", lambda wanted: wanted.subdivision > 0, _BLENDERS),
    ("--wrinkles", lambda wanted: wanted.detail is not None, _SKINNED),
)


def refuse_contradictions(settings: RenderSettings) -> None:
    """Raises UsageError where the settings ask for what the engine or the output cannot give."""
    for flag, is_asked, engines in _ONLY:
        if is_asked(settings) and settings.engine not in engines:
            able = " or ".join(filter(None, (", ".join(engines[:-1]), engines[-1])))
            raise UsageError(f"{flag} needs --engine {able}; {settings.engine} cannot do that.")
    if settings.person is not None and settings.texture is not None:
        raise UsageError("--texture contradicts --person, who has a skin; leave one of them out.")
    if settings.person is not None and settings.identity != "mean":
        raise UsageError("--identity contradicts --person, who has an identity; leave one of them out.")
    if settings.person is not None and settings.skin == "per_frame":
        raise UsageError("--skin per_frame contradicts --person, who has a skin; leave one of them out.")
    if settings.engine == "review":
        _refuse_in_review(settings)
    if settings.backdrop == "transparent" and settings.output == "h264":
        raise UsageError(
            "--background transparent: H.264 has no transparency; choose --codec prores or ffv1, --frames-out png or "
            "exr, or another background."
        )
    if settings.camera == "crop":
        return
    if settings.crop != "each":
        raise UsageError(f"--crop {settings.crop} needs --camera crop: it is what that camera follows.")
    if settings.engine != "review" and (settings.plate_opacity is not None or settings.backdrop == "reference"):
        flag = "--plate" if settings.backdrop != "reference" else "--background reference"
        raise UsageError(f"{flag} needs --camera crop: there the reference image fills the picture.")


def _refuse_in_review(settings: RenderSettings) -> None:
    """The review engine shows wrinkles and plates in looks and panels of their own."""
    if settings.look == "sh" and settings.light == "studio":
        raise UsageError("--light studio contradicts --look sh, the light of the sequence; leave one of them out.")
    if settings.look == AUTHORS_LOOK and (settings.camera != "fixed" or settings.backdrop != "plain"):
        flag = "--camera crop" if settings.camera != "fixed" else f"--background {settings.backdrop}"
        raise UsageError(
            f"{flag} contradicts --look {AUTHORS_LOOK}, which has its authors' framing on white; leave it out."
        )
    if settings.look == AUTHORS_LOOK and settings.background != RenderSettings().background:
        raise UsageError(f"--background contradicts --look {AUTHORS_LOOK}, whose ground is white; leave it out.")
    if settings.layout == VERSUS and settings.look == "detail":
        raise UsageError("--layout versus shows no wrinkles; choose another --look.")
    panels = panel_names(settings.layout)
    shows_detail = settings.look == "detail" or "detail" in panels
    if shows_detail and settings.detail is None:
        raise UsageError("The detail look needs --wrinkles FILE: DECA's deca_model.tar or EMOCA's checkpoint.")
    if settings.detail is not None and not shows_detail:
        raise UsageError("--wrinkles needs --look detail or --layout wrinkles, or --engine cycles or eevee.")
    if settings.plate_opacity is not None and "overlay" not in panels:
        raise UsageError("--plate needs --layout fit or overlay, or --engine cycles, eevee or workbench.")
