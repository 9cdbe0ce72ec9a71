"""Two clips compared: values that can be worked out by hand, an oracle on whole clips, and what is in or out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.core.evaluation.oracle import oracle_metrics
from tests.data.models import synthetic_model
from tests.data.sequences import BEAT2, make_codes
from xtalker_addon.core.evaluation import compare as compare_module
from xtalker_addon.core.evaluation.compare import Yardstick, compare
from xtalker_addon.core.evaluation.face import Conditions
from xtalker_addon.core.evaluation.presets import PRESETS
from xtalker_addon.core.evaluation.regions import find_regions
from xtalker_addon.core.formats import read_sequence
from xtalker_addon.core.model.flame import load_model
from xtalker_addon.core.sequence import Sequence
from xtalker_addon.errors import ModelError, SequenceError

FPS = 25.0


@pytest.fixture(scope="module")
def head():
    model = load_model()
    return model, find_regions(model)


@pytest.fixture(autouse=True)
def without_beats(monkeypatch):
    """Beats need a library of their own; see `test_beats`."""
    monkeypatch.setattr(compare_module, "can_find_beats", lambda: False)


def clip(frames=40, seed=0, fps=FPS, shape="per frame"):
    codes, _ = make_codes(frames, seed)
    return Sequence(
        name=f"clip{seed}",
        source=Path(f"clip{seed}"),
        fps=fps,
        expression=codes["expcode"],
        shape=codes["shapecode"] if shape else None,
        global_rotation=codes["posecode"][:, :3],
        jaw=codes["posecode"][:, 3:],
    )


def measured(head, truth, prediction, **conditions):
    model, regions = head
    return compare(truth, [prediction], Yardstick(model, regions, Conditions(**conditions), model.template))[0]


@pytest.mark.parametrize("identity", ["truth", "own"])
@pytest.mark.parametrize("head_pose", ["keep", "remove"])
@pytest.mark.parametrize("per_frame", [False, True])
def test_clips_of_unequal_length_agree_with_an_independent_implementation(head, identity, head_pose, per_frame):
    model, regions = head
    truth, prediction = clip(45, 1), clip(38, 2)
    found = measured(
        head,
        truth,
        prediction,
        identity=identity,
        head_pose=head_pose,
        identity_mode="per_frame" if per_frame else "mean",
    )
    shapes = [c.shape[:38] if per_frame else c.shape.mean(0, dtype=np.float64) for c in (truth, prediction)]
    shapes = [shapes[0], shapes[identity == "own"]]
    vertices = []
    for sequence, shape in zip((truth, prediction), shapes, strict=True):
        pose = sequence.pose()[:38]
        pose[:, :6] *= head_pose == "keep"
        vertices.append(model.evaluate(shape, sequence.expression[:38], pose))
    still = shapes[0].mean(0) if per_frame else shapes[0]
    still = model.evaluate(still, np.zeros((1, 50)), np.zeros((1, 15)))[0]
    expected = oracle_metrics(
        *vertices, regions.lips, regions.upper_face, regions.inner_lips, still, model.template, FPS
    )
    assert found.frames == 38
    for name, value in expected.items():
        assert found.metrics[name] == pytest.approx(value, rel=2e-6, abs=1e-9), name


def test_a_shifted_head_is_off_by_the_shift_and_nothing_else(head):
    truth = clip()
    prediction = replace(truth, translation=np.tile(np.array([0.001, 0, 0]), (truth.frames, 1)))
    metrics = measured(head, truth, prediction).metrics
    for name in ("lve_max", "lve_rms", "mod_artalk", "mve", "ufve"):
        assert metrics[name] == pytest.approx(1e-3, rel=1e-4), name
    assert metrics["lve_max_squared"] == pytest.approx(1e-6, rel=1e-4)
    for name in ("mod", "mouth_lag", "velocity_error", "jitter_error", "head_rotation_error", "jaw_rotation_error"):
        assert metrics[name] == pytest.approx(0, abs=1e-4), name
    assert metrics["mouth_correlation"] == pytest.approx(1)
    assert measured(head, truth, prediction, head_pose="remove").metrics["mve"] == 0


def test_the_truth_itself_is_without_error(head):
    metrics = measured(head, clip(), clip()).metrics
    perfect = {"lvs": 1.0, "mouth_correlation": 1.0, "pose_variation": metrics["pose_variation"]}
    for name, value in metrics.items():
        assert value == pytest.approx(perfect.get(name, 0.0), abs=1e-12), name


def test_identity_can_be_the_truths_or_its_own(head):
    truth = clip(shape=None)
    prediction = replace(truth, shape=np.full(10, 1.5))
    assert measured(head, truth, prediction, identity="truth").metrics["mve"] == 0
    assert measured(head, truth, prediction, identity="own").metrics["mve"] > 1e-3


@pytest.mark.parametrize(("fps", "places"), [(50.0, 2), (12.5, 0.5)])
def test_other_rates_are_taken_at_the_truths_frames(head, fps, places):
    """A truth of every other frame of a clip and the clip itself differ by nothing at the frames that both have."""
    full = clip(41)
    every_other = replace(
        full, fps=FPS / 2, **{k: getattr(full, k)[::2] for k in ("expression", "shape", "global_rotation", "jaw")}
    )
    if places == 2:
        truth, prediction = every_other, full
        truth, prediction = replace(truth, fps=FPS), replace(prediction, fps=fps)
    else:
        truth, prediction = full, every_other
    found = measured(head, truth, prediction, identity="truth")
    assert "frames a second" in found.warnings[0]
    if places == 2:
        assert found.frames == 21
        assert found.metrics["jaw_rotation_error"] < 1e-6
        assert found.curves["face_mean"].max() < 2e-4  # the identity is the mean over more frames
    else:
        assert found.frames == 41
        even = found.curves["jaw_rotation"][::2]
        assert even.max() < 1e-6 < found.curves["jaw_rotation"][1::2].max()


def test_presets_give_different_documented_numbers(head):
    truth, prediction = clip(40, 3), clip(33, 4)
    model, regions = head
    numbers = {}
    for name, preset in PRESETS.items():
        found = compare(truth, [prediction], Yardstick(model, regions, preset.conditions, model.template))[0].metrics
        numbers[name] = {
            printed.name: found[printed.metric] * printed.scale for printed in preset.prints if printed.metric in found
        }
        assert preset.note
    lve = [
        next(value for key, value in found.items() if key in ("LVE", "Lip Vertex Error")) for found in numbers.values()
    ]
    assert len({f"{value:.3g}" for value in (*lve, *(found["FDD"] for found in numbers.values()))}) == 6


# Of each script: whether heads are posed, whose identity they have, what it prints: the oracle's number times this.
SCRIPTS = {
    "3dxtalker": (
        True,
        "each its own of every frame",
        {
            "LVE": ("lve_max_squared", 1),
            "LVE (norm)": ("lve_max", 1),
            "LVS": ("lvs", 1),
            "MVE": ("mve", 1),
            "UFVE": ("ufve", 1),
            "FDD": ("fdd_3dxtalker", 1),
        },
    ),
    "codetalker": (False, "the truth's", {"Lip Vertex Error": ("lve_max_squared", 1), "FDD": ("fdd_codetalker", 1)}),
    "artalk": (
        False,
        "the truth's",
        {"LVE": ("lve_rms", 1e3), "FDD": ("fdd_artalk", 100), "MOD": ("mod_artalk", 1e3)},
    ),
}


@pytest.mark.parametrize("script", PRESETS)
def test_presets_print_the_scripts_numbers(head, script):
    model, regions = head
    rng = np.random.default_rng(6)
    truth, prediction = (
        replace(clip(n, seed), neck=rng.normal(0, 0.1, (n, 3)), translation=rng.normal(0, 0.01, (n, 3)))
        for n, seed in ((40, 3), (33, 4))
    )
    posed, whose, prints = SCRIPTS[script]
    vertices = []
    for sequence in (truth, prediction):
        pose, place = sequence.pose()[:33], sequence.translation[:33]
        if not posed:
            pose[:, :6] = 0  # root and neck
            place = None
        shape = sequence.shape[:33] if whose == "each its own of every frame" else truth.shape.mean(0)
        vertices.append(model.evaluate(shape, sequence.expression[:33], pose, place))
    still = model.evaluate(truth.shape.mean(0), np.zeros((1, 50)), np.zeros((1, 15)))[0]
    inner = regions.inner_lips
    expected = oracle_metrics(*vertices, regions.lips, regions.upper_face, inner, still, model.template, FPS)
    preset = PRESETS[script]
    found = compare(truth, [prediction], Yardstick(model, regions, preset.conditions, model.template))[0].metrics
    printed = {number.name: found[number.metric] * number.scale for number in preset.prints if number.metric in found}
    assert printed.pop("pose variation", None) is None or script == "3dxtalker"
    assert printed.keys() == prints.keys()
    assert [number.name for number in preset.prints if number.over == "frames"] == (
        ["Lip Vertex Error"] if script == "codetalker" else []
    )
    for name, (metric, scale) in prints.items():
        assert printed[name] == pytest.approx(expected[metric] * scale, rel=1e-5), name


def test_regions_that_are_not_known_leave_their_metrics_out():
    model = synthetic_model(8, 12)
    regions = find_regions(model)
    assert regions.lips is None
    assert len(regions.problems) == 2
    found = compare(clip(), [clip(seed=1)], Yardstick(model, regions, Conditions(), model.template))[0]
    assert "mve" in found.metrics
    assert "head_rotation_error" in found.metrics
    assert not {"lve_max", "ufve", "mod"} & found.metrics.keys()


class TestVertices:
    """Vertices in place of codes, as the truth, as the prediction, or both."""

    def baked(self, head, sequence):
        vertices = head[0].evaluate(sequence.identity(), sequence.expression, sequence.pose())
        return Sequence(sequence.name, sequence.source, sequence.fps, vertices=vertices)

    def test_they_are_compared_as_the_codes_that_they_are_from(self, head):
        truth, prediction = clip(30, 1), clip(24, 2)
        codes = measured(head, truth, prediction, identity="own").metrics
        for pair in (
            (self.baked(head, truth), prediction),
            (truth, self.baked(head, prediction)),
            (self.baked(head, truth), self.baked(head, prediction)),
        ):
            found = measured(head, *pair, identity="own").metrics
            for name in ("lve_max", "mve", "ufve", "mod", "mouth_lag", "fdd_3dxtalker", "velocity_error"):
                assert found[name] == pytest.approx(codes[name], rel=1e-4, abs=1e-9), name
            assert "head_rotation_error" not in found
            assert ("pose_variation" in found) == (pair[1].vertices is None)

    def test_what_they_cannot_tell_is_said(self, head):
        truth = clip(10, 1)
        found = measured(head, truth, self.baked(head, truth))
        assert any("identity that is in them" in text for text in found.warnings)
        found = measured(head, self.baked(head, truth), self.baked(head, truth), head_pose="remove")
        assert any("head pose that is in them" in text for text in found.warnings)
        assert found.metrics["mve"] == 0
        with pytest.raises(SequenceError, match="compare posed heads"):
            measured(head, truth, self.baked(head, truth), head_pose="remove")

    def test_other_meshes_are_told(self, head):
        strange = Sequence("s", Path("s"), FPS, vertices=np.zeros((10, 700, 3), np.float32))
        with pytest.raises(ModelError, match="700 vertices"):
            measured(head, clip(10, 1), strange)


@pytest.mark.skipif(not BEAT2.exists(), reason="../shared/data is not there")
class TestCapturedClip:
    """A real clip against disturbed copies of itself."""

    @pytest.fixture
    def truth(self):
        sequence = read_sequence(BEAT2)
        rows = slice(300, 700)
        names = ("expression", "global_rotation", "neck", "jaw", "eyes", "translation")
        held = {name: getattr(sequence, name) for name in names}
        return replace(
            sequence, **{name: a[rows] for name, a in held.items() if a is not None}, light=None, camera=None
        )

    def test_half_the_jaw_is_half_an_angle_off(self, head, truth):
        metrics = measured(head, truth, replace(truth, jaw=0.5 * truth.jaw)).metrics
        expected = np.linalg.norm(truth.jaw.astype(np.float64), axis=1).mean() / 2
        assert metrics["jaw_rotation_error"] == pytest.approx(expected, rel=1e-6)
        assert metrics["head_rotation_error"] < 1e-7
        assert metrics["mouth_correlation"] > 0.8

    def test_three_frames_late_is_a_lag_of_three(self, head, truth):
        late = np.maximum(np.arange(truth.frames) - 3, 0)
        names = [name for name in ("expression", "jaw", "neck", "eyes") if getattr(truth, name) is not None]
        prediction = replace(truth, **{name: getattr(truth, name)[late] for name in names})
        assert measured(head, truth, prediction).metrics["mouth_lag"] == pytest.approx(3, abs=0.05)

    def test_a_head_turned_by_a_tenth_of_a_radian(self, head, truth):
        prediction = replace(truth, global_rotation=np.tile((0, 0.1, 0), (truth.frames, 1)))
        still = replace(truth, global_rotation=np.zeros((truth.frames, 3)))
        metrics = measured(head, still, prediction).metrics
        assert metrics["head_rotation_error"] == pytest.approx(0.1, rel=1e-6)
        assert metrics["pose_variation"] == pytest.approx(0, abs=1e-15)
        assert measured(head, still, prediction, head_pose="remove").metrics["mve"] == 0
