"""`xtalker evaluate` on trees: files, page, exit codes; whatever is broken costs one sentence and its own clip."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
import soundfile

from tests.data.sequences import write_3dxtalker_folder
from xtalker_addon import cli
from xtalker_addon.core.evaluation import beats, compare, records
from xtalker_addon.core.evaluation.face import Conditions
from xtalker_addon.core.evaluation.metrics import METRICS
from xtalker_addon.core.evaluation.pairing import pair_clips
from xtalker_addon.core.evaluation.presets import PRESETS
from xtalker_addon.core.model.flame import load_model

FRAMES = 24
CLIPS = {"V0-GRID": ("V0-s1-00001", "V0-s2-00002"), "V2-MEAD": ("V2-M003-angry-00001", "V2-M005-happy-00002")}


@pytest.fixture(autouse=True, scope="module")
def without_beats():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compare, "can_find_beats", lambda: False)
        yield


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    """A truth of four clips, a prediction that is near, and one that is farther off and shorter."""
    root = tmp_path_factory.mktemp("trees")
    rng = np.random.default_rng(0)
    for number, (subset, name) in enumerate((s, n) for s, names in CLIPS.items() for n in names):
        codes = write_3dxtalker_folder(root / "testset" / subset / name, FRAMES, number)
        for model, size, frames in (("near", 0.1, FRAMES), ("far", 0.5, FRAMES - 4)):
            changed = {key: codes[key][:frames] for key in codes if len(codes[key]) == FRAMES}
            changed["expcode"] = (changed["expcode"] + rng.normal(0, size, changed["expcode"].shape)).astype(np.float32)
            write_3dxtalker_folder(root / model / subset / name, frames, number, changed)
    return root


@pytest.fixture(scope="module")
def evaluated(trees):
    folder = trees / "report"
    code = cli.main(
        ["evaluate", *(str(trees / n) for n in ("testset", "near", "far")), "--output", str(folder), "--jobs", "1"]
    )
    assert code == 0
    return folder


@pytest.fixture(scope="module")
def report(evaluated):
    return json.loads((evaluated / "metrics.json").read_text("utf-8"))


def test_a_row_a_clip_and_prediction(evaluated, report):
    with (evaluated / "metrics.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(report["clips"]) == 8
    assert rows[1]["prediction"] == "far"
    assert rows[1]["clip"] == "V0-GRID/V0-s1-00001"
    assert (rows[0]["frames"], rows[1]["frames"]) == ("24", "20")
    assert rows[4]["subset"] == "V2-MEAD"
    assert rows[4]["emotion"] == "angry"
    measured = set(METRICS) - {"beat_alignment"}
    for row, clip in zip(rows, report["clips"], strict=True):
        assert clip["metrics"].keys() == measured
        assert all(float(row[name]) == clip["metrics"][name] for name in measured)


def test_no_number_is_called_by_an_ambiguous_name(report):
    assert not {"lve", "LVE", "fdd", "FDD"} & report["definitions"].keys()
    assert all(entry["unit"] or name in ("lvs", "mouth_correlation") for name, entry in report["definitions"].items())
    assert all(entry["definition"] for entry in report["definitions"].values())


def test_means_and_differences(report):
    values = {name: [c for c in report["clips"] if c["prediction"] == name] for name in ("near", "far")}
    for name, clips in values.items():
        mean = report["means"][name]["mve"]
        assert mean["mean"] == pytest.approx(np.mean([clip["metrics"]["mve"] for clip in clips]))
        assert mean["low"] < mean["mean"] < mean["high"]
        assert mean["clips"] == 4
    difference = next(entry for entry in report["differences"] if entry["metric"] == "mve")
    assert (difference["first"], difference["second"]) == ("near", "far")
    assert difference["high"] < 0
    assert difference["beyond_chance"]


def test_errors_of_every_frame(evaluated, report):
    with np.load(evaluated / "errors.npz", allow_pickle=False) as errors:
        columns = errors["columns"].tolist()
        curve = errors["far/V0-GRID/V0-s1-00001"]
        assert len(errors.files) == 9
    clip = next(c for c in report["clips"] if c["prediction"] == "far" and c["clip"] == "V0-GRID/V0-s1-00001")
    assert curve.shape == (20, len(columns))
    assert curve[:, columns.index("lip_max")].mean() == pytest.approx(clip["metrics"]["lve_max"], rel=1e-6)


def test_page_and_tables(evaluated):
    page = (evaluated / "evaluation.html").read_text("utf-8")
    for text in ("<svg", "near", "V2-MEAD", "angry", "lve_max_squared", "default_head.npz", "paired bootstrap"):
        assert text in page
    for text in ("http", "<script", "nan"):
        assert text not in page
    markdown = (evaluated / "table.md").read_text("utf-8")
    assert "| `lve_max` ↓ | mm | **" in markdown
    latex = (evaluated / "table.tex").read_text("utf-8")
    assert r"lve\_max\_squared" in latex
    assert latex.count(r"\\") == len(set(METRICS) - {"beat_alignment"}) + 1
    assert not list(evaluated.glob(".*"))


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_print_what_the_scripts_print(trees, tmp_path, capsys, preset):
    arguments = ["evaluate", str(trees / "testset"), f"ours={trees / 'far'}", "--output", str(tmp_path), "--as", preset]
    assert cli.main([*arguments, "--jobs", "1"]) == 0
    assert f"ours, as {preset}: " in capsys.readouterr().out
    report = json.loads((tmp_path / "metrics.json").read_text("utf-8"))
    clips = [clip["metrics"] for clip in report["clips"]]
    frames = [clip["frames"] for clip in report["clips"]]
    for number in PRESETS[preset].prints:
        shown = report["preset"]["prints"]["ours"][number.name]
        if number.metric == "beat_alignment":
            assert shown is None
            continue
        values = [clip[number.metric] for clip in clips]
        weights = frames if number.over == "frames" else None
        assert shown == pytest.approx(np.average(values, weights=weights) * number.scale, rel=1e-9)


def test_broken_clips_cost_their_own(trees, tmp_path, capsys):
    root = tmp_path / "broken"
    for subset, names in CLIPS.items():
        for number, name in enumerate(names):
            write_3dxtalker_folder(root / subset / name, FRAMES, number)
    spoilt = np.load(root / "V0-GRID" / "V0-s1-00001" / "expcode.npy")
    spoilt[7, 3] = np.nan
    np.save(root / "V0-GRID" / "V0-s1-00001" / "expcode.npy", spoilt)
    np.save(root / "V2-MEAD" / "V2-M003-angry-00001" / "expcode.npy", np.zeros((FRAMES, 120), np.float32))
    code = cli.main(["evaluate", str(trees / "testset"), f"b={root}", "--output", str(tmp_path / "o"), "--jobs", "2"])
    assert code == 3
    said = capsys.readouterr().err
    assert "not finite at frame 7" in said
    assert "120" in said
    report = json.loads((tmp_path / "o" / "metrics.json").read_text("utf-8"))
    assert sum("problem" in clip for clip in report["clips"]) == 2
    assert report["means"]["b"]["mve"]["clips"] == 2


def test_broken_vertices_cost_their_own(tmp_path, capsys):
    """Too few of them, BIWI's, and some that are not finite; a clip that is as it should is measured."""
    mesh = np.tile(load_model().template, (FRAMES, 1, 1))
    broken = mesh.copy()
    broken[5, 7, 1] = np.inf
    predictions = {"few": mesh[:, :5000], "biwi": np.zeros((FRAMES, 23370, 3)), "broken": broken, "good": mesh + 1e-3}
    for name, vertices in predictions.items():
        for tree, array in (("truth", mesh), ("ours", vertices)):
            (tmp_path / tree / "S").mkdir(parents=True, exist_ok=True)
            np.savez(tmp_path / tree / "S" / f"{name}.npz", verts=array.astype(np.float32))
    out = tmp_path / "out"
    code = cli.main(["evaluate", str(tmp_path / "truth"), str(tmp_path / "ours"), "--output", str(out), "--jobs", "1"])
    assert code == 3
    said = capsys.readouterr().err.splitlines()
    for words in (r"few\.npz.*has 5,000 vertices", r"biwi\.npz.*BIWI", r"broken\.npz.*not finite at frame 5"):
        assert sum(bool(re.search(words, line)) for line in said) == 1, words
    clips = {clip["clip"]: clip for clip in json.loads((out / "metrics.json").read_text("utf-8"))["clips"]}
    assert len(clips) == 4
    assert [name for name, clip in clips.items() if "problem" not in clip] == ["S/good"]
    assert clips["S/good"]["metrics"]["mve"] == pytest.approx(1e-3 * 3**0.5, rel=1e-4)


