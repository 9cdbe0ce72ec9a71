"""The command line of batch rendering: `xtalker render` and render_scripts/render_batch.py."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Final, get_args

from ..errors import MachineError, ModelError, UsageError
from ..render.settings import Camera, Engine, Light, RenderSettings
from .plan import Plan, plan_tasks
from .run import Stopped, run, stop_on_signals

DONE: Final = 0
BAD_ARGUMENTS: Final = 2
SOME_FAILED: Final = 3
MACHINE_CANNOT: Final = 4
STOPPED: Final = 5

EPILOG = """exit codes: 0 all done, 2 bad arguments, 3 some sequences failed (see report.json), 4 this machine cannot
(no encoder, no model, software graphics for EEVEE), 5 stopped by a signal"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of batch rendering."""
    defaults = RenderSettings()
    parser.add_argument(
        "--input", type=Path, nargs="+", required=True, metavar="PATH", help="sequences, or folders above them"
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="DIR", help="where OUT/<subset>/<sequence>.mp4 go"
    )
    parser.add_argument(
        "--model", type=Path, metavar="FILE", help="FLAME .pkl, .npz or folder; without it, the default head"
    )
    parser.add_argument("--engine", choices=get_args(Engine), default=defaults.engine)
    parser.add_argument("--light", choices=get_args(Light), default=defaults.light, help="default: %(default)s")
    parser.add_argument("--camera", choices=get_args(Camera), default=defaults.camera, help="default: %(default)s")
    parser.add_argument("--size", type=_size, default=defaults.size, metavar="N|WxH", help="pixels; default: 512")
    parser.add_argument("--frames", type=_frames, metavar="A-B", help="first and last frame, counted from 0")
    parser.add_argument("--samples", type=_positive, default=defaults.samples, metavar="N", help="default: %(default)s")
    parser.add_argument("--shard", type=_shard, default=(1, 1), metavar="I/N", help="only the I-th of N equal parts")
    parser.add_argument("--overwrite", action="store_true", help="render again what is there already")
    parser.add_argument("--dry-run", action="store_true", help="say what would be rendered, and stop")
    parser.add_argument("--allow-software", action="store_true", help="let EEVEE draw on the processor")
    # Read by Cycles itself from the command line; named here so that it is allowed.
    parser.add_argument("--cycles-device", metavar="NAME", help="CPU, CUDA, OPTIX, HIP, METAL or ONEAPI")


def main(argv: list[str]) -> int:
    """Render as the arguments say; returns the exit code."""
    parser = argparse.ArgumentParser(
        "render_batch.py", description="Render talking-head sequences to videos.", epilog=EPILOG
    )
    add_arguments(parser)
    return render(parser.parse_args(argv))


def render(arguments: argparse.Namespace) -> int:
    """Render as parsed arguments say; returns the exit code."""
    try:
        tasks = plan_tasks(arguments.input, arguments.output, arguments.shard)
    except UsageError as error:
        return _fail(error, BAD_ARGUMENTS)
    if arguments.dry_run:
        for task in tasks:
            print(f"{task.source} -> {task.output}{' (is there already)' if task.output.exists() else ''}")
        print(f"{len(tasks)} sequences")
        return DONE
    settings = RenderSettings(
        engine=arguments.engine,
        light=arguments.light,
        camera=arguments.camera,
        size=arguments.size,
        frames=arguments.frames,
        samples=arguments.samples,
        allow_software=arguments.allow_software,
    )
    plan = Plan(tasks, arguments.output, arguments.model, settings, arguments.overwrite)
    try:
        with stop_on_signals():
            report = run(plan, lambda line: print(line, flush=True))
    except (MachineError, ModelError) as error:
        return _fail(error, MACHINE_CANNOT)
    except OSError as error:
        return _fail(
            UsageError(f"{arguments.output}: cannot be written ({error.strerror}); name another output."), BAD_ARGUMENTS
        )
    except Stopped as signal:
        return _fail(signal, STOPPED)
    if report.failed:
        print(
            f"{len(report.failed)} of {len(tasks)} sequences failed; {arguments.output / 'report.json'} says why.",
            file=sys.stderr,
        )
        return SOME_FAILED
    return DONE


def _fail(error: BaseException, code: int) -> int:
    message = f"stopped by {error}; run it again to go on" if isinstance(error, Stopped) else str(error)
    print(f"render_batch: {message}", file=sys.stderr, flush=True)
    return code


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(text)


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)(?:x(\d+))?", text)
    width, height = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not (16 <= width <= 8192 and 16 <= height <= 8192):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 512 or 640x360, from 16 to 8192 pixels")
    return width, height


def _frames(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)-(\d+)", text)
    if not match or int(match[1]) > int(match[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is not a range such as 0-99")
    return int(match[1]), int(match[2])


def _shard(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is not a part such as 3/64")
    return int(match[1]), int(match[2])
