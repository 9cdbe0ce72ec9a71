"""Surfaces that are fitted to each other, against places and deformations that are known."""

from __future__ import annotations

import numpy as np

from xtalker_addon.core.arkit.registration import (
    Landmarks,
    Places,
    Surface,
    gradients,
    nearest,
    register,
    scaling,
)


def ball(count: int = 18) -> Surface:
    """A unit ball of 10 cm: rings of a globe without its poles' caps."""
    lat, lon = np.meshgrid(
        np.linspace(-1.2, 1.2, count), np.linspace(0, 2 * np.pi, 2 * count, endpoint=False), indexing="ij"
    )
    points = 0.1 * np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1).reshape(-1, 3)
    faces = []
    for i in range(count - 1):
        for j in range(2 * count):
            a, b = i * 2 * count + j, i * 2 * count + (j + 1) % (2 * count)
            faces += [[a, b, a + 2 * count], [b, b + 2 * count, a + 2 * count]]
    return Surface(points, np.array(faces))


def test_nearest_places_are_those_of_looking_everywhere():
    surface, rng = ball(), np.random.default_rng(0)
    spots = surface.points[rng.integers(0, len(surface.points), 60)] * rng.uniform(0.95, 1.05, (60, 1))
    spots += rng.normal(0, 0.002, spots.shape)
    normals = spots / np.linalg.norm(spots, axis=1, keepdims=True)
    found = nearest(surface, spots, normals)
    corners = surface.points[surface.faces]
    grid = np.array([(i, j, 40 - i - j) for i in range(41) for j in range(41 - i)]) / 40
    dense = np.einsum("gc,fcd->fgd", grid, corners).reshape(-1, 3)
    truth = np.array([np.linalg.norm(dense - spot, axis=1).min() for spot in spots])
    np.testing.assert_allclose(found.distances, truth, atol=2e-4)
    assert (found.weights >= -1e-12).all()
    np.testing.assert_allclose(found.weights.sum(1), 1)


def test_sheets_that_touch_are_told_apart_by_their_sides():
    """Two lips: the same place, facing up and down."""
    square = np.array([[x, 0.0, z] for x in np.linspace(0, 0.02, 5) for z in np.linspace(0, 0.02, 5)])
    quads = np.array([[5 * i + j, 5 * i + j + 1, 5 * i + j + 6, 5 * i + j + 5] for i in range(4) for j in range(4)])
    up = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    both = Surface(np.concatenate([square, np.add(square, [0, 1e-4, 0])]), np.concatenate([up, up[:, ::-1] + 25]))
    normals = both.normals()
    found = nearest(both, both.points, normals)
    assert (found.corners < 25).all(1)[:25].all()
    assert (found.corners >= 25).all(1)[25:].all()


def test_scales_along_the_axes_are_found_of_what_is_told():
    points = np.random.default_rng(1).normal(size=(8, 3))
    there = points * [1.3, 0.8, 1.0] + [1, 2, 3]
    points[0, 1] = there[1, 2] = np.nan
    scale, shift = scaling(points, there)
    np.testing.assert_allclose(scale, [1.3, 0.8, 1.0], atol=1e-12)
    np.testing.assert_allclose(shift, [1, 2, 3], atol=1e-12)


def test_gradients_of_a_linear_deformation_are_that_map_along_the_surface():
    surface = ball()
    linear = np.array([[1.2, 0.3, 0.0], [0.0, 0.9, 0.1], [0.2, 0.0, 1.1]])
    after = Surface(surface.points @ linear.T, surface.faces)
    found, normals = gradients(surface, after), surface.normals()
    for seed in np.eye(3):
        along = seed - normals * (normals @ seed)[:, None]
        np.testing.assert_allclose(np.einsum("vij,vj->vi", found, along), along @ linear.T, atol=0.03)


def test_a_ball_is_fitted_to_a_bent_one():
    source = ball()
    bent = source.points * [1.1, 1.0, 0.9] + 0.005 * np.sin(20 * source.points[:, [1, 2, 0]])
    target = Surface(bent, source.faces)
    ids = np.arange(0, len(bent), 97)
    marks = Places(
        source.faces[[int(np.flatnonzero((source.faces == i).any(1))[0]) for i in ids]],
        np.zeros((len(ids), 3)),
        np.zeros(len(ids)),
    )
    marks.weights[np.arange(len(ids)), (marks.corners == ids[:, None]).argmax(1)] = 1
    fitted = register(source, target, Landmarks(source.points[ids], bent[ids], marks, bent[ids]))
    off = nearest(target, fitted.points, fitted.normals()).distances
    assert off.max() < 5e-4
    assert np.linalg.norm(fitted.points - bent, axis=1).mean() < 4e-3
