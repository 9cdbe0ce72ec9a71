"""Comparing heads: colours and numbers say how far apart the vertices are, and leave nothing behind."""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np
import pytest

from tests.data.clips import talking_clip
from tests.data.models import synthetic_model
from xtalker_addon.blender import compare
from xtalker_addon.blender.head import head_of
from xtalker_addon.blender.importer import ImportOptions, import_sequence
from xtalker_addon.blender.subdivision import set_level
from xtalker_addon.errors import ModelError, UsageError


@pytest.fixture
def pair(model, clip):
    other = replace(clip, name="other", jaw=clip.jaw * 0.5)
    results = [import_sequence(clip, model), import_sequence(other, model, ImportOptions(offset=0.4, camera="NONE"))]
    heads = [head_of(result.rig, bpy.context.scene) for result in results]
    distances = [model.evaluate(c.shape, c.expression, c.pose()) for c in (clip, other)]
    return (*heads, 1000 * np.linalg.norm(distances[0] - distances[1], axis=-1))


def everything():
    # Shared node groups stay: they belong to the heads' materials.
    return sorted((type(i).__name__, i.name) for i in bpy.data.user_map() if "xtalker_group" not in i)


def shown(head, name, width):
    evaluated = head.face.evaluated_get(bpy.context.evaluated_depsgraph_get())
    values = np.empty(width * len(evaluated.data.vertices), np.float32)
    evaluated.data.attributes[name].data.foreach_get("value" if width == 1 else "color", values)
    return values.reshape(-1, width)


def test_colours_are_distances_in_millimetres_in_every_frame(pair):
    first, second, expected = pair
    compare.begin(first, second, 20.0)
    for index in (0, 25):
        bpy.context.scene.frame_set(1 + index)
        assert np.abs(shown(first, "distance_mm", 1)[:, 0] - expected[index]).max() < 1e-3
    assert np.abs(shown(first, compare.SHARE, 1)[:, 0] - np.minimum(expected[25] / 20.0, 1.0)).max() < 1e-4
    evaluated = first.face.evaluated_get(bpy.context.evaluated_depsgraph_get())
    used = {evaluated.data.materials[polygon.material_index].name for polygon in evaluated.data.polygons}
    assert {name.split(".")[0] for name in used} == {"Distance"}


def test_measuring_gives_curves_and_numbers(pair):
    first, second, expected = pair
    legend = compare.begin(first, second, 5.0)
    regions = {"face": np.arange(0, 700), "lips": np.arange(40, 80)}
    errors = np.array(list(compare.measure(first, second, regions, range(1, 41))))
    assert np.abs(errors[:, 0] - expected[:, :700].mean(1)).max() < 1e-3
    assert np.abs(errors[:, 1] - expected[:, 40:80].max(1)).max() < 1e-3
    compare.write_curves(legend, range(1, 41), errors)
    bpy.context.scene.frame_set(17)
    assert legend[compare.LIP_ERROR] == pytest.approx(errors[16, 1], abs=1e-5)
    curves = legend.animation_data.action.layers[0].strips[0].channelbags[0].fcurves
    assert [curve.color_mode for curve in curves] == ["CUSTOM", "CUSTOM"]
    assert tuple(curves[0].color) != tuple(curves[1].color)
    numbers = {name: rest for name, *rest in compare.numbers_of(legend)}
    assert numbers[compare.FACE_ERROR][0] == pytest.approx(errors[:, 0].mean())
    assert numbers[compare.LIP_ERROR][2] == 1 + errors[:, 1].argmax()


def test_without_named_lips_there_is_no_lip_number(pair):
    first, second, _ = pair
    legend = compare.begin(first, second, 5.0)
    compare.write_curves(legend, range(1, 4), np.array(list(compare.measure(first, second, {}, range(1, 4)))))
    assert [name for name, *_ in compare.numbers_of(legend)] == [compare.FACE_ERROR]


def test_the_legend_follows_its_range(pair):
    first, second, _ = pair
    legend = compare.begin(first, second, 5.0)
    compare.set_maximum(first, 8.0)
    assert compare.maximum_of(first) == 8.0
    assert sorted(o.data.body for o in legend.children if o.type == "FONT") == ["0 mm", "4 mm", "8 mm"]


def test_the_legend_belongs_to_its_head(pair):
    first, second, _ = pair
    legend = compare.begin(first, second, 5.0)
    bpy.context.view_layer.update()
    for item in (legend, *legend.children):
        assert head_of(item, bpy.context.scene).rig == first.rig


def test_ending_leaves_the_file_as_it_was(pair):
    first, second, _ = pair
    before = everything()
    legend = compare.begin(first, second, 5.0)
    compare.write_curves(legend, range(1, 4), np.ones((3, 2)))
    compare.begin(first, second, 5.0)  # again, over the first
    compare.end(first)
    assert everything() == before
    assert compare.legend_of(first) is None


def test_a_divided_surface_keeps_the_distances_of_the_model(pair):
    first, second, expected = pair
    set_level(first.face, 1)
    compare.begin(first, second, 20.0)
    bpy.context.scene.frame_set(26)
    count = len(first.face.data.vertices)
    shown_mm = shown(first, "distance_mm", 1)[:, 0]
    assert len(shown_mm) > 3 * count
    assert shown_mm.max() <= expected[25].max() + 1e-3  # the divided surface has means of these
    regions = {"face": np.arange(0, 700), "lips": np.arange(40, 80)}
    errors = np.array(list(compare.measure(first, second, regions, range(26, 27))))
    assert errors[0, 0] == pytest.approx(expected[25, :700].mean(), abs=1e-3)
    compare.end(first)
    with pytest.raises(UsageError, match="set its Subdivision to 0"):
        compare.begin(second, first, 20.0)
    assert compare.legend_of(second) is None
    set_level(first.face, 0)
    compare.begin(second, first, 20.0)
    assert compare.is_measure_of_others(first)
    assert not compare.is_measure_of_others(second)


def test_different_models_are_refused(pair):
    first, _, _ = pair
    finer = import_sequence(talking_clip(np.random.default_rng(1), 5, "fine"), synthetic_model(rings=30))
    with pytest.raises(ModelError, match="same model"):
        compare.begin(first, head_of(finer.rig, bpy.context.scene), 5.0)
