"""Writes what an evaluation found: metrics.csv, metrics.json, errors.npz, table.md, table.tex and the page."""

from __future__ import annotations

import csv
import json
import math
import zipfile
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError, reason
from .measure import CURVES
from .metrics import METRICS
from .page import evaluation_page
from .presets import PRESETS
from .records import LABELS, Record
from .summary import Summary
from .tables import latex, markdown, printed

CSV: Final = "metrics.csv"
JSON: Final = "metrics.json"
ERRORS: Final = "errors.npz"
MARKDOWN: Final = "table.md"
LATEX: Final = "table.tex"
PAGE: Final = "evaluation.html"
COLUMNS: Final = (*CURVES, "head_rotation", "jaw_rotation")


def write_evaluation(
    records: Iterable[Record], folder: Path, summary: Summary, settings: Mapping[str, str], preset: str | None
) -> Iterator[Record]:
    """Pass `records` through while writing them to `folder`, and what they come to at the end, filled into `summary`.

    settings : what was asked, in words. Each file appears once it is complete.
    Raises UsageError where the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            table = csv.writer(stack.enter_context(_complete_text(folder / CSV)))
            errors = stack.enter_context(_complete_archive(folder / ERRORS))
            report = stack.enter_context(_complete_text(folder / JSON))
            table.writerow(
                ["prediction", "clip", *LABELS, "frames", "fps", *METRICS, "problem", "truth_path", "prediction_path"]
            )
            _write_member(errors, "columns", np.array(COLUMNS))
            report.write('{"clips": [')
            separator = "\n"
            for record in records:
                table.writerow(_row(record))
                report.write(separator + _dumps(_as_dict(record)))
                separator = ",\n"
                if record.comparison is not None:
                    _write_member(errors, f"{record.prediction}/{record.key}", _curves(record.comparison.curves))
                summary.add(record)
                yield record
            report.write("\n],\n" + _dumps(_outcome(summary, settings, preset))[1:] + "\n")
        for name, text in (
            (MARKDOWN, markdown(summary)),
            (LATEX, latex(summary)),
            (PAGE, evaluation_page(summary, settings, preset)),
        ):
            with _complete_text(folder / name) as file:
                file.write(text)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written ({reason(error)}); name another output.") from None


def _row(record: Record) -> list[Any]:
    found = record.comparison
    labels = [record.labels.get(label, "") for label in LABELS]
    metrics = [repr(found.metrics[name]) if found and name in found.metrics else "" for name in METRICS]
    length = [found.frames, f"{found.fps:g}"] if found else ["", ""]
    paths = [record.problem, record.truth_path, record.prediction_path]
    return [record.prediction, record.key, *labels, *length, *metrics, *paths]


def _as_dict(record: Record) -> dict[str, Any]:
    found = record.comparison
    return {
        "prediction": record.prediction,
        "clip": record.key,
        "labels": dict(record.labels),
        "truth": record.truth_path,
        "path": record.prediction_path,
        **(
            {"problem": record.problem}
            if found is None
            else {
                "frames": found.frames,
                "fps": found.fps,
                "metrics": dict(found.metrics),
                "warnings": list(found.warnings),
            }
        ),
    }


def _outcome(summary: Summary, settings: Mapping[str, str], preset: str | None) -> dict[str, Any]:
    """All but the clips: what was asked, what each number means, the means, and which differences are not chance."""
    measured = summary.measured()
    means: dict[str, dict[str, Any]] = {}
    for name in summary.predictions:
        intervals = {metric: summary.interval(name, metric) for metric in measured}
        means[name] = {
            metric: {"mean": found.mean, "low": found.low, "high": found.high, "clips": found.clips}
            for metric, found in intervals.items()
        }
    differences = [
        {
            "metric": metric,
            "first": first,
            "second": second,
            "difference": found.mean,
            "low": found.low,
            "high": found.high,
            "p": found.p,
            "clips": found.clips,
            "beyond_chance": found.beyond_chance,
        }
        for metric in measured
        for (first, second), found in summary.differences(metric).items()
    ]
    definitions = {
        name: {
            "title": METRICS[name].title,
            "unit": METRICS[name].unit,
            "definition": METRICS[name].definition,
            "used_by": METRICS[name].used_by,
            "better": METRICS[name].better,
            "mean_over": METRICS[name].over,
        }
        for name in measured
    }
    outcome: dict[str, Any] = {
        "settings": dict(settings),
        "definitions": definitions,
        "means": means,
        "differences": differences,
    }
    if preset:
        outcome["preset"] = {"name": preset, "note": PRESETS[preset].note, "prints": printed(summary, preset)}
    return outcome


def _curves(curves: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float32]:
    """(frames, COLUMNS); nan where a curve is not known."""
    frames = len(next(iter(curves.values())))
    nothing = np.full(frames, np.nan)
    return np.stack([curves.get(name, nothing) for name in COLUMNS], axis=1).astype(np.float32)


def _dumps(value: Any) -> str:
    return json.dumps(_finite(value), ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    """JSON knows no nan: None stands for it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}  # pyright: ignore[reportUnknownVariableType]
    return [_finite(entry) for entry in value] if isinstance(value, list) else value  # pyright: ignore[reportUnknownVariableType]


def _write_member(archive: zipfile.ZipFile, name: str, array: NDArray[Any]) -> None:
    with archive.open(f"{name}.npy", "w") as file:
        np.lib.format.write_array(file, array, allow_pickle=False)


@contextmanager
def _complete_text(path: Path) -> Generator[IO[str]]:
    """A text file that takes its name when the block ends well, and is gone when it does not."""
    with _complete(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        yield file


@contextmanager
def _complete_archive(path: Path) -> Generator[zipfile.ZipFile]:
    with _complete(path) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        yield archive


@contextmanager
def _complete(path: Path) -> Generator[Path]:
    partial = path.with_name(f".{path.name}.part")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
