"""Lists of sequences with settings of their own: CSV with a header, or JSON Lines."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from ..core.dataset import LABELS
from ..core.formats.unit_table import header_of
from ..errors import UsageError
from .options import PER_SEQUENCE

SUFFIXES: Final = (".csv", ".jsonl")
_SHOWN: Final = 6
_COLUMNS: Final = ("path", "name", *LABELS, *PER_SEQUENCE)


@dataclass(frozen=True, slots=True)
class Row:
    """One line: where the clips are, and what is different for them.

    where    : manifest and line, for messages
    name     : replaces subset/sequence; '' to keep it
    settings : values by their names in RenderSettings
    """

    path: Path
    where: str
    name: str
    labels: Mapping[str, str]
    settings: Mapping[str, Any]


def read_manifest(path: Path) -> Iterator[Row]:
    """The rows of a manifest; paths in it are relative to its folder. Raises UsageError naming line and column."""
    is_table = path.suffix.lower() == ".csv"
    names = header_of(path) or [] if is_table else ["path"]
    if "path" not in names:
        what = f"has no column called path among {', '.join(names[:_SHOWN])}" if any(names) else "is empty"
        raise UsageError(
            f"{path}: {what}; expected a list of sequences, with the column path, or a take, with ARKit's units as "
            "columns, such as JawOpen."
        )
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(_table_lines(file, path) if is_table else _json_lines(file, path))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path}: cannot be read as a manifest ({error}); expected CSV or JSON Lines.") from None
    first = 2 if is_table else 1
    for number, line in enumerate(lines, start=first):
        yield _row(line, path, f"{path}, line {number}")


def _table_lines(file: Any, path: Path) -> Iterator[dict[Any, Any]]:
    table = csv.DictReader(file)
    if "path" not in (name.strip() for name in table.fieldnames or ()):
        raise UsageError(f"{path}: its first line has no column names parted by commas; expected commas between cells.")
    yield from table


def _json_lines(file: Any, path: Path) -> Iterator[dict[str, Any]]:
    for number, text in enumerate(file, start=1):
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            line = None
        if not isinstance(line, dict):
            raise UsageError(f'{path}, line {number}: is not a JSON object such as {{"path": "clips/a"}}.')
        yield line


def _row(line: Mapping[Any, Any], manifest: Path, where: str) -> Row:
    if None in line:  # where csv puts what is left over
        raise UsageError(f"{where}: has more cells than there are columns; put a cell that has a comma in quotes.")
    unknown = [key for key in line if key not in _COLUMNS]
    if unknown:
        raise UsageError(f"{where}: has the unknown column {unknown[0]!r}; expected {', '.join(_COLUMNS)}.")
    values = {key: "" if value is None else str(value).strip() for key, value in line.items()}
    if not values.get("path"):
        raise UsageError(f"{where}: has no path; expected the path of a sequence.")
    name = values.get("name", "")
    if name and (PurePosixPath(name).is_absolute() or not set(PurePosixPath(name).parts).isdisjoint({".."})):
        raise UsageError(f"{where}: the name {name!r} leads out of the output folder; expected subset/sequence.")
    settings: dict[str, Any] = {}
    for key, read in PER_SEQUENCE.items():
        if values.get(key):
            try:
                settings[key] = read(values[key])
            except ValueError as error:
                raise UsageError(f"{where}: {key} {error}.") from None
    labels = {key: values[key] for key in LABELS if values.get(key)}
    return Row(manifest.parent / values["path"], where, name, labels, settings)
