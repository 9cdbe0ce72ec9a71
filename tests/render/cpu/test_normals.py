"""Normals by the library are those of numpy, to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from xtalker_addon.core.model.flame import load_model
from xtalker_addon.core.model.normals import VertexNormals
from xtalker_addon.render.cpu.normals import Normals


def test_a_moving_head_has_the_same_normals(build):
    head, rng = load_model(), np.random.default_rng(0)
    meshes = head.evaluate(None, rng.normal(0, 1, (11, 50)), rng.normal(0, 0.2, (11, 15)))
    faces, count = head.faces, head.vertex_count
    np.testing.assert_array_equal(Normals(faces, count)(meshes), VertexNormals(faces, count)(meshes))
    np.testing.assert_array_equal(Normals(faces, count)(meshes[3]), VertexNormals(faces, count)(meshes[3]))


def test_any_triangles_have_the_same_normals(build):
    """Corners that meet, triangles without area, vertices without triangles."""
    rng = np.random.default_rng(1)
    vertices = rng.choice([0.0, 1e-12, 0.3, -2.0, 1e9], (4, 40, 3)).astype(np.float32)
    faces = rng.integers(0, 37, (90, 3))
    np.testing.assert_array_equal(Normals(faces, 40)(vertices), VertexNormals(faces, 40)(vertices))


def test_corners_and_meshes_of_other_models_are_refused(build):
    with pytest.raises(ValueError, match="corners 0 to 3"):
        Normals(np.array([[0, 1, 3]]), 3)
    with pytest.raises(ValueError, match=r"expected \(..., 3, 3\)"):
        Normals(np.array([[0, 1, 2]]), 3)(np.zeros((4, 3)))
