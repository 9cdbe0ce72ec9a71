"""The process that renders: reads one request a line, renders it, answers with one line.

It is a process of its own so that whatever happens to Blender costs one sequence: the batch outlives a crash, can stop
what hangs, and starts afresh now and then because Blender's memory grows.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import platform
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from ..core.amounts import counted
from ..errors import MachineError, ModelError, SequenceError, XTalkerError

ANSWER: Final = "@xtalker "  # marks our lines among Blender's own
_PACKAGES: Final = {"ffmpeg": "ffmpeg-python", "soundfile": "soundfile"}
_CURVE_POINTS: Final = 360
_LAST_SECONDS: Final = 10.0  # for putting things away once the batch is gone


class Stopped(BaseException):
    """The batch that asked for videos is gone."""


def main() -> None:
    """Serve requests from stdin until it closes. The first line names the model, and where archives are indexed."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)  # Blender tells of every frame

        def answer(content: Mapping[str, Any]) -> None:
            answers.write(f"{ANSWER}{json.dumps(content)}\n")
            answers.flush()

        requests = _listen()
        with contextlib.suppress(Stopped, BrokenPipeError):
            _serve(requests, answer)
    os._exit(0)  # Blender's own end is slow, and may fail where graphics are shared


def _listen() -> queue.SimpleQueue[Any]:
    """Requests as they come. When stdin closes, whatever is being rendered is given up."""
    requests: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def stop(_number: int, _frame: object) -> None:
        raise Stopped

    def read() -> None:
        for line in sys.stdin:
            requests.put(json.loads(line))
        requests.put(None)
        if hasattr(signal, "pthread_kill"):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
        time.sleep(_LAST_SECONDS)
        os._exit(1)

    signal.signal(signal.SIGTERM, stop)
    threading.Thread(target=read, daemon=True).start()
    return requests


def _serve(requests: queue.SimpleQueue[Any], answer: Callable[[Mapping[str, Any]], None]) -> None:
    start = requests.get()
    if start is None:
        return
    try:
        _check_packages()
        from ..core.files import storage
        from ..core.model.flame import load_model

        model = load_model(start["model"])
        if start["index"]:
            storage.use_index(Path(start["index"]))
    except (MachineError, ModelError) as error:
        answer({"machine": str(error)})
        return
    answer({"versions": _versions()})
    while (request := requests.get()) is not None:
        answer(_answer(request, model))


def _answer(request: Mapping[str, Any], model: Any) -> Mapping[str, Any]:
    try:
        return _render(request, model)
    except MachineError as error:
        return {"machine": str(error)}
    except (SequenceError, ModelError) as error:
        return {"failure": "input", "error": str(error)}
    except (XTalkerError, OSError, MemoryError) as error:
        return {"failure": "render", "error": str(error) or type(error).__name__}
    except Exception as error:
        sentence = f"XTalker failed with {type(error).__name__}: {error}; please report it with the traceback."
        return {"failure": "defect", "error": sentence, "traceback": traceback.format_exc()}


def _render(request: Mapping[str, Any], model: Any) -> Mapping[str, Any]:
    from ..core.evaluation.pairing import read_prediction
    from ..core.formats import read_sequence
    from ..render import render_sequence

    settings = _settings(request["settings"])
    started = time.perf_counter()
    truth = request["truth"]
    sequence = read_sequence(Path(request["source"]), settings.fps, Path(truth) if truth else None)
    read = time.perf_counter()
    predictions = {name: read_prediction(Path(path), settings.fps) for name, path in request["predictions"].items()}
    result = render_sequence(sequence, model, settings, Path(request["video"]), predictions)
    first = settings.frames[0] if settings.frames else 0
    rows = slice(first, first + result.frames)
    cut = _cut_short(sequence, settings.frames)
    return {
        "frames": result.frames,
        "fps": sequence.fps,
        "sound": sequence.audio is not None,
        "renderer": result.renderer,
        "warnings": list(
            dict.fromkeys((*cut, *sequence.warnings, *_unknown(sequence), *result.warnings, *_findings(sequence)))
        ),
        "labels": dict(sequence.labels),
        "curves": _curves(sequence, rows) | _errors(result.comparisons, rows),
        "metrics": {name: dict(found.metrics) for name, found in result.comparisons.items()},
        "timings": {"read": round(read - started, 4), "render": round(time.perf_counter() - read, 4)},
    }


