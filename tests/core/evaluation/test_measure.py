"""Metrics of vertices agree with independent implementations to a millionth."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from tests.core.evaluation.oracle import oracle_metrics
from xtalker_addon.core.evaluation.measure import VertexMeasures
from xtalker_addon.core.evaluation.motion import correlation
from xtalker_addon.core.evaluation.regions import Regions

V, FPS = 91, 25.0


def random_pair(seed, truth_frames, prediction_frames, noise=0.05):
    rng = np.random.default_rng(seed)
    still = rng.normal(0, 0.1, (V, 3))
    generic = still + rng.normal(0, 0.01, (V, 3))
    wander = np.cumsum(rng.normal(0, 0.004, (max(truth_frames, prediction_frames), V, 3)), 0)
    truth = still + wander
    prediction = still + rng.uniform(0.4, 1.6, (V, 1)) * wander + rng.normal(0, noise, truth.shape)
    lips = rng.permutation(V)[:17]
    upper = np.concatenate([rng.permutation(V)[:23], rng.permutation(V)[:9]])  # some twice
    arrays = (truth[:truth_frames], prediction[:prediction_frames], still, generic)
    return (*(array.astype(np.float32) for array in arrays), lips, upper, (int(lips[0]), int(lips[1])))


def measure(pair, chunk):
    truth, prediction, still, generic, lips, upper, inner = pair
    n = min(len(truth), len(prediction))
    measures = VertexMeasures(Regions(lips, upper, inner, {}), still, generic, FPS)
    for start in range(0, n, chunk):
        rows = slice(start, min(start + chunk, n))
        measures.add(*(clip[rows].swapaxes(1, 2) for clip in (truth, prediction)))
    return measures


@pytest.mark.parametrize(("truth", "prediction"), [(50, 50), (61, 37), (37, 61), (3, 90)])
@pytest.mark.parametrize("chunk", [1, 2, 7, 1000])
def test_vertices_agree_with_an_independent_implementation(truth, prediction, chunk):
    pair = random_pair(truth + prediction, truth, prediction)
    measures = measure(pair, chunk)
    found, curves = measures.metrics(), measures.curves()
    found["mouth_correlation"] = correlation(curves["mouth_opening_truth"], curves["mouth_opening"])
    t, p, still, generic, lips, upper, inner = pair
    expected = oracle_metrics(t, p, lips, upper, inner, still, generic, FPS)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-6), name


@pytest.mark.parametrize("seed", range(5))
def test_small_differences_of_dynamics_do_not_drown(seed):
    """Two clips that differ by a hundredth of a millimetre, metres away from where their spread is measured."""
    pair = random_pair(seed, 40, 40, noise=1e-5)
    t, p, still, generic, lips, upper, inner = pair
    expected = oracle_metrics(t, p, lips, upper, inner, still + 1, generic + 1, FPS)
    found = measure((t, p, still + 1, generic + 1, lips, upper, inner), 16).metrics()
    for name in ("fdd_codetalker", "fdd_3dxtalker", "fdd_artalk"):
        assert found[name] == pytest.approx(expected[name], rel=1e-6)


@pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("torch", "torchmetrics"))),
    reason="torchmetrics is not installed; `pip install torchmetrics==1.9.0 torch` brings the oracle",
)
@pytest.mark.parametrize(("truth", "prediction"), [(50, 50), (61, 37), (37, 61)])
def test_squared_lip_error_is_that_of_torchmetrics(truth, prediction):
    import torch
    from torchmetrics.multimodal.lve import LipVertexError

    pair = random_pair(3, truth, prediction)
    oracle = LipVertexError(mouth_map=pair[4].tolist())
    oracle.update(torch.from_numpy(pair[1]), torch.from_numpy(pair[0]))
    assert measure(pair, 16).metrics()["lve_max_squared"] == pytest.approx(oracle.compute().item(), rel=1e-6)


def test_what_a_region_is_missing_for_is_not_there():
    truth, prediction, still, generic, *_ = random_pair(1, 20, 20)
    measures = VertexMeasures(Regions(None, None, None, {}), still, generic, FPS)
    measures.add(truth.swapaxes(1, 2), prediction.swapaxes(1, 2))
    assert measures.metrics().keys() == {"mve", "velocity_error", "jitter_error"}
    assert measures.curves().keys() == {"face_mean"}


def test_a_clip_of_one_frame_has_no_velocity():
    pair = random_pair(1, 1, 1)
    assert not {"velocity_error", "jitter_error"} & measure(pair, 8).metrics().keys()
