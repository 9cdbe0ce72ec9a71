"""The command `xtalker arkit`, and the CSV that it writes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence as Rows
from pathlib import Path
from uuid import uuid4

import numpy as np

from ...errors import UsageError
from ..amounts import counted
from ..command_line import add_fps, refuse_output, refuse_output_file
from ..doubts import doubts
from ..formats import read_sequence
from ..model.flame import load_model
from .coefficients import Coefficients, coefficients
from .names import ANGLES, NAMES, live_link

_FRAMES = 60  # that Live Link Face counts in a second, whatever the rate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `xtalker arkit`."""
    parser.add_argument("path", type=Path, metavar="SEQUENCE", help="a sequence of codes, in any layout")
    parser.add_argument("--output", type=Path, required=True, metavar="CSV", help="as Live Link Face writes it")
    parser.add_argument("--model", type=Path, metavar="FILE", help="the FLAME of the codes; else XTalker's own head")
    parser.add_argument(
        "--matrix", type=Path, metavar="FILE", help="rows of codes, one a unit, in place of units carried to the model"
    )
    add_fps(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write a sequence as ARKit's units; returns the exit code. Raises XTalkerError."""
    out: Path = arguments.output
    refuse_output_file(out, ".csv", arguments.path)
    refuse_output(out.parent)
    sequence, model = read_sequence(arguments.path, arguments.fps), load_model(arguments.model)
    found = coefficients(sequence, model, arguments.matrix)
    write_csv(out, found, sequence.fps)
    for remark in (*doubts(model, [sequence.source]), *sequence.remarks(), *found.remarks):
        print(f"warning: {remark}")
    print(f"{out}: {counted(sequence.frames, 'frame')} of {sequence.name} in ARKit's units, {sequence.fps:g} a second")
    if sequence.audio:
        print(
            f"{sequence.audio}: its sound is not in the CSV; beside it, as {out.with_suffix('.wav').name}, it is found"
        )
    return 0


def write_csv(path: Path, found: Coefficients, fps: float) -> None:
    """The table as Live Link Face writes it, whole or not at all, and the folder that it is in.

    Raises UsageError where it cannot be written.
    """
    header = ["Timecode", "BlendshapeCount", *(live_link(name) for name in (*NAMES, *ANGLES))]
    rows = np.concatenate([found.units, found.angles], axis=1)
    partial = path.with_name(f".{uuid4().hex[:8]}.csv")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("x", encoding="ascii", newline="\n") as file:
            file.write(",".join(header) + "\n")
            for index, row in enumerate(rows):
                file.write(_line(index / fps, row.tolist()))
        partial.replace(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror}); name another file.") from None
    finally:
        partial.unlink(missing_ok=True)


def _line(seconds: float, row: Rows[float]) -> str:
    whole, thousandths = divmod(round(seconds * _FRAMES * 1000), _FRAMES * 1000)
    time = f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}:{thousandths / 1000:06.3f}"
    return f"{time},{len(row)},{','.join(f'{value:.10f}' for value in row)}\n"
