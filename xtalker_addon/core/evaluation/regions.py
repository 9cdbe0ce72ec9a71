"""Which vertices are lips and upper face: a lip error means nothing without its set."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError
from ..files.foreign import NPY_MAGIC
from ..files.unpickle import load_pickle
from ..formats.arrays import open_npy
from ..model.flame import FlameModel
from ..model.skinning import JOINTS

Ints = NDArray[np.int64]

LIPS: Final = ("lips",)
# As 3DXTalker joins them end to end; a head whose regions know no `eye_region` has one for each eye.
UPPER_FACE: Final = ("eye_region", "forehead", "nose")
_EYES: Final = ("left_eye_region", "right_eye_region")
_MIDDLE: Final = 1e-3  # metres that count as the middle of the mouth beside its innermost vertex
_JAW: Final = JOINTS.index("jaw")


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """Vertex ids of the sets, in the order and as often as their source names them; None: not known.

    inner_lips : ids of the inner edge of the upper and of the lower lip in the middle
    sources    : set -> where it is from, with its number of vertices
    """

    lips: Ints | None
    upper_face: Ints | None
    inner_lips: tuple[int, int] | None
    sources: dict[str, str]
    problems: tuple[str, ...] = ()


def find_regions(
    model: FlameModel,
    lips: Path | None = None,
    upper_face: Path | None = None,
    inner_lips: tuple[int, int] | None = None,
) -> Regions:
    """The sets of `model`, or from files: ids as text, .npy, or FLAME_masks.pkl (see `read_ids`).

    What cannot be had is None, and `problems` says why: the metrics that need no such set can still be measured.
    """
    found: dict[str, Ints] = {}
    sources: dict[str, str] = {}
    problems: list[str] = []
    for key, path, names in (("lips", lips, LIPS), ("upper_face", upper_face, UPPER_FACE)):
        try:
            ids = _from_model(model, names) if path is None else read_ids(path, names, model.vertex_count)
        except ModelError as error:
            problems.append(str(error))
            continue
        found[key] = ids
        what = " + ".join(names) if path is None or path.suffix == ".pkl" else "its list"
        sources[key] = f"{what} of {model.source if path is None else path}, {len(ids)} vertices"
    if inner_lips is None and "lips" in found:
        inner_lips = _inner_lips(model, found["lips"])
    if inner_lips is not None and not all(0 <= vertex < model.vertex_count for vertex in inner_lips):
        problems.append(
            f"--inner-lips {inner_lips}: the model has vertices 0 to {model.vertex_count - 1}; name others."
        )
        inner_lips = None
    if inner_lips is not None:
        sources["inner_lips"] = f"vertices {inner_lips[0]} and {inner_lips[1]}"
    return Regions(found.get("lips"), found.get("upper_face"), inner_lips, sources, tuple(problems))


def read_ids(path: Path, names: Iterable[str], vertex_count: int) -> Ints:
    """Vertex ids from a file: text with commas or spaces between, .npy of whole numbers, or FLAME_masks.pkl.

    names : of the regions that are taken from FLAME_masks.pkl, joined end to end
    Raises ModelError, one sentence, where the file is none of these or names vertices that the model does not have.
    """
    try:
        with path.open("rb") as file:
            head = file.read(8)
        if path.suffix == ".pkl":
            ids = _from_masks(path, names)
        elif head.startswith(NPY_MAGIC):
            ids = np.asarray(open_npy(path)).ravel()
        else:
            ids = _from_text(path)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); name a file of vertex ids.") from None
    if ids.dtype.kind not in "iu" or not ids.size:
        raise ModelError(f"{path}: holds {ids.dtype} {ids.shape}; expected vertex ids as whole numbers.")
    if ids.min() < 0 or ids.max() >= vertex_count:
        raise ModelError(
            f"{path}: names vertex {int(ids.max())} and the model has {vertex_count} (0 to {vertex_count - 1}); "
            "expected a set of this topology."
        )
    return ids.astype(np.int64)


def _from_text(path: Path) -> NDArray[Any]:
    words = re.split(r"[\s,;\[\]()]+", path.read_text("utf-8", errors="replace"))
    try:
        return np.array([int(word) for word in words if word], np.int64)
    except (ValueError, OverflowError):
        raise ModelError(
            f"{path}: is not a list of whole numbers with commas or spaces between; expected vertex ids, .npy or "
            "FLAME_masks.pkl."
        ) from None


def _from_masks(path: Path, names: Iterable[str]) -> NDArray[Any]:
    masks = load_pickle(path)
    if not isinstance(masks, dict):
        raise ModelError(f"{path}: holds a {type(masks).__name__}; expected the dictionary of FLAME_masks.pkl.")
    regions = cast(dict[str, Any], masks)
    missing = [name for name in names if name not in regions]
    if missing:
        raise ModelError(f"{path}: has no region {', '.join(missing)}; expected FLAME_masks.pkl.")
    return np.concatenate([np.asarray(regions[name]).ravel() for name in names])


def _from_model(model: FlameModel, names: tuple[str, ...]) -> Ints:
    wanted = [part for name in names for part in _parts(model, name)]
    missing = [name for name in wanted if name not in model.regions]
    if missing:
        raise ModelError(
            f"{model.source}: names no region {', '.join(missing)}; put FLAME_masks.pkl beside it, or name a set with "
            f"{'--lips' if names == LIPS else '--upper-face'} FILE."
        )
    return np.concatenate([model.regions[name] for name in wanted]).astype(np.int64)


def _parts(model: FlameModel, name: str) -> tuple[str, ...]:
    return _EYES if name == "eye_region" and name not in model.regions and _EYES[0] in model.regions else (name,)


def _inner_lips(model: FlameModel, lips: Ints) -> tuple[int, int] | None:
    """The lowest vertex of the upper lip and the highest of the lower one in the middle; the jaw moves the lower."""
    ids = np.unique(lips)
    weight = model.weights[ids, _JAW]
    lower = weight > (weight.min() + weight.max()) / 2
    if lower.all() or not lower.any():
        return None
    above, below = (_in_the_middle(model, ids[side]) for side in (~lower, lower))
    heights = model.template[:, 1]
    return int(above[np.argmin(heights[above])]), int(below[np.argmax(heights[below])])


def _in_the_middle(model: FlameModel, ids: Ints) -> Ints:
    aside = np.abs(model.template[ids, 0])
    return ids[aside <= aside.min() + _MIDDLE]