def test_a_set_of_another_mesh_leaves_its_metrics_out(trees, tmp_path, capsys):
    (tmp_path / "lve.txt").write_text("1, 2, 23369")
    arguments = ["evaluate", str(trees / "testset"), str(trees / "near"), "--output", str(tmp_path / "o")]
    assert cli.main([*arguments, "--lips", str(tmp_path / "lve.txt"), "--jobs", "1"]) == 3
    assert "names vertex 23369" in capsys.readouterr().err
    metrics = json.loads((tmp_path / "o" / "metrics.json").read_text("utf-8"))["means"]["near"]
    assert "mve" in metrics
    assert "ufve" in metrics
    assert "lve_max" not in metrics


def test_mistakes_are_one_sentence(trees, tmp_path, capsys):
    truth, near = str(trees / "testset"), str(trees / "near")
    (tmp_path / "empty").mkdir()
    output = ["--output", str(tmp_path / "o")]
    for arguments, said in (
        ([truth, near, near], "is the name of"),
        ([truth, str(tmp_path / "nowhere")], "does not exist"),
        ([truth, str(tmp_path / "empty")], "holds no talking-head sequence"),
        ([truth, f"a/b={near}"], "is no name"),
        ([truth, near, "--as", "artalk", "--identity", "own"], "contradicts --as artalk"),
        ([truth, near, "--inner-lips", "7"], "expected two vertices"),
        ([truth, near, "--jobs", "0"], "whole number of at least 1"),
        ([truth, near, "--template", str(trees / "testset" / "V0-GRID")], "cannot be read as .obj or .npy"),
    ):
        assert cli.main(["evaluate", *arguments, *output]) == 2, arguments
        error = capsys.readouterr().err
        assert said in error
        assert error.count("xtalker: ") <= 2
    assert not (tmp_path / "o").exists()


