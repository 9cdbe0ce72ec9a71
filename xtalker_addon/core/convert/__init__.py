"""Hands a clip on in the layouts that other projects read, and says what those cannot hold."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import Final

from ...errors import UsageError, reason
from ..formats.layouts import SUFFIXES
from ..model.flame import FlameModel
from ..sequence import Sequence
from .writers import WRITERS

__all__ = ["WRITERS", "convert", "layout_of", "output_of"]

_BY_SUFFIX: Final = {".npz": "webtalk", ".npy": "array", "": "3dxtalker"}
_FILES: Final = {"webtalk": ".npz", "array": ".npy"}  # the other layouts are folders


def layout_of(out: Path) -> str:
    """The layout that an output's name asks for. Raises UsageError where it asks for none."""
    layout = _BY_SUFFIX.get(out.suffix)
    if layout is None:
        raise UsageError(f"{out}: expected a folder, an .npz or an .npy; or name the layout with --layout.")
    return layout


def output_of(out: Path, layout: str) -> Path:
    """What a layout writes to `out`: with its suffix, if that was left out. Raises UsageError where it has another."""
    suffix = _FILES.get(layout, "")
    if not suffix and out.suffix in SUFFIXES:
        raise UsageError(f"{out}: expected a folder, whose name does not end in {out.suffix}; {layout} is one.")
    if suffix and out.suffix not in ("", suffix):
        raise UsageError(f"{out}: expected a file that ends in {suffix}.")
    return out.with_name(out.name.removesuffix(suffix) + suffix)


def convert(sequence: Sequence, out: Path, layout: str, model: FlameModel | None = None) -> list[str]:
    """Write the clip to `out`, and its sound beside or into it, whole or not at all.

    out    : as `output_of` gives it
    layout : one of WRITERS
    model  : whose root joint a head that turns about the origin shall turn about instead; None: no such head is written

    Returns sentences about what the layout cannot hold. Raises UsageError where something is there already or cannot
    be written, or where the clip would become another one.
    """
    work = out.parent / f".{out.name}.{uuid.uuid4().hex[:8]}"
    try:
        work.mkdir(parents=True)
        remarks = WRITERS[layout](sequence, work / out.name, model)
        made = sorted(work.iterdir())
        for path in made:
            if (out.parent / path.name).exists():
                raise UsageError(f"{out.parent / path.name}: is there already; name another output.")
        for path in made:
            path.replace(out.parent / path.name)
    except OSError as error:
        raise UsageError(f"{out}: cannot be written ({reason(error)}); name another output.") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)
    model_of_codes = sequence.fitted_to.rpartition(" ")[0]
    if model_of_codes:
        remarks.append(
            f"{sequence.name}: its codes were fitted to vertices on {model_of_codes}, which {layout} cannot say; "
            "decode them with that model."
        )
    return remarks