def _cut_short(sequence: Any, asked: tuple[int, int] | None) -> list[str]:
    """A clip that ends before the last frame that was asked for gives fewer of them."""
    if asked is None or asked[1] < sequence.frames:
        return []
    (first, last), end = asked, sequence.frames - 1
    return [
        f"{sequence.name}: has {counted(sequence.frames, 'frame')}, so {first}-{end} are rendered, not {first}-{last}."
    ]


def _unknown(sequence: Any) -> list[str]:
    """What nobody knows the meaning of may matter; what is known to be of no use is no warning."""
    from ..core.sequence import UNKNOWN_KEY

    keys = [key for key, reason in sequence.left_out.items() if reason == UNKNOWN_KEY]
    return [f"{sequence.source}: left out {', '.join(keys)}, which XTalker does not know."] if keys else []


def _findings(sequence: Any) -> list[str]:
    """What a check finds in the data beyond the reader's own warnings: it explains a face that looks wrong."""
    from ..core.checks import check_sequence

    said = {warning.rstrip(".") for warning in sequence.warnings}
    found = (item for item in check_sequence(sequence).findings if item.severity != "note" and item.kind != "no_sound")
    return [f"{sequence.name}: {item.text}." for item in found if item.text not in said]


def _settings(values: Mapping[str, Any]) -> Any:
    """RenderSettings from JSON, whose lists were tuples, and some of whose texts were paths."""
    from ..render.settings import RenderSettings

    fields: dict[str, Any] = {k: tuple(value) if isinstance(value, list) else value for k, value in values.items()}
    fields |= {key: Path(values[key]) for key in ("texture", "detail") if values[key]}
    return RenderSettings(**fields)


def _errors(comparisons: Mapping[str, Any], rows: slice) -> dict[str, Any]:
    """For each prediction the peaks of its error in millimetres, and the worst of the shown frames."""
    from ..render.review.versus import errors_mm

    curves = {name: curve[rows] for name, curve in errors_mm(comparisons).items()}
    errors = [{"name": name, "peaks": _peaks(curve), "worst": int(curve.argmax())} for name, curve in curves.items()]
    return {"errors": errors} if errors else {}


def _peaks(curve: Any) -> list[float]:
    import numpy as np

    return [round(float(part.max()), 2) for part in np.array_split(curve, min(_CURVE_POINTS, len(curve)))]


def _curves(sequence: Any, rows: slice) -> dict[str, list[float]]:
    """How far the jaw is open, in degrees, and the size of the expression (norm of its codes); the peaks of each.

    Vertices tell neither.
    """
    import numpy as np

    if sequence.expression is None:
        return {}
    expression = np.linalg.norm(sequence.expression[rows], axis=1)
    jaw = np.zeros(len(expression)) if sequence.jaw is None else np.degrees(np.linalg.norm(sequence.jaw[rows], axis=1))
    return {"jaw": _peaks(jaw), "expression": _peaks(expression)}


def _check_packages() -> None:
    missing = [package for module, package in _PACKAGES.items() if not importlib.util.find_spec(module)]
    if missing:
        raise MachineError(
            f"The Python that renders ({sys.version_info.major}.{sys.version_info.minor}) lacks {', '.join(missing)}; "
            "install the XTalker extension in this Blender, or use the Python of `make demo`."
        )


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    if importlib.util.find_spec("bpy"):
        import bpy

        versions["blender"] = bpy.app.version_string
    return versions
