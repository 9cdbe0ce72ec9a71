"""OUT/index.html: every sequence in the output on one page, which needs no server and no network."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ..core.evaluation.metrics import METRICS
from ..errors import UsageError
from ..render.settings import VIDEO_SUFFIXES, RenderSettings
from .outputs import records_in
from .record import Record
from .report import replace_file
from .workspace import WorkFolder

_SCRIPTS: Final = (
    "data.js",
    "metrics.js",
    "grid.js",
    "player.js",
    "main.js",
)  # one after the other in one script element
_PAGE: Final = Path(__file__).with_name("page")
# A row of the page's data, in this order; data.js reads it by the same names.
_FIELDS: Final = (
    *("name", "subset", "subject", "emotion", "first", "frames", "fps", "width", "height", "sound", "seconds"),
    *(
        "renderSeconds",
        "engine",
        "renderer",
        "made",
        "warnings",
        "failure",
        "error",
        "transcript",
        "form",
        "file",
        "metrics",
    ),
)
_FIGURES: Final = 5  # of a metric's value
_EVERY_SECONDS: Final = 60.0
_WRITE_SHARE: Final = 0.02  # of the time goes into writing, however many sequences there are


def write_gallery(output: Path, left: int = 0) -> int:
    """Write the page for all records in `output`; returns how many there are. Raises UsageError, OSError.

    left : sequences that a batch that is running has still to look at
    """
    if not output.is_dir():
        raise UsageError(f"{output}: does not exist; expected the output of a batch.")
    records = (record for record, place in records_in(output) if record.failure or place.exists())
    rows = sorted(map(_row, records), key=lambda row: row[0])
    data = {
        "title": output.resolve().name,
        "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "left": left,
        "fields": _FIELDS,
        "metrics": [[key, m.title, m.shown_unit, m.shown_scale, m.better] for key, m in METRICS.items()],
        "rows": rows,
    }
    # No '<' may stand in a script element's data: a name could spell its end.
    content = json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    style, script = _read("style.css"), "\n".join(map(_read, _SCRIPTS))
    page = _read("index.html")
    for mark, text in (("/*style*/", style), ("/*script*/", script), ("/*data*/", content)):
        before, _, after = page.partition(mark)
        page = f"{before}{text}{after}"
    with WorkFolder(output) as work:  # parts of a batch may write at the same time
        replace_file(output / "index.html", lambda file: file.write(page), work.path / "index.html")
    return len(rows)


class LiveGallery:
    """The page of a batch that is running: written at the start and then again and again.

    total : sequences of the batch
    """

    def __init__(self, output: Path, total: int) -> None:
        self._output, self._left = output, total
        self._next_write = 0.0

    def tell(self, done: int = 1) -> None:
        """So many more sequences are done; writes the page where it is time to. Raises UsageError, OSError."""
        self._left -= done
        started = time.monotonic()
        if started < self._next_write:
            return
        write_gallery(self._output, self._left)
        now = time.monotonic()
        self._next_write = now + max(_EVERY_SECONDS, (now - started) / _WRITE_SHARE)


def _read(name: str) -> str:
    return (_PAGE / name).read_text("utf-8")


def _row(record: Record) -> list[Any]:
    labels = record.labels
    form = record.settings.get("output", RenderSettings().output)
    values = {
        "name": record.name.encode("utf-8", "replace").decode(),  # a name that is no text would not open
        **{key: labels.get(key, "") for key in ("subset", "subject", "emotion")},
        "first": _first(record.settings),
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
        "form": form,
        "metrics": {name: _values(found) for name, found in record.metrics.items()},
        "file": _file(form, record.name, record.settings),
    }
    return [values[key] for key in _FIELDS]


def _values(found: Mapping[str, float]) -> list[float | None]:
    """The values of a prediction in the order of METRICS."""
    return [float(f"{found[name]:.{_FIGURES}g}") if name in found else None for name in METRICS]


def _file(form: str, name: str, settings: Mapping[str, Any]) -> str:
    """What follows the name in the path of the video, or of the first picture."""
    if form in VIDEO_SUFFIXES:
        return VIDEO_SUFFIXES[form]
    return f"/{name.rpartition('/')[2]}.{_first(settings):04}.{form}"


def _first(settings: Mapping[str, Any]) -> int:
    """The clip's array index that the first picture shows."""
    return (settings.get("frames") or (0,))[0]
