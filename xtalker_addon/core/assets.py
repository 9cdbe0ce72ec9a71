"""What ships with XTalker: beside the package in the repository, inside it once installed as an extension."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ..errors import MachineError

DEFAULT_HEAD: Final = "default_head.npz"
_PACKAGE = Path(__file__).resolve().parent.parent


def asset(name: str) -> Path:
    """The file or folder `name` below `assets/`. Raises MachineError where the installation lacks it."""
    for folder in (_PACKAGE / "assets", _PACKAGE.parent / "assets"):
        path = folder / name
        if path.exists():
            return path
    raise MachineError(f"{name} is missing from XTalker's assets; install XTalker again.")
