"""The record beside each video or folder, OUT/<subset>/<sequence>.json: what it was made from, how, what went wrong.

A sequence has one record, and so one output: rendered in another form, it takes the place of the earlier one. A record
is written before its video takes its name, and holds the video's hash; so one that does not fit the video beside it
(the machine stopped between the two) is never taken for done.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

from ..errors import ModelError
from ..render.settings import VIDEO_SUFFIXES, Output, RenderSettings, name_of_output
from .fingerprint import file_hash, inputs_unchanged, same_file
from .plan import Task

# input: the clip's own files are at fault. render, check: no video, or not the one that was expected.
# time: longer than the limit. crash: the process that rendered was lost. defect: a fault of XTalker's.
FailureKind = Literal["input", "render", "check", "time", "crash", "defect"]
_SCHEMA: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One sequence's fate.

    settings : as `settings_key` gives them
    model    : name and sha256
    inputs   : path -> bytes, modified_ns, sha256
    video    : bytes, modified_ns, sha256 of the video, and how many files where it is a folder; empty where there is
               none
    predictions : name -> path of what the video shows beside the sequence
    metrics  : name of a prediction -> metric -> value (see `core.evaluation.metrics`)
    frames, fps, size : of the video
    sound    : whether the video has sound
    timings  : seconds spent on reading, rendering and checking
    versions : of xtalker, blender and python
    made     : when the video was finished, or given up; UTC, ISO 8601
    failure  : why it failed, '' where it did not; `error` is the sentence for people
    """

    name: str
    source: str
    labels: Mapping[str, str]
    settings: Mapping[str, Any]
    model: Mapping[str, str]
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    video: Mapping[str, Any] = field(default_factory=dict[str, Any])
    frames: int = 0
    fps: float = 0.0
    size: tuple[int, int] = (0, 0)
    sound: bool = False
    renderer: str = ""
    timings: Mapping[str, float] = field(default_factory=dict[str, float])
    warnings: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    host: str = ""
    made: str = ""
    attempts: int = 1
    failure: FailureKind | Literal[""] = ""
    error: str = ""
    traceback: str = ""
    predictions: Mapping[str, str] = field(default_factory=dict[str, str])
    metrics: Mapping[str, Mapping[str, float]] = field(default_factory=dict[str, Mapping[str, float]])

    @property
    def seconds(self) -> float:
        """Length of the video."""
        return self.frames / self.fps if self.fps else 0.0

    def fits(self, task: Task, model_sha256: str) -> bool:
        """Whether this is about the same inputs, model and settings as the task."""
        return (
            {**settings_key(RenderSettings()), **self.settings} == settings_key(task.settings)
            and self.model.get("sha256") == model_sha256
            and self.predictions.keys() == task.predictions.keys()
            and inputs_unchanged(task.sources, self.inputs, task.truth)
        )

    def video_is_there(self, video: Path) -> bool:
        """Whether the video at this path is the one that the record describes."""
        try:
            return bool(self.video) and same_file(video, self.video)
        except OSError:
            return False


def settings_key(settings: RenderSettings) -> dict[str, Any]:
    """The settings that make a difference to the picture, as JSON holds them. What a record lacks was the default."""
    values = asdict(settings)
    for name in ("allow_software", "device", "threads"):  # who draws it is told by `renderer`
        del values[name]
    return json.loads(json.dumps(values, default=_content_of))


def _content_of(path: Path) -> str:
    """A file that settings name counts by its content. Raises ModelError."""
    try:
        status = path.stat()
        return _hash_of(path, status.st_size, status.st_mtime_ns)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); name another file.") from None


@lru_cache(maxsize=16)
def _hash_of(path: Path, _size: int, _modified_ns: int) -> str:
    """Texture spaces are large, and every sequence asks."""
    return file_hash(path)


def record_path(place: Path, output: Output) -> Path:
    """Where the record of a video or folder lies."""
    return place.with_name(f"{name_of_output(place, output)}.json")


def output_path(record: Record, path: Path) -> Path:
    """The video or folder that a record at `path` is about."""
    form = record.settings.get("output", RenderSettings().output)
    return path.with_name(f"{path.name.removesuffix('.json')}{VIDEO_SUFFIXES.get(form, '')}")


def write_record(record: Record, path: Path, work: Path) -> None:
    """Write the record; it appears whole or not at all. work: a folder for half-written files on the same disk."""
    partial = work / f"{id(record)}.json"
    partial.write_text(json.dumps({"xtalker": _SCHEMA, **asdict(record)}, indent=1), "utf-8")
    partial.replace(path)


def read_record(path: Path) -> Record | None:
    """The record at `path`; None where there is none, or it is broken or not ours."""
    try:
        content = json.loads(path.read_bytes())
        if content.pop("xtalker") != _SCHEMA:
            return None
        record = Record(**content)
        return record if isinstance(record.inputs, dict) and isinstance(record.model, dict) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
