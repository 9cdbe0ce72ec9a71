"""Light: the published constants and what follows from them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.data.models import synthetic_model
from xtalker_addon.core.light.spherical_harmonics import (
    SH_CONSTANTS,
    STUDIO_ALBEDO,
    UNIT_AMBIENT,
    sh_basis,
    sh_shading,
    studio_shading,
)
from xtalker_addon.core.model.normals import vertex_normals


def test_constants_follow_from_their_definitions():
    """DECA multiplies orthonormal harmonics by the cosine lobe's 2 pi / 3 and pi / 4 but for the first, which has 1."""
    first, second = np.sqrt(3 / (4 * np.pi)) * 2 * np.pi / 3, np.sqrt(15 / (4 * np.pi)) * np.pi / 4
    zonal = np.sqrt(5 / (16 * np.pi)) * np.pi / 4
    expected = [np.sqrt(1 / (4 * np.pi)), *[first] * 3, *[second] * 3, second / 2, zonal]
    assert pytest.approx(expected, rel=1e-8) == SH_CONSTANTS


def test_unit_ambient_light_shades_with_one():
    light = np.zeros((9, 3))
    light[0] = UNIT_AMBIENT
    assert pytest.approx(3.5449077, rel=1e-6) == UNIT_AMBIENT
    normals = np.random.default_rng(0).normal(size=(50, 3))
    assert sh_shading(normals / np.linalg.norm(normals, axis=1, keepdims=True), light) == pytest.approx(1.0, abs=1e-6)


def test_order_of_the_basis():
    found = sh_basis(np.array([0.6, 0.48, 0.64]))
    x, y, z = 0.6, 0.48, 0.64
    functions = [1, x, y, z, x * y, x * z, y * z, x * x - y * y, 3 * z * z - 1]
    assert found == pytest.approx(np.array(SH_CONSTANTS) * functions, abs=1e-6)


def test_a_surface_that_faces_the_camera_is_202_in_the_studio():
    facing = float(255 * STUDIO_ALBEDO * studio_shading(np.array([0.0, 0.0, 1.0])))
    assert int(facing) == 202  # 202.5; saved by cutting, as DECA does, it is 202
    assert float(studio_shading(np.array([0.0, 0.0, -1.0]))) == 0.0


def test_vertex_normals_are_area_weighted_sums():
    model = synthetic_model(6, 8)
    expected = np.zeros((model.vertex_count, 3))
    for a, b, c in model.faces:
        cross = np.cross(model.template[b] - model.template[a], model.template[c] - model.template[a])
        for corner in (a, b, c):
            expected[corner] += cross
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    batch = np.stack([model.template, 2 * model.template])
    assert vertex_normals(batch, model.faces) == pytest.approx(np.stack([expected, expected]), abs=1e-5)
