"""The batch's side of the process that renders (see `serve`): starts it, asks it, stops it, starts it afresh."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final

from ..errors import MachineError, XTalkerError
from .plan import Task
from .serve import ANSWER

_PACKAGE: Final = Path(__file__).resolve().parent.parent
_START_SECONDS: Final = 180.0  # a cold disk, and many processes that start at once
# What hides Vulkan drivers from a process: Blender draws by OpenGL then.
WITHOUT_VULKAN: Final[Mapping[str, str]] = {"VK_LOADER_DRIVERS_DISABLE": "*"}
_QUIT_SECONDS: Final = 5.0
# dask sets it for its workers, so that they give memory back: then glibc maps every array anew, and a picture costs a
# third more.
_TRIM: Final = "MALLOC_TRIM_THRESHOLD_"


class RenderCrashError(XTalkerError):
    """The process ended without an answer."""


class RenderTimeoutError(XTalkerError):
    """The process gave no answer within the time limit, and was stopped."""


class Renderer:
    """Renders with one process at a time; a context manager. `stop` may be called from another thread.

    model         : the model's file, or None for the default head
    blender       : a Blender program; None for this Python with the bpy package
    arguments     : for Blender's own ears, such as --cycles-device
    recycle_after : sequences that one process renders before another takes its place
    environment   : of the process, besides this one's
    index         : where is kept what is in archives
    """

    def __init__(
        self,
        model: Path | None,
        blender: Path | None = None,
        arguments: tuple[str, ...] = (),
        recycle_after: int = 100,
        environment: Mapping[str, str] | None = None,
        index: Path | None = None,
    ) -> None:
        self._model, self._recycle_after, self._index = model, recycle_after, index
        bootstrap = (
            f"import sys; sys.path.insert(0, {str(_PACKAGE.parent)!r}); "
            f"from {_PACKAGE.name}.batch.serve import main; main()"
        )
        program = [str(blender), "-b", "-noaudio", "--python-exit-code", "9", "--python-expr"] if blender else None
        self._command = [*(program or [sys.executable, "-c"]), bootstrap, "--", *arguments]
        # OpenBLAS shares even small products among a thread for each core, and these wait for one another in busy
        # loops: beside drawing and encoding that costs several times what the product does.
        inherited = {name: value for name, value in os.environ.items() if name != _TRIM}
        self._environment = {"OPENBLAS_NUM_THREADS": "1", **inherited, **(environment or {})}
        self._process: subprocess.Popen[str] | None = None
        self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed with this
        self._answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._rendered = 0
        self._stopped = False
        self.versions: Mapping[str, str] = {}

    def __enter__(self) -> Renderer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._complaints.close()

    def stop(self) -> None:
        """Stop rendering at once and for good; a `render` that waits in another thread raises RenderCrashError."""
        self._stopped = True
        self._kill()

    def render(self, task: Task, video: Path, limit_seconds: float | None) -> Mapping[str, Any]:
        """The answer of `serve` to one request: what was rendered, or what failed.

        Raises RenderCrashError, RenderTimeoutError, and MachineError where this machine cannot render at all.
        """
        if self._rendered >= self._recycle_after:
            self._quit()
        if self._process is None:
            self._start()
        self._rendered += 1
        request = {
            "source": str(task.source),
            "settings": asdict(task.settings),
            "video": str(video),
            "truth": str(task.truth) if task.truth else None,
            "predictions": {name: str(path) for name, path in task.predictions.items()},
        }
        return self._ask(request, limit_seconds)

    def _start(self) -> None:
        self._complaints.truncate(0)
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                encoding="utf-8",
                errors="replace",
                env=self._environment,
                start_new_session=True,  # Ctrl-C in a terminal is the batch's to handle
            )
        except OSError as error:
            raise MachineError(
                f"{self._command[0]}: cannot be started ({error.strerror}); name a Blender program."
            ) from None
        if self._stopped:
            self._kill()
            raise RenderCrashError("rendering was stopped")
        self._answers, self._rendered = queue.SimpleQueue(), 0
        assert self._process.stdout
        threading.Thread(target=_listen, args=(self._process.stdout, self._answers), daemon=True).start()
        try:
            start = {"model": self._model, "index": self._index}
            answer = self._ask({key: str(path) if path else None for key, path in start.items()}, _START_SECONDS)
        except XTalkerError as error:
            if isinstance(error, MachineError) or self._stopped:
                raise
            raise MachineError(
                f"{self._command[0]}: cannot render ({error}); try it by hand: it must start Blender without a window."
            ) from None
        self.versions = answer["versions"]

    def _ask(self, request: Mapping[str, Any], limit_seconds: float | None) -> Mapping[str, Any]:
        process = self._process
        assert process
        assert process.stdin
        try:
            process.stdin.write(json.dumps(request, default=str) + "\n")
            process.stdin.flush()
            line = self._answers.get(timeout=limit_seconds)
        except OSError:
            line = None
        except queue.Empty:
            self._kill()
            raise RenderTimeoutError(f"took longer than the limit of {limit_seconds:g} s") from None
        if line is None:
            self._kill()
            raise RenderCrashError(self._how_it_ended(process.wait()))
        answer = json.loads(line)
        if "machine" in answer:
            self._kill()
            raise MachineError(answer["machine"])
        return answer

    def _how_it_ended(self, code: int) -> str:
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended by itself with code {code}"
        self._complaints.seek(0)
        lines = self._complaints.read().decode("utf-8", "replace").strip().splitlines()
        return f"the process that renders {how}{f' ({lines[-1].strip()})' if lines and code > 0 else ''}"

    def _quit(self) -> None:
        """Let the process end in its own time, then make sure of it."""
        if self._process and self._process.stdin:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                self._process.stdin.close()
                self._process.wait(_QUIT_SECONDS)
        self._kill()

    def _kill(self) -> None:
        """End the process and the encoder that it may have started."""
        process, self._process = self._process, None
        if process is None:
            return
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()
        if process.stdin:
            with contextlib.suppress(OSError):
                process.stdin.close()


def _listen(stream: IO[str], answers: queue.SimpleQueue[str | None]) -> None:
    """Pass the process's answers on, and None when it has ended."""
    with stream:
        for line in stream:
            if line.startswith(ANSWER):
                answers.put(line.removeprefix(ANSWER))
    answers.put(None)
