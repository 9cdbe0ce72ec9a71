"""`xtalker check`: a dataset as large as 3DXTalker, false alarms on clean clips, lags of lips."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from tests.data.faults import delay_lips, write_faulty_tree
from tests.data.sequences import write_3dxtalker_folder
from xtalker_addon.core.checks import check_path
from xtalker_addon.core.checks.run import check_paths
from xtalker_addon.core.checks.write import write_reports
from xtalker_addon.core.formats import find_sequences

SEQUENCES = 11_506
DIFFERENT = 200  # clips that are written; the rest are links to them, which the disk's cache holds
CLEAN = 1000
JOBS = 2


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="xtalker-bench-") as folder:
        false_alarms(Path(folder))
    with tempfile.TemporaryDirectory(prefix="xtalker-bench-") as folder:
        planted(Path(folder))
        lags(Path(folder))
    with tempfile.TemporaryDirectory(prefix="xtalker-bench-") as folder:
        large(Path(folder))


def false_alarms(folder: Path) -> None:
    lengths = np.random.default_rng(0).integers(75, 400, CLEAN)
    counts: Counter[str] = Counter()
    measured: dict[str, list[float]] = {}
    for start in range(0, CLEAN, 50):
        paths = [folder / f"{start}" / f"clip{index}" for index in range(start, min(start + 50, CLEAN))]
        for index, path in enumerate(paths, start=start):
            write_3dxtalker_folder(path, int(lengths[index]), 10_000 + index)
        for report in check_paths(paths, JOBS):
            counts[report.severity or "clean"] += 1
            for name, value in report.measures.items():
                measured.setdefault(name, []).append(value)
        for path in paths:
            for file in path.iterdir():
                file.unlink()
    alarms = counts["fault"] + counts["warning"]
    print(f"{CLEAN} clean sequences: {counts['fault']} with faults, {counts['warning']} with warnings,")
    print(f"  {counts['note']} with notes (pauses of the generated voice); false alarms {alarms / CLEAN:.2%}")
    for name in ("expression_sigma", "jaw_sigma", "identity_jitter", "cuts", "lag_frames"):
        low, middle, high = np.quantile(measured[name], (0, 0.5, 1))
        print(f"  {name:18} {low:7.3f} to {high:7.3f}, median {middle:.3f}")


def planted(folder: Path) -> None:
    faults = write_faulty_tree(folder / "faults")
    found = 0
    for name, fault in faults.items():
        report = check_path(folder / "faults" / "V0-GRID" / name)
        found += any(f.kind == fault.kind and fault.frame in (None, f.frame) for f in report.findings)
    print(f"{found} of {len(faults)} planted faults found, in their frame")


def lags(folder: Path) -> None:
    worst = 0.0
    for lag in range(-10, 11):
        write_3dxtalker_folder(folder / "lags" / str(lag), 376, lag + 50)
        delay_lips(folder / "lags" / str(lag), lag)
        worst = max(worst, abs(check_path(folder / "lags" / str(lag)).measures["lag_frames"] - lag))
    print(f"lags of -10 to 10 frames: off by at most {worst:.2f} frames")


def large(folder: Path) -> None:
    rng = np.random.default_rng(1)
    originals = []
    for index in range(DIFFERENT):
        originals.append(folder / "V0-GRID" / f"clip{index:05}")
        write_3dxtalker_folder(originals[-1], int(rng.integers(250, 650)), index)
    for index in range(DIFFERENT, SEQUENCES):
        copy = folder / f"V{index % 6}-SET" / f"clip{index:05}"
        copy.mkdir(parents=True)
        for file in originals[index % DIFFERENT].iterdir():
            os.link(file, copy / file.name)
    started = time.perf_counter()
    paths = find_sequences(folder)
    print(f"{len(paths)} sequences found in {time.perf_counter() - started:.1f} s")
    started, hours, memory = time.perf_counter(), 0.0, {}
    for index, report in enumerate(write_reports(check_paths(paths, JOBS), folder / "report"), start=1):
        hours += report.measures["seconds"] / 3600
        if index in (1000, len(paths)):
            memory[index] = _tree_megabytes()
    seconds = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{used.ru_utime + used.ru_stime:.0f} s of processor time")
    print(
        f"checked in {seconds:.0f} s by {JOBS} processes ({1e3 * seconds / len(paths):.1f} ms each), {hours:.1f} hours,"
    )
    print(f"  {hours * 3600 / seconds:.0f} x real time; resident memory of all processes together (MB) after")
    print("  " + ", ".join(f"{count} sequences: {size:.0f}" for count, size in memory.items()))


def _tree_megabytes() -> float:
    """Private memory of this process and its children (Linux)."""
    me, total = os.getpid(), 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            text = status.read_text()
        except OSError:
            continue
        fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        if int(fields["Pid"]) == me or int(fields["PPid"]) == me:
            total += int(fields.get("RssAnon", "0 kB").split()[0])
    return total / 1024
