"""Tables of ARKit's units as Live Link Face writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from xtalker_addon.core.arkit.names import NAMES, column, known
from xtalker_addon.core.model.placement import expression_for

# The first row of a take, as the app writes it.
HEADER = [
    "Timecode", "BlendShapeCount", "EyeBlinkLeft", "EyeLookDownLeft", "EyeLookInLeft", "EyeLookOutLeft",
    "EyeLookUpLeft", "EyeSquintLeft", "EyeWideLeft", "EyeBlinkRight", "EyeLookDownRight", "EyeLookInRight",
    "EyeLookOutRight", "EyeLookUpRight", "EyeSquintRight", "EyeWideRight", "JawForward", "JawRight", "JawLeft",
    "JawOpen", "MouthClose", "MouthFunnel", "MouthPucker", "MouthRight", "MouthLeft", "MouthSmileLeft",
    "MouthSmileRight", "MouthFrownLeft", "MouthFrownRight", "MouthDimpleLeft", "MouthDimpleRight",
    "MouthStretchLeft", "MouthStretchRight", "MouthRollLower", "MouthRollUpper", "MouthShrugLower",
    "MouthShrugUpper", "MouthPressLeft", "MouthPressRight", "MouthLowerDownLeft", "MouthLowerDownRight",
    "MouthUpperUpLeft", "MouthUpperUpRight", "BrowDownLeft", "BrowDownRight", "BrowInnerUp", "BrowOuterUpLeft",
    "BrowOuterUpRight", "CheekPuff", "CheekSquintLeft", "CheekSquintRight", "NoseSneerLeft", "NoseSneerRight",
    "TongueOut", "HeadYaw", "HeadPitch", "HeadRoll", "LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll", "RightEyeYaw",
    "RightEyePitch", "RightEyeRoll",
]  # fmt: skip
UNITS = HEADER[2:54]


def timecode(place: float, rate: int = 60, start: float = 4 * 3600.0) -> str:
    """HH:MM:SS:FF.sss of a place in frames from `start` in seconds."""
    total = place + start * rate
    seconds, frames = divmod(total, rate)
    seconds = int(seconds)
    return f"{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{frames:06.3f}"


def drop_frame(frame: int, count: int, mark: str = ";") -> str:
    """HH:MM:SS;FF of a frame since midnight, by the rule: each minute but every tenth begins with the third of 30."""
    number, dropped = 0, count // 15
    for minute in range(24 * 60):
        first = dropped if minute % 10 else 0
        if frame < count * 60 - first:
            number = first + frame
            return f"{minute // 60:02d}:{minute % 60:02d}:{number // count:02d}{mark}{number % count:02d}"
        frame -= count * 60 - first
    return drop_frame(frame, count, mark)


def face(rng: np.random.Generator, frames: int) -> dict[str, np.ndarray]:
    """Slow random units from 0 to 0.6 and small angles, by the app's names."""
    time = np.linspace(0, frames / 60, frames)
    columns = {}
    for name in HEADER[2:]:
        wave = np.sin(2 * np.pi * rng.uniform(0.3, 2) * time + rng.uniform(0, 6.28))
        columns[name] = 0.3 + 0.3 * wave if name in UNITS else 0.25 * wave
    return columns


def write_table(
    path: Path,
    columns: Mapping[str, np.ndarray],
    places: Sequence[float] | np.ndarray | None = None,
    rate: int = 60,
    start: float = 4 * 3600.0,
    separator: str = ",",
) -> Path:
    """The rows of `columns` at `places` in frames of `rate`; without places, from 0 on without gaps."""
    count = len(next(iter(columns.values())))
    rows = [separator.join(["Timecode", "BlendshapeCount", *columns])]
    for row, place in enumerate(range(count) if places is None else places):
        numbers = [f"{values[row]:.10f}" for values in columns.values()]
        rows.append(separator.join([timecode(place, rate, start), "61", *numbers]))
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def said(clip, *words):
    """Whether the clip has a remark with all these words."""
    return any(all(word in remark for word in words) for remark in clip.remarks())


def value_of(model, clip, unit):
    """(T,) of a unit, by the head's own file."""
    index = model.expression_names.index(column(unit))
    return expression_for(model, clip)[:, index] * model.expression_amounts[index]


def check_units(model, clip, columns, rows=slice(None)):
    """The head shows these columns (T,) of the flesh in these rows of the clip."""
    for name, values in columns.items():
        unit = known(name)
        if unit in NAMES and not unit.startswith("eyeLook") and unit != "jawOpen":
            np.testing.assert_allclose(value_of(model, clip, unit)[rows], values, atol=1e-6, err_msg=unit)


def changed(path, row, name, cell, separator=","):
    """The table with another cell in a row, which counts from 1 below the names."""
    lines = path.read_text().splitlines()
    cells = lines[row].split(separator)
    cells[lines[0].split(separator).index(name)] = cell
    lines[row] = separator.join(cells)
    path.write_text("\n".join(lines))
    return path
