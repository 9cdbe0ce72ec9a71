"""The command line of batch rendering: `xtalker render` and render_scripts/render_batch.py."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from ..core.amounts import counted
from ..core.command_line import Parser, fail, refuse_output
from ..core.dataset import LABELS
from ..core.doubts import doubts
from ..core.evaluation.pairing import named_predictions
from ..core.model.detail import load_detail_decoder
from ..core.model.flame import FlameModel, load_model, with_texture
from ..core.model.placement import person_of
from ..errors import UsageError
from ..render.review.panels import VERSUS
from ..render.settings import RenderSettings
from .arguments import add_arguments, settings_of
from .console import Console
from .estimate import describe_plan
from .fingerprint import file_hash
from .gallery import LiveGallery, write_gallery
from .make import Job, Outcome
from .metadata import write_metadata
from .outputs import records_in
from .plan import Selection, Task, plan_tasks, with_predictions
from .renderer import WITHOUT_VULKAN
from .report import Report
from .review_state import read_reviews
from .run import Plan, run
from .stop import Stopped, StopSignals
from .workers import Cluster

DONE: Final = 0
SOME_FAILED: Final = 3
STOPPED: Final = 5

_WARNING: Final = "warning: {}"
_CHOSEN: Final = {"approved": "is approved in", "rejected": "is rejected in", "failed": "failed before in"}

EPILOG = """exit codes: 0 all done, 2 bad arguments, 3 some sequences failed (report.json in the output says why),
4 this machine cannot (no encoder, a full disk, software graphics for EEVEE), 5 stopped by a signal"""


def main(argv: list[str]) -> int:
    """Render as the arguments say; returns the exit code."""
    parser = Parser(
        "render_batch.py", description="Render talking-head sequences to videos or pictures.", epilog=EPILOG
    )
    add_arguments(parser)
    return render(parser.parse_args(argv))


def render(arguments: argparse.Namespace) -> int:
    """Render as parsed arguments say; returns the exit code."""
    try:
        with StopSignals() as signals:
            return _render(arguments, signals)
    except Stopped as signal:
        return fail(f"stopped by {signal}; run it again to go on", STOPPED)


def _render(arguments: argparse.Namespace, signals: StopSignals) -> int:
    if arguments.report_only:
        if arguments.output.is_dir() and not any(records_in(arguments.output)):
            raise UsageError(f"{arguments.output}: holds nothing that was rendered; expected the output of a batch.")
        print(f"{counted(_write_pages(arguments.output), 'sequence')} in {arguments.output / 'index.html'}")
        return DONE
    refuse_output(arguments.output)
    _refuse_input_as_output(arguments)
    tasks = _tasks(arguments)
    if arguments.only and not tasks:
        return _nothing_chosen(arguments)
    if arguments.cycles_device and tasks and all(task.settings.engine != "cycles" for task in tasks):
        raise UsageError(f"--cycles-device needs --engine cycles; {arguments.engine} cannot do that.")
    model = load_model(arguments.model)
    job = _job(arguments, model)
    remarks = doubts(model, (task.source for task in tasks))
    if arguments.dry_run:
        for line in (*describe_plan(tasks, job, arguments.jobs or 1), *map(_WARNING.format, remarks)):
            print(line)
        return DONE
    cluster = _cluster(arguments, len(tasks))
    plan = Plan(tasks, job, cluster, arguments.shard)
    console = Console(sys.stdout, arguments.log_json)
    try:
        console.begin(tasks)
        for remark in remarks:
            console.say(_WARNING.format(remark))
        page = LiveGallery(arguments.output, len(tasks))

        def tell(outcome: Outcome) -> None:
            console.tell(outcome)
            page.tell()

        report = run(plan, tell, signals)
        console.end("finished", **report.counts)
    except Stopped as signal:
        console.end("stopped", signal=str(signal))
        _write_pages(arguments.output)
        raise
    finally:
        console.close()
    _write_pages(arguments.output)
    return _summary(report, arguments.output)


def _refuse_input_as_output(arguments: argparse.Namespace) -> None:
    """Raise UsageError where videos would lie among the sequences that they are made of."""
    output = arguments.output.resolve()
    for path in (*arguments.path, *arguments.input):
        if path.is_dir() and path.resolve() == output:
            raise UsageError(f"{arguments.output}: is the input; name another --output for what is rendered.")


def _write_pages(output: Path) -> int:
    """The gallery and the metadata of all that lies in the output; returns how many sequences there are."""
    count = write_gallery(output)
    write_metadata(output)
    return count


def _tasks(arguments: argparse.Namespace) -> tuple[Task, ...]:
    inputs = [*arguments.path, *arguments.input]
    if not inputs:
        raise UsageError("nothing to render was named; name sequences, a folder above some, or a manifest.")
    selection = Selection(
        labels={label: tuple(getattr(arguments, label)) for label in LABELS},
        match=tuple(arguments.match),
        min_seconds=arguments.min_seconds,
        max_seconds=arguments.max_seconds,
        limit=arguments.limit,
        shard=arguments.shard,
        names=_names(arguments),
    )
    settings = settings_of(arguments)
    if (settings.layout == VERSUS) != bool(arguments.prediction):
        raise UsageError("--layout versus and --prediction NAME=DIR go together; give both.")
    if settings.layout != VERSUS and settings.error_scale_mm != RenderSettings().error_scale_mm:
        raise UsageError("--error-scale needs --layout versus: it says where the colours of distances end.")
    tasks = plan_tasks(inputs, arguments.output.absolute(), settings, selection, arguments.index)
    if arguments.truth:
        tasks = tuple(replace(task, truth=arguments.truth) for task in tasks)
    if not arguments.prediction or not tasks:
        return tasks
    tasks, remarks = with_predictions(tasks, inputs[0], named_predictions(arguments.prediction))
    for remark in remarks:
        print(_WARNING.format(remark), file=sys.stderr)
    return tasks


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


def _nothing_chosen(arguments: argparse.Namespace) -> int:
    """A review that chooses nothing is a mistake; that nothing failed, or nothing of this part, is not."""
    among = "this part of the input" if arguments.shard != (1, 1) else "the input"
    sentence = f"no sequence of {among} {_CHOSEN[arguments.only]} {arguments.review or arguments.output}"
    if arguments.review and arguments.shard == (1, 1):
        raise UsageError(f"{sentence}; nothing is rendered.")
    print(f"{sentence}; nothing is to be done.")
    return DONE


def _job(arguments: argparse.Namespace, model: FlameModel) -> Job:
    if arguments.texture:
        with_texture(model, arguments.texture)
    if arguments.person:
        person_of(model, arguments.person)
    if arguments.wrinkles:
        load_detail_decoder(arguments.wrinkles)
    device = ("--cycles-device", arguments.cycles_device) if arguments.cycles_device else ()
    return Job(
        output=arguments.output.absolute(),
        model=model.source.absolute() if arguments.model else None,
        model_name=model.name,
        model_sha256=file_hash(model.source),
        blender=arguments.blender or _own_program(),
        arguments=device,
        environment=tuple(WITHOUT_VULKAN.items()) if arguments.opengl else (),
        index=arguments.index.absolute() if arguments.index else None,
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


def _cluster(arguments: argparse.Namespace, tasks: int) -> Cluster | None:
    if arguments.scheduler and arguments.jobs:
        raise UsageError("--jobs contradicts --scheduler, whose workers say how many there are; leave one of them out.")
    if not arguments.scheduler and (arguments.jobs or 1) == 1:
        return None
    return Cluster(
        min(arguments.jobs or 1, max(1, tasks)), arguments.scheduler, arguments.per_task, dict(arguments.resource)
    )


def _summary(report: Report, output: Path) -> int:
    if not report.failed:
        return DONE
    where = output / f"{report.name}.json"
    print(
        f"{len(report.failed)} of {counted(len(report.outcomes), 'sequence')} without an output; {where} says why.",
        file=sys.stderr,
    )
    return SOME_FAILED
