"""ARKit's units as displacements of any FLAME model's vertices: XTalker's own, carried over to where they belong."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError
from ..files.unpickle import load_pickle
from ..model.flame import FlameModel, load_model
from ..model.skinning import JOINTS
from .names import FLESH, LOOKS, angles_of_looks, eye_turn
from .registration import Floats, Landmarks, Surface, Watch, gradients, nearest, register, scaling
from .units import Units, units_of

EMBEDDING: Final = "flame_static_embedding.pkl"  # 51 of iBUG's 68 landmarks, beside a FLAME model
_NOT_SKIN: Final = ("left_eyeball", "right_eyeball", "upper_teeth", "lower_teeth", "tongue", "eye_sockets")
# Places that FLAME's masks and our regions both name, whose middles are landmarks.
_SHARED: Final = ("nose", "lips", "left_ear", "right_ear", "left_eye_region", "right_eye_region", "forehead")
_JOINTS: Final = ("jaw", "left_eye", "right_eye")
_EYES: Final = [JOINTS.index("left_eye"), JOINTS.index("right_eye")]
_JAW: Final = JOINTS.index("jaw")
_SIZES: Final = (0.4, 2.5)  # times XTalker's head; beyond them a model is in other units
_MIDDLE: Final = 0.008  # metres from the middle of the face
_ITS: Final = 0.5  # of a weight by which a vertex is an eyeball's
_NEAR: Final = (0.004, 0.012)  # metres between the surfaces up to which units are carried whole, and not at all
# Of the embedding's 51: edges of the right lids, the left lids and the lips, each from the face's own right to its
# left, above with the corners, then below.
_MARKS: Final = [19, 20, 21, 22, 24, 23, 25, 26, 27, 28, 30, 29, 43, 44, 45, 46, 47, 50, 49, 48]


def carried_units(model: FlameModel, watch: Watch = lambda _share: None) -> Floats:
    """(44, V, 3) displacements in metres of the whole FLESH units and of jawOpen, from the model's template.

    A model's own columns where it has them, else those of XTalker's head: its surface is fitted to the model's, and its
    units go along as the fit turns and stretches the skin; jawOpen is the model's own jaw, turned as far. Raises
    ModelError where the model has no face to fit to.
    """
    own = units_of(model)
    if own:
        return unit_fields(model, own)
    head = load_model()
    units = units_of(head)
    assert units
    source, target = _skin(head), _skin(model)
    if len(target.faces) < 100:
        raise ModelError(f"{model.source}: has {len(target.faces)} triangles of skin; expected a FLAME head.")
    _refuse_other_axes(head, model)
    landmarks = _landmarks(head, source, model, target)
    size, _ = scaling(landmarks.source, landmarks.target)
    if not (size > _SIZES[0]).all() or not (size < _SIZES[1]).all():
        shown = ", ".join(f"{share:.2g}" for share in size)
        raise ModelError(
            f"{model.source}: is {shown} times XTalker's head across, up and out; expected a FLAME head in metres."
        )
    fitted = register(source, target, landmarks, watch)
    push = gradients(Surface(source.points, source.faces), fitted)
    fields = np.einsum("vij,uvj->uvi", push, unit_fields(head, units))
    skin = np.unique(target.faces)
    spots = nearest(fitted, target.points[skin], target.normals()[skin])
    near, far = _NEAR
    share = np.clip((far - spots.distances) / (far - near), 0.0, 1.0)
    out = np.zeros((len(fields), model.vertex_count, 3))
    out[:, skin] = share[:, None] * spots.of(fields.swapaxes(0, 1)).swapaxes(0, 1)
    out[FLESH.index("tongueOut")] = 0.0  # it has no tongue, and what opens its mouth is its jaw
    out[-1] = _opened(model, units.jaw_open)
    return out


def _refuse_other_axes(head: FlameModel, model: FlameModel) -> None:
    """Raise ModelError for a model whose axes are exchanged or mirrored, by its joints and the middles of their flesh.

    They know nothing of axes; what they have in common with the head's is most along the axes that correspond.
    """
    here, there = (
        np.concatenate(
            [one.rest_joints(), one.weights.T @ one.template / np.maximum(one.weights.sum(0), 1e-9)[:, None]]
        )
        for one in (head, model)
    )
    alike, rows = (here - here.mean(0)).T @ (there - there.mean(0)), [0, 1, 2]
    order = max(permutations(rows), key=lambda order: float(np.abs(alike[rows, order]).sum()))
    along = [("-" if alike[row, axis] < 0 else "") + "xyz"[axis] for row, axis in zip(rows, order, strict=True)]
    if along != ["x", "y", "z"]:
        raise ModelError(
            f"{model.source}: the face's own left lies along {along[0]}, its top along {along[1]}, its nose along "
            f"{along[2]}; expected x, y, z: export the model with FLAME's axes."
        )


def unit_fields(model: FlameModel, units: Units) -> Floats:
    """(44, V, 3) displacements of the whole units of a model that has them, jawOpen last."""
    flesh = model.expression_basis[units.columns] / units.amounts[:, None, None]
    return np.concatenate([flesh, _opened(model, units.jaw_open)[None]])


def look_fields(model: FlameModel) -> Floats:
    """(8, V, 3) displacements of the whole looks, by `names.LOOKS`: the eyes turned, with what follows them."""
    pose = np.zeros((len(LOOKS), 15))
    for row, name in enumerate(LOOKS):
        left = name.endswith("Left")
        looks = [[float(way in name) for way in ("Down", "In", "Out", "Up")]]
        pose[row, 9 if left else 12 :][:3] = eye_turn(angles_of_looks(np.array(looks), left))[0]
    return model.evaluate(None, np.zeros((len(LOOKS), 0), np.float32), pose).astype(np.float64) - model.template


def _opened(model: FlameModel, angle: float) -> Floats:
    pose = np.zeros((1, 15))
    pose[0, 6] = angle
    return model.evaluate(None, np.zeros((1, 0), np.float32), pose)[0].astype(np.float64) - model.template


def _skin(model: FlameModel) -> Surface:
    """The model's template without eyeballs and what lies in the mouth, its outside turned out."""
    inner = model.weights[:, _EYES].max(1) > _ITS
    for name in _NOT_SKIN:
        inner[model.regions.get(name, [])] = True
    skin = Surface(model.template.astype(np.float64), model.faces[~inner[model.faces].any(1)].astype(np.int64))
    corners = skin.points[skin.faces]
    outwards = ((corners.mean(1) - corners.mean((0, 1))) * skin.face_normals()).sum()
    return skin if outwards >= 0 else Surface(skin.points, skin.faces[:, ::-1])


