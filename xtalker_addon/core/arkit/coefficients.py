"""ARKit's 52 units and the angles of head and eyes, of a clip on a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError, SequenceError, UsageError
from ..amounts import counted
from ..formats.arrays import NpzFile, open_npy
from ..model.flame import FlameModel
from ..model.placement import expression_for
from ..motion.rotation import matrix_from_axis_angle
from ..sequence import Sequence
from .carry import carried_units
from .names import FLESH, JAW_OPEN, NAMES, eye_angles, head_angles, known, looks_of_angles
from .solve import Floats, shares
from .units import Units, units_of

_CHUNK: Final = 64  # frames whose vertices are in memory together
_SHOWS: Final = 1e-5  # metres; what moves no vertex as far is not told
_MOVES: Final = 1e-4  # metres; a vertex that no unit moves as far tells nothing of them
_TURNS: Final = 1e-4  # radians, likewise
_WRITTEN: Final = frozenset(
    {"expression", "global_rotation", "neck", "jaw", "eyes", "eyelids", "origin_rotation", "vertices", "audio"}
)
_WORDS: Final = {"shape": "the identity", "translation": "the head's translation", "scale": "the head's scale"}
_MATRIX_CODES: Final = (10, 50, 100)  # columns of expression in published matrices, with or without the jaw's three
_OUT_OF_RANGE: Final = 1e-6

Watch = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Coefficients:
    """A clip as ARKit tells it.

    units   : (T, 52) by `names.NAMES`, 1 for the whole unit
    angles  : (T, 9) radians by `names.ANGLES`
    remarks : sentences about what they do not tell
    """

    units: Floats
    angles: Floats
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """Units that shape keys hold.

    fields : (44, V, 3) displacements in metres of the whole units that are no looks, jawOpen last
    shares : (T, 44) how much of each a clip has
    """

    fields: Floats
    shares: Floats


def coefficients(
    sequence: Sequence,
    model: FlameModel,
    matrix: Path | None = None,
    watch: Watch = lambda _share: None,
    shown: Shown | None = None,
) -> Coefficients:
    """The units of a clip of codes on `model`.

    Of a model that has them as columns, they are these; of any other, those whose vertices come nearest, each between
    0 and 1: the units are carried over from XTalker's head, or are rows of the `matrix` (see `matrix_units`), or are
    `shown` already. Raises ModelError and UsageError.
    """
    if sequence.expression is None:
        raise UsageError(f"{sequence.source}: holds vertices; fit codes to them by `xtalker fit` first.")
    codes = expression_for(model, sequence)
    own = units_of(model)
    if own and matrix is None:
        flesh, remarks = _own(sequence, model, own, codes)
    elif shown:
        flesh, remarks = shown.shares, _told(_Faces(sequence, model, codes, shown.fields), shown.shares)
    else:
        fields = carried_units(model, watch) if matrix is None else matrix_units(model, matrix)
        flesh, remarks = solved(sequence, model, codes, fields)
    angles = _angles(sequence)
    looks = {
        f"eyeLook{way}{side}": column
        for side, start in (("Left", 3), ("Right", 6))
        for way, column in zip(
            ("Down", "In", "Out", "Up"), looks_of_angles(angles[:, start : start + 3], side == "Left").T, strict=True
        )
    }
    found = looks | dict(zip((*FLESH, JAW_OPEN), flesh.T, strict=True))
    units = np.stack([found[name] for name in NAMES], axis=1)
    lost = [_WORDS.get(name, name.replace("_", " ")) for name in sequence.held() if name not in _WRITTEN]
    if lost:
        remarks.append(f"{sequence.name}: left out, because ARKit has no place for it: {', '.join(lost)}.")
    if sequence.neck is not None and np.abs(sequence.neck).max() > _TURNS:
        remarks.append(f"{sequence.name}: the neck's turn is in the head's angles, as ARKit has no neck.")
    outside = int(((units < -_OUT_OF_RANGE) | (units > 1 + _OUT_OF_RANGE)).sum())
    if outside:
        remarks.append(
            f"{sequence.name}: {outside:,} of {units.size:,} values lie outside 0 to 1 ({units.min():.2f} to "
            f"{units.max():.2f}); they are written as they are, and other programs may cut them."
        )
    return Coefficients(units, angles, tuple(remarks))


def _own(sequence: Sequence, model: FlameModel, own: Units, codes: NDArray[np.float32]) -> tuple[Floats, list[str]]:
    """(T, 44) flesh and jawOpen of codes whose columns they are, and what is lost of the other columns and the jaw."""
    jaw = np.zeros((sequence.frames, 3)) if sequence.jaw is None else sequence.jaw.astype(np.float64)
    flesh = np.concatenate([codes[:, own.columns] * own.amounts, jaw[:, :1] / own.jaw_open], axis=1)
    remarks: list[str] = []
    rest: list[int] = np.setdiff1d(np.flatnonzero(codes.any(0)), own.columns).tolist()
    if rest:
        largest = max(
            float(
                np.linalg.norm(np.tensordot(codes[i : i + _CHUNK, rest], model.expression_basis[rest], 1), axis=2).max()
            )
            for i in range(0, sequence.frames, _CHUNK)
        )
        lost = [model.expression_names[index] or f"column {index + 1}" for index in rest]
        shown = ", ".join(lost[:8]) + ", ..." * (len(lost) > 8)
        if largest > _SHOWS:
            remarks.append(
                f"{sequence.name}: left out {counted(len(rest), 'column')} beyond ARKit's 52 units ({shown}), up to "
                f"{1e3 * largest:.1f} mm of the face."
            )
    if np.abs(jaw[:, 1:]).max(initial=0.0) > _TURNS:
        remarks.append(
            f"{sequence.name}: the jaw's turns to the side, up to {np.degrees(np.abs(jaw[:, 1:]).max()):.1f} degrees, "
            "are lost; jawOpen tells how far it is open."
        )
    return flesh, remarks


def solved(
    sequence: Sequence, model: FlameModel, codes: NDArray[np.float32], fields: Floats
) -> tuple[Floats, list[str]]:
    """(T, 44) the units whose sum comes nearest to the clip's own face, head and eyes held still; and how near.

    codes : (T, E) as `expression_for` gives them; fields : (44, V, 3) displacements of the whole units
    """
    faces = _Faces(sequence, model, codes, fields)
    found = shares(faces.units @ faces.units.T, np.concatenate([face @ faces.units.T for face in faces]))
    remarks = _told(faces, found)
    still = [name for name, field in zip((*FLESH, JAW_OPEN), fields, strict=True) if not field.any()]
    if still:
        remarks.append(f"{sequence.name}: stay 0, because they move nothing of {model.name}: {', '.join(still)}.")
    return found, remarks


class _Faces:
    """What a clip's codes and jaw do to the vertices that units move; some frames at a time, as often as is asked.

    units : (44, 3 n) displacements of the whole units
    """

    def __init__(self, sequence: Sequence, model: FlameModel, codes: NDArray[np.float32], fields: Floats) -> None:
        self.name, self._model, self._codes = sequence.name, model, codes
        self._moved = np.linalg.norm(fields, axis=2).max(0) > _MOVES
        self.units = fields[:, self._moved].reshape(len(fields), -1)
        self._pose = np.zeros((sequence.frames, 15), np.float32)
        if sequence.jaw is not None:
            self._pose[:, 6:9] = sequence.jaw

    def __iter__(self) -> Iterator[Floats]:
        """(t, 3 n) displacements."""
        rest = self._model.template[self._moved].ravel()
        for vertices in self._model.evaluate_chunks(None, self._codes, self._pose, chunk=_CHUNK):
            yield vertices[:, self._moved].reshape(len(vertices), -1).astype(np.float64) - rest


def _told(faces: _Faces, found: Floats) -> list[str]:
    """How near the found shares (T, 44) of the units come to the faces."""
    apart, start = list[Floats](), 0
    for face in faces:
        left = face - found[start : start + len(face)] @ faces.units
        apart.append(np.linalg.norm(left.reshape(len(face), -1, 3), axis=2))
        start += len(face)
    mean = 1e3 * np.concatenate([part.mean(1) for part in apart])
    largest = 1e3 * max(float(part.max()) for part in apart)
    worst = int(mean.argmax())
    return [
        f"{faces.name}: the units come within {mean.mean():.2g} mm of the face on average, {mean[worst]:.2g} mm in "
        f"the worst frame ({worst}), and {largest:.2g} mm at the worst vertex."
    ]


def matrix_units(model: FlameModel, path: Path) -> Floats:
    """The same as `carried_units` of a matrix that the user names, whose rows are units and whose columns are codes.

    .npy of (52, n), n expression codes of the model, or (52, n + 3) with the jaw's axis-angle behind 10, 50 or 100, the
    rows in Live Link Face's order; or .npz of `matrix` with its rows' `names`. Raises ModelError.
    """
    rows, listed = _read_matrix(path)
    width = rows.shape[1]
    codes = width - 3 if width - 3 in (*_MATRIX_CODES, len(model.expression_basis)) else width
    if codes > len(model.expression_basis):
        raise ModelError(
            f"{path}: has {width} columns and {model.source} {len(model.expression_basis)} of expression; expected as "
            "many, or three more for the jaw."
        )
    place = {name: index for index, name in enumerate(listed)}
    wanted = np.array([rows[place[name]] if name in place else np.zeros(width) for name in (*FLESH, JAW_OPEN)])
    pose = np.zeros((len(wanted), 15))
    pose[:, 6:9] = wanted[:, codes:] if codes < width else 0.0
    return model.evaluate(None, wanted[:, :codes], pose).astype(np.float64) - model.template


def _read_matrix(path: Path) -> tuple[Floats, list[str]]:
    """A matrix (n, m) and the units of its rows."""
    try:
        npz = NpzFile(path) if path.suffix.lower() == ".npz" else None
        matrix = np.asarray(open_npy(path) if npz is None else npz.read("matrix"))
        spelt = [] if npz is None or "names" not in npz.keys else [str(name) for name in npz.read("names").ravel()]
    except KeyError:
        raise ModelError(f"{path}: holds no array called matrix; expected one, a row for each of its names.") from None
    except SequenceError as error:
        raise ModelError(f"{str(error).rstrip('.')}; a matrix is an .npy, or an .npz with matrix.") from None
    listed = [known(name) or "" for name in spelt] or list(NAMES)
    fits = matrix.ndim == 2 and matrix.dtype.kind in "fiu" and len(matrix) == len(listed) and np.isfinite(matrix).all()
    if not fits or not matrix.any() or not set(listed) & set(FLESH):
        raise ModelError(
            f"{path}: is {matrix.dtype} {matrix.shape} for {len(listed)} units; expected a row for each of ARKit's 52 "
            "units in Live Link Face's order, or an .npz with matrix and the names of its rows."
        )
    return matrix.astype(np.float64), listed


def _angles(sequence: Sequence) -> Floats:
    """(T, 9) the angles of head and eyes."""
    pose = matrix_from_axis_angle(sequence.pose().reshape(-1, 5, 3))
    return np.concatenate(
        [head_angles(pose[:, 0] @ pose[:, 1]), eye_angles(pose[:, 3]), eye_angles(pose[:, 4])], axis=1
    )
