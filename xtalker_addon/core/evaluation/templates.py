"""Still faces of subjects, as VOCASET and FaceFormer have them: `templates.pkl`, a dictionary of (V, 3) by subject.

A clip of vertices does not tell what its subject looks like at rest, which motion is measured against.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError
from ..files.unpickle import load_pickle

NAME: Final = "templates.pkl"

Array = NDArray[np.float32]


def subject_template(clip: Path, vertex_count: int, given: Path | None = None) -> Array | None:
    """(V, 3) metres, the still face of the subject whose name the stem of `clip` begins with; None where none is known.

    given : the file; else `templates.pkl` beside the clip or beside its folder, as `vertices_npy/` has it
    Raises ModelError where the file is none of templates, or has another number of vertices.
    """
    path = given or next((f / NAME for f in (clip.parent, clip.parent.parent) if (f / NAME).is_file()), None)
    if path is None:
        return None
    templates = read_templates(path)
    subject = max((name for name in templates if f"{clip.stem}_".startswith(f"{name}_")), key=len, default=None)
    if subject is None:
        return None
    face = templates[subject]
    if len(face) != vertex_count:
        raise ModelError(
            f"{path}: the still face of {subject} has {len(face)} vertices; expected {vertex_count}, as the model has."
        )
    return face


@lru_cache(maxsize=1)
def read_templates(path: Path) -> dict[str, Array]:
    """Subject -> (V, 3). Raises ModelError."""
    stored = load_pickle(path)
    faces = cast(dict[str, Any], stored) if isinstance(stored, dict) else {}
    arrays = {name: np.asarray(face, np.float32) for name, face in faces.items() if isinstance(face, np.ndarray)}
    if not arrays or any(face.ndim != 2 or face.shape[1] != 3 for face in arrays.values()):
        raise ModelError(f"{path}: holds no still faces by subject; expected templates.pkl with a (V, 3) array each.")
    if not all(np.isfinite(face).all() for face in arrays.values()):
        raise ModelError(f"{path}: has still faces that are not finite; get the file again.")
    return arrays
