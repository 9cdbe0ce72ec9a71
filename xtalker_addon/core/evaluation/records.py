"""What an evaluation says of each clip: read, compared, or told why not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...errors import SequenceError, UsageError, XTalkerError
from ..dataset import has_sound
from ..files.foreign import NPY_MAGIC
from ..formats import read_sequence
from ..formats.arrays import open_npy
from ..model.flame import load_model
from ..processes import map_in_order
from ..sequence import Sequence
from .beats import can_find_beats, compile_tracker
from .compare import Comparison, Yardstick, compare
from .face import Conditions
from .pairing import Pair, read_prediction
from .regions import find_regions
from .templates import read_templates

LABELS: Final = ("subset", "subject", "emotion")

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Request:
    """How clips are compared, as the command line says it; light enough for any process."""

    model: Path | None
    conditions: Conditions
    lips: Path | None = None
    upper_face: Path | None = None
    inner_lips: tuple[int, int] | None = None
    template: Path | None = None
    templates: Path | None = None
    fps: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One prediction of one clip. comparison: None where `problem` says why there is none."""

    key: str
    prediction: str
    labels: Mapping[str, str]
    truth_path: str
    prediction_path: str
    comparison: Comparison | None
    problem: str = ""


@lru_cache(maxsize=1)
def yardstick_of(request: Request) -> Yardstick:
    """The model, the regions and the templates of a request. Raises ModelError and UsageError."""
    if request.templates is not None:
        read_templates(request.templates)
    model = load_model(request.model)
    regions = find_regions(model, request.lips, request.upper_face, request.inner_lips)
    template = model.template if request.template is None else read_template(request.template, model.vertex_count)
    return Yardstick(model, regions, request.conditions, template, request.templates)


def evaluate_pairs(pairs: Collection[Pair], request: Request, jobs: int) -> Iterator[Record]:
    """Records in the order of `pairs`, by `jobs` processes. Raises MachineError where a process dies."""
    if jobs > 1 and can_find_beats() and any(has_sound(pair.truth) for pair in pairs):
        compile_tracker()
    for records in map_in_order(partial(_evaluate_pair, request), pairs, jobs):
        yield from records


def _evaluate_pair(request: Request, pair: Pair) -> list[Record]:
    """A record for each prediction; a clip that cannot be read costs its own."""
    labels = {"subset": pair.subset} if pair.subset else {}
    problems: dict[str, str] = {}
    sequences: dict[str, Sequence] = {}
    found: dict[str, Comparison] = {}
    try:
        truth = read_sequence(pair.truth, request.fps)
    except SequenceError as error:
        problems = dict.fromkeys(pair.predictions, str(error))
    else:
        labels |= {key: text for key, text in truth.labels.items() if key in LABELS}
        for name, path in pair.predictions.items():
            try:
                sequences[name] = read_prediction(path, request.fps)
            except SequenceError as error:
                problems[name] = str(error)
        found = _compared(truth, sequences, request, problems)
    return [
        Record(pair.key, name, labels, str(pair.truth), str(path), found.get(name), problems.get(name, ""))
        for name, path in pair.predictions.items()
    ]


def _compared(
    truth: Sequence, sequences: Mapping[str, Sequence], request: Request, problems: dict[str, str]
) -> dict[str, Comparison]:
    """All at once, which evaluates the truth once; where that fails, one by one, to see whose fault it is."""
    yardstick = yardstick_of(request)
    try:
        return dict(zip(sequences, compare(truth, sequences.values(), yardstick), strict=True)) if sequences else {}
    except XTalkerError as error:
        if len(sequences) == 1:
            problems[next(iter(sequences))] = str(error)
            return {}
    found: dict[str, Comparison] = {}
    for name, sequence in sequences.items():
        found |= _compared(truth, {name: sequence}, request, problems)
    return found


def read_template(path: Path, vertex_count: int) -> Array:
    """(V, 3) positions of an .obj, or of an .npy. Raises UsageError."""
    try:
        with path.open("rb") as file:
            is_npy = file.read(8).startswith(NPY_MAGIC)
        if is_npy:
            positions = np.asarray(open_npy(path), np.float32)
        else:
            lines = path.read_text("utf-8", errors="replace").splitlines()
            positions = np.array([line.split()[1:4] for line in lines if line.startswith("v ")], np.float32)
    except (OSError, ValueError, SequenceError):
        raise UsageError(
            f"{path}: cannot be read as .obj or .npy; name a template such as head_template.obj."
        ) from None
    if positions.shape != (vertex_count, 3) or not np.isfinite(positions).all():
        raise UsageError(f"{path}: holds positions {positions.shape}; expected ({vertex_count}, 3) as the model has.")
    return positions
