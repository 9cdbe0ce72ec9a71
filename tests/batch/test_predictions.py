"""Batches of predictions beside their truth: pairing, resume, records, what a broken prediction costs."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from tests.data.sequences import write_3dxtalker_folder
from xtalker_addon import cli
from xtalker_addon.batch.plan import plan_tasks, with_predictions
from xtalker_addon.errors import UsageError
from xtalker_addon.render.settings import RenderSettings

NAMES = ("V0-GRID/s1_a", "V2-MEAD/M003_angry_1")
FRAMES = 5


@pytest.fixture
def trees(tmp_path):
    for number, name in enumerate(NAMES):
        write_3dxtalker_folder(tmp_path / "testset" / name, FRAMES, number)
        for model in ("ours", "theirs"):
            write_3dxtalker_folder(tmp_path / model / name, FRAMES - 1, number + 7)
    return tmp_path


def render(trees, *arguments, models=("ours",)):
    named = [text for model in models for text in ("--prediction", f"{model}={trees / model}")]
    inputs = ["--input", str(trees / "testset"), "--output", str(trees / "out"), "--size", "64", "--light", "studio"]
    return cli.render_main([*inputs, *named, *arguments])


def record(trees, name):
    return json.loads((trees / "out" / f"{name}.json").read_text("utf-8"))


def test_videos_records_and_resume(trees, capsys):
    assert render(trees) == 0
    for name in NAMES:
        made = record(trees, name)
        assert (trees / "out" / f"{name}.mp4").is_file()
        assert made["frames"] == FRAMES - 1
        assert made["predictions"] == {"ours": str(trees / "ours" / name)}
        assert made["metrics"]["ours"]["lve_max"] > 0
        assert any(str(trees / "ours" / name) in path for path in made["inputs"])
        preview = (trees / "out" / "previews" / f"{name}.js").read_text("utf-8")
        assert '"errors":[{"name":"ours","peaks":[' in preview
    assert "lve_max_squared" in (trees / "out" / "index.html").read_text("utf-8")
    listed = [json.loads(line) for line in (trees / "out" / "metadata.jsonl").read_text("utf-8").splitlines()]
    assert {row["name"]: row["metrics"]["ours"] for row in listed} == {
        name: record(trees, name)["metrics"]["ours"] for name in NAMES
    }
    capsys.readouterr()
    assert render(trees) == 0
    assert capsys.readouterr().out.count("is there already") == 2
    # A prediction that has changed is shown anew, and so is another set of predictions.
    codes = np.load(trees / "ours" / NAMES[0] / "expcode.npy")
    np.save(trees / "ours" / NAMES[0] / "expcode.npy", codes * np.float32(1.1))
    assert render(trees) == 0
    assert capsys.readouterr().out.count("is there already") == 1
    assert render(trees, models=("ours", "theirs")) == 0
    assert "is there already" not in capsys.readouterr().out
    assert record(trees, NAMES[0])["metrics"].keys() == {"ours", "theirs"}


def test_a_manifest_says_which_clips_are_compared_and_how(trees):
    (trees / "testset" / "list.csv").write_text(f"path,layout,size\n{NAMES[0]},versus,96\n{NAMES[1]},,64\n")
    options = ["--input", str(trees / "testset" / "list.csv"), "--prediction", f"ours={trees / 'ours'}"]
    assert cli.render_main([*options, "--output", str(trees / "out"), "--light", "studio"]) == 0
    for name, size in zip(NAMES, (96, 64), strict=True):
        made = record(trees, name)
        assert made["settings"]["layout"] == "versus"
        assert made["settings"]["size"] == [size, size]
        assert made["metrics"]["ours"]["lve_max"] > 0


def test_a_rate_that_is_said_goes_for_predictions_too(trees):
    """Of 24 frames at 50 a second all 23 of the prediction have a partner, none is taken between two."""
    assert render(trees, "--fps", "50") == 0
    made = record(trees, NAMES[0])
    assert (made["fps"], made["frames"]) == (50.0, FRAMES - 1)
    assert not any("frames a second and the truth" in text for text in made["warnings"])


def test_a_broken_prediction_costs_its_own_clip(trees):
    spoilt = np.load(trees / "ours" / NAMES[0] / "expcode.npy")
    spoilt[2, 0] = np.nan
    np.save(trees / "ours" / NAMES[0] / "expcode.npy", spoilt)
    assert render(trees) == 3
    assert "not finite at frame 2" in record(trees, NAMES[0])["error"]
    assert record(trees, NAMES[1])["failure"] == ""


def test_clips_without_a_prediction_are_told_and_left_out(trees):
    shutil.rmtree(trees / "ours" / "V0-GRID")
    tasks = plan_tasks([trees / "testset"], trees / "out", RenderSettings(layout="versus"))
    paired, remarks = with_predictions(tasks, trees / "testset", {"ours": trees / "ours"})
    assert [task.name for task in paired] == [NAMES[1]]
    assert "1 of 2 clips (V0-GRID/s1_a) of the truth have no partner" in remarks[0]
    write_3dxtalker_folder(trees / "strangers" / "V5-CelebV-HQ" / "nobody", 3, 1)
    with pytest.raises(UsageError, match="no clip has the name"):
        with_predictions(tasks, trees / "testset", {"p": trees / "strangers"})


def test_mistakes_are_one_sentence(trees, capsys):
    for arguments, models, said in (
        (["--layout", "compare"], ("ours",), "go together"),
        (["--layout", "versus"], (), "go together"),
        ([], ("ours", "ours"), "is the name of"),
        (["--error-scale", "0"], ("ours",), "not a number of millimetres above 0"),
        (["--engine", "cycles"], ("ours",), "needs --engine review"),
    ):
        assert render(trees, *arguments, models=models) == 2
        assert said in capsys.readouterr().err


def test_the_sound_of_the_truth_is_in_the_video_and_counts(trees):
    shutil.rmtree(trees / "theirs")
    for name in NAMES:
        (trees / "ours" / name / "audio.wav").unlink()
    inputs = ["--input", str(trees / "ours"), "--output", str(trees / "out"), "--size", "64", "--light", "studio"]
    assert cli.render_main([*inputs, "--truth", str(trees / "testset")]) == 0
    for name in NAMES:
        made = record(trees, name)
        assert made["sound"]
        assert str(trees / "testset" / name / "audio.wav") in made["inputs"]
    before = record(trees, NAMES[0])["made"], (trees / "out" / f"{NAMES[0]}.mp4").stat().st_mtime_ns
    assert cli.render_main([*inputs, "--truth", str(trees / "testset")]) == 0
    assert (record(trees, NAMES[0])["made"], (trees / "out" / f"{NAMES[0]}.mp4").stat().st_mtime_ns) == before
    assert cli.render_main(inputs) == 0  # without it the videos are silent, and made anew
    assert not record(trees, NAMES[0])["sound"]
