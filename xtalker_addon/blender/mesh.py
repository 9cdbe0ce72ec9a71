"""The head's mesh and its shape keys: identity, expression and pose correctives, exactly the model's columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.arkit.names import FLESH
from ..core.arkit.units import Units
from ..core.model.flame import FlameModel
from ..core.model.skinning import JOINTS
from .nodes import EYE_ATTRIBUTE, LINING_ATTRIBUTE, MOIST_ATTRIBUTE, normals_group

SLIDER_LIMIT: Final = 10.0  # Blender allows no shape key a wider range
# How much of the light that water would mirror, by the names of regions of FLAME's and of the default head's.
_MOIST: Final = {"lips": 0.25, "tongue": 0.5, "upper_teeth": 0.7, "lower_teeth": 0.7, "left_eyeball": 1.0,
    "right_eyeball": 1.0}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShapeKeys:
    """Names of a head's shape keys by model column; '' for a column without a key.

    scale : expression and identity columns whose codes leave Blender's slider range, and whole units of ARKit, hold a
            larger displacement and a smaller value; the product is the same. 1 for all others.
    """

    identity: tuple[str, ...]
    expression: tuple[str, ...]
    corrective: tuple[str, ...]
    identity_scale: NDArray[np.float32]
    expression_scale: NDArray[np.float32]


def build_mesh(model: FlameModel, name: str) -> bpy.types.Object:
    """An object with the model's template in FLAME axes, in FLAME's vertex order, with UVs where the model has them."""
    mesh = bpy.data.meshes.new(name)
    faces = len(model.faces)
    mesh.vertices.add(model.vertex_count)
    mesh.loops.add(3 * faces)
    mesh.polygons.add(faces)
    mesh.attributes["position"].data.foreach_set("vector", model.template.ravel())
    mesh.loops.foreach_set("vertex_index", model.faces.ravel())
    mesh.polygons.foreach_set("loop_start", np.arange(0, 3 * faces, 3, dtype=np.int32))
    mesh.polygons.foreach_set("use_smooth", np.ones(faces, bool))
    if model.uv is not None and model.uv_faces is not None:
        layer = mesh.uv_layers.new(name="UVMap")
        layer.uv.foreach_set("vector", model.uv[model.uv_faces.ravel()].ravel())
    lining = mesh.attributes.new(LINING_ATTRIBUTE, "FLOAT", "FACE")
    lining.data.foreach_set("value", model.mouth_lining().astype(np.float32))
    moist = mesh.attributes.new(MOIST_ATTRIBUTE, "FLOAT", "POINT")
    moist.data.foreach_set("value", _moisture(model))
    eye = mesh.attributes.new(EYE_ATTRIBUTE, "FLOAT_VECTOR", "POINT")
    eye.data.foreach_set("vector", _places_in_eyes(model).ravel())
    mesh.update(calc_edges=True)
    head = bpy.data.objects.new(name, mesh)
    _add_skinning_weights(head, model)
    return head


def _moisture(model: FlameModel) -> NDArray[np.float32]:
    """(V,) how wet the surface is, 0..1."""
    moisture = np.zeros(model.vertex_count, np.float32)
    for region, amount in _MOIST.items():
        moisture[model.regions.get(region, ())] = amount
    return moisture


def _places_in_eyes(model: FlameModel) -> NDArray[np.float32]:
    """(V, 3) metres from the middle of the eyeball that a vertex is of; zeros elsewhere."""
    places = np.zeros_like(model.template)
    for side in ("left", "right"):
        ball = model.regions.get(f"{side}_eyeball", ())
        if len(ball):
            points = model.template[ball]
            places[ball] = points - (points.min(0) + points.max(0)) / 2
    return places


NORMALS_MODIFIER: Final = "Area-Weighted Normals"


def add_normals_modifier(head: bpy.types.Object) -> None:
    """Area-weighted vertex normals as an attribute, which is what the light of the codes was fitted with."""
    modifier = head.modifiers.new(NORMALS_MODIFIER, "NODES")
    assert isinstance(modifier, bpy.types.NodesModifier)
    modifier.node_group = normals_group()
    modifier.show_expanded = False


def build_shape_keys(
    head: bpy.types.Object,
    model: FlameModel,
    identity_peak: NDArray[np.floating],
    expression_peak: NDArray[np.floating],
    units: Units | None = None,
) -> ShapeKeys:
    """Add the keys that are not there yet. Peaks are the largest absolute code of each column that is wanted.

    Further columns get no key, and columns of zeros get none either. units: the columns that are whole units of ARKit,
    under its names.
    """
    if head.data.shape_keys is None:
        head.shape_key_add(name="Basis", from_mix=False)
    identity, identity_scale = _add_keys(
        head,
        model,
        model.identity_basis,
        _scales(identity_peak),
        _column_labels("identity", model.identity_names, True),
    )
    scales = _scales(expression_peak)
    if units:
        scales[units.columns] = np.maximum(scales[units.columns], 1 / units.amounts)
    expression, expression_scale = _add_keys(
        head, model, model.expression_basis, scales, expression_label(model, units)
    )
    labels = [f"corrective_{joint}_{entry}" for joint in JOINTS[1:] for entry in range(9)]
    corrective, _ = _add_keys(
        head, model, model.corrective_basis, np.ones(len(labels), np.float32), lambda i: labels[i]
    )
    return ShapeKeys(identity, expression, corrective, identity_scale, expression_scale)


def expression_label(model: FlameModel, units: Units | None) -> Callable[[int], str]:
    """What the shape key of an expression column is called."""
    label = _column_labels("expression", model.expression_names, False)
    whole = dict(zip(units.columns.tolist(), FLESH, strict=True)) if units else {}
    return lambda column: whole.get(column) or label(column)


def _column_labels(basis: str, names: tuple[str, ...], prefixed: bool) -> Callable[[int], str]:
    def label(column: int) -> str:
        name = names[column] if column < len(names) else ""
        if not name:
            return f"{basis}_{column + 1:03d}"
        return f"{basis}_{name}" if prefixed else name

    return label


def _scales(peaks: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.maximum(1.0, np.ceil(np.asarray(peaks) / SLIDER_LIMIT)).astype(np.float32)


def _add_keys(head, model, basis, scales, label) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    names: list[str] = []
    for column, scale in enumerate(scales):
        if not basis[column].any():
            names.append("")
            continue
        names.append(add_key(head, label(column), model.template + scale * basis[column]))
    return tuple(names), scales


def add_key(head: bpy.types.Object, name: str, shape: NDArray[np.floating]) -> str:
    """Let a key of this name, which may be there, hold the vertices (V, 3); returns what Blender calls it."""
    key = head.data.shape_keys.key_blocks.get(name) or head.shape_key_add(name=name, from_mix=False)
    key.slider_min, key.slider_max = -SLIDER_LIMIT, SLIDER_LIMIT
    key.points.foreach_set("co", np.ascontiguousarray(shape, np.float32).ravel())
    key.value = 0.0
    return key.name


def _add_skinning_weights(head: bpy.types.Object, model: FlameModel) -> None:
    for joint, weights in zip(JOINTS, model.weights.T, strict=True):
        group = head.vertex_groups.new(name=joint)
        # One call a distinct weight: most vertices hang on one joint alone.
        values, inverse = np.unique(weights, return_inverse=True)
        order = np.argsort(inverse, kind="stable")
        members = np.split(order, np.cumsum(np.bincount(inverse, minlength=len(values)))[:-1])
        for value, vertices in zip(values, members, strict=True):
            if value:
                group.add(vertices.tolist(), float(value), "REPLACE")
