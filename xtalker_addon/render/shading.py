"""How pixels are shaded, whoever draws them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np

from ..core.light.spherical_harmonics import SH_CONSTANTS, STUDIO_DIRECTIONS, STUDIO_INTENSITY, UNIT_AMBIENT

PixelKind = Literal["sh", "sh_albedo", "studio", "studio_albedo", "value", "phong"]

# 3DXTalker's renderer: white in one light from the viewer's direction, of which the highlight is seen from a camera in
# front of the origin although the picture is orthographic; one sample a pixel, rounded down.
PHONG: Final = {"AMBIENT": 0.3, "DIFFUSE": 0.6, "SPECULAR": 0.1, "SHININESS": 15.0, "CAMERA": 2.0}

# Rows of the shading block, four floats each: nine coefficients or five directions, then tint, inside and background.
_TINT: Final = 9
_INSIDE: Final = 10
_BACKGROUND: Final = 11
ROWS: Final = 12
_SH_SCALE: Final = np.array(SH_CONSTANTS)[:, None]

EVEN_LIGHT: Final = np.zeros((9, 3))  # of the look albedo
EVEN_LIGHT[0] = UNIT_AMBIENT


def shading_block(
    kind: PixelKind,
    light: np.ndarray | None,
    tint: Sequence[float],
    inside: Sequence[float],
    background: Sequence[float] | None,
    opacity: float = 1.0,
    place: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> np.ndarray:
    """What the shading of pixels reads: (12, 4) float32.

    light : (9, 3) coefficients for the SH kinds. tint: RGB of an untextured surface. inside: RGB of what faces
    away. background: RGB, or None for premultiplied alpha. opacity: of the whole. place: of the look 3dxtalker, the
    pixel (x, y) that shows the origin, and metres a pixel.
    """
    rows = np.zeros((ROWS, 4), np.float32)
    if light is not None and kind.startswith("sh"):
        rows[:9, :3] = np.asarray(light) * _SH_SCALE
    if kind.startswith("studio"):
        rows[:5, :3] = STUDIO_DIRECTIONS * (STUDIO_INTENSITY / len(STUDIO_DIRECTIONS))
    if kind == "phong":
        rows[0, :3] = place
    rows[_TINT, :3] = tint
    rows[_INSIDE] = (*inside, opacity)
    if background is not None:
        rows[_BACKGROUND] = (*background, 1.0)
    return rows
