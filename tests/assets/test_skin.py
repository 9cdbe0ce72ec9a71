"""The default head's skin and eyes are a person's, and the people whom its file names look like themselves."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest

from tests.assets.head_geometry import Head, overturned
from xtalker_addon.core.model.flame import load_model

WOMEN, OLD = ("amara", "anna", "margaret", "mei", "priya"), ("hiroshi", "margaret", "walter")
BALL_SEGMENTS = 14


@pytest.fixture(scope="module")
def model():
    return load_model()


def look_up(picture: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """The nearest texels (N, 3) at places (N, 2) with v upwards."""
    n = len(picture)
    column, row = (np.clip((value * n).astype(int), 0, n - 1) for value in (uv[:, 0], 1 - uv[:, 1]))
    return picture[row, column]


def uv_ids(model) -> dict[int, int]:
    """From vertices to texture coordinates; on a seam one of them."""
    return dict(zip(model.faces.ravel().tolist(), model.uv_faces.ravel().tolist(), strict=True))


def along_meridians(model, side: str) -> tuple[np.ndarray, np.ndarray]:
    """Radians from the eye's axis, and brightness there, from the front pole of an eyeball down and to both sides."""
    ball = model.regions[f"{side}_eyeball"]
    points = model.template[ball].astype(float)
    centre, uv_of = (points.min(0) + points.max(0)) / 2, uv_ids(model)
    share = np.linspace(0, 1, 120)[:, None]
    angles, values = [], []
    picture = model.albedo.decode()
    for segment in (4, 5, 6, 7, 8, 9, 10):  # not above, where the lid casts its shade
        chain = [0, *(1 + ring * BALL_SEGMENTS + segment for ring in range(3))]
        for a, b in pairwise(chain):
            place = points[a] * (1 - share) + points[b] * share - centre
            uv = model.uv[uv_of[ball[a]]] * (1 - share) + model.uv[uv_of[ball[b]]] * share
            angles.append(np.arccos(place[:, 2] / np.linalg.norm(place, axis=1)))
            values.append(look_up(picture, uv).mean(1))
    return np.concatenate(angles), np.concatenate(values)


@pytest.mark.parametrize("side", ["left", "right"])
def test_iris_and_pupil_are_of_a_persons_size(model, side):
    radius = 1e3 * np.ptp(model.template[model.regions[f"{side}_eyeball"]], axis=0).mean() / 2
    angle, value = along_meridians(model, side)
    across = 2 * radius * np.sin(angle)
    pupil, iris, white = (value[(across > a) & (across < b)].mean() for a, b in ((0, 2.4), (5.5, 9.5), (13, 15)))
    assert pupil < 0.1 < iris < 0.35 < 0.55 < white < 0.85  # of nobody is the white of the eye white
    steps = np.arange(1, 15, 0.2)
    profile = np.array([value[np.abs(across - s) < 0.25].mean() for s in steps])
    assert 3 < steps[np.argmax(profile > (pupil + iris) / 2)] < 4
    assert steps[len(steps) - np.argmax(profile[::-1] < (iris + white) / 2)] == pytest.approx(11.7, abs=0.6)


def test_lips_are_redder_than_the_skin_around_them(model):
    picture = model.albedo.decode()
    uv_of = uv_ids(model)

    def redness(region: str) -> float:
        colour = look_up(picture, model.uv[[uv_of[v] for v in model.regions[region]]])
        return float((colour[:, 0] / colour.mean(1)).mean())

    skin = redness("face")
    assert redness("upper_lip") > skin + 0.12
    assert redness("lower_lip") > skin + 0.12


def test_lashes_darken_the_upper_lids_margins(model):
    picture = model.albedo.decode()
    uv_of = uv_ids(model)
    for side in ("left", "right"):
        lid = model.regions[f"{side}_upper_lid"][5:13]  # from the middle outwards
        rim = model.uv[[uv_of[v] for v in lid]]
        near = [look_up(picture, rim + np.array([0, rise / 1024])).mean(1) for rise in range(30)]
        assert np.mean(near[:8]) < 0.72 * np.mean(near[20:])


def test_pores_have_no_direction(model):
    """As much changes across as along the forehead, for equal lengths on the skin."""
    grain = model.albedo.decode()[150:250, 380:640].mean(2)
    millimetres = (0.366, 0.234)  # a texel there, down and across
    slopes = [np.abs(np.diff(grain, axis=axis)).mean() / size for axis, size in enumerate(millimetres)]
    assert 0.6 < slopes[0] / slopes[1] < 1.6


def test_age_draws_folds_that_youth_has_not(model):
    age = list(model.albedo.names).index("age")
    young, old = (model.albedo.decode(amount * np.eye(len(model.albedo.names))[age]) for amount in (-1.0, 2.5))
    forehead = (slice(195, 300), slice(400, 620))
    relief = [np.abs(np.diff(skin[forehead].mean((1, 2)))).mean() for skin in (young, old)]
    assert relief[1] > 1.5 * relief[0]


def test_people_are_of_both_sexes_several_origins_and_ages(model):
    assert 8 <= len(model.people) <= 10
    sex, age, african, asian = (model.identity_names.index(name) for name in ("sex", "age", "african", "asian"))
    for name, person in model.people.items():
        assert np.abs(person.identity).max() <= 3.0, name
        assert person.texture.shape == (len(model.albedo.names),)
        assert (person.identity[sex] < 0) == (name in WOMEN), name
        assert (person.identity[age] > 1.5) == (name in OLD), name
    codes = np.stack([person.identity for person in model.people.values()])
    for origin in (african, asian):
        assert (codes[:, origin] > 1.5).sum() >= 2
        assert (codes[:, origin] < -0.3).sum() >= 3


def test_no_two_people_look_alike(model):
    codes = np.stack([person.identity for person in model.people.values()])
    shown = model.template + np.tensordot(codes, model.identity_basis[: codes.shape[1]], 1)
    faces = shown[:, model.regions["face"]]
    skins = np.stack([model.albedo.decode(p.texture)[300:700:8, 200:820:8] for p in model.people.values()])
    for a, b in combinations(range(len(faces)), 2):
        assert 1e3 * np.linalg.norm(faces[a] - faces[b], axis=1).mean() > 1.0
        assert np.abs(skins[a] - skins[b]).mean() > 0.012


def test_peoples_faces_are_sound(model):
    head = Head()
    for name, person in model.people.items():
        code = np.zeros(400)
        code[: len(person.identity)] = person.identity
        assert overturned(head, head.pose(code)) == 0, name
        assert overturned(head, head.pose(code, jaw=0.25)) == 0, name
