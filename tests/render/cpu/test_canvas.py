"""What is drawn flat on a picture, and its way to NV12, as the driver does it; and what must not be written or read."""

from __future__ import annotations

import bpy  # noqa: F401  without it there is no module `gpu`
import numpy as np
import pytest

from tests.data.models import synthetic_model
from tests.render.cpu.test_scenes import skin
from xtalker_addon.core.model.normals import vertex_normals
from xtalker_addon.errors import RenderError
from xtalker_addon.render.cpu.device import Cpu
from xtalker_addon.render.drawing import Rect, Shown, View
from xtalker_addon.render.gpu.device import Gpu

MODEL = synthetic_model(24, 30)


def flat_picture(device, width, height):
    """Every kind of flat drawing; RGBA and the planes of NV12."""
    rng = np.random.default_rng(3)
    image = rng.random((17, 23, 3))
    triangles = rng.uniform(-1, 1, (12, 2)).astype(np.float32)

    def draw():
        canvas = device.canvas(width, height)
        canvas.clear((0.9, 0.85, 0.3))
        whole = Rect(0, 0, width, height)
        canvas.image(Rect(-3, 2, width, height), device.picture(image), whole)
        canvas.fill(Rect(width // 4, height // 3, max(1, width // 2), 5).within(whole), (0.2, 0.4, 0.9, 0.6))
        canvas.fill(Rect(0, 0, 3, 2).within(whole), (0.7, 0.1, 0.2, 1.0))
        canvas.shape(canvas.flat(triangles), whole, (0.1, 0.5, 0.3, 1.0), 0.7)
        canvas.begin_nv12((whole,))
        (planes,) = canvas.fetch_nv12(last=True)
        return canvas.rgba().astype(int), planes.astype(int)

    return device.run(draw)


@pytest.mark.parametrize("size", [(96, 64), (61, 45), (8, 2), (5, 3), (1, 1)])
def test_flat_things_are_drawn_as_the_driver_draws_them(build, size):
    (drawn, drawn_planes), (ours, planes) = flat_picture(Gpu(), *size), flat_picture(Cpu(), *size)
    assert drawn.shape == ours.shape == (size[1], size[0], 4)
    assert (np.abs(drawn - ours).max(axis=2) > 1).mean() <= 0.002  # a triangle's edge may run through a pixel's middle
    assert planes.shape == drawn_planes.shape
    assert (np.abs(drawn_planes - planes) > 1).mean() <= 0.002


def test_only_what_has_changed_is_turned_into_nv12(build):
    canvas = Cpu().canvas(62, 46)
    canvas.clear((0.2, 0.5, 0.7))
    planes = np.empty(canvas.row_width * canvas.rows * 3 // 2, np.uint8)
    canvas.nv12_into(planes)
    changed = Rect(13, 7, 18, 9)
    canvas.fill(changed, (0.9, 0.2, 0.1, 1.0))
    canvas.nv12_into(planes, (changed,))
    whole = np.empty_like(planes)
    canvas.nv12_into(whole)
    assert np.array_equal(planes, whole)


def test_a_colour_is_blended_through_a_mask_and_cut_at_the_edges(build):
    canvas = Cpu().canvas(12, 10)
    canvas.clear((0.0, 0.0, 0.0))
    mask = np.zeros((6, 7), np.uint8)
    mask[1:3], mask[3] = 255, 102
    canvas.stamp(8, 7, mask, (1.0, 0.5, 0.0, 0.5))
    canvas.stamp(-5, -2, mask, (0.0, 0.0, 1.0, 1.0))
    drawn = canvas.rgba()[..., :3]
    assert drawn[8, 9].tolist() == [128, 64, 0]
    assert drawn[0, 0].tolist() == [0, 0, 255]
    assert drawn[1, 1].tolist() == [0, 0, 102]
    assert (drawn[8:, 8:].any(axis=2)).sum() == 8
    assert (drawn[:2, :2].any(axis=2)).sum() == 4


def head(**fields):
    made = Cpu().drawable(MODEL.faces, MODEL.uv, MODEL.uv_faces, **fields)
    positions = MODEL.template.astype(np.float32)
    return made, positions, vertex_normals(positions, MODEL.faces)


def close_up(scale=6.0):
    view = np.diag([scale, scale, -1.0, 1.0])
    return View(view, np.eye(3))


@pytest.mark.parametrize("size", [(5, 3), (9, 50), (33, 7), (1, 1)])
def test_a_head_that_fills_a_small_picture_stays_within_it(build, size):
    """The guards around the picture's memory tell."""
    made, positions, normals = head(albedo=skin(32))
    made.move(positions, normals)
    canvas = Cpu().canvas(*size)
    whole = Rect(0, 0, *size)
    for part in (whole, Rect(-4, -4, size[0] + 2, size[1] + 9), Rect(size[0] // 2, 0, 40, 40)):
        canvas.draw_head(whole, part, Shown(made, "albedo", close_up(60), None), (0.5, 0.5, 0.5))
    assert (canvas.rgba()[..., 3] == 255).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e30])
def test_values_that_are_no_numbers_read_and_write_nowhere_else(build, value):
    made, positions, normals = head(albedo=skin(32), wrinkled=True)
    made.bend(np.zeros((16, 16)))
    normals[::3] = value
    made.move(positions, normals)
    made._uv[::4] = value
    canvas, whole = Cpu().canvas(40, 40), Rect(0, 0, 40, 40)
    for look in ("sh", "studio", "normal", "depth", "wireframe", "3dxtalker"):
        for wrinkled in (False, True):
            light = np.full((9, 3), value if look == "sh" else 0.5)
            canvas.draw_head(whole, whole, Shown(made, look, close_up(), light, wrinkled), None)


def test_the_depth_of_an_earlier_picture_is_gone(build):
    """A head is drawn, moves away from the camera, and is drawn again: the second picture is its own."""
    made, positions, normals = head()
    canvas, whole = Cpu().canvas(64, 64), Rect(0, 0, 64, 64)
    shown = Shown(made, "studio", close_up(), None)

    def picture(shift):
        made.move((positions + np.float32(shift)).astype(np.float32), normals)
        canvas.draw_head(whole, whole, shown, (1.0, 1.0, 1.0))
        return canvas.rgba()

    far, near = (0.02, 0.0, -0.3), (0.0, 0.0, 0.3)
    alone = picture(far)
    picture(near)
    assert np.array_equal(picture(far), alone)


def test_a_head_cut_by_many_planes_gets_room_for_all_its_parts(build):
    """More triangles than faces: each face is cut at the near and the far plane."""
    made, positions, normals = head()
    deep = np.diag([6.0, 6.0, -40.0, 1.0])
    made.move(positions, normals)
    canvas, whole = Cpu().canvas(64, 64), Rect(0, 0, 64, 64)
    canvas.draw_head(whole, whole, Shown(made, "studio", View(deep, np.eye(3)), None), None)
    assert 0 < (canvas.rgba()[..., 3] > 0).mean() < 0.6


def test_positions_of_another_head_are_refused(build):
    made, positions, normals = head()
    with pytest.raises(RenderError, match="vertices"):
        made.move(positions[:50], normals[:50])


def test_a_picture_that_is_too_large_is_refused(build):
    with pytest.raises(RenderError, match="16384"):
        Cpu().canvas(20000, 10)
