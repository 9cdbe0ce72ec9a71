"""The reference image in review pictures: under the head with an opacity, and behind it where its crop lies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="this Python has no Blender module")

from tests.render.review.test_review import CROP, pictures  # noqa: E402
from xtalker_addon.core.motion.camera import OrthographicView, crop_view, project  # noqa: E402
from xtalker_addon.errors import RenderError  # noqa: E402
from xtalker_addon.render.drawing import Rect  # noqa: E402
from xtalker_addon.render.gpu.graphics import renderer_name  # noqa: E402
from xtalker_addon.render.review.plate import crop_rect  # noqa: E402
from xtalker_addon.render.review.rendering import render_review  # noqa: E402
from xtalker_addon.render.settings import RenderSettings  # noqa: E402

pytestmark = pytest.mark.skipif(not renderer_name(), reason="this machine has no graphics, not even Mesa's")

OVERLAY = replace(CROP, layout="overlay", burn_in=False)


def below_the_label(picture: np.ndarray) -> np.ndarray:
    return picture[25:, :, :3].astype(int)


@pytest.fixture(scope="module")
def seen(model, clip):
    """The clip whose reference image is what the crop camera sees in its first frame."""
    first = pictures(clip, model, replace(CROP, background=(0.2, 0.5, 0.3)), [0])[0][..., :3]
    return replace(clip, reference_image=first / np.float32(255))


@pytest.mark.parametrize("opacity", [None, 0.0, 0.3, 1.0])
def test_an_overlay_is_the_head_over_the_image(model, clip, opacity):
    shown = replace(OVERLAY, plate_opacity=opacity)
    picture = below_the_label(pictures(clip, model, shown, [2])[0])
    head = below_the_label(pictures(clip, model, replace(CROP, backdrop="transparent"), [2])[0])
    alpha = pictures(clip, model, replace(CROP, backdrop="transparent"), [2])[0][25:, :, 3:] / 255
    plate = below_the_label(pictures(clip, model, replace(CROP, layout="reference", burn_in=False), [2])[0])
    share = 0.5 if opacity is None else 1 - opacity
    assert np.abs(picture - (share * head + (1 - share * alpha) * plate)).max() <= 2


def test_the_head_lies_on_its_image(model, seen):
    """An overlay over what the camera saw is that picture; a neighbour's frame, or a shift by a pixel, is not."""

    def same(sequence, index: int) -> float:
        shown = below_the_label(pictures(sequence, model, OVERLAY, [index])[0])
        return float((np.abs(shown - seen.reference_image[25:] * 255).max(-1) <= 2).mean())

    assert same(seen, 0) > 0.97  # at the outline both are smoothed
    assert same(seen, 3) < 0.8
    two_pixels = np.float32([0, 2 * 2 / (160 * 8), 0])
    assert same(replace(seen, camera=seen.camera + two_pixels), 0) < 0.95


@pytest.mark.parametrize("size", [(160, 160), (300, 160), (160, 220)])
@pytest.mark.parametrize("camera", ["crop", "fixed"])
def test_the_image_behind_lies_where_its_crop_was(model, seen, size, camera):
    """With the head over its own picture, only what the crop did not hold of the head is new."""
    settings = RenderSettings(size=size, camera=camera, backdrop="reference")
    with_head = pictures(seen, model, settings, [0])[0][..., :3].astype(int)
    alpha = pictures(seen, model, replace(settings, backdrop="transparent"), [0])[0][..., 3]
    bare = np.abs(with_head - np.round(255 * np.array(settings.background))).max(-1) <= 1
    plate = np.abs(with_head - np.round(255 * np.array([0.2, 0.5, 0.3]))).max(-1) <= 1
    assert plate.sum() > 0.05 * plate.size
    # Around the head there is the plate's own background, and never a second outline.
    assert (bare | plate | (alpha > 0)).mean() > 0.985
    if camera == "crop" and size[0] > size[1]:
        assert bare[:, : (size[0] - size[1]) // 2 - 1].mean() > 0.8


def test_crop_corners_are_where_the_projection_says():
    camera = np.array([8.0, 0.011, -0.023])
    view, rect = OrthographicView((0.004, 0.02), 0.4), Rect(40, 10, 300, 200)
    found = crop_rect(rect, view, camera)
    crop = crop_view(camera)
    corner = np.array([[crop.center[0] - crop.height / 2, crop.center[1] + crop.height / 2, 0]])
    assert project(corner, camera)[0] == pytest.approx((0, 0), abs=1e-9)
    pixels = rect.height / view.height
    assert found.x == round(rect.x + 150 + (corner[0, 0] - view.center[0]) * pixels)
    assert found.y == round(rect.y + 100 - (corner[0, 1] - view.center[1]) * pixels)
    assert found.width == found.height == round(0.25 * pixels)


@pytest.mark.parametrize("lacks", ["reference_image", "camera"])
def test_without_image_or_camera_the_overlay_is_left_out_and_a_word_said(tmp_path, model, clip, lacks):
    poor = replace(clip, **{lacks: None})
    settings = replace(CROP, size=(64, 64), layout="fit")
    result = render_review(poor, model, settings, tmp_path / "a.mp4")
    assert any("panel 'Overlay' is left out" in warning for warning in result.warnings)
    panels = 1 if lacks == "reference_image" else 2
    assert pictures(poor, model, settings, [0])[0].shape[1] == 64 * panels


def test_unknown_panels_are_named(model, clip):
    with pytest.raises(RenderError, match=r"no panel 'shh'; choose single, .*three-quarter"):
        pictures(clip, model, replace(CROP, layout="sh,shh"), [0])
