"""Shape keys under ARKit's 52 names, and a head with its keys and bones written as ARKit's units."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.arkit.carry import carried_units, look_fields
from ..core.arkit.coefficients import Coefficients, Shown, coefficients, solved
from ..core.arkit.command import write_csv
from ..core.arkit.names import FLESH, JAW_OPEN, LOOKS, NAMES
from ..core.arkit.units import Units, own_units, units_of
from ..core.model.flame import FlameModel
from ..core.model.placement import expression_for
from ..core.model.skinning import JOINTS
from ..core.motion.rotation import axis_angle_from_matrix
from ..core.sequence import Sequence
from ..errors import ModelError
from .head import Head
from .keys import Animation
from .mesh import add_key, expression_label
from .steps import Steps, Watch, beside

Floats = NDArray[np.float64]

_STILL: Final = (JAW_OPEN, *LOOKS)  # what bones do when the clip plays, and these keys only for whoever turns them
_FLESH: Final = [*FLESH, JAW_OPEN]
_BEYOND: Final = "_beyond"  # a unit's key, less the nearest that the model's own columns can make
_PRIOR: Final = 1e-3  # of the mean column's own size: keeps the codes of the nearest small


@dataclass(frozen=True, slots=True)
class UnitKeys:
    """ARKit's units on a model without such columns, and a clip in them.

    fields  : (44, V, 3) displacements in metres of the whole units that are no looks, jawOpen last
    values  : (T, 44) how much of each a frame has; of jawOpen, how much more than the jaw's bone does
    nearest : (44, E) the codes whose face comes nearest to each
    remarks : how far the units are from the clip's face
    """

    fields: Floats
    values: Floats
    nearest: Floats
    remarks: tuple[str, ...]

    def rest(self, codes: NDArray[np.float32]) -> NDArray[np.float32]:
        """(T, E) what of a clip's codes the units leave for the model's own keys."""
        return (codes - self.values @ self.nearest).astype(np.float32)


def has_unit_keys(face: bpy.types.Object) -> bool:
    """Whether the face has shape keys under ARKit's names."""
    keys = face.data.shape_keys
    return keys is not None and JAW_OPEN in keys.key_blocks


def unit_keys(sequence: Sequence, model: FlameModel, fields: Floats) -> UnitKeys:
    """A clip of codes in units of these `fields`, as `xtalker arkit` finds them."""
    codes = expression_for(model, sequence)
    values, remarks = solved(sequence, model, codes, fields)
    used = np.flatnonzero(codes.any(0))
    basis = model.expression_basis[used].reshape(len(used), -1).astype(np.float64)
    gram = basis @ basis.T
    gram[np.diag_indices_from(gram)] += _PRIOR * np.trace(gram) / max(len(used), 1)
    nearest = np.zeros((len(fields), codes.shape[1]))
    nearest[:, used] = np.linalg.solve(gram, basis @ fields.reshape(len(fields), -1).T).T
    values[:, -1] -= _opened(sequence)
    return UnitKeys(fields, values, nearest, tuple(remarks))


def carry_steps(sequence: Sequence, model: FlameModel, wanted: bool) -> Steps[UnitKeys | None]:
    """What `add_unit_keys` keys; None where nothing is wanted, or the model's own columns are units. Takes seconds."""
    if not wanted or sequence.vertices is not None or units_of(model):
        return None

    def carry(watch: Watch) -> UnitKeys:
        return unit_keys(sequence, model, carried_units(model, watch))

    return (yield from beside(carry, 0.2, 0.4))


def kept_units(face: bpy.types.Object, sequence: Sequence, model: FlameModel) -> UnitKeys | None:
    """The clip in the units that the face's keys hold; None where it has none, or the model's own columns are units."""
    if not has_unit_keys(face) or units_of(model):
        return None
    return unit_keys(sequence, model, _held(face, model, _FLESH))


def add_unit_keys(
    animation: Animation, face: bpy.types.Object, sequence: Sequence, model: FlameModel, units: UnitKeys | None
) -> list[str]:
    """Give the face those of ARKit's 52 keys that it lacks, and key the `units`; returns what there is to be told.

    Where the model's own columns are units (None), the sequence has keyed those already, and exactly. Else a unit
    moves skin that no column of the model moves; that much is taken away again by a key of its own, so that the face
    stays the model's. jawOpen and the looks are shapes too: the sequence turns jaw and eyes by bones, and these keys do
    the same for what knows keys only.
    """
    if face.data.shape_keys is None:
        face.shape_key_add(name="Basis", from_mix=False)
    keys = face.data.shape_keys
    assert keys
    missing = [name for name in NAMES if name not in keys.key_blocks]
    if missing:
        fields = units.fields if units else carried_units(model)
        shapes = dict(zip((*_FLESH, *LOOKS), (*fields, *look_fields(model)), strict=True))
        for name in missing:
            add_key(face, name, model.template + shapes[name])
    if units is None:
        return []
    nearest = np.tensordot(units.nearest, model.expression_basis.astype(np.float64), 1)
    for name, values, field in zip(_FLESH, units.values.T, units.fields - nearest, strict=True):
        if values.any():
            beyond = add_key(face, f"{name}{_BEYOND}", model.template + field)
            animation.write(keys, f'key_blocks["{name}"].value', values, "Expression")
            animation.write(keys, f'key_blocks["{beyond}"].value', -values, "Expression")
    return [
        *units.remarks,
        f"{sequence.name}: {model.name}'s own keys, and those named ...{_BEYOND}, hold what the units leave, "
        "so that the face is the file's; mute them to see the units alone.",
    ]


