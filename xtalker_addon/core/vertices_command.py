"""The commands `xtalker vertices` and `xtalker fit`: from codes to vertices for whole trees, and back."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, Final, get_args
from uuid import uuid4

import numpy as np

from ..errors import UsageError, XTalkerError, reason
from .amounts import counted
from .command_line import add_truth, count, refuse_output, refuse_output_file
from .dataset import index_tree
from .doubts import doubts
from .formats import read_sequence
from .formats.code_keys import FITTED_TO
from .formats.predictions import RECORD
from .formats.vertices import TRUTH
from .model.clip import Clip
from .model.fit import fit_codes
from .model.flame import FlameModel, load_model
from .model.placement import as_person, not_shown, person_of
from .processes import map_in_order
from .sequence import IdentityMode

SOME_FAILED: Final = 3


def add_vertices_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `xtalker vertices`."""
    parser.add_argument("path", type=Path, nargs="+", help="sequences, or folders above some")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="for DIR/<sequence>/vertices.npy")
    parser.add_argument("--flat", action="store_true", help="(T, 3 V) in place of (T, V, 3)")
    parser.add_argument("--model", type=Path, metavar="FILE", help="FLAME .pkl, .npz or folder; else the default head")
    parser.add_argument("--identity", choices=get_args(IdentityMode), default="mean", help="default: %(default)s")
    parser.add_argument("--person", metavar="NAME", help="who of the default head's people speaks: amara, anna, ...")
    add_truth(parser)
    parser.add_argument("--jobs", type=count, default=1, metavar="N", help="processes; default: %(default)s")


