"""Makes one video or folder of pictures: is it needed, render, play it back, put it in place with its record.

Every scheduler calls this.
"""

from __future__ import annotations

import errno
import json
import shutil
import socket
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal

from ..core.files import storage
from ..core.version import version
from ..errors import MachineError, RenderError
from ..render.settings import sheet_path
from ..render.video.pictures import holds_pictures_only
from .fingerprint import describe, describe_inputs
from .inspection import Expected, inspect_video
from .outputs import PREVIEWS
from .plan import Task
from .record import FailureKind, Record, output_path, read_record, record_path, settings_key, write_record
from .renderer import RenderCrashError, Renderer, RenderTimeoutError
from .workspace import WorkFolder

Status = Literal["done", "skipped", "failed", "quarantined"]
_LITTLE_SPACE: Final = 4 << 20  # bytes; a disk with less is full
_DISK: Final = {errno.ENOSPC: "is full", errno.EDQUOT: "is full", errno.EROFS: "cannot be written"}
_LASTING: Final[frozenset[FailureKind]] = frozenset({"input", "defect"})  # would fail in the same way again


@dataclass(frozen=True, slots=True)
class Job:
    """What a batch asks of every sequence; it travels to other machines.

    model, model_name, model_sha256 : the model's file (None: the default head), what it is called, its hash
    blender       : a Blender program; None for the Python that runs this
    arguments     : for Blender's own ears
    environment   : names and values, for the process that renders
    index         : where is kept what is in archives (see `core.files.index_file`)
    overwrite     : make again what is there and fits
    retry_failed  : try again what failed before with the same inputs and settings
    retries       : how often a sequence is tried again; retry_delay seconds later, then twice that, and so on
    limit_seconds : for rendering one sequence, and for playing it back
    recycle_after : sequences that one rendering process makes
    """

    output: Path
    model: Path | None
    model_name: str
    model_sha256: str
    blender: Path | None = None
    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    index: Path | None = None
    overwrite: bool = False
    retry_failed: bool = False
    retries: int = 1
    retry_delay: float = 2.0
    limit_seconds: float | None = 3600.0
    recycle_after: int = 100


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a task. quarantined: it failed before, with the same inputs and settings, and was not tried."""

    task: Task
    status: Status
    record: Record


@dataclass(slots=True)
class _AttemptError(Exception):
    kind: FailureKind
    sentence: str
    traceback: str = ""


class Maker:
    """Makes videos with one rendering process; a context manager, to be used by one thread or by two.

    With two threads, one plays a video back while the other's is being rendered.
    Raises UsageError where the output cannot be written.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        if job.index:
            storage.use_index(job.index)
        self._renderer = Renderer(
            job.model, job.blender, job.arguments, job.recycle_after, dict(job.environment), job.index
        )
        self._turn = threading.Lock()
        self._stopping = threading.Event()
        self._work = WorkFolder(job.output)

    def __enter__(self) -> Maker:
        self._work.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._work.__exit__(kind, error, trace)

    def stop(self) -> None:
        """Give up what is being rendered; `make` returns None from now on."""
        self._stopping.set()
        self._renderer.stop()

    def make(self, task: Task) -> Outcome | None:
        """The task's outcome, its video in place where it is done; None where the batch was stopped meanwhile.

        Raises MachineError where no sequence can be rendered here, or nothing more fits on the disk.
        """
        if self._stopping.is_set():
            return None
        known = settled(task, self._job)
        if known:
            return known
        record = self._try(task)
        return None if record is None else Outcome(task, "failed" if record.failure else "done", record)

    def give_up(self, task: Task, sentence: str) -> Outcome:
        """The outcome of a task that took whole processes down with it."""
        record = self._blank(task, self._job.retries + 1)
        return Outcome(task, "failed", self._write_failure(task, record, _AttemptError("crash", sentence)))

    def _try(self, task: Task) -> Record | None:
        """Try until it works or it makes no sense to; the record of the last attempt, as it was written."""
        attempts, delay = 1 + self._job.retries, self._job.retry_delay
        for attempt in range(1, attempts + 1):
            video = self._work.path / uuid.uuid4().hex[:8] / task.output.name
            record = self._blank(task, attempt)
            try:
                return self._attempt(task, video, record)
            except _AttemptError as failure:
                if self._stopping.is_set():
                    return None
                if failure.kind in _LASTING or attempt == attempts:
                    return self._write_failure(task, record, failure)
            finally:
                shutil.rmtree(video.parent, ignore_errors=True)
            self._stopping.wait(delay)
            delay *= 2
        return None

    def _blank(self, task: Task, attempt: int) -> Record:
        """What is known before rendering."""
        return Record(
            name=task.name,
            source=str(task.source),
            labels=task.labels,
            predictions={name: str(path) for name, path in task.predictions.items()},
            settings=settings_key(task.settings),
            model={"name": self._job.model_name, "sha256": self._job.model_sha256},
            host=socket.gethostname(),
            versions={"xtalker": version()},
            attempts=attempt,
        )

    def _attempt(self, task: Task, video: Path, record: Record) -> Record:
        """One attempt. Raises _AttemptError."""
        try:
            task.name.encode("utf-8")
            inputs = describe_inputs(task.sources, task.truth)
        except UnicodeEncodeError:
            raise _AttemptError("input", f"{task.source}: the name is not text in UTF-8; rename it.") from None
        except OSError as error:
            raise _AttemptError("input", f"{task.source}: cannot be read ({error.strerror}).") from None
        with self._turn:
            answer = self._render(task, video)
            versions = {**record.versions, **self._renderer.versions}
        started = time.perf_counter()
        expected = Expected(answer["frames"], answer["fps"], answer["sound"])
        try:
            seen = inspect_video(video, expected, _strip_beside(video), self._job.limit_seconds, task.settings)
        except (RenderError, OSError, ValueError) as error:
            self._refuse_full_disk(error)
            raise _AttemptError("check", _sentence(error, video, task)) from None
        labels = {**task.labels, **answer["labels"]}
        record = replace(
            record,
            inputs=inputs,
            labels=labels,
            metrics=answer["metrics"],
            frames=answer["frames"],
            fps=answer["fps"],
            size=seen.size,
            sound=answer["sound"],
            renderer=answer["renderer"],
            warnings=tuple(answer["warnings"]),
            versions=versions,
            timings={**answer["timings"], "check": round(time.perf_counter() - started, 4)},
        )
        try:
            return self._put_in_place(task, video, record, {"sound": seen.outline, **answer["curves"]})
        except OSError as error:
            self._refuse_full_disk(error)
            raise _AttemptError(
                "render", f"{task.output}: cannot be written ({error.strerror}); make way for it."
            ) from None

    def _render(self, task: Task, video: Path) -> Mapping[str, Any]:
        try:
            answer = self._renderer.render(task, video, self._job.limit_seconds)
        except RenderTimeoutError as error:
            raise _AttemptError("time", f"{task.source}: {error}; render it alone, or raise --time-limit.") from None
        except RenderCrashError as error:
            raise _AttemptError("crash", f"{task.source}: {error}; render it alone to see more.") from None
        if "failure" not in answer:
            return answer
        error = RenderError(answer["error"])
        if answer["failure"] == "render":
            self._refuse_full_disk(error)
        raise _AttemptError(answer["failure"], _sentence(error, video, task), answer.get("traceback", ""))

    def _put_in_place(self, task: Task, video: Path, record: Record, curves: Mapping[str, Any]) -> Record:
        """Move everything to where it belongs, the video last: it is there when all else is. Raises OSError."""
        record = replace(record, video=describe(video), made=_now())
        task.output.parent.mkdir(parents=True, exist_ok=True)
        strip, details = preview_paths(self._job.output, task.name)
        strip.parent.mkdir(parents=True, exist_ok=True)
        script = _strip_beside(video).with_suffix(".js")
        script.write_text(f"xtalkerPreview({json.dumps([task.name, curves], separators=(',', ':'))});\n", "utf-8")
        _strip_beside(video).replace(strip)
        script.replace(details)
        if task.settings.sheet:
            sheet_path(video, task.settings.output).replace(sheet_path(task.output, task.settings.output))
        earlier = _earlier_output(task)
        write_record(record, _record_of(task), self._work.path)
        if earlier:
            earlier.replace(video.with_name(".earlier"))  # goes with the folder
        video.replace(task.output)
        return record

    def _write_failure(self, task: Task, record: Record, failure: _AttemptError) -> Record:
        try:
            inputs = describe_inputs(task.sources, task.truth)
        except OSError:
            inputs = {}
        record = replace(
            record,
            inputs=inputs,
            failure=failure.kind,
            error=failure.sentence,
            traceback=failure.traceback,
            made=_now(),
        )
        try:
            task.output.parent.mkdir(parents=True, exist_ok=True)
            write_record(record, _record_of(task), self._work.path)
        except OSError as error:
            self._refuse_full_disk(error)  # else the report alone will tell
        return record

    def _refuse_full_disk(self, error: Exception) -> None:
        """A disk that is full or read-only is no fault of the sequence, and the next one would meet it too."""
        number = getattr(error, "errno", None)
        if "No space left" in str(error) or shutil.disk_usage(self._work.path).free < _LITTLE_SPACE:
            number = errno.ENOSPC
        if number in _DISK:
            raise MachineError(f"{self._job.output}: the disk {_DISK[number]}; mend that and run it again to go on.")


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def settled(task: Task, job: Job) -> Outcome | None:
    """What earlier runs came to, where that stands: skipped or quarantined. None where the task is to be done."""
    known = read_record(_record_of(task))
    if not known or job.overwrite or not known.fits(task, job.model_sha256):
        return None
    if not known.failure:
        return Outcome(task, "skipped", known) if known.video_is_there(task.output) else None
    given_up = known.failure in _LASTING or known.attempts > job.retries
    return Outcome(task, "quarantined", known) if given_up and not job.retry_failed else None


def _record_of(task: Task) -> Path:
    return record_path(task.output, task.settings.output)


def _strip_beside(video: Path) -> Path:
    """Where the contact strip of a half-done video lies."""
    return video.with_name(".preview.jpg")


def _earlier_output(task: Task) -> Path | None:
    """What an earlier render left that must make way: pictures in their folder, or a video of another form."""
    known = read_record(_record_of(task))
    earlier = output_path(known, _record_of(task)) if known else task.output
    if earlier != task.output:
        return earlier if known and known.video_is_there(earlier) else None
    return earlier if earlier.is_dir() and holds_pictures_only(earlier) else None


def preview_paths(output: Path, name: str) -> tuple[Path, Path]:
    """Where a sequence's contact strip and its curves lie."""
    return output / PREVIEWS / f"{name}.jpg", output / PREVIEWS / f"{name}.js"


def _sentence(error: Exception, video: Path, task: Task) -> str:
    """The error's, with the video's own name for the half-done file's, and with the sequence's where it names none."""
    text = str(error).replace(str(video), str(task.output))
    return text if str(task.source) in text or str(task.output) in text else f"{task.source}: {text}"
