"""Heads that turn about the origin, are scaled or blink are FLAME's, exactly: by formulas of the test's own."""

from __future__ import annotations

import numpy as np
import pytest

from tests.data.clips import smooth, talking_clip
from xtalker_addon.core.model.flame import load_model
from xtalker_addon.core.model.placement import expression_for, not_shown, translation_for
from xtalker_addon.core.motion.rotation import matrix_from_axis_angle

TOLERANCE = 1e-6  # metres


@pytest.fixture(scope="module")
def model():
    return load_model()


def test_a_head_that_turns_about_the_origin(model):
    rng = np.random.default_rng(0)
    turn, move, scale = smooth(rng, 6, 3, 0.8), smooth(rng, 6, 3, 0.3), 1 + np.abs(smooth(rng, 6, 1, 0.4))[:, 0]
    clip = talking_clip(rng, 6, global_rotation=turn, origin_rotation=turn, translation=move, scale=scale)
    still = clip.pose().copy()
    still[:, :3] = 0
    posed = model.evaluate(clip.shape, clip.expression, still).astype(np.float64)
    expected = scale[:, None, None] * np.einsum("tij,tvj->tvi", matrix_from_axis_angle(turn), posed) + move[:, None]
    place = translation_for(model, clip, clip.shape, clip.expression)
    found = model.evaluate(clip.shape, clip.expression, clip.pose(), place, clip.scale)
    assert np.linalg.norm(found - expected, axis=-1).max() < TOLERANCE
    naive = model.evaluate(clip.shape, clip.expression, clip.pose(), clip.translation, clip.scale)
    assert np.linalg.norm(naive - expected, axis=-1).max() > 0.01  # as if it turned about the root joint


def test_eyelids_close_the_eyes_of_a_head_that_can(model):
    """A lid code of 1 is a shut eye: the edges of the lids meet."""
    lids = np.array([[0, 0], [1, 0.5]], np.float32)
    clip = talking_clip(np.random.default_rng(1), 2, expression=np.zeros((2, 1)), eyelids=lids)
    vertices = model.evaluate(None, expression_for(model, clip), np.zeros((2, 15)))
    gaps = [
        (frame[model.regions[f"{side}_upper_lid"], 1] - frame[model.regions[f"{side}_lower_lid"], 1]).max()
        for side in ("left", "right")
        for frame in vertices
    ]
    assert gaps[0] > 0.008
    assert abs(gaps[1]) < 1e-4
    np.testing.assert_allclose(gaps[3], gaps[2] / 2, atol=1e-3)
    assert not_shown(model, clip) == []
