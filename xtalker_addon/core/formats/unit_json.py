"""JSON of ARKit's 52 units by name.

As BEAT's faces have it (names, frames of weights), Audio2Face's (facsNames, weightMat), with a list a unit, or a record
a frame: of the units, or of pairs of a name and a number, as MediaPipe and others write them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from ..arkit import names
from .arrays import first_bytes
from .draft import Draft
from .json_numbers import numbers
from .layout import Layout, Place
from .unit_draft import clock_in, fill_even, of_matrix, start, tells

NAME_KEYS: Final = ("names", "facsNames", "blendshape_names", "blendShapeNames", "arkit_names")
WEIGHT_KEYS: Final = ("weightMat", "weights", "blendshapes", "blendShapes", "coefficients", "arkit")
_RATE_KEYS: Final = ("fps", "exportFps", "frameRate", "frame_rate", "framerate", "framesPerSecond")
_FRAME_KEYS: Final = ("frames", "data")
_INNER_KEYS: Final = ("blendshapes", "blendShapes", "weights", "faceBlendshapes")
_LABEL_KEYS: Final = ("categoryName", "name", "key")  # in a pair
_SHARE_KEYS: Final = ("score", "value", "weight")
_LOOKED_AT: Final = 1 << 20  # bytes, before all of it is parsed
_IN_TEXT: Final = re.compile(rb"facsNames|exportFps|" + "|".join(names.NAMES).encode(), re.IGNORECASE)


def _items(value: object) -> list[dict[str, Any]]:
    """The records in a list of nothing else; none of what is something else."""
    listed = cast("list[Any]", value) if isinstance(value, list) else []
    return cast("list[dict[str, Any]]", listed) if all(isinstance(item, dict) for item in listed) else []


def _frames_in(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    return next((items for key in _FRAME_KEYS if (items := _items(data.get(key)))), list[dict[str, Any]]())


def _record(frame: Mapping[str, Any]) -> Mapping[str, Any]:
    """A frame's units by name: its own keys, or those of a record or of pairs in it; none where that is empty."""
    key = next((key for key in _INNER_KEYS if key in frame), None)
    if key is None:
        return frame
    inner: Any = frame[key]
    if isinstance(inner, dict):
        return cast("Mapping[str, Any]", inner)
    pairs = _items(inner)
    if len(pairs) == 1 and "categories" in pairs[0]:  # the first face
        pairs = _items(pairs[0]["categories"])
    found = {_first(pair, _LABEL_KEYS): _first(pair, _SHARE_KEYS) for pair in pairs}
    return {name: share for name, share in found.items() if isinstance(name, str)}


def _first(pair: Mapping[str, Any], keys: Iterable[str]) -> Any:
    return next((pair[key] for key in keys if key in pair), None)


def _listed_names(data: Mapping[str, Any]) -> list[str]:
    listed: Any = next((data[key] for key in NAME_KEYS if isinstance(data.get(key), list)), None)
    return [name for name in cast("list[Any]", listed or []) if isinstance(name, str)]


def _is_json(place: Place) -> bool:
    if not _IN_TEXT.search(first_bytes(place.path, _LOOKED_AT)) or place.json is None:
        return False
    data = place.json
    return tells(_record(data)) or tells(_listed_names(data)) or any(tells(_record(item)) for item in _frames_in(data))


def _rate(value: object, where: str) -> NDArray[Any]:
    return np.asarray(value) if isinstance(value, str) else numbers(value, where)


def _cell(listed: list[str], frame: int, place: int | None = None, *_: int) -> str:
    """What to call a frame's weights, or one of them."""
    return f"frame {frame}" if place is None or place >= len(listed) else f"frame {frame}, {listed[place]}"


def _read_json(place: Place) -> Draft:
    data, path = place.json or {}, place.path
    draft = start(path)
    frames, listed, own = _frames_in(data), _listed_names(data), _record(data)
    for key in data:
        if key in _RATE_KEYS:
            where = f"{path}, key {key!r}"
            draft.read_fps(partial(_rate, data[key], where), where)
            draft.used.add(key)
    clock, lost = clock_in(frames[0] if frames else ()), list[int]()
    times: list[Any] = [frame.get(clock) for frame in frames] if clock else []
    beside = clock_in(key for key in data if isinstance(data[key], list))
    if clock is None and beside:
        clock, times = beside, data[beside]
    if listed:
        key = next((key for key in (*WEIGHT_KEYS, *_FRAME_KEYS) if data.get(key) and not _items(data[key])), None)
        rows = data[key] if key else [frame.get("weights") for frame in frames]
        draft.used |= {key or "frames", *(key for key in NAME_KEYS if key in data)}
        weights = numbers(rows, str(path), partial(_cell, listed))
        columns = of_matrix(listed, weights, f"{path}, its weights")
    elif tells(own):
        columns = {key: numbers(own[key], f"{path}, {key}", "frame {}".format) for key in own if names.known(key)}
        draft.used |= {key for key in _INNER_KEYS if key in data}
    else:
        columns, lost = _of_records(draft, [_record(frame) for frame in frames])
        draft.used |= {key for key in _FRAME_KEYS if key in data}
    inner = {key for frame in frames for key in frame} - {*_INNER_KEYS}
    fill_even(draft, columns, [*data, *columns, *sorted(inner)], [str(time) for time in times], clock, lost)
    return draft


def _of_records(draft: Draft, records: list[Mapping[str, Any]]) -> tuple[dict[str, NDArray[np.float64]], list[int]]:
    """The columns of a record a frame, and the frames whose records have no face; what is missing is told."""
    path = draft.source
    keys = dict.fromkeys(key for record in records for key in record if names.known(key))
    lost = [frame for frame, record in enumerate(records) if not keys.keys() & record.keys()]
    if lost:
        draft.warnings.append(
            f"{path}: {len(lost)} of {len(records)} frames hold no face (frame {lost[0]}); it passes evenly over them, "
            "so that the time is kept."
        )
    faceless = set(lost)
    there = (frame for frame in range(len(records)) if frame not in faceless)
    short = [(frame, key) for frame in there for key in keys if key not in records[frame]]
    if short:
        count = len({frame for frame, _ in short})
        draft.warnings.append(
            f"{path}: {count} of {len(records)} frames lack units that others have (frame {short[0][0]}: "
            f"{short[0][1]}); they are 0 there."
        )
    columns = {
        key: numbers([record.get(key, 0.0) for record in records], f"{path}, {key}", "frame {}".format) for key in keys
    }
    return columns, lost


JSON_LAYOUT: Final = Layout("BEAT, Audio2Face and others, .json of ARKit's units", (".json",), _is_json, _read_json)
