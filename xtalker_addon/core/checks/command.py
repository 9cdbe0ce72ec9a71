"""The command `xtalker check`."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ...errors import UsageError
from ..amounts import counted, left_out_lines
from ..command_line import add_fps, add_truth, count
from ..formats import find_sequences, refusal_of_folder
from .finding import SEVERITIES, Report
from .run import check_paths
from .write import PAGE, write_reports

IN_ORDER: Final = 0
FAULTS: Final = 3
EPILOG: Final = "exit codes: 0 in order, 2 bad arguments, 3 findings at or above --fail-on"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of a check."""
    parser.add_argument("path", type=Path, nargs="+", help="sequences, or folders above them")
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="write check.csv, check.json and summary.html to this folder"
    )
    add_truth(parser)
    parser.add_argument("--jobs", type=count, default=os.cpu_count() or 1, metavar="N", help="processes; all cores")
    parser.add_argument(
        "--fail-on", choices=SEVERITIES, default="fault", help="from which severity on the exit code is 3; fault"
    )
    add_fps(parser)
    parser.add_argument("--quiet", action="store_true", help="print no findings, only the counts")


def run(arguments: argparse.Namespace) -> int:
    """Check as parsed arguments say; returns the exit code. Raises UsageError and MachineError."""
    paths = list(_sequences(arguments.path))
    if not paths:
        raise UsageError(str(refusal_of_folder(arguments.path[0])))
    reports = check_paths(paths, min(arguments.jobs, len(paths)), arguments.fps, arguments.truth)
    if arguments.output:
        reports = write_reports(reports, arguments.output)
    counts: Counter[str] = Counter()
    left_out: Counter[tuple[str, str]] = Counter()
    for index, report in enumerate(reports, start=1):
        counts[report.severity or "clean"] += 1
        left_out.update(report.left_out.items())
        if not arguments.quiet:
            _print_findings(report)
        if sys.stderr.isatty():
            print(f"\r{index}/{len(paths)}", end="" if index < len(paths) else "\n", file=sys.stderr)
    shown = ", ".join(f"{counts[severity]} with {severity}s" for severity in reversed(SEVERITIES))
    print(f"{counted(len(paths), 'sequence')}: {shown}, {counts['clean']} without findings")
    for line in left_out_lines(left_out):
        print(line)
    if arguments.output:
        print(f"{arguments.output / PAGE} sums it up")
    failing = SEVERITIES[SEVERITIES.index(arguments.fail_on) :]
    return FAULTS if any(counts[severity] for severity in failing) else IN_ORDER


def _sequences(roots: list[Path]) -> Iterator[Path]:
    """Every sequence once, however the roots overlap. Raises UsageError for a root that is not there."""
    seen: set[Path] = set()
    for root in roots:
        for path in find_sequences(root):
            if path not in seen:
                seen.add(path)
                yield path


def _print_findings(report: Report) -> None:
    for found in report.findings:
        if found.severity != "note":
            print(f"{report.name}: {found.severity}: {found.text}")
