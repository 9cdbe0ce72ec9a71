"""`xtalker verify`: with the independent layer where it is installed, and with its stored result where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from tests.data import SHARED
from tests.data.clips import talking_clip
from xtalker_addon.blender import verify as verify_module
from xtalker_addon.blender.verify import measure, verify
from xtalker_addon.cli import main
from xtalker_addon.core.model.flame import load_model


@pytest.fixture
def without_torch(monkeypatch):
    monkeypatch.setattr(verify_module, "missing_packages", lambda: ["torch"])


def needs_oracle():
    pytest.importorskip("torch", reason="the independent layer needs torch")
    pytest.importorskip("flame_pytorch", reason="the independent layer is not installed")


def test_a_full_clip_against_flame_pytorch(capsys):
    needs_oracle()
    clip = talking_clip(np.random.default_rng(9), frames=376)
    assert verify(clip, load_model()) == 0
    assert "376 frames" in capsys.readouterr().out


def test_without_torch_the_stored_result_is_used_and_said(capsys, without_torch):
    assert verify(talking_clip(np.random.default_rng(9), frames=20), load_model()) == 0
    said = capsys.readouterr().out
    assert "torch not installed" in said
    assert "default head: largest" in said


def test_a_stored_result_that_differs_is_noticed(without_torch, monkeypatch):
    stored = verify_module._stored_distance()
    monkeypatch.setattr(verify_module, "_stored_distance", lambda: type(stored)(2e-6, 1e-6, 3))
    assert verify(talking_clip(np.random.default_rng(9), frames=2), load_model()) == 1


def test_measure_finds_the_worst_frame():
    head = np.zeros((4, 10, 3))
    moved = head.copy()
    moved[2, 5] = (3e-3, 4e-3, 0)
    distance = measure(head, moved)
    assert (distance.frame, distance.largest) == (2, pytest.approx(5e-3))
    assert distance.mean == pytest.approx(5e-3 / 40)


@pytest.mark.parametrize("name", ["flame_layout_chumpy.pkl", "flame_layout_chumpy_select.pkl"])
def test_the_captured_clip_on_genuine_chumpy_models(name, capsys):
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not there")
    needs_oracle()
    assert main(["verify", str(SHARED / "beat2_scott.npz"), "--model", str(SHARED / name)]) == 0
    assert "1906 frames" in capsys.readouterr().out
