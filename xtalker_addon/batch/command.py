"""The command line of batch rendering: `xtalker render` and render_scripts/render_batch.py."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, get_args

from ..core.flame import load_model
from ..errors import MachineError, ModelError, UsageError
from ..render.settings import Camera, Engine, Light, Look, RenderSettings
from . import options
from .console import Console
from .estimate import describe_plan
from .fingerprint import file_hash
from .gallery import records_in, write_gallery
from .make import Job
from .plan import Selection, Task, plan_tasks
from .report import Report
from .review_state import read_reviews
from .run import Plan, run
from .stop import Stopped, StopSignals
from .workers import Cluster

DONE: Final = 0
BAD_ARGUMENTS: Final = 2
SOME_FAILED: Final = 3
MACHINE_CANNOT: Final = 4
STOPPED: Final = 5
_BACKDROPS: Final = ("plain", "reference")  # H.264 has no transparency
_ONLY: Final = ("approved", "rejected", "failed")

EPILOG = """exit codes: 0 all done, 2 bad arguments, 3 some sequences failed (report.json in the output says why),
4 this machine cannot (no encoder, no model, a full disk, software graphics for EEVEE), 5 stopped by a signal"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of batch rendering."""
    defaults = RenderSettings()
    what = parser.add_argument_group("which sequences")
    what.add_argument("--input", nargs="+", type=Path, metavar="PATH", help="sequences, folders, patterns, manifests")
    what.add_argument("--output", type=Path, required=True, metavar="DIR", help="for DIR/<subset>/<sequence>.mp4")
    what.add_argument("--index", type=Path, metavar="FILE", help="keep the index of the input here (SQLite)")
    what.add_argument("--subset", action="append", default=[], metavar="NAME", help="only this one; may have * and ?")
    what.add_argument("--match", action="append", default=[], metavar="TEXT", help="only names with this; or * and ?")
    what.add_argument("--min-seconds", type=_value(options.seconds), metavar="S")
    what.add_argument("--max-seconds", type=_value(options.seconds), metavar="S")
    what.add_argument("--limit", type=_value(options.count), metavar="N", help="at most so many")
    what.add_argument("--shard", type=_value(options.shard), default=(1, 1), metavar="I/N", help="only the I-th part")
    what.add_argument("--only", choices=_ONLY, help="those that failed before, or that a review approved or rejected")
    what.add_argument("--review", type=Path, metavar="FILE", help="the review that the gallery exported, for --only")

    look = parser.add_argument_group("what they look like")
    look.add_argument("--model", type=Path, metavar="FILE", help="FLAME .pkl, .npz or folder; else the default head")
    look.add_argument("--engine", choices=get_args(Engine), default=defaults.engine, help="default: %(default)s")
    look.add_argument("--light", choices=get_args(Light), default=defaults.light, help="default: %(default)s")
    look.add_argument("--camera", choices=get_args(Camera), default=defaults.camera, help="default: %(default)s")
    look.add_argument("--look", choices=get_args(Look), help="what the surface shows; else what --light says")
    look.add_argument("--layout", type=_value(options.layout), default=defaults.layout, help="panels side by side")
    look.add_argument("--backdrop", choices=_BACKDROPS, default=defaults.backdrop, help="default: %(default)s")
    burn_in = {"action": argparse.BooleanOptionalAction, "default": defaults.burn_in}
    look.add_argument("--burn-in", **burn_in, help="name, timecode, jaw and sound below the picture")
    look.add_argument("--size", type=_value(options.size), default=defaults.size, metavar="N|WxH", help="default: 512")
    look.add_argument("--frames", type=_value(options.frames), metavar="A-B", help="first and last, counted from 0")
    look.add_argument("--samples", type=_value(options.count), default=defaults.samples, metavar="N")
    look.add_argument("--sheet", type=_value(options.count), default=0, metavar="N", help="also N pictures as one PNG")
    look.add_argument("--allow-software", action="store_true", help="let EEVEE draw on the processor")
    # Read by Cycles itself from the command line; named here so that it is allowed.
    look.add_argument("--cycles-device", metavar="NAME", help="CPU, CUDA, OPTIX, HIP, METAL or ONEAPI")

    how = parser.add_argument_group("how the work is done")
    how.add_argument("--dry-run", action="store_true", help="say what would be rendered and what it takes, and stop")
    how.add_argument("--report-only", action="store_true", help="render nothing, write index.html for what is there")
    how.add_argument("--overwrite", action="store_true", help="render again what is there and up to date")
    how.add_argument("--retries", type=_value(_retries), default=1, metavar="N", help="default: %(default)s")
    limit = {"type": _value(options.seconds), "default": 3600.0, "metavar": "SECONDS"}
    how.add_argument("--time-limit", **limit, help="for one sequence; default: an hour")
    how.add_argument("--jobs", type=_value(options.count), metavar="N", help="processes on this machine, through dask")
    how.add_argument("--scheduler", default="", metavar="ADDRESS", help="of a dask scheduler, or its scheduler file")
    how.add_argument("--per-task", type=_value(options.count), default=1, metavar="N", help="sequences in a dask task")
    resource = {"type": _value(options.resource), "action": "append", "default": [], "metavar": "NAME=N"}
    how.add_argument("--resource", **resource, help="what a dask task takes of a worker, as GPU=1")
    how.add_argument("--blender", type=Path, metavar="PROGRAM", help="renders; else the Python that runs this")
    recycle = {"type": _value(options.count), "default": 100, "metavar": "N"}
    how.add_argument("--recycle", **recycle, help="sequences that one Blender renders before another takes its place")
    how.add_argument("--log-json", type=Path, metavar="FILE", help="add a JSON line for each event to this file")


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
        with StopSignals() as signals:
            return _render(arguments, signals)
    except UsageError as error:
        return _fail(str(error), BAD_ARGUMENTS)
    except (MachineError, ModelError) as error:
        return _fail(str(error), MACHINE_CANNOT)
    except OSError as error:
        return _fail(
            f"{error.filename or arguments.output}: {error.strerror}; mend that and run it again.", MACHINE_CANNOT
        )
    except Stopped as signal:
        return _fail(f"stopped by {signal}; run it again to go on", STOPPED)


