"""Shape keys under ARKit's 52 names, and a head with its keys and bones written as ARKit's units."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.arkit.carry import carried_units, look_fields
from ..core.arkit.coefficients import Coefficients, coefficients
from ..core.arkit.command import write_csv
from ..core.arkit.names import FLESH, JAW_OPEN, LOOKS, NAMES
from ..core.arkit.units import Units, units_of
from ..core.model.flame import FlameModel
from ..core.model.skinning import JOINTS
from ..core.motion.rotation import axis_angle_from_matrix
from ..core.sequence import Sequence
from ..errors import ModelError
from .head import Head
from .mesh import add_key, expression_label
from .steps import Steps, beside

_STILL: Final = (JAW_OPEN, *LOOKS)  # what bones do when the clip plays, and these keys only for whoever turns them


def has_unit_keys(face: bpy.types.Object) -> bool:
    """Whether the face has shape keys under ARKit's names."""
    keys = face.data.shape_keys
    return keys is not None and JAW_OPEN in keys.key_blocks


def carry_steps(model: FlameModel, wanted: bool) -> Steps[NDArray[np.float64] | None]:
    """What `add_unit_keys` takes, None where it is not wanted; seconds of work for a model without such columns."""
    if not wanted:
        return None
    return (yield from beside(lambda watch: carried_units(model, watch)[0], 0.2, 0.4))


def add_unit_keys(face: bpy.types.Object, model: FlameModel, carried: NDArray[np.floating] | None) -> list[str]:
    """Give the face those of the 52 keys that it lacks, all at 0; returns what there is to be told.

    carried : (44, V, 3) displacements of the units that are no looks (see `carried_units`); None: no keys

    Where the model's own columns are units, the sequence has keyed those already, and exactly. jawOpen and the looks
    are shapes too: the sequence turns jaw and eyes by bones, and these keys do the same for what knows keys only.
    """
    if carried is None:
        return []
    if face.data.shape_keys is None:
        face.shape_key_add(name="Basis", from_mix=False)
    fields = dict(zip((*FLESH, JAW_OPEN, *LOOKS), (*carried, *look_fields(model)), strict=True))
    there = set(face.data.shape_keys.key_blocks.keys()) if face.data.shape_keys else set[str]()
    for name in NAMES:
        if name not in there:
            add_key(face, name, model.template + fields[name])
    if units_of(model):
        return []
    return [
        f"{model.name}: its 52 keys of ARKit's units are carried over from XTalker's head and stay at 0; the clip "
        "moves the model's own keys."
    ]


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
    found = yield from beside(lambda watch: coefficients(clip, model, watch=watch), 0.6, 0.95)
    units = found.units.copy()
    turned = [*_STILL] if units_of(model) else [*_STILL, *FLESH]
    for name in turned:
        units[:, NAMES.index(name)] += shown.get(name, 0.0)
    write_csv(path, Coefficients(units, found.angles, ()), clip.fps)
    return list(found.remarks)


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
