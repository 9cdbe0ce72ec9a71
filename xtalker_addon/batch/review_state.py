"""What a reviewer decided: the file that the gallery exports, and that batches and Blender read back.

JSON: {"xtalker_review": 1, "reviews": [{"name": "subset/sequence", "verdict": "approved" | "rejected" | "",
"note": "free text", "changed": "2026-01-31T09:30:00Z"}, ...]}.
CSV: a header and the columns name, verdict, note, changed. Sequences that nobody looked at are left out of both; where
a name stands twice, the later one counts.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

from ..errors import UsageError

Verdict = Literal["approved", "rejected", ""]
COLUMNS: Final[tuple[str, ...]] = ("name", "verdict", "note", "changed")
SCHEMA: Final = 1


@dataclass(frozen=True, slots=True)
class Review:
    """One sequence's review. changed: time in UTC, ISO 8601, or ''."""

    name: str
    verdict: Verdict = ""
    note: str = ""
    changed: str = ""


def read_reviews(path: Path) -> dict[str, Review]:
    """Reviews by the names of their sequences, from JSON or CSV. Raises UsageError naming file, entry and field."""
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read as a review ({error.strerror}); name the gallery's export.") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: cannot be read as a review ({error}); export it again from the gallery.") from None
    entries = _csv_entries(text, path) if path.suffix.lower() == ".csv" else _json_entries(text, path)
    reviews = [_review(entry, f"{path}, entry {number}") for number, entry in enumerate(entries, start=1)]
    return {review.name: review for review in reviews}


def write_reviews(reviews: Iterable[Review], path: Path) -> None:
    """Write reviews as the gallery does, CSV or JSON after the path's suffix; the file is replaced whole."""
    rows = [asdict(review) for review in reviews]
    if path.suffix.lower() == ".csv":
        text = io.StringIO(newline="")
        csv.writer(text).writerows([COLUMNS, *([row[key] for key in COLUMNS] for row in rows)])
        content = text.getvalue()
    else:
        content = json.dumps({"xtalker_review": SCHEMA, "reviews": rows}, indent=1)
    partial = path.with_name(f".{path.name}.part")
    partial.write_bytes(content.encode("utf-8"))
    partial.replace(path)


def _json_entries(text: str, path: Path) -> list[Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or not isinstance(content.get("reviews"), list):
        raise UsageError(f"{path}: is not a review; expected the JSON or CSV that the gallery exports.")
    if content.get("xtalker_review") != SCHEMA:
        raise UsageError(f"{path}: is a review of another version; export it again from a newer gallery.")
    return content["reviews"]


def _csv_entries(text: str, path: Path) -> list[Any]:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    if not {"name", "verdict"} <= set(rows.fieldnames or ()):
        raise UsageError(f"{path}: has no columns name and verdict; expected the CSV that the gallery exports.")
    return list(rows)


def _review(entry: Any, where: str) -> Review:
    values: Mapping[str, Any] = entry if isinstance(entry, dict) else {}
    texts: dict[str, Any] = {key: values.get(key) or "" for key in COLUMNS}
    if not texts["name"] or not all(isinstance(text, str) for text in texts.values()):
        raise UsageError(f"{where}: needs a name; expected name, verdict, note and changed, as texts.")
    if texts["verdict"] not in get_args(Verdict):
        raise UsageError(f"{where}: the verdict is {texts['verdict']!r}; expected approved, rejected or nothing.")
    return Review(**texts)
