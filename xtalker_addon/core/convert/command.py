"""The command `xtalker convert`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from ..amounts import counted
from ..formats import read_sequence
from ..model.flame import load_model
from . import WRITERS, convert, layout_of, output_of

EPILOG: Final = (
    "layouts: 3dxtalker, a folder; gaussianavatars, a folder with flame_param/, as VHAP exports it; webtalk, an .npz; "
    "array, 3DXTalker's (T, 284). Codes are copied: FLAME 2020's and FLAME 2023's expressions are not the same."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of a conversion."""
    parser.add_argument("path", type=Path, metavar="IN", help="a sequence, in any layout")
    parser.add_argument("out", type=Path, metavar="OUT", help="a folder, an .npz or an .npy that is not there yet")
    parser.add_argument(
        "--layout", choices=tuple(WRITERS), help="else by OUT's name: .npz webtalk, .npy array, none 3dxtalker"
    )
    parser.add_argument(
        "--model",
        type=Path,
        metavar="FILE",
        help="the FLAME that the codes were fitted with; needed where the head turns about the origin",
    )


def run(arguments: argparse.Namespace) -> int:
    """Convert as parsed arguments say; returns the exit code. Raises XTalkerError."""
    sequence = read_sequence(arguments.path)
    layout = arguments.layout or layout_of(arguments.out)
    out = output_of(arguments.out, layout)
    model = load_model(arguments.model) if arguments.model else None
    for remark in (*sequence.remarks(), *convert(sequence, out, layout, model)):
        print(f"warning: {remark}")
    print(f"{out}: {counted(sequence.frames, 'frame')} of {sequence.name} as {layout}")
    return 0
