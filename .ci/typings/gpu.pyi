"""Blender's module. Pyright would take the room `render/gpu` for it: that lies nearer."""

from typing import Any

def __getattr__(name: str) -> Any: ...