def _held(face: bpy.types.Object, model: FlameModel, names: list[str]) -> Floats:
    """(n, V, 3) displacements in metres that the keys of these names hold; 0 of one that is not there."""
    shape, blocks = np.empty(model.template.size, np.float32), face.data.shape_keys.key_blocks
    fields = np.zeros((len(names), *model.template.shape))
    for row, name in enumerate(names):
        if name in blocks:
            blocks[name].points.foreach_get("co", shape)
            fields[row] = shape.reshape(-1, 3).astype(np.float64) - model.template
    return fields


def export_steps(head: Head, model: FlameModel, path: Path, frames: range) -> Steps[list[str]]:
    """Write what keys and bones do over scene `frames` as Live Link Face's table; returns what it does not tell.

    Raises ModelError for a head of vertices.
    """
    if not head.has_codes:
        raise ModelError(f"{head.name}: is moved by vertices, which tell no units; fit codes to them at the import.")
    now, scene = head.scene.frame_current, head.scene
    blocks = head.face.data.shape_keys.key_blocks
    values = np.zeros((len(frames), len(blocks)), np.float32)
    turns = np.tile(np.eye(3), (len(frames), len(JOINTS), 1, 1))
    try:
        for index, frame in enumerate(frames):
            scene.frame_set(frame)
            graph = bpy.context.evaluated_depsgraph_get()
            rig = head.rig.evaluated_get(graph)
            head.face.data.shape_keys.evaluated_get(graph).key_blocks.foreach_get("value", values[index])
            for number, joint in enumerate(JOINTS):
                bone = rig.pose.bones.get(joint)
                if bone:
                    local = rig.convert_space(pose_bone=bone, matrix=bone.matrix, from_space="POSE", to_space="LOCAL")
                    turns[index, number] = local.to_quaternion().to_matrix()
            yield 0.6 * (index + 1) / len(frames)
    finally:
        scene.frame_set(now)
    values[:, [key.mute for key in blocks]] = 0.0
    shown = dict(zip((key.name for key in blocks), values.T, strict=True))
    clip = _clip(head, model, shown, turns, scene.render.fps / scene.render.fps_base)
    keys = None
    if has_unit_keys(head.face) and not units_of(model):
        clip, model, keys = _with_units(head.face, clip, model, shown)
    found = yield from beside(lambda watch: coefficients(clip, model, watch=watch, shown=keys), 0.6, 0.95)
    units = found.units.copy()
    for name in LOOKS if keys else _STILL:
        units[:, NAMES.index(name)] += shown.get(name, 0.0)
    write_csv(path, Coefficients(units, found.angles, ()), clip.fps)
    return list(found.remarks)


def _with_units(
    face: bpy.types.Object, clip: Sequence, model: FlameModel, shown: dict[str, NDArray[np.float32]]
) -> tuple[Sequence, FlameModel, Shown]:
    """The clip and the model with the keys of units as further columns, and which of them keys (T,) by name show."""
    still, beyond = np.zeros(clip.frames, np.float32), [f"{name}{_BEYOND}" for name in _FLESH]
    values, against = (np.stack([shown.get(name, still) for name in names], axis=1) for names in (_FLESH, beyond))
    fields = _held(face, model, _FLESH)
    basis = np.concatenate([model.expression_basis, fields, _held(face, model, beyond)]).astype(np.float32)
    assert clip.expression is not None
    clip = replace(clip, expression=np.concatenate([clip.expression, values, against], axis=1))
    shares = values.astype(np.float64)
    shares[:, -1] += _opened(clip)
    return clip, replace(model, expression_basis=basis, expression_names=()), Shown(fields, shares)


def _opened(clip: Sequence) -> Floats:
    """(T,) the share of jawOpen that the jaw's bone does."""
    return clip.pose()[:, 6].astype(np.float64) / own_units().jaw_open


def _clip(
    head: Head, model: FlameModel, shown: dict[str, NDArray[np.float32]], turns: NDArray[np.float64], fps: float
) -> Sequence:
    """The clip that keys (T,) by name and turns (T, 5, 3, 3) of the joints are."""
    units = units_of(model) if has_unit_keys(head.face) else None
    pose = axis_angle_from_matrix(turns).reshape(len(turns), -1).astype(np.float32)
    return Sequence(
        head.name,
        Path(head.source),
        fps,
        expression=_codes(head.face, model, units, shown),
        global_rotation=pose[:, :3],
        neck=pose[:, 3:6],
        jaw=pose[:, 6:9],
        eyes=pose[:, 9:],
    )


def _codes(
    face: bpy.types.Object, model: FlameModel, units: Units | None, shown: dict[str, NDArray[np.float32]]
) -> NDArray[np.float32]:
    """(T, E) codes of the model's columns: a key holds a multiple of its column, which the code is its value times."""
    label, blocks = expression_label(model, units), face.data.shape_keys.key_blocks
    codes = np.zeros((len(next(iter(shown.values()))), len(model.expression_basis)), np.float32)
    shape = np.empty(model.template.size, np.float32)
    for column, basis in enumerate(model.expression_basis):
        name = label(column)
        if name in blocks and basis.any():
            blocks[name].points.foreach_get("co", shape)
            moved = (shape - model.template.ravel()).astype(np.float64)
            codes[:, column] = shown[name] * float(moved @ basis.ravel() / (basis.astype(np.float64) ** 2).sum())
    return codes
