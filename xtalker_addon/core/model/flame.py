"""The FLAME face model: load, and evaluate whole clips at once.

Equations: Li et al., "Learning a model of facial shape and expression from 4D scans" (FLAME, 2017), with the linear
blend skinning of SMPL (Loper et al., 2015). Written from the equations.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError, reason
from ..assets import DEFAULT_HEAD, asset
from ..motion.rotation import Floats
from .albedo import Albedo, albedo_fields, albedo_from_fields
from .albedo_file import BFM, FLAME_TEXTURE, FLAME_UVS, load_albedo, read_texture_coordinates
from .model_file import checked_array, checked_indices, column_names, read_model_fields
from .people import Person, people_fields, people_from_fields
from .skinning import CORRECTIVES, JOINTS, PARENTS, merge_still_joints, pose_features, skin, skinning_transforms

OWN_HEAD: Final = "XTalker head"  # what the default head is called
_NEEDED: Final = ("v_template", "f", "shapedirs", "posedirs", "J_regressor", "weights")
# Columns of `shapedirs` in models that were cut to what trackers fit: how many of them are identity.
_SHORT_BASES: Final = {20: 10, 150: 100}
IDENTITY_WIDTH: Final = 300  # columns of `shapedirs` that are identity where a file holds FLAME's full basis
_CHUNK_FLOATS: Final = 4_000_000  # intermediates of one chunk: about 16 MB an array, which also suits the cache

Array = NDArray[np.float32]
Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class FlameModel:
    """A FLAME model of V vertices and F triangles, in metres and FLAME axes (y up, z out of the face).

    template          : (V, 3)
    faces             : (F, 3) int32, counter-clockwise seen from outside
    identity_basis    : (S, V, 3) one displacement field a code, already times its standard deviation
    expression_basis  : (E, V, 3)
    corrective_basis  : (36, V, 3) for the row-major entries of R - I of neck, jaw, left eye, right eye
    joint_regressor   : (5, V)
    weights           : (V, 5) skinning weights
    uv, uv_faces      : (U, 2) with v up and (F, 3) int32, or None
    identity_names, expression_names : one a column, '' where a column has no name of its own
    expression_amounts : one a column, the share of the whole movement of its name (ARKit's unit, a shut lid) that one
                        sigma makes; 0 where it has no name, () where the model does not say
    jaw_open          : radians that ARKit's whole jawOpen turns the jaw by; 0 where the model does not say
    regions           : name -> vertex ids
    albedo            : skin in the UVs, or None
    people            : by their names, those whom the file has codes of
    """

    name: str
    source: Path
    template: Array
    faces: Ints
    identity_basis: Array
    expression_basis: Array
    corrective_basis: Array
    joint_regressor: Array
    weights: Array
    uv: Array | None = None
    uv_faces: Ints | None = None
    identity_names: tuple[str, ...] = ()
    expression_names: tuple[str, ...] = ()
    expression_amounts: tuple[float, ...] = ()
    jaw_open: float = 0.0
    regions: Mapping[str, Ints] = field(default_factory=dict[str, Ints])
    albedo: Albedo | None = None
    people: Mapping[str, Person] = field(default_factory=dict[str, Person])
    _joint_bases: Mapping[str, NDArray[np.float64]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        bases = {"identity": self.identity_basis, "expression": self.expression_basis}
        # What each code moves the joints by: (n, 5, 3), of small arrays that every evaluation needs.
        moved = {name: np.asarray(self.joint_regressor @ basis, np.float64) for name, basis in bases.items()}
        object.__setattr__(self, "_joint_bases", moved)

    @property
    def vertex_count(self) -> int:
        """V."""
        return len(self.template)

    def mark(self) -> str:
        """Its name, and a number that no model with another face has."""
        digest = blake2b(digest_size=8)
        bases = (self.identity_basis, self.expression_basis, self.corrective_basis)
        for array in (self.template, *bases, self.joint_regressor, self.weights):
            digest.update(np.ascontiguousarray(array).data)
        return f"{self.name} {digest.hexdigest()}"

    def mouth_lining(self) -> NDArray[np.bool_]:
        """(F,) whether a face lines the mouth behind the lips.

        FLAME has a hole there, through which an open mouth looks dark; looks without a skin draw a lining as dark.
        """
        inside: NDArray[np.bool_] = np.isin(self.faces, self.regions.get("inner_mouth", ()))
        return np.logical_and.reduce(inside, axis=1)

    def fit_codes(self, codes: Floats, basis: str) -> Array:
        """`codes` (..., n) padded with zeros to the width of the `basis` ('identity' or 'expression').

        Raises ModelError where there are more codes than columns.
        """
        width = len(self.identity_basis if basis == "identity" else self.expression_basis)
        codes = np.asarray(codes, np.float32)
        if codes.shape[-1] > width:
            advice = "use a model with the full basis" if width else "say in its .npz how many are identity_columns"
            raise ModelError(
                f"{self.source}: the model has {width} {basis} columns and the sequence {codes.shape[-1]} codes; "
                f"{advice}."
            )
        padding = [(0, 0)] * (codes.ndim - 1) + [(0, width - codes.shape[-1])]
        return np.pad(codes, padding)

    def rest_joints(self, shape: Floats | None = None, expression: Floats | None = None) -> NDArray[np.float64]:
        """Joints (5, 3), or (T, 5, 3) for codes (T, n), of the unposed head: identity and expression both move them."""
        joints = self.joint_regressor.astype(np.float64) @ self.template
        for codes, name in ((shape, "identity"), (expression, "expression")):
            if codes is not None:
                joints = joints + np.tensordot(self.fit_codes(codes, name), self._joint_bases[name], 1)
        return np.asarray(joints, np.float64)

    def evaluate(
        self,
        shape: Floats | None,
        expression: Floats,
        pose: Floats,
        translation: Floats | None = None,
        scale: Floats | None = None,
    ) -> Array:
        """Vertices (T, V, 3) in metres and FLAME axes.

        shape : (S,) or (T, S) identity codes, or None for the mean head
        expression : (T, E) codes
        pose : (T, 15) axis-angle of root, neck, jaw, left eye, right eye in radians
        translation : (T, 3) metres, added last
        scale : (T,) factors by which the posed head is larger, about the origin, before it is translated

        Codes shorter than the basis stand for zeros in the rest. Raises ModelError when they are longer.
        """
        parts = list(self.evaluate_chunks(shape, expression, pose, translation, scale=scale))
        return np.concatenate(parts) if len(parts) != 1 else parts[0]

    def evaluate_chunks(
        self,
        shape: Floats | None,
        expression: Floats,
        pose: Floats,
        translation: Floats | None = None,
        chunk: int | None = None,
        scale: Floats | None = None,
    ) -> Iterator[Array]:
        """`evaluate` in pieces of `chunk` frames, so that memory stays bounded however long the clip is."""
        for planes in self.evaluate_planes(shape, expression, pose, translation, chunk, scale):
            yield np.ascontiguousarray(planes.swapaxes(1, 2))

    def evaluate_planes(
        self,
        shape: Floats | None,
        expression: Floats,
        pose: Floats,
        translation: Floats | None = None,
        chunk: int | None = None,
        scale: Floats | None = None,
    ) -> Iterator[Array]:
        """`evaluate_chunks` as (n, 3, V): x, y and z of all vertices apart, the order that arithmetic is fastest in."""
        expression = self.fit_codes(expression, "expression")
        pose = np.asarray(pose, np.float64)
        constant = self.template
        bases, codes = [self.expression_basis, self.corrective_basis], [expression, pose_features(pose)]
        if shape is not None:
            shape = self.fit_codes(shape, "identity")
            if shape.ndim == 1:
                last = len(np.trim_zeros(shape, "b"))  # files hold fewer codes than a full basis, whose rest is zero
                constant = constant + np.tensordot(shape[:last], self.identity_basis[:last], 1).astype(np.float32)
            else:
                bases.append(self.identity_basis)
                codes.append(shape)
        used = [np.flatnonzero(np.any(part != 0, axis=0)) for part in codes]
        one = np.ones((len(pose), 1), np.float32)
        coefficients = np.concatenate([one, *(part[:, kept] for part, kept in zip(codes, used, strict=True))], axis=1)
        basis = np.empty((coefficients.shape[1], 3, self.vertex_count), np.float32)
        np.concatenate(
            [constant[None].swapaxes(1, 2), *(b[kept].swapaxes(1, 2) for b, kept in zip(bases, used, strict=True))],
            out=basis,
        )
        weights, joints = merge_still_joints(self.weights, pose)
        transforms = skinning_transforms(pose, self.rest_joints(shape, expression), translation, scale)[:, joints]
        step = chunk or max(1, _CHUNK_FLOATS // constant.size)
        for start in range(0, len(expression), step):
            rows = slice(start, start + step)
            posed = coefficients[rows] @ basis.reshape(len(basis), -1)
            yield skin(posed.reshape(-1, 3, self.vertex_count), transforms[rows], weights)


def load_model(path: Path | str | None = None) -> FlameModel:
    """The model in a .pkl, an .npz or a folder (see `model_file`); the default head for None. Raises ModelError.

    A texture space beside the model's file (`FLAME_albedo_from_BFM.npz`, else `FLAME_texture.npz`) becomes its skin.
    """
    source = asset(DEFAULT_HEAD) if path is None else Path(path).expanduser()
    fields, source = read_model_fields(source)
    model = _model_from_fields(fields, source, OWN_HEAD if path is None else source.stem)
    beside = next((source.with_name(name) for name in (BFM, FLAME_TEXTURE) if source.with_name(name).is_file()), None)
    return model if beside is None or model.albedo is not None else with_albedo(model, load_albedo(beside), beside)


def with_albedo(model: FlameModel, albedo: Albedo, source: Path) -> FlameModel:
    """`model` with a skin from the file `source` in FLAME's texture coordinates. Raises ModelError where it has others.

    A head with a skin of its own has coordinates of its own.
    """
    if model.uv is None or model.albedo is not None:
        raise ModelError(
            f"{source}: needs FLAME's texture coordinates, which {model.source} does not have; "
            "put head_template.obj or FLAME_texture.npz beside the FLAME model."
        )
    return replace(model, albedo=albedo)


def with_texture(model: FlameModel, path: Path) -> FlameModel:
    """`model` with the skin of the texture space at `path`, in place of one from such a file. Raises ModelError."""
    albedo = load_albedo(path)
    if model.uv is not None and len(model.uv) == FLAME_UVS:
        model = replace(model, albedo=None)
    elif model.uv is None and len((found := read_texture_coordinates(path)).get("ft", ())) == len(model.faces):
        model = replace(model, uv=found["vt"].astype(np.float32), uv_faces=found["ft"].astype(np.int32))
    return with_albedo(model, albedo, path)


def save_model(model: FlameModel, path: Path) -> None:
    """Write `model` as an .npz that `load_model` reads; the file appears whole or not at all."""
    fields: dict[str, Any] = {
        "v_template": model.template,
        "f": model.faces,
        "shapedirs": np.moveaxis(np.concatenate([model.identity_basis, model.expression_basis]), 0, -1),
        "identity_columns": len(model.identity_basis),
        "posedirs": np.moveaxis(model.corrective_basis, 0, -1),
        "J_regressor": model.joint_regressor,
        "weights": model.weights,
        **{f"region_{name}": ids for name, ids in model.regions.items()},
        **({} if model.albedo is None else albedo_fields(model.albedo)),
        **people_fields(model.people),
    }
    optional = {"vt": model.uv, "ft": model.uv_faces}
    fields |= {key: value for key, value in optional.items() if value is not None}
    for key, names in (("shape_names", model.identity_names), ("expression_names", model.expression_names)):
        if names:
            fields[key] = np.array(names)
    if model.expression_amounts:
        fields |= {"expression_amounts": np.array(model.expression_amounts), "jaw_open": np.array(model.jaw_open)}
    partial = path.with_name(f".{uuid.uuid4().hex[:8]}.npz")
    try:
        np.savez_compressed(partial, **fields)
        partial.replace(path)
    except OSError as error:
        raise ModelError(f"{path}: cannot be written ({reason(error)}); name another file.") from error
    finally:
        partial.unlink(missing_ok=True)


def _model_from_fields(fields: Mapping[str, Any], source: Path, name: str) -> FlameModel:
    """A FlameModel from arrays under FLAME's own names, each checked."""
    missing = [key for key in _NEEDED if key not in fields]
    if missing:
        raise ModelError(f"{source}: has no {', '.join(missing)}; expected a FLAME model with {', '.join(_NEEDED)}.")
    _check_joint_tree(fields, source)
    template = checked_array(fields, "v_template", (None, 3), source)
    vertices = len(template)
    faces = checked_indices(fields, "f", (None, 3), vertices, source)
    directions = checked_array(fields, "shapedirs", (vertices, 3, None), source)
    columns = directions.shape[-1]
    usual = _SHORT_BASES.get(columns, min(IDENTITY_WIDTH, columns))
    identity = int(fields.get("identity_columns", usual))
    if not 0 <= identity <= columns:
        raise ModelError(f"{source}: identity_columns is {identity}; expected 0 to {columns}, the width of shapedirs.")
    basis = np.ascontiguousarray(np.moveaxis(directions, -1, 0))
    correctives = checked_array(fields, "posedirs", (vertices, 3, CORRECTIVES), source)
    uv = checked_array(fields, "vt", (None, 2), source) if "vt" in fields else None
    return FlameModel(
        name=name,
        source=source,
        template=template,
        faces=faces,
        identity_basis=basis[:identity],
        expression_basis=basis[identity:],
        corrective_basis=np.ascontiguousarray(np.moveaxis(correctives, -1, 0)),
        joint_regressor=checked_array(fields, "J_regressor", (len(JOINTS), vertices), source),
        weights=checked_array(fields, "weights", (vertices, len(JOINTS)), source),
        uv=uv,
        uv_faces=None if uv is None else checked_indices(fields, "ft", (len(faces), 3), len(uv), source),
        identity_names=column_names(fields, "shape_names", identity),
        expression_names=column_names(fields, "expression_names", columns - identity),
        **_amounts(fields, columns - identity, source),
        regions={
            key.removeprefix("region_"): checked_indices(fields, key, (None,), vertices, source)
            for key in fields
            if key.startswith("region_")
        },
        albedo=albedo_from_fields(fields, source),
        people=people_from_fields(fields, source),
    )


def _amounts(fields: Mapping[str, Any], width: int, source: Path) -> dict[str, Any]:
    """How much of the movements in its names each column makes, where the file says so."""
    if "expression_amounts" not in fields:
        return {}
    amounts = checked_array(fields, "expression_amounts", (width,), source)
    jaw_open = checked_array(fields, "jaw_open", (), source)
    return {"expression_amounts": tuple(amounts.tolist()), "jaw_open": jaw_open.item()}


def _check_joint_tree(fields: Mapping[str, Any], source: Path) -> None:
    """The root's own entry is 2^32 - 1 or -1 in files and carries no meaning."""
    tree = np.asarray(fields.get("kintree_table", [PARENTS]))
    if tree.ndim != 2 or tuple(tree[0, 1:].tolist()) != PARENTS[1:]:
        raise ModelError(
            f"{source}: kintree_table is not FLAME's joint tree of {', '.join(JOINTS)}; get a FLAME head model."
        )
