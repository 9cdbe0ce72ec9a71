"""Heads that are XTalker's own in disguise: bent, in another order, with other triangles, and without their names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from xtalker_addon.core.model.flame import FlameModel


def bent(points: np.ndarray) -> np.ndarray:
    """Where points (..., 3) of the default head are on the other: larger, narrower below, with a longer face."""
    x, y, z = np.moveaxis(np.asarray(points, np.float64), -1, 0)
    wide = 1.06 + 0.9 * y
    tall = 1.04 + 0.05 * np.sin(12 * y)
    deep = 1.05 + 0.3 * y
    return np.stack([wide * x, tall * y + 0.004, deep * z + 0.05 * y * y - 0.003], axis=-1)


def push(points: np.ndarray, fields: np.ndarray) -> np.ndarray:
    """What `bent` does to displacements (K, V, 3) of points (V, 3)."""
    step = 1e-5
    slopes = [(bent(points + step * axis) - bent(points - step * axis)) / (2 * step) for axis in np.eye(3)]
    return np.einsum("kvj,jvi->kvi", fields, np.stack(slopes))


def other_head(
    model: FlameModel, rng: np.random.Generator, path: Path, mix: np.ndarray
) -> tuple[FlameModel, np.ndarray]:
    """A model of unnamed columns, each a mix of the default head's expression columns, mix (K, E); and which of the
    default head's vertices each of its vertices is.
    """
    count = model.vertex_count
    order = rng.permutation(count)
    place = np.argsort(order)
    faces = flipped(place[model.faces], model.template[order])
    columns = np.tensordot(mix, model.expression_basis.astype(np.float64), 1)
    other = replace(
        model,
        name="another head",
        source=path,
        template=bent(model.template)[order].astype(np.float32),
        faces=faces[rng.permutation(len(faces))].astype(np.int32),
        identity_basis=push(model.template, model.identity_basis[:3].astype(np.float64))[:, order].astype(np.float32),
        expression_basis=push(model.template, columns)[:, order].astype(np.float32),
        corrective_basis=push(model.template, model.corrective_basis.astype(np.float64))[:, order].astype(np.float32),
        joint_regressor=model.joint_regressor[:, order],
        weights=model.weights[order],
        uv=None, uv_faces=None, albedo=None, identity_names=(), expression_names=(), expression_amounts=(),
        jaw_open=0.0, regions={},
    )  # fmt: skip
    return other, order


def flipped(faces: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Every other pair of triangles that makes a convex quad, cut along the other diagonal."""
    sides = {}
    for number, face in enumerate(faces.tolist()):
        for a, b in zip(face, face[1:] + face[:1], strict=True):
            sides[a, b] = number
    out, taken = faces.copy(), set()
    for (a, b), first in sides.items():
        second = sides.get((b, a))
        if second is None or a > b or first in taken or second in taken:
            continue
        c = next(v for v in faces[first] if v not in (a, b))
        d = next(v for v in faces[second] if v not in (a, b))
        normal = np.cross(points[b] - points[a], points[c] - points[a])
        one, two = (
            np.cross(points[d] - points[c], points[b] - points[c]),
            np.cross(points[c] - points[d], points[a] - points[d]),
        )
        if (d, c) in sides or (c, d) in sides or min(one @ normal, two @ normal) >= 0:
            continue
        if -one @ normal > 0 and -two @ normal > 0:
            out[first], out[second] = [c, d, b], [d, c, a]
            taken |= {first, second}
    return out
