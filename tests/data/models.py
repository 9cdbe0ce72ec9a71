"""Synthetic face models: FLAME's layout on an egg with smooth random fields, small enough to build for every test."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xtalker_addon.core.model.flame import FlameModel

JOINTS = np.array([(0, -0.13, -0.01), (0, -0.06, 0), (0, -0.01, 0.02), (0.031, 0.02, 0.06), (-0.031, 0.02, 0.06)])


def egg_mesh(rings: int, segments: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A closed head-sized egg (V, 3), its outward triangles, and UVs with a seam at the back."""
    polar = np.linspace(0, np.pi, rings + 2)[1:-1]
    azimuth = np.linspace(-np.pi, np.pi, segments, endpoint=False)  # 0 looks along z
    p, a = np.meshgrid(polar, azimuth, indexing="ij")
    ring = np.stack([np.sin(p) * np.sin(a), np.cos(p), np.sin(p) * np.cos(a)], -1).reshape(-1, 3)
    vertices = np.concatenate([ring, [(0, 1, 0), (0, -1, 0)]]) * (0.08, 0.13, 0.1)
    top, bottom = len(ring), len(ring) + 1
    grid = np.arange(rings * segments).reshape(rings, segments)
    here, right = grid, np.roll(grid, -1, axis=1)
    quads = np.stack([here[:-1], here[1:], right[1:], right[:-1]], -1).reshape(-1, 4)
    faces = np.concatenate(
        [
            quads[:, [0, 1, 2]],
            quads[:, [0, 2, 3]],
            np.stack([np.full(segments, top), here[0], right[0]], -1),
            np.stack([here[-1], np.full(segments, bottom), right[-1]], -1),
        ]
    )
    u = np.linspace(0, 1, segments + 1)
    uv = np.stack(np.meshgrid(u, 1 - polar / np.pi, indexing="xy"), -1).reshape(-1, 2)
    uv = np.concatenate([uv, np.stack([u[:-1] + 0.5 / segments, np.ones(segments)], -1)])
    uv = np.concatenate([uv, np.stack([u[:-1] + 0.5 / segments, np.zeros(segments)], -1)])
    here = np.arange(rings * (segments + 1)).reshape(rings, segments + 1)
    left, right = here[:, :-1], here[:, 1:]
    quads = np.stack([left[:-1], left[1:], right[1:], right[:-1]], -1).reshape(-1, 4)
    caps = here.size + np.arange(2 * segments).reshape(2, segments)
    uv_faces = np.concatenate(
        [
            quads[:, [0, 1, 2]],
            quads[:, [0, 2, 3]],
            np.stack([caps[0], left[0], right[0]], -1),
            np.stack([left[-1], caps[1], right[-1]], -1),
        ]
    )
    return vertices, faces, uv, uv_faces


def smooth_fields(rng: np.random.Generator, points: np.ndarray, count: int, size: float) -> np.ndarray:
    """(count, V, 3) random displacement fields of about `size` metres, smooth over the mesh."""
    waves = rng.normal(0, 18, (count, 3, 3))
    phases = rng.uniform(0, 2 * np.pi, (count, 1, 3))
    return size * np.sin(points @ waves + phases)


def synthetic_model(rings: int = 24, segments: int = 32, identity: int = 300, expression: int = 100, seed: int = 0):
    """A FlameModel with random fields in every basis, soft skinning and joints regressed from many vertices."""
    rng = np.random.default_rng(seed)
    vertices, faces, uv, uv_faces = egg_mesh(rings, segments)
    distance = np.linalg.norm(vertices[:, None] - JOINTS, axis=-1)
    weights = np.exp(-distance / 0.03)
    regressor = np.exp(-((distance / 0.05) ** 2)).T * rng.random((len(JOINTS), len(vertices)))
    f32 = np.float32
    return FlameModel(
        name="synthetic",
        source=Path("synthetic.npz"),
        template=vertices.astype(f32),
        faces=faces.astype(np.int32),
        identity_basis=smooth_fields(rng, vertices, identity, 0.0008).astype(f32),
        expression_basis=smooth_fields(rng, vertices, expression, 0.0006).astype(f32),
        corrective_basis=smooth_fields(rng, vertices, 36, 0.003).astype(f32),
        joint_regressor=(regressor / regressor.sum(1, keepdims=True)).astype(f32),
        weights=(weights / weights.sum(1, keepdims=True)).astype(f32),
        uv=uv.astype(f32),
        uv_faces=uv_faces.astype(np.int32),
    )
