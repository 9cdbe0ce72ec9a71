"""The detail look: the review engine's normals are those of the surface that the wrinkles make."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="this Python has no Blender module")

from tests.data.clips import talking_clip  # noqa: E402
from tests.data.models import synthetic_model  # noqa: E402
from tests.data.rasteriser import interior, rasterise  # noqa: E402
from tests.data.ridges import Ridges  # noqa: E402
from tests.render.review.test_review import pictures, seam_split  # noqa: E402
from xtalker_addon.core.light.spherical_harmonics import STUDIO_ALBEDO, studio_shading  # noqa: E402
from xtalker_addon.core.motion.camera import crop_view  # noqa: E402
from xtalker_addon.errors import RenderError  # noqa: E402
from xtalker_addon.render.gpu.graphics import renderer_name  # noqa: E402
from xtalker_addon.render.review import detail_look  # noqa: E402
from xtalker_addon.render.review.rendering import render_review  # noqa: E402
from xtalker_addon.render.settings import RenderSettings  # noqa: E402

pytestmark = pytest.mark.skipif(not renderer_name(), reason="this machine has no graphics, not even Mesa's")

SIZE = 200
CHECKPOINT = Path("deca_model.tar")
DETAIL = RenderSettings(size=(SIZE, SIZE), camera="crop", look="detail", detail=CHECKPOINT)
MODEL = synthetic_model(64, 84)
RADII = np.array([0.08, 0.13, 0.1])


def height(u, v):
    """Metres of dents and bumps of 4 mm, some 15 mm across."""
    return 2e-3 * (np.sin(2 * np.pi * 14 * u + 3 * v) + np.cos(2 * np.pi * 9 * v + 1.0))


class Bumps(Ridges):
    """Grows from frame to frame: each has the height that the first detail code says."""

    def __init__(self, mask: np.ndarray | None = None) -> None:
        super().__init__(mask=mask)
        self.asked: list[int] = []

    def decode(self, codes):
        self.asked.append(len(codes))
        v, u = np.meshgrid(1 - (np.arange(256) + 0.5) / 256, (np.arange(256) + 0.5) / 256, indexing="ij")
        return (codes[:, :1, None] * height(u, v)).astype(np.float32)


def still_clip(frames: int = 3, **fields):
    """The template itself, with wrinkles that grow."""
    detail = np.zeros((frames, 128))
    detail[:, 0] = np.arange(frames) / (frames - 1)
    zeros = dict.fromkeys(("global_rotation", "neck", "jaw", "eyes", "shape"))
    values = {"expression": np.zeros((frames, 50)), "detail": detail, **zeros, **fields}
    return talking_clip(np.random.default_rng(1), frames, **values)


@pytest.fixture
def bumps(monkeypatch):
    """In place of a checkpoint."""

    def use(decoder):
        monkeypatch.setattr(detail_look, "_decoder", lambda *_: decoder)
        return decoder

    return use


def moved(u, v, scale):
    """Points of the egg, moved along its normals by the height; the mesh has its UVs from the same angles."""
    around, polar = 2 * np.pi * u - np.pi, np.pi * (1 - v)
    unit = np.stack([np.sin(polar) * np.sin(around), np.cos(polar), np.sin(polar) * np.cos(around)], -1)
    normal = unit / RADII
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return unit * RADII + scale * height(u, v)[..., None] * normal


def displaced_normals(u, v, scale):
    """Unit normals of the moved egg, by differences of points; (u, v) turns clockwise seen from outside."""
    step = 1e-5
    along_u = moved(u + step, v, scale) - moved(u - step, v, scale)
    along_v = moved(u, v + step, scale) - moved(u, v - step, scale)
    normals = np.cross(along_u, along_v)
    return normals / np.linalg.norm(normals, axis=-1, keepdims=True)


def expected(clip, scale, mask=None) -> tuple[np.ndarray, np.ndarray]:
    """(H, W, 3) 0..255 of the studio look on displaced normals, and the pixels well inside."""
    ids, faces, uv = seam_split(MODEL)
    place, seen = rasterise(MODEL.template[ids], faces, uv[:, :2], crop_view(clip.camera[2]), (SIZE, SIZE))
    u, v = place[..., 0], place[..., 1]
    normals = displaced_normals(u, v, scale)
    if mask is not None:
        weight = mask(u, v)[..., None]
        normals = weight * normals + (1 - weight) * displaced_normals(u, v, 0.0)
    shaded = STUDIO_ALBEDO * studio_shading(normals)[..., None].repeat(3, -1)
    return np.clip(shaded, 0, 1) * 255, interior(seen, 6)


def agreement(picture, values, inside) -> float:
    return float((np.abs(picture[..., :3].astype(float) - values).max(-1)[inside] <= 4).mean())


def test_normals_are_those_of_the_displaced_surface(bumps):
    bumps(Bumps())
    clip = still_clip()
    picture = pictures(clip, MODEL, DETAIL, [2])[0]
    values, inside = expected(clip, 1.0)
    error = np.abs(picture[..., :3].astype(float) - values).max(-1)[inside]
    print(f"mean error {error.mean():.2f} of 255, {agreement(picture, values, inside):.4f} within 4")
    assert inside.sum() > 8_000
    assert agreement(picture, values, inside) > 0.99
    assert error.mean() < 1.0
    # It would show wrinkles that are absent, half as high, of another frame, mirrored, upside down or turned inwards.
    for scale in (0.0, 0.5, -1.0):
        assert agreement(picture, expected(clip, scale)[0], inside) < 0.5
    assert agreement(pictures(clip, MODEL, DETAIL, [1])[0], values, inside) < 0.5
    assert agreement(picture[:, ::-1], values, inside) < 0.5
    assert agreement(picture[::-1], values, inside) < 0.5


def test_outside_the_mask_the_face_stays_smooth(bumps):
    """Where the mask is half, DECA mixes half of each normal."""
    mask = np.zeros((256, 256), np.float32)
    mask[:, 128:] = 1.0
    mask[:100] = 0.5
    bumps(Bumps(mask))
    clip = still_clip()
    picture = pictures(clip, MODEL, DETAIL, [2])[0]
    values, inside = expected(clip, 1.0, lambda u, v: np.where(v > 1 - 100 / 256, 0.5, np.where(u > 0.5, 1.0, 0.0)))
    assert agreement(picture, values, inside) > 0.97  # between texels of a step in the mask both are mixed
    smooth = pictures(clip, MODEL, replace(DETAIL, look="studio"), [2])[0]
    left = inside & (np.arange(SIZE) < SIZE // 2 - 10) & (np.arange(SIZE)[:, None] > SIZE // 2)
    assert left.sum() > 2000
    assert np.abs(picture.astype(int) - smooth)[left].max() <= 1


def test_maps_are_decoded_one_by_one_and_only_where_they_are_shown(bumps):
    decoder = bumps(Bumps())
    clip = still_clip(6)
    pictures(clip, MODEL, replace(DETAIL, layout="studio,detail,sh", size=(32, 32)), [1, 4, 5])
    assert decoder.asked == [1, 1, 1]
    pictures(clip, MODEL, replace(DETAIL, look="sh", layout="compare", size=(32, 32)), [1])
    assert len(decoder.asked) == 3


def test_a_panel_beside_others(bumps):
    bumps(Bumps())
    clip = still_clip()
    row = pictures(clip, MODEL, replace(DETAIL, look="sh", layout="studio,detail,sh", burn_in=False), [2])[0]
    for place, look in enumerate(("studio", "detail", "sh")):
        alone = pictures(clip, MODEL, replace(DETAIL, look=look), [2])[0]
        panel = row[:, place * SIZE : (place + 1) * SIZE]
        assert np.abs(panel.astype(int) - alone)[40:].max() <= 1  # a label is above


def test_what_is_missing_is_said_and_nothing_is_black(bumps, tmp_path):
    clip = still_clip()
    with pytest.raises(RenderError, match=r"needs DECA's deca_model\.tar or EMOCA's checkpoint"):
        render_review(clip, MODEL, replace(DETAIL, detail=None), tmp_path / "a.mp4")
    with pytest.raises(RenderError, match="needs DECA's"):
        render_review(clip, MODEL, replace(DETAIL, look=None, layout="wrinkles", detail=None), tmp_path / "a.mp4")
    assert not list(tmp_path.iterdir())
    bumps(Bumps())
    studio = pictures(clip, MODEL, replace(DETAIL, look="studio", size=(64, 64)), [2])
    for sequence, model, lacks in (
        (replace(clip, detail=None), MODEL, "no detail codes"),
        (clip, replace(MODEL, uv=None, uv_faces=None), "no UVs"),
    ):
        result = render_review(sequence, model, replace(DETAIL, size=(64, 64)), tmp_path / "a.mp4")
        assert sum(lacks in warning for warning in result.warnings) == 1
        assert (pictures(sequence, model, replace(DETAIL, size=(64, 64)), [2]) == studio).all()
        narrow = replace(DETAIL, look="sh", layout="sh,detail", burn_in=False, size=(64, 64))
        assert pictures(sequence, model, narrow, [2]).shape[2] == 64  # the panel is left out
    warnings = render_review(clip, MODEL, replace(DETAIL, size=(64, 64)), tmp_path / "a.mp4").warnings
    assert [word for word in ("FLAME's texture coordinates", "uv_face_eye_mask.png") if word not in str(warnings)] == []
    with pytest.raises(RenderError, match="nothing of it can be shown"):
        pictures(replace(clip, detail=None), MODEL, replace(DETAIL, look="sh", layout="detail"), [0])