def add_fit_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `xtalker fit`."""
    parser.add_argument("path", type=Path, metavar="VERTICES", help="a sequence of vertices")
    parser.add_argument("--model", type=Path, metavar="FILE", help="the model of the vertices; else the default head")
    parser.add_argument("--output", type=Path, required=True, metavar="CODES.npz")
    parser.add_argument("--neck", action="store_true", help="let the neck turn as well")
    parser.add_argument("--eyes", action="store_true", help="let the eyes turn as well")


def run_fit(arguments: argparse.Namespace) -> int:
    """Find codes for vertices, write them as .npz; returns the exit code. Raises XTalkerError."""
    out = arguments.output
    sequence, model = read_sequence(arguments.path), load_model(arguments.model)
    refuse_output_file(out, ".npz", sequence.source)
    if sequence.vertices is None:
        raise UsageError(f"{arguments.path}: holds codes already; name a sequence of vertices.")
    fit = fit_codes(sequence, model, arguments.neck, arguments.eyes)
    found = fit.sequence
    arrays: dict[str, Any] = {
        "expression": found.expression,
        "shape": found.shape,
        "global_rotation": found.global_rotation,
        "neck": found.neck,
        "jaw": found.jaw,
        "eyes": found.eyes,
        "translation": found.translation,
        "fps": np.float64(found.fps),
        FITTED_TO: np.array(found.fitted_to),
        "distance_mean_mm": fit.mean_mm,
        "distance_largest_mm": fit.largest_mm,
    }
    partial = out.with_name(f".{uuid4().hex[:8]}.npz")
    try:
        np.savez(partial, **{key: array for key, array in arrays.items() if array is not None})
        partial.replace(out)
    except OSError as error:
        raise UsageError(f"{out}: cannot be written ({reason(error)}); name another file.") from None
    finally:
        partial.unlink(missing_ok=True)
    worst = int(fit.largest_mm.argmax())
    print(
        f"{out}: {counted(found.frames, 'frame')}; what is left is {fit.mean_mm.mean():.3g} mm on average and "
        f"{fit.largest_mm[worst]:.3g} mm at most (frame {worst})"
    )
    return 0


@dataclass(frozen=True, slots=True)
class _Task:
    source: Path
    out: Path
    record: dict[str, Any]
    model: Path | None
    truth: Path | None


def run_vertices(arguments: argparse.Namespace) -> int:
    """Write the vertices of every sequence; returns the exit code. Raises XTalkerError."""
    refuse_output(arguments.output)
    model = load_model(arguments.model)
    if arguments.person:
        person_of(model, arguments.person)
        if arguments.identity != "mean":
            raise UsageError("--identity contradicts --person, who has an identity; leave one of them out.")
    tasks = [task for path in arguments.path for task in _tasks(path, arguments, model)]
    if len({task.out for task in tasks}) < len(tasks):
        raise UsageError("Two of the sequences have the same name; write them to different outputs.")
    left = [task for task in tasks if not _is_done(task)]
    failures = 0
    for doubt in doubts(model, (task.source for task in left)):
        print(f"warning: {doubt}")
    for task, (error, remarks) in zip(left, map_in_order(_write, left, arguments.jobs), strict=True):
        for remark in remarks:
            print(f"warning: {remark}")
        if error:
            failures += 1
            print(f"xtalker: {error}", file=sys.stderr)
        else:
            print(task.out / TRUTH)
    done = counted(len(left) - failures, "sequence")
    print(f"{done} written, {len(tasks) - len(left)} were there, {failures} failed")
    return SOME_FAILED if failures else 0


def _tasks(path: Path, arguments: argparse.Namespace, model: FlameModel) -> Iterator[_Task]:
    dataset = index_tree(path)
    if not dataset.clips:
        raise UsageError(f"{path}: holds no talking-head sequence; name a sequence or a folder above some.")
    for clip in dataset.clips:
        name = PurePosixPath(dataset.root.name if clip.path == "." else clip.path)
        name = name.with_suffix("") if name.suffix in (".npz", ".npy", ".pc2", ".json", ".csv", ".pt") else name
        status = model.source.stat()
        record = {
            "signature": clip.signature,
            "model": f"{model.source.name}:{status.st_size}:{status.st_mtime_ns}",
            "identity": arguments.identity,
            "person": arguments.person,
            "flat": arguments.flat,
            "truth": None if arguments.truth is None else str(arguments.truth.resolve()),
        }
        source = dataset.root if clip.path == "." else dataset.root / clip.path
        yield _Task(source, arguments.output / name, record, arguments.model, arguments.truth)


def _is_done(task: _Task) -> bool:
    try:
        record = json.loads((task.out / RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return (task.out / TRUTH).is_file() and all(record.get(key) == asked for key, asked in task.record.items())


def _write(task: _Task) -> tuple[str, list[str]]:
    """Write one sequence's vertices, then their record; returns what went wrong, '' if nothing, and remarks."""
    partial = task.out / f".{uuid4().hex[:8]}.npy"
    remarks: list[str] = []
    try:
        sequence, model = read_sequence(task.source, truth=task.truth), _model(task.model)
        sequence = as_person(sequence, model, task.record["person"])
        clip, count = Clip(sequence, model, task.record["identity"]), model.vertex_count
        remarks = not_shown(model, sequence)
        shape = (sequence.frames, 3 * count) if task.record["flat"] else (sequence.frames, count, 3)
        task.out.mkdir(parents=True, exist_ok=True)
        with partial.open("xb") as file:
            np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
            for vertices in clip.vertices():
                file.write(np.ascontiguousarray(vertices, "<f4").data)
        partial.replace(task.out / TRUTH)
        sound = None if sequence.audio is None else str(sequence.audio.resolve())
        record = {**task.record, "fps": sequence.fps, "sound": sound, "source": str(task.source)}
        (task.out / RECORD).write_text(json.dumps(record, indent=1), "utf-8")
    except XTalkerError as error:
        return str(error), remarks
    except OSError as error:
        return f"{task.out}: cannot be written ({reason(error)}); name another output.", remarks
    finally:
        partial.unlink(missing_ok=True)
    return "", remarks


@lru_cache(maxsize=1)
def _model(path: Path | None) -> FlameModel:
    return load_model(path)