def test_an_empty_tree_beside_others_is_left_out(trees, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    arguments = ["evaluate", str(trees / "testset"), str(tmp_path / "empty"), str(trees / "near")]
    assert cli.main([*arguments, "--output", str(tmp_path / "o"), "--jobs", "1"]) == 3
    assert "empty is left out" in capsys.readouterr().err
    assert list(json.loads((tmp_path / "o" / "metrics.json").read_text("utf-8"))["means"]) == ["near"]


def test_without_sound_there_is_no_beat_alignment(trees, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(compare, "can_find_beats", lambda: True)
    monkeypatch.setattr(compare, "beat_seconds", lambda path: np.array([0.2]))
    write_3dxtalker_folder(tmp_path / "truth", FRAMES, 1)
    (tmp_path / "truth" / "audio.wav").unlink()
    arguments = ["evaluate", str(tmp_path / "truth"), str(trees / "near" / "V0-GRID" / "V0-s1-00001")]
    assert cli.main([*arguments, "--output", str(tmp_path / "o"), "--jobs", "1"]) == 0
    assert "has no sound, so there is no beat_alignment" in capsys.readouterr().err


@pytest.mark.parametrize("heard", [None, "first", "last"])
def test_the_tracker_of_beats_is_compiled_only_for_sound(tmp_path, monkeypatch, heard):
    """Which takes longer than the comparison of a small tree."""
    compiled = []
    monkeypatch.setattr(records, "can_find_beats", lambda: True)
    monkeypatch.setattr(records, "compile_tracker", lambda: compiled.append(True))
    monkeypatch.setattr(records, "map_in_order", lambda function, pairs, jobs: [])
    for name in ("first", "last"):
        write_3dxtalker_folder(tmp_path / "truth" / name, 2)
        if name != heard:
            (tmp_path / "truth" / name / "audio.wav").unlink()
    pairs = pair_clips(tmp_path / "truth", {"same": tmp_path / "truth"}).pairs
    assert list(records.evaluate_pairs(pairs, records.Request(None, Conditions("truth", "keep")), jobs=2)) == []
    assert compiled == ([True] if heard else [])


def beat_alignment_of(rotation, beat_seconds, fps) -> float:
    """The published formula in plain loops: speed, Gaussian of 3 frames mirrored at the ends, minima, mean of beats."""
    speed = [sum((b - a) ** 2 for a, b in zip(*pair, strict=True)) ** 0.5 for pair in pairwise(rotation.tolist())]
    count, reach = len(speed), range(-12, 13)
    weights = [math.exp(-(step**2) / 18) for step in reach]

    def mirrored(place):
        place %= 2 * count
        return speed[min(place, 2 * count - 1 - place)]

    smooth = [sum(w * mirrored(i + step) for w, step in zip(weights, reach, strict=True)) for i in range(count)]
    slow = [i for i in range(1, count - 1) if smooth[i] < smooth[i - 1] and smooth[i] < smooth[i + 1]]
    beats = [int(second * fps) for second in beat_seconds if int(second * fps) < count]
    return sum(math.exp(-(min(abs(i - beat) for i in slow) ** 2) / (2 * 7)) for beat in beats) / len(beats)


def test_beat_alignment_is_of_the_truths_sound_and_the_predictions_head(tmp_path, monkeypatch):
    rng = np.random.default_rng(8)
    beats_at = np.sort(rng.uniform(0, 5, 9))  # some of them later than the prediction
    monkeypatch.setattr(compare, "can_find_beats", lambda: True)
    asked = []
    monkeypatch.setattr(compare, "beat_seconds", lambda path: asked.append(path) or beats_at)
    poses = {}
    for name, frames in (("truth", 120), ("ours", 100)):
        poses[name] = np.cumsum(rng.normal(0, 0.02, (frames, 6)), 0).astype(np.float32)
        write_3dxtalker_folder(tmp_path / name / "V0-GRID" / "clip", frames, 0, {"posecode": poses[name]})
    arguments = ["evaluate", str(tmp_path / "truth"), str(tmp_path / "ours"), "--output", str(tmp_path / "out")]
    assert cli.main([*arguments, "--jobs", "1"]) == 0
    (clip,) = json.loads((tmp_path / "out" / "metrics.json").read_text("utf-8"))["clips"]
    assert asked == [tmp_path / "truth" / "V0-GRID" / "clip" / "audio.wav"]
    found = clip["metrics"]["beat_alignment"]
    assert found == pytest.approx(beat_alignment_of(poses["ours"][:, :3], beats_at, 25), rel=1e-9)
    assert found != pytest.approx(beat_alignment_of(poses["truth"][:100, :3], beats_at, 25), rel=1e-2)


@pytest.mark.skipif(
    not beats.can_find_beats(), reason="librosa is not installed; `pip install '.[evaluate]'` brings it"
)
def test_processes_that_start_with_nothing_compiled_find_beats(trees, tmp_path):
    command = [sys.executable, "-m", "xtalker_addon.cli", "evaluate", trees / "testset", trees / "near"]
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "numba")}
    for run in ("first", "second"):
        out = ["--output", tmp_path / run, "--jobs", "2"]
        done = subprocess.run([*command, *out], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        clips = json.loads((tmp_path / run / "metrics.json").read_text("utf-8"))["clips"]
        assert [clip["problem"] for clip in clips if clip.get("problem")] == []


@pytest.mark.skipif(
    not beats.can_find_beats(), reason="librosa is not installed; `pip install '.[evaluate]'` brings it"
)
def test_beats_of_a_click_track_are_its_clicks(tmp_path):
    """In a process of its own, as a user has it."""
    rate, period = 16_000, 0.5
    sound, noise = np.zeros(rate * 10, np.float32), np.random.default_rng(0).normal(0, 0.3, 200)
    for start in np.arange(0.25, 10, period):
        at = int(start * rate)
        sound[at : at + 200] = np.hanning(200) * noise  # over all bands: of a pure tone the tracker hears nothing
    soundfile.write(tmp_path / "clicks.wav", sound, rate)
    code = (
        "import json, sys, pathlib; from xtalker_addon.core.evaluation.beats import beat_seconds; "
        "print(json.dumps(beat_seconds(pathlib.Path(sys.argv[1])).tolist()))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "clicks.wav"], capture_output=True, text=True, check=True
    )
    assert np.median(np.diff(json.loads(ran.stdout))) == pytest.approx(period, abs=0.04)
