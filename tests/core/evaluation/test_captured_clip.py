"""A captured clip against copies disturbed by known amounts, by the real command: every number is foreseen."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.data import SHARED
from xtalker_addon import cli
from xtalker_addon.core.formats import read_sequence

FRAMES, LATE = 200, 3
MOVING = ("expression", "global_rotation", "neck", "jaw", "eyes", "translation")
OFFSET = np.array([0.001, 0.002, 0.002], np.float32)  # 3 mm long


@pytest.fixture(scope="module")
def truth():
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not there")
    clip = read_sequence(SHARED / "beat2_scott.npz")
    rows = slice(300, 300 + FRAMES)
    still = np.zeros((FRAMES, 3), np.float32)
    moving = {name: still if getattr(clip, name) is None else getattr(clip, name)[rows] for name in MOVING}
    return moving | {"fps": np.float64(clip.fps)}


@pytest.fixture(scope="module")
def found(truth, tmp_path_factory):
    """The metrics of each disturbed copy, and those under each preset."""
    root = tmp_path_factory.mktemp("captured")
    late = {name: np.concatenate([np.repeat(truth[name][:1], LATE, 0), truth[name][:-LATE]]) for name in MOVING}
    for name, changes in {
        "truth": {},
        "moved": {"translation": truth["translation"] + OFFSET},
        "late": late,
        "half": {"jaw": 0.5 * truth["jaw"]},
        "short": {key: truth[key][:150] for key in MOVING},
    }.items():
        (root / name).mkdir()
        np.savez(root / name / "clip.npz", **(truth | changes))
    trees = [str(root / name) for name in ("truth", "moved", "late", "half", "short")]
    reports = {}
    for preset in ("", "3dxtalker", "codetalker", "artalk"):
        options = ["--output", str(root / "out"), "--jobs", "1", "--quiet", *(["--as", preset] if preset else [])]
        assert cli.main(["evaluate", *trees, *options]) == 0
        report = json.loads((root / "out" / "metrics.json").read_text("utf-8"))
        reports[preset] = report["preset"]["prints"] if preset else {c["prediction"]: c for c in report["clips"]}
    return reports


def test_an_offset_is_its_length(found):
    metrics = found[""]["moved"]["metrics"]
    for name in ("lve_max", "lve_rms", "mod_artalk", "mve", "ufve"):
        assert metrics[name] == pytest.approx(3e-3, rel=1e-4), name
    assert metrics["lve_max_squared"] == pytest.approx(9e-6, rel=1e-4)
    for name in ("mod", "velocity_error", "jitter_error", "head_rotation_error", "jaw_rotation_error", "mouth_lag"):
        assert metrics[name] == pytest.approx(0, abs=1e-5), name


def test_a_lag_is_its_frames(found):
    metrics = found[""]["late"]["metrics"]
    assert metrics["mouth_lag"] == pytest.approx(LATE, abs=0.05)
    assert metrics["mouth_correlation"] < 0.9


def test_half_a_jaw_is_off_by_half_its_angle(found, truth):
    metrics = found[""]["half"]["metrics"]
    assert metrics["jaw_rotation_error"] == pytest.approx(0.5 * np.linalg.norm(truth["jaw"], axis=1).mean(), rel=1e-5)
    assert metrics["head_rotation_error"] == 0
    assert abs(metrics["mouth_lag"]) < 0.25  # the lips part a little earlier than half as wide
    assert 0 < metrics["ufve"] < 0.05 * metrics["mod_artalk"]


def test_a_shorter_copy_has_no_error(found):
    clip = found[""]["short"]
    assert clip["frames"] == 150
    assert clip["metrics"].pop("pose_variation") > 0
    for name, value in clip["metrics"].items():
        assert value == pytest.approx(1 if name in ("lvs", "mouth_correlation") else 0, abs=1e-12), name


def test_presets_give_different_numbers_of_one_pair(found):
    """3DXTalker compares posed heads; CodeTalker and ARTalk unposed ones, squared and as a root, in metres and mm."""
    prints = {preset: found[preset]["late"] for preset in ("3dxtalker", "codetalker", "artalk")}
    posed, codetalker, artalk = (next(iter(numbers.values())) for numbers in prints.values())
    assert posed > 2 * codetalker
    assert artalk == pytest.approx(1e3 * codetalker**0.5, rel=1e-6)
