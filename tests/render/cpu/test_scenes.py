"""Surfaces as Blender scenes have them, drawn both ways: in perspective, hiding each other, cut by planes, wrinkled."""

from __future__ import annotations

import bpy  # noqa: F401  without it there is no module `gpu`
import numpy as np
import pytest

from tests.data.models import synthetic_model
from tests.render.cpu.conftest import BUILDS, use
from tests.render.cpu.test_same_picture import CLOSE
from xtalker_addon.core.model.normals import vertex_normals
from xtalker_addon.render.cpu.device import Cpu
from xtalker_addon.render.drawing import Rect, Shown, View
from xtalker_addon.render.gpu.device import Gpu

SIZE = (190, 150)
MODEL = synthetic_model(64, 84)
LIGHT = np.zeros((9, 3))
LIGHT[0], LIGHT[1], LIGHT[2], LIGHT[3], LIGHT[4] = 2.2, (0.7, 0.2, 0.1), (0.1, 0.6, 0.9), 0.4, (0.3, -0.2, 0.1)


def perspective(near=0.05, far=10.0, width=0.9):
    """(4, 4) to clip space, seen along -z."""
    aspect = SIZE[0] / SIZE[1]
    matrix = np.zeros((4, 4))
    matrix[0, 0], matrix[1, 1] = 1 / width, aspect / width
    matrix[2, 2], matrix[2, 3] = -(far + near) / (far - near), -2 * far * near / (far - near)
    matrix[3, 2] = -1
    return matrix


def skin(size=128):
    v, u = np.meshgrid(np.linspace(0, 1, size), np.linspace(0, 1, size), indexing="ij")
    return np.stack([0.6 + 0.3 * np.sin(9 * u), 0.5 + 0.3 * np.cos(7 * v), 0.5 + 0.2 * np.sin(8 * u + 6 * v)], -1)


def bumps(size=192):
    v, u = np.meshgrid(1 - (np.arange(size) + 0.5) / size, (np.arange(size) + 0.5) / size, indexing="ij")
    return 1.5e-3 * (np.sin(2 * np.pi * 9 * u + 3 * v) + np.cos(2 * np.pi * 7 * v + 1.0))


def picture(device, heads):
    """heads: (look, place, what the drawable is made of beside the faces, wrinkled)."""

    def draw():
        canvas, shown = device.canvas(*SIZE), []
        whole = Rect(0, 0, *SIZE)
        for look, place, fields, wrinkled in heads:
            positions = (MODEL.template * fields.get("scale", 1.0) + place).astype(np.float32)
            made = {key: value for key, value in fields.items() if key != "scale"}
            head = device.drawable(MODEL.faces, MODEL.uv, MODEL.uv_faces, wrinkled=wrinkled, **made)
            head.move(positions, vertex_normals(positions, MODEL.faces))
            if wrinkled:
                head.bend(bumps(), np.linspace(0, 1.3, 192).clip(0, 1)[:, None] * np.ones(192))
            shown.append((Shown(head, look, View(perspective(), np.eye(3)), LIGHT, wrinkled), whole))
        canvas.clear(None)
        canvas.draw_heads(whole, shown)
        return [canvas.rgba()]

    return device.run(draw)


def floor(height, reach):
    return {"scale": np.array([reach, 1e-3, reach]), "tint": (0.4, 0.6, 0.3)}


SCENES = {
    "one": [("sh", (0, 0, -0.5), {}, False)],
    "skin": [("sh", (0.02, 0.01, -0.4), {"albedo": skin()}, False)],
    "three that hide each other": [
        ("sh", (-0.05, 0, -0.5), {"albedo": skin()}, False),
        ("studio", (0.05, 0.02, -0.55), {}, False),
        ("albedo", (0.0, -0.05, -0.45), {"tint": (0.2, 0.3, 0.8)}, False),
    ],
    "beyond the frame and the near plane": [
        ("sh", (-0.12, 0.05, -0.14), {"albedo": skin()}, False),
        ("studio", (0.3, -0.2, -0.6), {}, False),
    ],
    "a floor that goes behind the eye": [
        ("albedo", (0.0, -0.12, -0.5), floor(0.1, 8.0), False),
        ("sh", (0.0, 0.0, -0.5), {"albedo": skin()}, False),
    ],
    "wrinkled": [("studio", (0.0, 0.0, -0.4), {}, True)],
    "wrinkled skin": [("sh", (0.0, 0.0, -0.4), {"albedo": skin()}, True), ("sh", (0.1, 0.0, -0.6), {}, False)],
}


@pytest.mark.parametrize("name", SCENES)
def test_both_ways_draw_the_same_scene(build, name):
    (drawn,), (ours,) = picture(Gpu(), SCENES[name]), picture(Cpu(), SCENES[name])
    shown = (drawn[..., 3] > 0) | (ours[..., 3] > 0)
    assert shown.mean() > 0.05  # there is something to see
    apart = np.abs(drawn.astype(int) - ours).max(axis=2) > CLOSE
    assert apart[shown].mean() < 0.0015


@pytest.mark.skipif(len(BUILDS) < 2, reason="this machine runs one build of the rasteriser")
def test_every_build_draws_the_same_bytes(monkeypatch):
    for scene in SCENES.values():
        drawn = []
        for path in BUILDS:
            use(path, monkeypatch)
            drawn += picture(Cpu(), scene)
        assert all(np.array_equal(other, drawn[0]) for other in drawn[1:])
