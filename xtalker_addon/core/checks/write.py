"""Writes check.csv, check.json and summary.html; each appears once it is complete."""

from __future__ import annotations

import csv
import json
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final

from ...errors import UsageError
from .finding import MEASURES, Report
from .page import summary_page
from .summary import Summary

CSV: Final = "check.csv"
JSON: Final = "check.json"
PAGE: Final = "summary.html"
_LABELS: Final = ("subset", "split", "subject", "emotion", "index")


def write_reports(reports: Iterable[Report], folder: Path) -> Iterator[Report]:
    """Pass `reports` through while writing them to `folder`, and a summary of them at the end.

    Raises UsageError where the folder cannot be written.
    """
    summary = Summary()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            table = csv.writer(stack.enter_context(_complete(folder / CSV)))
            records = stack.enter_context(_complete(folder / JSON))
            table.writerow(["name", *_LABELS, *MEASURES, "severity", "findings", "source"])
            records.write("[")
            separator = "\n"
            for report in reports:
                table.writerow(_row(report))
                records.write(separator + json.dumps(report.as_dict(), ensure_ascii=False))
                separator = ",\n"
                summary.add(report)
                yield report
            records.write("\n]\n")
        with _complete(folder / PAGE) as page:
            page.write(summary_page(summary))
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written ({error.strerror}); name another output.") from None


@contextmanager
def _complete(path: Path) -> Generator[IO[str]]:
    """A text file that takes its name when the block ends well, and is gone when it does not."""
    partial = path.with_name(f".{path.name}.part")
    try:
        with partial.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            yield file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _row(report: Report) -> list[str]:
    measures = [f"{report.measures[name]:.6g}" if name in report.measures else "" for name in MEASURES]
    labels = [report.labels.get(label, "") for label in _LABELS]
    findings = "; ".join(f"{found.kind}: {found.text}" for found in report.findings)
    return [report.name, *labels, *measures, report.severity or "", findings, report.source]