def _render(arguments: argparse.Namespace, signals: StopSignals) -> int:
    if arguments.report_only:
        print(f"{write_gallery(arguments.output)} sequences in {arguments.output / 'index.html'}")
        return DONE
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  of names that are no text
    tasks = _tasks(arguments)
    if arguments.dry_run:
        for line in describe_plan(tasks, arguments.output, arguments.jobs or 1):
            print(line)
        return DONE
    cluster = _cluster(arguments)
    plan = Plan(tasks, _job(arguments), cluster, arguments.shard)
    console = Console(sys.stdout, arguments.log_json)
    try:
        console.begin(tasks)
        report = run(plan, console.tell, signals)
        console.end("finished", **report.counts)
    except Stopped as signal:
        console.end("stopped", signal=str(signal))
        write_gallery(arguments.output)
        raise
    finally:
        console.close()
    write_gallery(arguments.output)
    return _summary(report, arguments.output)


def _tasks(arguments: argparse.Namespace) -> tuple[Task, ...]:
    if not arguments.input:
        raise UsageError("--input is missing; name sequences, a folder above some, or a manifest.")
    settings = RenderSettings(
        engine=arguments.engine,
        light=arguments.light,
        camera=arguments.camera,
        size=arguments.size,
        frames=arguments.frames,
        samples=arguments.samples,
        look=arguments.look,
        layout=arguments.layout,
        burn_in=arguments.burn_in,
        backdrop=arguments.backdrop,
        sheet=arguments.sheet,
        allow_software=arguments.allow_software,
    )
    selection = Selection(
        subsets=tuple(arguments.subset),
        match=tuple(arguments.match),
        min_seconds=arguments.min_seconds,
        max_seconds=arguments.max_seconds,
        limit=arguments.limit,
        shard=arguments.shard,
        names=_names(arguments),
    )
    return plan_tasks(arguments.input, arguments.output.absolute(), settings, selection, arguments.index)


def _names(arguments: argparse.Namespace) -> frozenset[str] | None:
    """The names that --only leaves; None for all."""
    if (arguments.only in ("approved", "rejected")) != bool(arguments.review):
        raise UsageError("--review FILE and --only approved or --only rejected go together; give both.")
    if arguments.review:
        reviews = read_reviews(arguments.review).values()
        return frozenset(review.name for review in reviews if review.verdict == arguments.only)
    if arguments.only == "failed":
        return frozenset(record.name for record, _ in records_in(arguments.output) if record.failure)
    return None


def _job(arguments: argparse.Namespace) -> Job:
    model = load_model(arguments.model)
    device = ("--cycles-device", arguments.cycles_device) if arguments.cycles_device else ()
    return Job(
        output=arguments.output.absolute(),
        model=model.source.absolute() if arguments.model else None,
        model_name=model.name,
        model_sha256=file_hash(model.source),
        blender=arguments.blender or _own_program(),
        arguments=device,
        overwrite=arguments.overwrite,
        retry_failed=arguments.only == "failed",
        retries=arguments.retries,
        limit_seconds=arguments.time_limit,
        recycle_after=arguments.recycle,
    )


def _own_program() -> Path | None:
    """The Blender program that runs this; None in a plain Python."""
    bpy = sys.modules.get("bpy")
    return Path(bpy.app.binary_path) if bpy and bpy.app.binary_path else None


def _cluster(arguments: argparse.Namespace) -> Cluster | None:
    if not arguments.scheduler and (arguments.jobs or 1) == 1:
        return None
    return Cluster(arguments.jobs or 1, arguments.scheduler, arguments.per_task, dict(arguments.resource))


def _summary(report: Report, output: Path) -> int:
    if not report.failed:
        return DONE
    where = output / f"{report.name}.json"
    print(f"{len(report.failed)} of {len(report.outcomes)} sequences have no video; {where} says why.", file=sys.stderr)
    return SOME_FAILED


def _fail(message: str, code: int) -> int:
    print(f"render_batch: {message}", file=sys.stderr, flush=True)
    return code


def _retries(text: str) -> int:
    return 0 if text == "0" else options.count(text)


def _value(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """A reader of `options` for argparse, which shows the words of one kind of exception only."""

    def convert(text: str) -> Any:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return convert
