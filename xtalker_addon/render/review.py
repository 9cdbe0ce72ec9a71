"""The review engine: a clip's vertices in numpy batches, drawn by the graphics driver, piped to ffmpeg with the sound."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..core.camera import OrthographicView, crop_view
from ..core.flame import FlameModel
from ..core.lighting import vertex_normals
from ..core.sequence import Sequence
from .settings import RenderResult, RenderSettings

_CHUNK: Final = 32  # frames whose vertices are in memory together
_DEPTH: Final = 0.6  # metres before and behind the head that are drawn
