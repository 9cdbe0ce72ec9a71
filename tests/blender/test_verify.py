"""`xtalker verify`: with every independent layer that is installed, and with a stored result where there is none."""

from __future__ import annotations

import os

import numpy as np
import pytest

from tests.data import SHARED
from tests.data.clips import talking_clip
from xtalker_addon.blender import verify as verify_module
from xtalker_addon.blender.oracles import Oracle, installed
from xtalker_addon.blender.verify import Distance, measure, verify
from xtalker_addon.cli import main
from xtalker_addon.core.model.flame import load_model

HEAD = np.zeros((4, 10, 3))


@pytest.fixture
def no_layer(monkeypatch):
    monkeypatch.setattr(verify_module, "installed", list)


def needs_a_layer():
    if not installed():
        pytest.skip("no independent layer is installed")


def test_an_independent_layer_is_there_where_the_tests_were_set_up():
    """`make test` says so in the environment, so that parity can never be skipped unnoticed."""
    if "XTALKER_ORACLES" not in os.environ:
        pytest.skip("not set up by make")
    assert [oracle.name for oracle in installed()] == os.environ["XTALKER_ORACLES"].split()


def test_a_full_clip_against_every_independent_layer(capsys):
    needs_a_layer()
    clip = talking_clip(np.random.default_rng(9), frames=376)
    assert verify(clip, load_model()) == 0
    said = capsys.readouterr().out
    assert "376 frames" in said
    assert all(f"to {oracle.name}" in said for oracle in installed())


def test_a_layer_that_disagrees_is_noticed(monkeypatch, capsys):
    def off(model, shape, expression, pose):
        yield model.evaluate(shape[0], expression, pose) + 2e-6

    monkeypatch.setattr(verify_module, "installed", lambda: [Oracle("other", list, off)])
    assert verify(talking_clip(np.random.default_rng(9), frames=2), load_model()) == 1
    assert "to other" in capsys.readouterr().out


def test_without_a_layer_the_stored_result_is_used_and_said(capsys, no_layer):
    assert verify(talking_clip(np.random.default_rng(9), frames=20), load_model()) == 0
    said = capsys.readouterr().out
    assert "No independent layer is installed (flame-pytorch, body-models)" in said
    assert "to flame-pytorch, default head, the stored frames, not this sequence: largest" in said
    assert "to XTalker's evaluation, XTalker head, 20 frames: largest" in said


def test_a_stored_result_that_differs_is_noticed(no_layer, monkeypatch):
    monkeypatch.setattr(verify_module, "_stored_distance", lambda: Distance(2e-6, 1e-6, 1, 3))
    assert verify(talking_clip(np.random.default_rng(9), frames=2), load_model()) == 1


def test_measure_finds_the_worst_frame_of_each_pair():
    moved, same = HEAD.copy(), HEAD.copy()
    moved[2, 5] = (3e-3, 4e-3, 0)
    found = measure({"a": HEAD, "b": moved, "c": same})
    assert list(found) == ["a to b", "a to c", "b to c"]
    assert (found["a to b"].frame, found["a to b"].largest) == (2, pytest.approx(5e-3))
    assert found["b to c"].mean == pytest.approx(5e-3 / 40)
    assert found["a to c"].largest == 0


@pytest.mark.parametrize("name", ["flame_layout_chumpy.pkl", "flame_layout_chumpy_select.pkl"])
def test_the_captured_clip_on_genuine_chumpy_models(name, capsys):
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not there")
    needs_a_layer()
    assert main(["verify", str(SHARED / "beat2_scott.npz"), "--model", str(SHARED / name)]) == 0
    assert "1,906 frames" in capsys.readouterr().out
