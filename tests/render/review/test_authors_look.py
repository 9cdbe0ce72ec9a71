"""The look 3dxtalker against a small renderer of its own: one sample a pixel, a z-buffer, Phong, in plain numpy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.data.models import synthetic_model
from tests.data.sequences import make_codes
from xtalker_addon.core.model.normals import vertex_normals
from xtalker_addon.core.sequence import Sequence
from xtalker_addon.errors import UsageError
from xtalker_addon.render import render_sequence
from xtalker_addon.render.settings import RenderSettings

SIZE = 96
SETTINGS = RenderSettings(look="3dxtalker", size=(SIZE, SIZE), output="png", frames=(2, 2))


def phong(normal, place):
    """One surface point: white, ambient 0.3, diffuse 0.6, specular 0.1 of shininess 15, light and camera in front."""
    normal = normal / np.linalg.norm(normal)
    light, camera = np.array([0, 0, 1.0]), np.array([0, 0, 2.0])
    facing = normal @ light
    view = (camera - place) / np.linalg.norm(camera - place)
    mirrored = 2 * facing * normal - light
    shine = max(view @ mirrored, 0) ** 15 if facing > 0 else 0
    return 0.3 + 0.6 * max(facing, 0) + 0.1 * shine


def rendered(vertices, faces, reach):
    """(SIZE, SIZE) grey, 255 where there is nothing: the nearest triangle at each pixel's middle."""
    normals = vertex_normals(vertices[None], faces)[0].astype(np.float64)
    scale = SIZE / (2 * 1.2 * reach)
    x, y, z = vertices[:, 0] * scale + SIZE / 2, SIZE / 2 - vertices[:, 1] * scale, vertices[:, 2]
    picture, depth = np.full((SIZE, SIZE), 255.0), np.full((SIZE, SIZE), -np.inf)
    for a, b, c in faces:
        area = (x[b] - x[a]) * (y[c] - y[a]) - (x[c] - x[a]) * (y[b] - y[a])
        if abs(area) < 1e-12:
            continue
        columns = range(max(0, int(x[[a, b, c]].min() - 0.5)), min(SIZE, int(x[[a, b, c]].max() + 1)))
        rows = range(max(0, int(y[[a, b, c]].min() - 0.5)), min(SIZE, int(y[[a, b, c]].max() + 1)))
        for row in rows:
            for column in columns:
                px, py = column + 0.5, row + 0.5
                u = ((x[b] - px) * (y[c] - py) - (x[c] - px) * (y[b] - py)) / area
                v = ((x[c] - px) * (y[a] - py) - (x[a] - px) * (y[c] - py)) / area
                w = 1 - u - v
                near = u * z[a] + v * z[b] + w * z[c]
                if min(u, v, w) < 0 or near <= depth[row, column]:
                    continue
                depth[row, column] = near
                normal = u * normals[a] + v * normals[b] + w * normals[c]
                place = u * vertices[a] + v * vertices[b] + w * vertices[c]
                picture[row, column] = np.floor(255 * phong(normal, place.astype(np.float64)))
    return picture


@pytest.fixture(scope="module")
def clip():
    codes, _ = make_codes(5, 3)
    return Sequence(
        "clip",
        "clip",
        25.0,
        codes["expcode"],
        global_rotation=3 * codes["posecode"][:, :3],
        jaw=codes["posecode"][:, 3:],
    )


@pytest.mark.parametrize("holes", [False, True])
def test_pixels_are_those_of_the_authors_renderer(clip, tmp_path, holes):
    model = synthetic_model(16, 20)
    if holes:  # through which the inside of the far side is seen
        middle = model.template[model.faces].mean(1)
        model = replace(model, faces=model.faces[~((middle[:, 2] > 0.05) & (np.abs(middle[:, 1]) < 0.04))])
        model = replace(model, uv=None, uv_faces=None)
    render_sequence(clip, model, SETTINGS, tmp_path / "o")
    found = np.array(Image.open(tmp_path / "o" / "o.0002.png").convert("RGB")).astype(int)
    assert (found == found[..., :1]).all()  # grey
    vertices = model.evaluate(None, clip.expression, clip.pose())
    expected = rendered(vertices[2], model.faces, float(np.abs(vertices[..., :2]).max()))
    apart = np.abs(found[..., 0] - expected)
    assert (expected < 255).mean() > 0.15
    assert (apart > 2).mean() < 0.003  # pixels whose middle lies on an edge, within a driver's rounding
    assert ((found[..., 0] == 255) == (expected == 255)).mean() > 0.997  # no softened outline


def test_what_contradicts_it_is_one_sentence(clip, tmp_path):
    model = synthetic_model(8, 12)
    for changes in ({"camera": "crop"}, {"backdrop": "transparent"}, {"background": (0.1, 0.2, 0.3)}):
        with pytest.raises(UsageError, match="contradicts --look 3dxtalker"):
            render_sequence(clip, model, replace(SETTINGS, **changes), tmp_path / "o")