def _landmarks(head: FlameModel, source: Surface, model: FlameModel, target: Surface) -> Landmarks:
    """Joints, extents, middles of regions and the model's embedding: what XTalker's head and the model both tell."""
    joints = [JOINTS.index(name) for name in _JOINTS]
    shared = [name for name in _SHARED if len(model.regions.get(name, ()))]
    here, there = (
        [
            *one.rest_joints()[joints],
            *_extents(one, skin),
            *(one.template[one.regions[name]].mean(0) for name in shared),
        ]
        for one, skin in ((head, source), (model, target))
    )
    embedded = _embedding(model)
    if embedded is None:
        return Landmarks(np.array(here), np.array(there), None, np.zeros((0, 3)))
    marks = _own_marks(head)
    places = nearest(source, marks, np.zeros_like(marks))
    return Landmarks(np.array([*here, *marks]), np.array([*there, *embedded]), places, embedded)


def _extents(model: FlameModel, skin: Surface) -> Floats:
    """(6, 3) crown, sides and back of the head, tip of the nose, and where the lips meet; not a number where unknown.

    The lips are told by what the jaw carries: the lower one, and not the upper.
    """
    used = np.unique(skin.faces)
    points, carried = skin.points[used], model.weights[used, _JAW]
    eyes = model.rest_joints()[_EYES].mean(0)
    above = points[points[:, 1] > eyes[1]]
    ahead = (np.abs(points[:, 0] - eyes[0]) < _MIDDLE) & (points[:, 2] > eyes[2]) & (points[:, 1] < eyes[1])
    middle, carried = points[ahead], carried[ahead]
    out = np.full((6, 3), np.nan)
    if len(above) and len(middle):
        out[0, 1] = above[:, 1].max()
        out[1, 0], out[2, 0] = above[:, 0].min(), above[:, 0].max()
        out[3, 2] = above[:, 2].min()
        out[4, 1:] = middle[middle[:, 2].argmax(), 1:]
    lower, upper = middle[carried > _ITS], middle[carried < 1 - _ITS]
    front = [lip[lip[:, 2] > np.quantile(lip[:, 2], 0.5)] for lip in (lower, upper) if len(lip)]
    if len(front) == 2:
        out[5, 1] = (front[0][:, 1].max() + front[1][:, 1].min()) / 2
    return out


def _own_marks(head: FlameModel) -> Floats:
    """(20, 3) the marks of `_MARKS` on XTalker's head: evenly spread over the edges of lids and lips."""

    def along(name: str, count: int, ends: bool) -> Floats:
        edge = head.template[head.regions[name]].astype(np.float64)
        edge = edge[np.argsort(edge[:, 0])]
        shares = np.linspace(0, 1, count + 2)[slice(None) if ends else slice(1, -1)]
        wanted = edge[0, 0] + shares * np.ptp(edge[:, 0])
        columns: list[Floats] = [np.interp(wanted, edge[:, 0], column) for column in edge.T]
        return np.stack(columns, axis=1)

    edges = (
        ("right_upper_lid", "right_lower_lid", 2),
        ("left_upper_lid", "left_lower_lid", 2),
        ("upper_seam", "lower_seam", 3),
    )
    return np.concatenate(
        [part for up, low, count in edges for part in (along(up, count, True), along(low, count, False))]
    )


def _embedding(model: FlameModel) -> Floats | None:
    """(20, 3) the same marks where the model's landmark embedding puts them; None where none lies beside it."""
    path = model.source.with_name(EMBEDDING)
    if not path.is_file():
        return None
    content: Any = load_pickle(path)
    fields: dict[str, Any] = cast("dict[str, Any]", content) if isinstance(content, dict) else {}
    faces, weights = _array(fields, "lmk_face_idx"), _array(fields, "lmk_b_coords")
    fits = faces.shape == (51,) and weights.shape == (51, 3) and faces.dtype.kind in "iu" and weights.dtype.kind == "f"
    if not fits or faces.min() < 0 or faces.max() >= len(model.faces):
        raise ModelError(
            f"{path}: lmk_face_idx is {faces.shape} and lmk_b_coords {weights.shape}; expected FLAME's embedding of 51 "
            "landmarks on this model."
        )
    corners = model.template[model.faces[faces[_MARKS]]]
    return np.einsum("nc,ncd->nd", weights[_MARKS], corners.astype(np.float64))


def _array(fields: Mapping[str, Any], key: str) -> NDArray[Any]:
    return np.asarray(fields.get(key, ()))
