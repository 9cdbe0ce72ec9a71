"""Predictions beside their truth: where they are, in which colours, and what goes with the video."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.data.sequences import write_3dxtalker_folder
from xtalker_addon.core.distance_colours import COLOURS, colour_scale
from xtalker_addon.core.formats import read_sequence
from xtalker_addon.core.model.flame import load_model
from xtalker_addon.errors import RenderError, UsageError
from xtalker_addon.render import render_sequence
from xtalker_addon.render.drawing import Rect
from xtalker_addon.render.review.error_marks import draw_legend
from xtalker_addon.render.settings import RenderSettings
from xtalker_addon.render.text import text_width

SIZE, FRAMES = 128, 6
SETTINGS = RenderSettings(
    layout="versus", size=(SIZE, SIZE), output="png", light="studio", frames=(2, 3), burn_in=False, error_scale_mm=4.0
)


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clip") / "clip"
    write_3dxtalker_folder(folder, FRAMES, 5)
    return read_sequence(folder)


def moved(sequence, metres):
    return replace(sequence, translation=np.tile(np.array([metres, 0, 0], np.float32), (sequence.frames, 1)))


def picture(truth, predictions, out, **changes):
    """The first picture and the result of a render."""
    result = render_sequence(truth, load_model(), replace(SETTINGS, **changes), out, predictions)
    return np.array(Image.open(next(out.glob("*.0002.png"))).convert("RGB")).astype(int), result


def hue(pixels):
    """Chromaticity of the pixels that are a head, which the studio's shading does not change."""
    lit = pixels[(pixels.max(-1) > 60) & (pixels.sum(-1) < 690)]
    return np.median(lit / lit.sum(-1, keepdims=True), axis=0)


def test_truth_prediction_and_error_stand_side_by_side(truth, tmp_path):
    found, result = picture(truth, {"same": truth}, tmp_path / "o", burn_in=None)
    assert found.shape == (SIZE + 56, 3 * SIZE, 3)
    assert result.frames == 2
    panels = [found[SIZE // 5 : SIZE, i * SIZE : (i + 1) * SIZE] for i in range(3)]  # below the labels
    assert np.abs(panels[0] - panels[1]).max() <= 1
    assert np.abs(panels[0] - panels[2]).max() > 20


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0, 3.0])
def test_the_colour_is_that_of_the_distance(truth, tmp_path, share):
    found, _ = picture(truth, {"p": moved(truth, 4e-3 * share)}, tmp_path / "o")
    expected = colour_scale()[round(min(share, 1.0) * 255)]
    assert np.abs(hue(found[30:80, 2 * SIZE + 30 : 3 * SIZE - 45]) - expected / expected.sum()).max() < 0.03


def test_several_predictions_have_their_errors_below_them(truth, tmp_path):
    found, result = picture(truth, {"a": truth, "b": moved(truth, 0.004)}, tmp_path / "o")
    assert found.shape == (2 * SIZE, 3 * SIZE, 3)
    middle = slice(SIZE + 30, SIZE + 80)
    first, second = (hue(found[middle, i * SIZE + 30 : (i + 1) * SIZE - 30]) for i in (1, 2))
    assert np.abs(first - np.divide(COLOURS[0], np.sum(COLOURS[0]))).max() < 0.03
    assert np.abs(second - np.divide(COLOURS[-1], np.sum(COLOURS[-1]))).max() < 0.03
    metrics = {name: comparison.metrics for name, comparison in result.comparisons.items()}
    assert metrics["a"]["lve_max"] == 0
    assert metrics["b"]["lve_max"] == pytest.approx(0.004, rel=1e-4)


@pytest.mark.parametrize("scale_mm", [5.0, 12.5, 0.333])
def test_the_legends_numbers_stand_on_its_plate(scale_mm):
    filled = []

    class Recorder:
        def fill(self, rect, _colour):
            filled.append(rect)

    panel = Rect(100, 200, 320, 320)
    labels = draw_legend(Recorder(), panel, scale_mm)
    plate, margin = filled[0], labels[0][2] / 2
    assert [text for *_, text in labels] == [f"{share * scale_mm:.4g} mm" for share in (0, 0.5, 1)]
    for x, y, size, _, text in labels:
        assert plate.x < x
        assert x + text_width(text, size) <= plate.x + plate.width - margin
        assert plate.y < y - size < y < plate.y + plate.height
    assert panel.x <= plate.x
    assert plate.x + plate.width <= panel.x + panel.width


def test_a_prediction_is_on_the_truths_identity(truth, tmp_path):
    found, result = picture(truth, {"p": replace(truth, shape=-truth.shape)}, tmp_path / "o")
    assert result.comparisons["p"].metrics["mve"] == 0
    assert np.abs(found[25:, :SIZE] - found[25:, SIZE : 2 * SIZE]).max() <= 1


def test_a_shorter_prediction_shortens_the_video_and_blames_nobody(truth, tmp_path):
    rows = {name: getattr(truth, name)[:3] for name in ("expression", "global_rotation", "jaw")}
    short = replace(truth, light=None, camera=None, texture=None, detail=None, shape=truth.shape[0], **rows)
    _, result = picture(truth, {"p": short}, tmp_path / "o")
    assert result.frames == 1
    assert not any("frames" in warning for warning in result.warnings)
    with pytest.raises(RenderError, match="its predictions have 3 frames"):
        picture(truth, {"p": short}, tmp_path / "p", frames=(4, 5))


def test_contradictions_are_one_sentence(truth, tmp_path):
    with pytest.raises(RenderError, match="has no prediction to show"):
        picture(truth, {}, tmp_path / "o")
    with pytest.raises(UsageError, match="needs --engine review"):
        picture(truth, {"p": truth}, tmp_path / "o", engine="cycles")


def test_the_strip_has_a_curve_of_the_error(truth, tmp_path):
    """A prediction that is off in the last shown frame alone has a high curve there and a low one before."""
    shift = np.zeros((truth.frames, 3), np.float32)
    shift[3] = (0.005, 0, 0)
    found, _ = picture(truth, {"p": replace(truth, translation=shift)}, tmp_path / "o", burn_in=True)
    wave = found[SIZE + round(0.48 * 56) : SIZE + 54]
    rows, columns = (wave[..., 2] - wave[..., 0] > 60).nonzero()
    left, right = rows[columns < SIZE + 20], rows[columns > 2 * SIZE]
    assert right.min() < left.min() - 5
