"""Which samples triangles cover, and which of them is seen, against the exact rasteriser."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from tests.render.cpu import exact
from xtalker_addon.render.cpu.drawable import Drawable
from xtalker_addon.render.cpu.samples import Samples
from xtalker_addon.render.drawing import Rect, Shown, View

VIEW = View(np.eye(4), np.eye(3))
IN_SUBSAMPLES = np.eye(4)
SLOPING = np.array([[-0.5, 0.25, 0.5]])

either_way = pytest.mark.parametrize("packed", [False, True], ids=["whole", "packed"])


def film_of(width, height):
    """Samples of a part of so many samples, both even."""
    return Samples().of(Rect(0, 0, width // 2, height // 2))


def numbers(samples, width, height):
    """(height, width): numbers of the triangles that are seen; 0 for none."""
    film = samples.film
    memory = np.ctypeslib.as_array(
        ctypes.cast(film.samples, ctypes.POINTER(ctypes.c_int32)),
        (film.strips, film.stride, 8 if film.number_bits else 16),
    )
    held = ~memory & (1 << film.number_bits) - 1 if film.number_bits else np.maximum(memory[..., 8:], 0)
    return held[:, :height].transpose(1, 0, 2).reshape(height, -1)[:, :width].copy()


def draw(samples, corners, depths, packed):
    """Triangles (F, 3, 2) of subsamples; packed: whether depth and number of a sample are one word."""
    positions = np.concatenate([corners.reshape(-1, 2), depths.reshape(-1, 1)], axis=1).astype(np.float32)
    head = Drawable(np.arange(len(positions)).reshape(-1, 3))
    head.move(positions, np.zeros_like(positions))
    head.draw(samples, Shown(head, "normal", VIEW, None), IN_SUBSAMPLES, 0, packed)


def random_corners(rng, kind, count, width, height):
    """(count, 3, 2) whole subsamples."""
    size = np.array([width, height]) * exact.SUBSAMPLES
    if kind == "any":
        return rng.integers(0, size, (count, 3, 2))
    if kind == "slivers":
        start, along = rng.integers(0, size, (count, 1, 2)), rng.integers(-3000, 3000, (count, 1, 2))
        return start + along * np.array([0, 0.5, 1]).reshape(1, 3, 1).astype(int) + rng.integers(-3, 4, (count, 3, 2))
    if kind == "tiny":
        return rng.integers(0, size, (count, 1, 2)) + rng.integers(-200, 200, (count, 3, 2))
    if kind == "across the frame":
        return rng.integers(-3 * size, 4 * size, (count, 3, 2))
    if kind == "on samples":
        return exact.SUBSAMPLES * rng.integers(-4, size // exact.SUBSAMPLES + 4, (count, 3, 2)) + exact.SUBSAMPLES // 2
    assert kind == "huge"
    return rng.integers(-4_000_000, 4_000_000, (count, 3, 2))


@either_way
@pytest.mark.parametrize("kind", ["any", "slivers", "tiny", "across the frame", "on samples", "huge"])
def test_each_triangle_covers_the_samples_that_it_should(build, kind, packed):
    rng = np.random.default_rng(5)
    width, height = 70, 46
    for corners in random_corners(rng, kind, 60, width, height):
        samples = film_of(width, height)
        draw(samples, corners[None], SLOPING, packed)
        assert bool(samples.film.number_bits) == packed
        assert np.array_equal(numbers(samples, width, height) > 0, exact.covered(corners, width, height)), corners


@either_way
def test_samples_along_common_edges_are_drawn_once(build, packed):
    """A warped grid: each triangle drawn alone, the sum of what they cover is 1 everywhere inside."""
    rng = np.random.default_rng(6)
    width, height, cells = 64, 64, 9
    lines = np.linspace(-2, 66, cells + 1) * exact.SUBSAMPLES
    places = np.stack(np.meshgrid(lines, lines), -1) + rng.integers(-700, 700, (cells + 1, cells + 1, 2))
    # Many corners and edges exactly on samples.
    places = np.where(rng.random(places.shape) < 0.5, places // 256 * 256 + 128, places).astype(np.int64)
    places[0, :, 1], places[-1, :, 1], places[:, 0, 0], places[:, -1, 0] = -300, 16700, -300, 16700
    count = np.zeros((height, width), int)
    for y in range(cells):
        for x in range(cells):
            a, b, c, d = places[y, x], places[y, x + 1], places[y + 1, x + 1], places[y + 1, x]
            for corners in ((a, b, c), (a, c, d)):
                samples = film_of(width, height)
                draw(samples, np.array(corners)[None], SLOPING, packed)
                turned = exact.side(*(np.array(corners, np.int64)[:2]), *np.array(corners, np.int64)[2])
                count += np.sign(turned) * (numbers(samples, width, height) > 0)
    assert (count == 1).all()


@either_way
def test_the_nearest_is_seen_and_the_last_of_equals(build, packed):
    rng = np.random.default_rng(7)
    width, height = 48, 40
    for kind in ("any", "across the frame"):
        corners = random_corners(rng, kind, 14, width, height)
        # Eighths are exact; flat triangles of equal depth, and sloping ones among them.
        depths = np.repeat(rng.integers(-4, 5, (14, 1)), 3, axis=1) / 8
        depths[::3] = rng.integers(-8, 9, depths[::3].shape) / 8
        samples = film_of(width, height)
        draw(samples, corners, depths, packed)
        nearest, wanted = exact.seen(corners, depths, width, height)
        found = numbers(samples, width, height)
        assert np.array_equal(found > 0, wanted >= 0)
        planes = plane_numbers(corners, width, height)
        for row, column in np.argwhere(found > 0):
            shown = planes[found[row, column] - 1]
            depth = exact.depth_at(corners[shown], depths[shown], int(column), int(row))
            if shown != wanted[row, column]:  # only where float32 cannot tell them apart
                assert abs(depth - nearest[row, column]) < 1e-5
                assert not np.ptp(depths[shown]) == np.ptp(depths[wanted[row, column]]) == 0


def plane_numbers(corners, width, height):
    """The triangles that have a plane: those whose box holds a sample."""
    kept = []
    for number, triangle in enumerate(corners):
        low, high = triangle.min(0), triangle.max(0)
        first, last = (
            np.maximum(-(-(low - 128) // 256), 0),
            np.minimum((high - 128) // 256, (-(-width // 16) * 16 - 1, height - 1)),
        )
        if (first <= last).all() and exact.side(*triangle[:2], *triangle[2]):
            kept.append(number)
    return kept


@either_way
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, -1e30])
def test_a_vertex_that_is_nowhere_writes_nowhere(build, value, packed):
    rng = np.random.default_rng(8)
    corners = random_corners(rng, "any", 30, 40, 40).astype(np.float64)
    depths = np.zeros((30, 3))
    for number, place in enumerate(rng.integers(0, 3, 30)):
        target = depths if number % 3 == 2 else corners[..., number % 3]
        target[number, place] = value
    draw(film_of(40, 40), corners, depths, packed)  # the guards around all memory tell of a stray write


@either_way
def test_what_leaves_the_depth_range_is_cut_at_it(build, packed):
    """A triangle that slopes from depth -3 to 3: a third of it lies between -1 and 1."""
    corners = np.array([[(0, 57), (0, 40 * 256 - 93), (60 * 256, 20 * 256 + 21)]])
    samples = film_of(60, 40)
    draw(samples, corners, np.array([[-3.0, -3.0, 3.0]]), packed)
    columns = np.flatnonzero((numbers(samples, 60, 40) > 0).any(0))
    assert (columns[0], columns[-1]) == (20, 39)
    whole = exact.covered(corners[0], 60, 40)
    assert np.array_equal(numbers(samples, 60, 40)[:, 21:39] > 0, whole[:, 21:39])
