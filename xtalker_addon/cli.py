"""The `xtalker` command: look at sequences, render them, verify them, convert models."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections import Counter
from pathlib import Path

from .core.command_line import BAD_INPUT, Parser, add_fps, add_truth, answer, refuse_output_file
from .core.version import version
from .errors import MachineError, UsageError, XTalkerError


def main(argv: list[str] | None = None) -> int:
    """Entry point of the console script; returns the exit code."""

    def work() -> int:
        parser = _parser()
        arguments = parser.parse_args(argv)
        if not arguments.run:
            parser.print_help()
            return 0
        return arguments.run(arguments)

    return answer(work)


def render_main(argv: list[str]) -> int:
    """Entry point of render_scripts/render_batch.py."""

    def work() -> int:
        if not importlib.util.find_spec("ffmpeg"):
            raise MachineError(
                f"This Python ({sys.version_info.major}.{sys.version_info.minor}) lacks ffmpeg-python; install the "
                "XTalker extension in this Blender and start it without --factory-startup, or use the Python of "
                "`make demo`."
            )
        from .batch import command

        return command.main(argv)

    return answer(work)


def _parser() -> Parser:
    from .core import vertices_command
    from .core.arkit import command as arkit_command
    from .core.checks import command as check_command
    from .core.convert import command as convert_command
    from .core.evaluation import command as evaluate_command

    parser = Parser("xtalker", description="Talking-head sequences stored as FLAME codes.")
    parser.add_argument("--version", action="version", version=f"xtalker {version()}")
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(metavar="COMMAND")

    info = commands.add_parser("info", help="say what sequences hold")
    info.add_argument("path", type=Path, nargs="+")
    add_fps(info)
    add_truth(info)
    info.set_defaults(run=_info)

    check = commands.add_parser("check", help="find faults in the data", epilog=check_command.EPILOG)
    check_command.add_arguments(check)
    check.set_defaults(run=check_command.run)

    evaluate = commands.add_parser(
        "evaluate", help="measure predictions against the truth", epilog=evaluate_command.EPILOG
    )
    evaluate_command.add_arguments(evaluate)
    evaluate.set_defaults(run=evaluate_command.run)

    verify = commands.add_parser("verify", help="compare the head in Blender with an independent FLAME layer")
    verify.add_argument("path", type=Path, metavar="SEQUENCE")
    verify.add_argument(
        "--model", type=Path, metavar="FILE", help="FLAME .pkl, .npz or folder; without it, the default head"
    )
    add_fps(verify)
    verify.set_defaults(run=_verify)

    hand_on = commands.add_parser("convert", help="write a sequence as others read it", epilog=convert_command.EPILOG)
    convert_command.add_arguments(hand_on)
    hand_on.set_defaults(run=convert_command.run)

    arkit = commands.add_parser("arkit", help="write a sequence in ARKit's units, as Live Link Face does")
    arkit_command.add_arguments(arkit)
    arkit.set_defaults(run=arkit_command.run)

    convert = commands.add_parser("convert-model", help="turn a FLAME pickle into an .npz without running the pickle")
    convert.add_argument("source", type=Path, metavar="IN")
    convert.add_argument("target", type=Path, metavar="OUT.npz")
    convert.set_defaults(run=_convert_model)

    vertices = commands.add_parser("vertices", help="write the vertices of sequences, as vertices.npy")
    vertices_command.add_vertices_arguments(vertices)
    vertices.set_defaults(run=vertices_command.run_vertices)

    fit = commands.add_parser("fit", help="find the codes whose face a sequence of vertices is")
    vertices_command.add_fit_arguments(fit)
    fit.set_defaults(run=vertices_command.run_fit)

    index = commands.add_parser("index", help="say what a dataset holds, without reading its arrays")
    index.add_argument("path", type=Path, metavar="DIR")
    index.add_argument("--index", type=Path, metavar="FILE", help="keep the index here (SQLite), to be quick next time")
    index.set_defaults(run=_index)

    if importlib.util.find_spec("ffmpeg"):
        from .batch import command

        render = commands.add_parser("render", help="render sequences to videos", epilog=command.EPILOG)
        command.add_arguments(render)
        render.set_defaults(run=command.render)
    return parser


def _info(arguments: argparse.Namespace) -> int:
    from .core.amounts import left_out_lines
    from .core.files import storage
    from .core.formats import find_sequences, read_sequence

    failures, left_out = 0, Counter[tuple[str, str]]()
    for path in arguments.path:
        for source in (find_sequences(path) if storage.exists(path) else None) or [path]:
            try:
                sequence = read_sequence(source, arguments.fps, arguments.truth)
                print(_describe(sequence))
                left_out.update(sequence.left_out.items())
            except XTalkerError as error:
                failures += 1
                print(f"xtalker: {error}", file=sys.stderr)
    for line in left_out_lines(left_out):
        print(line)
    return BAD_INPUT if failures else 0


def _describe(sequence: object) -> str:
    from .core.amounts import counted
    from .core.formats.arkit import holds_units
    from .core.sequence import FPS_IN_WORDS, Sequence

    assert isinstance(sequence, Sequence)
    rate = f"{sequence.fps:g} frames a second ({FPS_IN_WORDS[sequence.fps_source]})"
    lines = [f"{sequence.name}: {counted(sequence.frames, 'frame')}, {sequence.seconds:.2f} s at {rate}"]
    for field in sequence.held():
        value = getattr(sequence, field)
        lines.append(f"  {field:16} {value if isinstance(value, Path) else ' x '.join(map(str, value.shape))}")
    if holds_units(sequence.source):
        lines[1] += " (the default head's columns: 43 are ARKit's units, jaw and eyes show the other 9)"
        if sequence.global_rotation is not None:
            lines.append(
                "  note: the head is turned as by a phone that stands upright; one on its side swaps yaw and pitch"
            )
    lines += [f"  {label:16} {text}" for label, text in sequence.labels.items()]
    lines += [f"  warning: {warning}" for warning in sequence.warnings]
    return "\n".join(lines)


def _index(arguments: argparse.Namespace) -> int:
    from .core.amounts import clock, counted, disk_space
    from .core.dataset import index_tree
    from .core.sequence import FPS_IN_WORDS

    dataset = index_tree(arguments.path, arguments.index)
    if not dataset.clips:
        raise UsageError(f"{arguments.path}: holds no talking-head sequence; name a sequence or a folder above some.")
    for clip in dataset.clips:
        if clip.problem:
            print(f"xtalker: {clip.problem}", file=sys.stderr)
    length, size = clock(sum(clip.seconds for clip in dataset.clips)), sum(clip.bytes for clip in dataset.clips)
    print(
        f"{dataset.root}: {counted(len(dataset.clips), 'sequence')}, "
        f"{counted(sum(clip.files for clip in dataset.clips), 'file')}, "
        f"{disk_space(size)}, {length}; looked into {dataset.read:,}"
    )
    for subset, count in sorted(Counter(clip.labels.get("subset", "(no subset)") for clip in dataset.clips).items()):
        print(f"  {subset:16} {counted(count, 'sequence', 7).rstrip()}")
    rates = Counter((clip.fps, FPS_IN_WORDS[clip.fps_source].split(";")[0]) for clip in dataset.clips if clip.frames)
    for (fps, origin), count in rates.most_common():
        print(f"  {fps:g} frames a second, {origin}: {counted(count, 'sequence')}")
    return BAD_INPUT if any(clip.problem for clip in dataset.clips) else 0


def _convert_model(arguments: argparse.Namespace) -> int:
    from .core.doubts import doubts
    from .core.model.flame import load_model, save_model

    model = load_model(arguments.source)
    refuse_output_file(arguments.target, ".npz", model.source)
    save_model(model, arguments.target)
    for doubt in doubts(model):
        print(f"warning: {doubt}")
    print(
        f"{arguments.target}: {model.vertex_count} vertices, {len(model.identity_basis)} identity and "
        f"{len(model.expression_basis)} expression columns{', UVs' if model.uv is not None else ''}"
    )
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    if not importlib.util.find_spec("bpy"):
        raise MachineError(
            "bpy, Blender as a Python module, is not installed; run `make demo` once and use its Python."
        )
    from .blender.verify import verify
    from .core.doubts import doubts
    from .core.formats import read_sequence
    from .core.model.flame import load_model

    model = load_model(arguments.model)
    for doubt in doubts(model):
        print(f"warning: {doubt}")
    return verify(read_sequence(arguments.path, arguments.fps), model)


if __name__ == "__main__":
    sys.exit(main())
