"""Who does the work: this process, or dask.distributed's, here or on the machines of a lab."""

from __future__ import annotations

import atexit
import contextlib
import logging
import queue
import sys
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..errors import MachineError, UsageError, XTalkerError
from .make import Job, Maker, Outcome
from .plan import Task

if TYPE_CHECKING:
    from distributed import Client, Future

Inbox = queue.SimpleQueue[Any]  # of Outcome, and of exceptions that end the batch
_THREADS: Final = 2  # one renders while the other plays its last video back
_NEEDS_DASK: Final = (
    f"--jobs and --scheduler need dask, which this Python lacks; install it with `{sys.executable} -m pip install "
    "distributed`, or start one process for each part with --shard I/N."
)
_OWN_CLUSTER: Final = {
    # A worker that is lost twice on the same sequence was lost because of it.
    "distributed.scheduler.allowed-failures": 2,
    # What dask learns about its own work by looking a hundred times a second costs as much as a tenth of ours.
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
}
_LOST: Final = "the workers that rendered it were lost one after the other; render it alone to see more."


@dataclass(frozen=True, slots=True)
class Cluster:
    """Many processes.

    jobs      : processes on this machine; ignored where there is a scheduler
    scheduler : address of a dask scheduler, or its scheduler file
    per_task  : sequences that one dask task makes
    resources : what one task takes of a worker's resources, such as {'GPU': 1}
    """

    jobs: int = 1
    scheduler: str = ""
    per_task: int = 1
    resources: Mapping[str, float] = field(default_factory=dict[str, float])


@contextmanager
def work_here(job: Job, tasks: Iterable[Task], inbox: Inbox) -> Generator[None]:
    """Makes the tasks in this process's threads, and puts what becomes of them into `inbox`."""
    pending = iter(list(tasks))
    lock = threading.Lock()

    def work(maker: Maker) -> None:
        while True:
            with lock:
                task = next(pending, None)
            if task is None:
                return
            try:
                outcome = maker.make(task)
            except BaseException as error:
                inbox.put(error)
                return
            if outcome is None:
                return
            inbox.put(outcome)

    with Maker(job) as maker:
        threads = [threading.Thread(target=work, args=(maker,), name="make") for _ in range(_THREADS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            maker.stop()
            for thread in threads:
                thread.join()


@contextmanager
def work_on_cluster(cluster: Cluster, job: Job, tasks: Sequence[Task], inbox: Inbox) -> Generator[None]:
    """Makes the tasks on dask's workers. What a lost worker had begun is done by another one.

    Raises MachineError where dask is missing, UsageError where the scheduler does not answer.
    """
    with _connect(cluster) as client:
        batches = [tuple(tasks[i : i + cluster.per_task]) for i in range(0, len(tasks), cluster.per_task)]
        resources = dict(cluster.resources) or None
        futures = client.map(make_all, batches, [job] * len(batches), resources=resources, pure=False, retries=0)
        closing = threading.Event()

        def deliver(future: Future, batch: Sequence[Task]) -> None:
            if not closing.is_set():
                for item in _results(future, batch, job):
                    inbox.put(item)

        for future, batch in zip(futures, batches, strict=True):
            future.add_done_callback(lambda done, batch=batch: deliver(done, batch))
        try:
            yield
        finally:
            closing.set()
            with contextlib.suppress(Exception):  # the scheduler may be gone
                client.cancel(futures)
                client.run(stop_making, job)


def _results(future: Future, batch: Sequence[Task], job: Job) -> Iterator[Outcome | BaseException]:
    """What is to be put into the inbox once a future is done."""
    from distributed.scheduler import KilledWorker

    try:
        yield from (outcome for outcome in future.result() if outcome)
    except KilledWorker:
        with Maker(job) as maker:
            yield from (maker.give_up(task, f"{task.source}: {_LOST}") for task in batch)
    except (XTalkerError, OSError) as error:
        yield error
    except ModuleNotFoundError as error:
        yield MachineError(f"A worker's Python lacks {error.name}; install the same XTalker there, as its README says.")
    except BaseException as error:
        yield MachineError(f"The dask scheduler gave up ({type(error).__name__}: {error}); run it again to go on.")


@contextmanager
def _connect(cluster: Cluster) -> Iterator[Client]:
    try:
        from dask import config
        from distributed import Client, LocalCluster
    except ImportError:
        raise MachineError(_NEEDS_DASK) from None
    # A lost worker's sequences are made by another one; dask's own words about it would stand between ours.
    logging.getLogger("distributed.client").setLevel(logging.ERROR)
    with contextlib.ExitStack() as stack:
        if cluster.scheduler:
            file = Path(cluster.scheduler)
            if file.suffix == ".json" and not file.is_file():  # dask would wait for it
                raise UsageError(f"{file}: does not exist; name the file that the dask scheduler has written.")
            where: dict[str, Any] = (
                {"scheduler_file": str(file)} if file.suffix == ".json" else {"address": cluster.scheduler}
            )
            try:
                client = Client(**where, timeout="30s")
            except Exception as error:  # dask raises many kinds for addresses and files that make no sense
                why = str(error) or type(error).__name__
                raise UsageError(f"{cluster.scheduler}: no dask scheduler answers there ({why}).") from None
            yield stack.enter_context(client)
            return
        stack.enter_context(config.set(_OWN_CLUSTER))
        private: dict[str, Any] = {"host": "127.0.0.1", "dashboard_address": None, "silence_logs": logging.FATAL}
        local = LocalCluster(
            n_workers=cluster.jobs,
            threads_per_worker=_THREADS,
            processes=True,
            resources=dict(cluster.resources) or None,
            **private,
        )
        yield stack.enter_context(Client(stack.enter_context(local)))


def make_all(tasks: Sequence[Task], job: Job) -> list[Outcome | None]:
    """What a worker is sent: make these, with the worker's own rendering process."""
    with _makers_lock:
        if job not in _makers:
            maker = _makers[job] = Maker(job)
            maker.__enter__()
            atexit.register(stop_making, job)
        maker = _makers[job]
    return [maker.make(task) for task in tasks]


def stop_making(job: Job) -> None:
    """What every worker is sent when the batch is over, or was stopped."""
    with _makers_lock:
        maker = _makers.pop(job, None)
    if maker:
        maker.__exit__(None, None, None)


_makers: Final[dict[Job, Maker]] = {}
_makers_lock: Final = threading.Lock()
