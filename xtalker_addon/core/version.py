"""Which XTalker this is."""

from __future__ import annotations

import importlib.metadata
import tomllib
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


@cache
def version() -> str:
    """The version in the extension's manifest, which lies beside the package or in it; else that pip installed."""
    for folder in (_PACKAGE, _PACKAGE.parent):
        manifest = folder / "blender_manifest.toml"
        if manifest.is_file():
            return str(tomllib.loads(manifest.read_text("utf-8"))["version"])
    return importlib.metadata.version("xtalker")
