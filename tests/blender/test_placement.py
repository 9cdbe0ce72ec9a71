"""What moves a head as a whole arrives in Blender: turns about the origin, and scale as the object's."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from tests.blender.test_same_face import TOLERANCE, worst_distance
from tests.data.clips import smooth, talking_clip
from xtalker_addon.blender.head import head_of
from xtalker_addon.blender.importer import import_sequence
from xtalker_addon.blender.swap import replace_sequence
from xtalker_addon.core.model.placement import expression_for, translation_for


def placed(clip, model):
    expression = expression_for(model, clip)
    place = translation_for(model, clip, clip.shape, expression)
    return model.evaluate(clip.shape, expression, clip.pose(), place, clip.scale)


def moving_clip(scale):
    rng = np.random.default_rng(2)
    turn = smooth(rng, 5, 3, 0.6)
    move = smooth(rng, 5, 3, 0.2)
    lids = np.abs(smooth(rng, 5, 2, 0.8))
    return talking_clip(rng, 5, global_rotation=turn, origin_rotation=turn, translation=move, scale=scale, eyelids=lids)


@pytest.mark.parametrize("scale", [None, np.full(5, 1.3), np.linspace(0.7, 1.4, 5)], ids=["none", "steady", "moving"])
def test_a_head_about_the_origin_in_its_size(model, scale):
    clip = moving_clip(scale)
    result = import_sequence(clip, model)
    assert worst_distance(result, placed(clip, model)) < TOLERANCE
    # Another sequence on the same head has its own size.
    plain = talking_clip(np.random.default_rng(3), 5)
    replace_sequence(head_of(result.rig, bpy.context.scene), plain, model, "mean", adapt=False)
    assert tuple(result.rig.scale) == pytest.approx((1, 1, 1))
    assert worst_distance(result, placed(plain, model)) < TOLERANCE
