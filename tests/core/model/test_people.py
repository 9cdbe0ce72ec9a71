"""A sequence on one of a model's people."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.data.clips import talking_clip
from tests.data.models import synthetic_model
from xtalker_addon.core.light.spherical_harmonics import PLAIN_LIGHT
from xtalker_addon.core.model.flame import load_model, save_model
from xtalker_addon.core.model.people import Person, named_people
from xtalker_addon.core.model.placement import as_person
from xtalker_addon.errors import ModelError, UsageError


@pytest.fixture(scope="module")
def clip():
    return talking_clip(np.random.default_rng(3), 5)


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(4)
    people = {name: Person(*(rng.normal(size=(2, 7)).astype(np.float32))) for name in ("ada", "emil")}
    return replace(synthetic_model(), people=people)


def test_identity_and_skin_are_the_persons_and_all_else_the_clips(clip, model):
    shown = as_person(clip, model, "emil")
    np.testing.assert_array_equal(shown.shape, model.people["emil"].identity)
    np.testing.assert_array_equal(shown.texture, np.tile(model.people["emil"].texture, (5, 1)))
    assert shown.expression is clip.expression
    assert shown.jaw is clip.jaw
    assert as_person(clip, model, None) is clip


def test_a_clip_without_light_gets_a_plain_one_with_the_person_and_says_so(clip, model):
    dark = replace(clip, light=None)
    shown = as_person(dark, model, "ada")
    np.testing.assert_array_equal(shown.light, np.tile(PLAIN_LIGHT.astype(np.float32), (5, 1, 1)))
    assert "no light codes, so its skin is shown in a plain light" in shown.warnings[-1]
    assert as_person(dark, model, "ada", lit=False).light is None
    assert as_person(clip, model, "ada").light is clip.light


def test_who_is_not_there_is_told_with_those_who_are(clip, model):
    with pytest.raises(UsageError, match="no person 'eva'; it has ada, emil"):
        as_person(clip, model, "eva")
    with pytest.raises(UsageError, match="no person 'ada'; only XTalker's own head has people"):
        as_person(clip, synthetic_model(), "ada")


def test_vertices_are_a_person_already(clip, model):
    vertices = np.zeros((5, model.vertex_count, 3), np.float32)
    still = replace(clip, expression=None, shape=None, vertices=vertices)
    with pytest.raises(UsageError, match="one person already"):
        as_person(still, model, "ada")


def test_people_are_kept_in_a_models_file(model, tmp_path):
    save_model(model, tmp_path / "model.npz")
    again = load_model(tmp_path / "model.npz").people
    assert list(again) == ["ada", "emil"]
    np.testing.assert_array_equal(again["ada"].texture, model.people["ada"].texture)
    with np.load(tmp_path / "model.npz") as file:
        fields = {**file, "people_texture": np.zeros((3, 7), np.float32)}
    np.savez(tmp_path / "broken.npz", **fields)
    with pytest.raises(ModelError, match="people_texture"):
        load_model(tmp_path / "broken.npz")


def test_those_of_the_default_head_are_told_without_loading_it():
    assert named_people() == tuple(load_model().people)
