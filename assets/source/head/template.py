"""The head at rest, and where things lie in its mesh."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .anatomy import Array, Ints

VERTICES = 5023
EYE_RADIUS = 14.3
EYE_POINTS = 28
MOUTH_SEGMENTS = 12  # from the midline to the corner
POCKETS, SEAM = 3, 5  # rings of the mouth by number, from within: round the teeth, behind the contact, the contact
BORDER = SEAM + 5  # of the red
MOUTH_RINGS = SEAM + 8
LID_BACK, LID_FRONT = 1, 2  # rings of the eye by number
EYE_RINGS = 14


@dataclass(frozen=True)
class Template:
    """The head in millimetres, in FLAME's axes. `twin[v]` is the mirror image of vertex v; `loops` hold vertex ids of
    the left side (and of the mouth).

    carry : displacements (5023, 3) in millimetres of the head, from those (19158, 3) of MakeHuman's mesh
    own : (5023, 3) where teeth, tongue and eyeballs keep the places in which they were made
    """

    points: Array  # (5023, 3)
    faces: Ints  # (9976, 3)
    twin: Ints  # (5023,)
    loops: dict[str, Ints]
    skin: Ints
    upper_teeth: Ints
    lower_teeth: Ints
    tongue: Ints
    left_eyeball: Ints
    right_eyeball: Ints
    eye_centre: Array  # of the left one
    own: Array
    carry: Callable[[Array], Array]

    def both(self, *ids: Ints) -> Ints:
        """Vertex ids and their mirror images, each once and in order."""
        left = np.concatenate([some.ravel() for some in ids])
        return np.union1d(left, self.twin[left])


def turning(loops: dict[str, Ints]) -> Ints:
    """Vertices of the left side that turn over as the face moves: where the lips touch, and in folds at corners."""
    mouth, eye = loops["mouth"], loops["eye"]
    corner = np.arange(-2, 3)
    lids = eye[LID_FRONT : LID_FRONT + 5]
    corners = [lids[:, (corner + middle) % EYE_POINTS] for middle in (0, EYE_POINTS // 2)]
    parts = (mouth[SEAM : SEAM + 2], mouth[SEAM:BORDER, corner + MOUTH_SEGMENTS], *corners)
    return np.concatenate([part.ravel() for part in parts])
