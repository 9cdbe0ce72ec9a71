"""OUT/metadata.jsonl: a line for each video, as Hugging Face's VideoFolder reads them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Final

from ..render.settings import VIDEO_SUFFIXES
from .outputs import records_in
from .record import Record
from .report import replace_file
from .workspace import WorkFolder

METADATA: Final = "metadata.jsonl"
_LABELS: Final = ("subset", "subject", "emotion", "transcript")


def write_metadata(output: Path) -> int:
    """Write a line for every video in `output`, in order of their names; returns how many. Raises UsageError, OSError.

    All lines have the same keys, as tables need them; what is not known is null. Without a video nothing is written.
    """
    rows = sorted(
        (
            _row(record, video.relative_to(output).as_posix())
            for record, video in records_in(output)
            if not record.failure and video.suffix in VIDEO_SUFFIXES.values() and video.is_file()
        ),
        key=lambda row: row["file_name"],
    )
    keys = dict.fromkeys(key for row in rows for key in row)
    lines = (json.dumps({key: row.get(key) for key in keys}, allow_nan=False) for row in rows)
    if rows:
        with WorkFolder(output) as work:  # parts of a batch may write at the same time
            replace_file(
                output / METADATA, lambda file: file.writelines(f"{line}\n" for line in lines), work.path / METADATA
            )
    return len(rows)


def _row(record: Record, file_name: str) -> dict[str, Any]:
    labels = {label: record.labels.get(label) or None for label in _LABELS}
    values = {
        "file_name": file_name,
        "name": record.name,
        **labels,
        "fps": record.fps,
        "frames": record.frames,
        "seconds": round(record.seconds, 3),
        "sound": record.sound,
    }
    others = {label: text for label, text in record.labels.items() if label not in values}
    metrics = {name: _finite(found) for name, found in record.metrics.items()}
    return {**values, **others} | ({"metrics": metrics} if metrics else {})


def _finite(metrics: Any) -> dict[str, float | None]:
    return {key: value if value is not None and math.isfinite(value) else None for key, value in metrics.items()}
