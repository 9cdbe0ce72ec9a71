"""The command `xtalker evaluate`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Final

from ...errors import UsageError
from ..amounts import counted
from ..command_line import add_fps, count
from ..doubts import doubts
from .face import Conditions
from .metrics import METRICS
from .pairing import Pairing, named_predictions, pair_clips
from .presets import PRESETS
from .records import Request, evaluate_pairs, yardstick_of
from .regions import Regions
from .summary import Summary
from .tables import printed, shown_number
from .write import PAGE, write_evaluation

_DONE: Final = 0
_SOME_FAILED: Final = 3
EPILOG: Final = "exit codes: 0 all compared, 2 bad arguments, 3 some clips or regions could not be used"
_SHOWN: Final = ("lve_max", "lve_max_squared", "mve", "mod", "head_rotation_error", "mouth_correlation", "mouth_lag")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of an evaluation."""
    parser.add_argument("truth", type=Path, metavar="TRUTH", help="a sequence, or the folder above the true ones")
    parser.add_argument(
        "predictions",
        nargs="+",
        metavar="PREDICTION",
        help="the same of a model, as DIR, or as NAME=DIR to give it a name",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        required=True,
        help="for metrics.csv, metrics.json, errors.npz and the page",
    )
    parser.add_argument("--model", type=Path, metavar="FILE", help="FLAME .pkl, .npz or folder; the default head")
    parser.add_argument("--as", dest="preset", choices=tuple(PRESETS), help="compare as that published script does")
    parser.add_argument(
        "--identity", choices=("truth", "own"), help="both on the truth's identity, or each its own; truth"
    )
    parser.add_argument("--head-pose", choices=("keep", "remove"), help="compare posed or unposed heads; keep")
    parser.add_argument(
        "--lips", type=Path, metavar="FILE", help="vertex ids: text, .npy or FLAME_masks.pkl; the model's own"
    )
    parser.add_argument("--upper-face", type=Path, metavar="FILE", help="the same for the upper face")
    parser.add_argument(
        "--inner-lips",
        metavar="UPPER,LOWER",
        help="the two vertices whose distance is the mouth's opening; found on the model",
    )
    parser.add_argument(
        "--template", type=Path, metavar="FILE", help="generic face for fdd_3dxtalker: .obj or .npy; the model's mean"
    )
    parser.add_argument(
        "--templates",
        type=Path,
        metavar="FILE",
        help="templates.pkl with the subjects' still faces, for clips of vertices; the one beside them",
    )
    add_fps(parser)
    parser.add_argument("--jobs", type=count, default=os.cpu_count() or 1, metavar="N", help="processes; all cores")
    parser.add_argument("--quiet", action="store_true", help="print no table")


def run(arguments: argparse.Namespace) -> int:
    """Evaluate as parsed arguments say; returns the exit code. Raises UsageError, ModelError and MachineError."""
    predictions = named_predictions(arguments.predictions)
    request = _request(arguments)
    yardstick = yardstick_of(request)
    pairing = pair_clips(arguments.truth, predictions)
    for remark in (
        *doubts(yardstick.model, [pair.truth for pair in pairing.pairs]),
        *pairing.remarks,
        *pairing.unclaimed,
    ):
        print(f"xtalker: {remark}", file=sys.stderr)
    for problem in yardstick.regions.problems:
        print(f"xtalker: {problem}", file=sys.stderr)
    there = tuple(name for name in predictions if any(name in pair.predictions for pair in pairing.pairs))
    summary = Summary(there)
    settings = _settings(arguments, request, yardstick.regions, pairing)
    records = evaluate_pairs(pairing.pairs, request, min(arguments.jobs, len(pairing.pairs)))
    total = sum(len(pair.predictions) for pair in pairing.pairs)
    for index, record in enumerate(
        write_evaluation(records, arguments.output, summary, settings, arguments.preset), start=1
    ):
        if record.problem:
            print(f"xtalker: {record.prediction}: {record.problem}", file=sys.stderr)
        if sys.stderr.isatty():
            print(f"\r{index}/{total}", end="" if index < total else "\n", file=sys.stderr)
    for warning, times in summary.warnings.most_common():
        print(f"xtalker: {warning}" + (f" ({times} times)" if times > 1 else ""), file=sys.stderr)
    if not arguments.quiet:
        _print(summary, arguments.preset)
    print(f"{counted(len(summary.frames), 'clip')} compared; {arguments.output / PAGE} shows it")
    left_out = set(predictions) - set(there)
    return _SOME_FAILED if summary.problems or yardstick.regions.problems or left_out else _DONE


def _request(arguments: argparse.Namespace) -> Request:
    fixed = PRESETS[arguments.preset].conditions if arguments.preset else None
    for flag, given in (("--identity", arguments.identity), ("--head-pose", arguments.head_pose)):
        if fixed and given:
            raise UsageError(
                f"{flag} contradicts --as {arguments.preset}, which says so itself; leave one of them out."
            )
    conditions = fixed or Conditions(arguments.identity or "truth", arguments.head_pose or "keep")
    inner = None
    if arguments.inner_lips:
        try:
            above, below = (int(word) for word in arguments.inner_lips.split(","))
        except ValueError:
            raise UsageError(
                f"--inner-lips {arguments.inner_lips}: expected two vertices, such as 3533,3504."
            ) from None
        inner = above, below
    return Request(
        arguments.model,
        conditions,
        arguments.lips,
        arguments.upper_face,
        inner,
        arguments.template,
        arguments.templates,
    )


def _settings(arguments: argparse.Namespace, request: Request, regions: Regions, pairing: Pairing) -> dict[str, str]:
    conditions = request.conditions
    identity = "both on the truth's" if conditions.identity == "truth" else "each its own"
    of_what = "of every frame" if conditions.identity_mode == "per_frame" else "one for the clip (the mean)"
    return {
        "truth": str(arguments.truth),
        "predictions": ", ".join(arguments.predictions),
        "model": str(yardstick_of(request).model.source),
        "as": arguments.preset or "no published script",
        "identity": f"{identity}, {of_what}",
        "head pose": "kept" if conditions.head_pose == "keep" else "removed (root, neck and translation)",
        "lips": regions.sources.get("lips", "not known"),
        "upper face": regions.sources.get("upper_face", "not known"),
        "inner lips": regions.sources.get("inner_lips", "not known"),
        "still faces": str(request.templates or "of the truth's identity; of vertices templates.pkl's beside them"),
        "generic template": str(request.template or "the model's mean face"),
        "frames": "those that both have, at the truth's rate",
        **({"pairing": " ".join(remarks)} if (remarks := (*pairing.remarks, *pairing.unclaimed)) else {}),
    }


def _print(summary: Summary, preset: str | None) -> None:
    if preset:
        for name, numbers in printed(summary, preset).items():
            print(
                f"{name}, as {preset}: " + ", ".join(f"{key} {shown_number(value)}" for key, value in numbers.items())
            )
    width = max([len(name) for name in summary.predictions], default=0)
    for metric in _SHOWN:
        for name in summary.predictions if metric in summary.measured() else ():
            found, scale = summary.interval(name, metric), METRICS[metric].shown_scale
            low, high = shown_number(found.low, scale), shown_number(found.high, scale)
            unit = f" {METRICS[metric].shown_unit}" if METRICS[metric].shown_unit else ""
            print(f"{metric:22} {name:{width}}  {shown_number(found.mean, scale)}{unit} ({low} to {high})")
