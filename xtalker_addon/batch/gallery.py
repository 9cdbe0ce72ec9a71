"""OUT/index.html: every sequence in the output on one page, which needs no server and no network."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from ..errors import UsageError
from .make import PREVIEWS
from .plan import VIDEO
from .record import Record, read_record
from .report import replace_file

_SCRIPTS: Final = ("data.js", "grid.js", "player.js", "main.js")  # one after the other in one script element
_PAGE: Final = Path(__file__).with_name("page")
# A row of the page's data, in this order; data.js reads it by the same names.
_FIELDS: Final = (
    *("name", "subset", "subject", "emotion", "frames", "fps", "width", "height", "sound", "seconds"),
    *("renderSeconds", "engine", "renderer", "made", "warnings", "failure", "error", "transcript"),
)


def write_gallery(output: Path) -> int:
    """Write the page for all records in `output`; returns how many there are. Raises UsageError, OSError."""
    if not output.is_dir():
        raise UsageError(f"{output}: does not exist; expected the output of a batch.")
    rows = sorted(_row(record) for record, video in records_in(output) if record.failure or video.exists())
    data = {
        "title": output.resolve().name,
        "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "fields": _FIELDS,
        "rows": rows,
    }
    # No '<' may stand in a script element's data: a name could spell its end.
    content = json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    style, script = _read("style.css"), "\n".join(map(_read, _SCRIPTS))
    page = _read("index.html")
    for mark, text in (("/*style*/", style), ("/*script*/", script), ("/*data*/", content)):
        before, _, after = page.partition(mark)
        page = f"{before}{text}{after}"
    replace_file(output / "index.html", lambda file: file.write(page))
    return len(rows)


def _read(name: str) -> str:
    return (_PAGE / name).read_text("utf-8")


def records_in(output: Path) -> Iterator[tuple[Record, Path]]:
    """Every record below `output`, with the video it belongs to."""
    for folder, folders, files in os.walk(output):
        if Path(folder) == output:
            folders[:] = [name for name in folders if name != PREVIEWS and not name.startswith(".")]
        for file in files:
            record = read_record(Path(folder, file)) if file.endswith(".json") else None
            if record:
                yield record, Path(folder, f"{file.removesuffix('.json')}{VIDEO}")


def _row(record: Record) -> list[Any]:
    labels = record.labels
    values = {
        "name": record.name.encode("utf-8", "replace").decode(),  # a name that is no text would not open
        **{key: labels.get(key, "") for key in ("subset", "subject", "emotion")},
        "frames": record.frames,
        "fps": record.fps,
        "width": record.size[0],
        "height": record.size[1],
        "sound": int(record.sound),
        "seconds": round(record.seconds, 2),
        "renderSeconds": round(sum(record.timings.values()), 2),
        "engine": record.settings.get("engine", ""),
        "renderer": record.renderer,
        "made": record.made,
        "warnings": list(record.warnings),
        "failure": record.failure,
        "error": record.error,
        "transcript": labels.get("transcript", ""),
    }
    return [values[key] for key in _FIELDS]
