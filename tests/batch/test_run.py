"""What a user gets from a batch: every video whole and recorded, only what is needed made, one sentence a failure."""

from __future__ import annotations

import calendar
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.batch.conftest import CHEAP, SCRIPT, Batch, half_written, write_tree
from tests.data.layouts import write_emoca_results
from tests.data.trees import write_clip
from tests.data.unit_tables import face, write_table
from xtalker_addon.batch.record import read_record
from xtalker_addon.batch.review_state import Review, write_reviews
from xtalker_addon.core.ffmpeg import find_ffmpeg
from xtalker_addon.render.video.probe import probe_video

pytest.importorskip("bpy", reason="this Python has no Blender module")
pytestmark = pytest.mark.skipif(os.name != "posix", reason="uses signals of POSIX")

NAMES = [
    *("V0-GRID/M000_happy_0", "V0-GRID/M003_sad_3", "V1-RAVDESS/M001_sad_1"),
    *("V1-RAVDESS/M004_happy_4", "V2-MEAD/M002_happy_2", "V2-MEAD/M005_sad_5"),
]


def report(batch) -> dict:
    return json.loads((batch.output / "report.json").read_text())


def made(batch) -> dict[str, tuple]:
    """What tells one rendering of a video from another."""
    return {path.name: (path.stat().st_mtime_ns, path.stat().st_ino) for path in batch.output.rglob("*.mp4")}


def test_a_whole_batch(batch):
    done = batch.run()
    assert done.returncode == 0, done.stderr
    assert batch.videos() == [f"{name}.mp4" for name in NAMES]
    assert half_written(batch.output) == []
    for name in NAMES:
        info = probe_video(batch.output / f"{name}.mp4")
        record = read_record(batch.output / f"{name}.json")
        assert (record.frames, record.size, record.failure) == (info.frames, [48, 48], "")
        assert info.has_audio
        assert record.labels["subset"] == name.split("/")[0]
        assert set(record.timings) == {"read", "render", "check"}
        assert {Path(path).name for path in record.inputs} >= {"expcode.npy", "audio.wav"}
        assert record.versions.keys() == {"xtalker", "blender", "python"}
        assert (batch.output / "previews" / f"{name}.jpg").read_bytes().startswith(b"\xff\xd8")
    with (batch.output / "report.csv").open(newline="") as file:
        assert [row["status"] for row in csv.DictReader(file)] == ["done"] * 6
    assert report(batch)["done"] == 6
    assert (batch.output / "index.html").stat().st_size > 1000
    rows = [json.loads(line) for line in (batch.output / "metadata.jsonl").read_text("utf-8").splitlines()]
    assert [row["file_name"] for row in rows] == batch.videos()
    assert {tuple(row) for row in rows} == {tuple(rows[0])}  # a table has the same columns in every row
    assert [(row["name"], row["subset"], row["fps"]) for row in rows] == [(n, n.split("/")[0], 25.0) for n in NAMES]
    assert [row["frames"] for row in rows] == [probe_video(batch.output / row["file_name"]).frames for row in rows]


def test_frames_beyond_the_end_are_told(batch):
    done = batch.run("--limit", "3", "--frames", "2-4")  # twice of four frames, once of five
    assert done.returncode == 0, done.stderr
    sentence = "M000_happy_0: has 4 frames, so 2-3 are rendered, not 2-4."
    assert done.stdout.count(", not 2-4.") == 2
    assert sentence in done.stdout
    short, _, whole = (read_record(batch.output / f"{name}.json") for name in NAMES[:3])
    assert (short.frames, sentence in short.warnings) == (2, True)
    assert (whole.frames, [text for text in whole.warnings if "not 2-4" in text]) == (3, [])


def test_a_contact_sheet_lies_beside_its_video(batch):
    done = batch.run("--limit", "1", "--engine", "review", "--sheet", "4", "--layout", "angles")
    if done.returncode == 4:
        pytest.skip(f"no graphics here: {done.stderr}")
    assert done.returncode == 0, done.stdout
    assert (batch.output / f"{NAMES[0]}.png").read_bytes().startswith(b"\x89PNG")
    record = read_record(batch.output / f"{NAMES[0]}.json")
    assert record.size[0] == 3 * 48  # as the video is, not as one panel
    assert half_written(batch.output) == []


def test_what_is_done_is_not_done_again(batch):
    batch.run("--log-json", batch.output.parent / "log")
    before = made(batch)
    shutil.copystat("/", batch.input / NAMES[0] / "expcode.npy")  # another time, the same content
    again = batch.run("--log-json", batch.output.parent / "log")
    assert (again.returncode, made(batch)) == (0, before)
    assert report(batch)["skipped"] == 6
    events = [json.loads(line) for line in (batch.output.parent / "log").read_text().splitlines()]
    assert [event["event"] for event in events] == [
        *("plan", *["done"] * 6, "finished"),
        *("plan", *["skipped"] * 6, "finished"),
    ]


def test_what_has_changed_is_made_again(batch):
    batch.run()
    before = made(batch)
    clips = [batch.input / name for name in NAMES]
    videos = [batch.output / f"{name}.mp4" for name in NAMES]
    np.save(clips[0] / "expcode.npy", np.load(clips[0] / "expcode.npy") * 1.1)
    soundfile.write(clips[1] / "audio.wav", np.zeros(3000), 16000)
    videos[2].write_bytes(b"x" * videos[2].stat().st_size)
    videos[3].unlink()
    videos[4].with_suffix(".json").write_text('{"xtalker": 1, "name": ')
    assert batch.run().returncode == 0
    assert {name for name, which in made(batch).items() if before[name] != which} == {path.name for path in videos[:5]}
    for video in videos:
        assert probe_video(video).frames in (4, 5, 6)


def test_other_settings_and_another_model_are_made_again(batch, tmp_path):
    batch.run("--limit", "2")
    batch.run("--limit", "2", "--frames", "0-1")
    assert report(batch)["done"] == 2
    assert probe_video(batch.output / f"{NAMES[0]}.mp4").frames == 2
    from tests.data.models import synthetic_model
    from xtalker_addon.core.model.flame import save_model

    save_model(synthetic_model(8, 10, identity=100, expression=50, seed=1), tmp_path / "other.npz")
    batch.run("--limit", "2", "--frames", "0-1", "--model", tmp_path / "other.npz")
    assert report(batch)["done"] == 2


def test_a_failure_costs_its_own_sequence(batch):
    (batch.input / NAMES[1] / "expcode.npy").write_bytes(b"not numbers")
    done = batch.run()
    assert done.returncode == 3
    assert len(batch.videos()) == 5
    (failed,) = [entry for entry in report(batch)["sequences"] if entry["status"] == "failed"]
    assert failed["name"] == NAMES[1]
    assert "expcode.npy: is neither" in failed["error"] or "expcode.npy" in failed["error"]
    assert failed["error"] in done.stdout
    listed = (batch.output / "metadata.jsonl").read_text("utf-8")
    assert (listed.count("\n"), NAMES[1] in listed) == (5, False)
    assert f"1 of 6 sequences without an output; {batch.output / 'report.json'} says why" in done.stderr
    assert half_written(batch.output) == []


def test_what_failed_is_left_alone_until_asked_for_or_mended(batch):
    codes = batch.input / NAMES[1] / "expcode.npy"
    good = codes.read_bytes()
    codes.write_bytes(b"not numbers")
    batch.run()
    again = batch.run()
    assert (again.returncode, report(batch)["quarantined"]) == (3, 1)
    assert report(batch)["quarantine"] == [NAMES[1]]
    only = batch.run("--only", "failed")
    assert (only.returncode, report(batch)["planned"], report(batch)["failed"]) == (3, 1, 1)
    codes.write_bytes(good)
    mended = batch.run()
    assert (mended.returncode, len(batch.videos())) == (0, 6)


def test_a_review_chooses_what_is_rendered(batch, tmp_path):
    write_reviews([Review(NAMES[0], "approved"), Review(NAMES[1], "rejected", "mouth")], tmp_path / "review.csv")
    assert batch.run("--review", tmp_path / "review.csv", "--only", "rejected").returncode == 0
    assert batch.videos() == [f"{NAMES[1]}.mp4"]
    wrong = batch.run("--only", "approved")
    assert (wrong.returncode, "--review FILE and --only" in wrong.stderr) == (2, True)


@pytest.mark.parametrize("options", [("--subset", "V9"), ("--match", "zz"), ("--min-seconds", "90")])
def test_filters_that_leave_nothing_write_nothing(batch, options):
    done = batch.run(*options)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"no sequence of {batch.input} matches {' '.join(options)}; there are: " in done.stderr
    assert done.stderr.count("\n") == 1
    assert not batch.output.exists()


def test_a_choice_that_leaves_nothing_says_so(batch, tmp_path):
    write_reviews([Review(NAMES[1], "rejected")], tmp_path / "review.json")
    chosen = batch.run("--review", tmp_path / "review.json", "--only", "approved")
    assert (chosen.returncode, "is approved in" in chosen.stderr) == (2, True)
    failed = batch.run("--only", "failed")  # after a batch without failures, in a script
    assert (failed.returncode, "no sequence of the input failed before" in failed.stdout) == (0, True)
    assert not batch.output.exists()
    empty = batch.run("--limit", "1", "--shard", "2/2", "--dry-run")
    assert (empty.returncode, empty.stderr) == (0, "")


def test_dry_run_tells_and_renders_nothing(batch):
    before = batch.run("--dry-run")
    assert before.returncode == 0
    assert "V1-RAVDESS        2 sequences" in before.stdout
    assert "6 sequences, 1 s, 30 frames; 0 are there already" in before.stdout
    assert "6 to render, 30 frames: about 1 s with 1 at a time, 1 kB (a guess" in before.stdout
    large = batch.run("--dry-run", "--size", "1024x1024", "--samples", "64")  # 30 frames of 64 x 4 x 75 ms
    assert "about 9:36 min with 1 at a time" in large.stdout
    assert "a guess, until some were rendered here" in before.stdout
    assert not batch.output.exists()
    batch.run("--limit", "3")
    assert "3 are there already" in (after := batch.run("--dry-run")).stdout
    assert "3 to render, " in after.stdout
    assert "as 3 sequences here took" in after.stdout
    other = batch.run("--dry-run", "--frames", "0-1")
    assert "0 are there already" in other.stdout  # what is there was made with other settings
    batch.run()
    assert "6 are there already\nnothing is left to render\n" in batch.run("--dry-run").stdout


def test_a_head_that_may_not_fit_is_told_once(batch, tmp_path):
    small = batch.run("--dry-run").stdout
    assert small.count("vertices and FLAME has 5,023") == 1
    assert "XTalker's own" not in small
    options = ["--input", batch.input, "--output", batch.output, *CHEAP]
    own = subprocess.run(
        [sys.executable, SCRIPT, *options, "--dry-run"], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert own.count("warning: This head is XTalker's own") == 1
    done = batch.run("--limit", "2").stdout
    assert done.count("vertices and FLAME has 5,023") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_in_good_order(batch, number):
    write_tree(batch.input, 40)
    with batch.start() as process:
        for line in process.stdout:
            if line.startswith("[3/"):
                break
        process.send_signal(number)
        _, complaint = process.communicate(timeout=60)
    assert process.returncode == 5
    assert f"stopped by {number.name}; run it again to go on" in complaint
    assert half_written(batch.output) == []
    assert 3 <= len(batch.videos()) < 40
    assert report(batch)["done"] == len(batch.videos())
    assert all(video.removesuffix(".mp4") in (batch.output / "index.html").read_text() for video in batch.videos())
    for video in batch.videos():
        assert probe_video(batch.output / video).frames in (4, 5, 6)


def with_ffmpeg(tmp_path: Path, before: str) -> dict[str, str]:
    """An environment whose ffmpeg runs a line of shell first."""
    program = tmp_path / "bin" / "ffmpeg"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n{before}\nexec {find_ffmpeg()} "$@"\n')
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}


def test_an_encoder_that_hangs_is_stopped(batch, tmp_path):
    """ffmpeg stands still on one sequence; the others are made, and nothing of it stays behind."""
    started = time.monotonic()
    assert batch.run("--subset", "V0-GRID").returncode == 0
    limit = max(4, round(3 * (time.monotonic() - started)))  # which those that do not hang keep on a busy machine too
    nap = f"sleep {100_000 + os.getpid()}"
    environment = with_ffmpeg(tmp_path, f'case "$*" in *M001*) exec {nap} ;; esac')
    done = batch.run("--time-limit", limit, "--retries", "0", env=environment)  # waits for no nap: `run` has a timeout
    assert (done.returncode, len(batch.videos())) == (3, 5)
    told = f"M001_sad_1: took longer than the limit of {limit} s; render it alone, or raise --time-limit."
    assert told in done.stdout
    assert half_written(batch.output) == []
    assert subprocess.run(["pgrep", "-f", nap], check=False, capture_output=True).stdout == b""


def test_names_as_long_as_a_disk_allows(batch):
    names = {"n" * 250, "\u65e5" * 83}
    for clip, name in zip(NAMES[:2], names, strict=True):
        (batch.input / clip).rename(batch.input / "V0-GRID" / name)
    done = batch.run("--subset", "V0-GRID")
    assert done.returncode == 0, done.stdout
    assert {path.stem for path in (batch.output / "V0-GRID").glob("*.mp4")} == names


def test_a_record_tells_when_its_video_was_finished(batch, tmp_path):
    """Not when its turn was asked for."""
    before = time.time()
    done = batch.run("--limit", "2", env=with_ffmpeg(tmp_path, 'case "$*" in *V0-GRID*libx264*) sleep 3 ;; esac'))
    assert done.returncode == 0, done.stdout
    for name in NAMES[:2]:
        made = calendar.timegm(time.strptime(read_record(batch.output / f"{name}.json").made, "%Y-%m-%dT%H:%M:%SZ"))
        assert made >= int((batch.output / f"{name}.mp4").stat().st_mtime) > before


def test_a_blender_that_crashes_costs_one_sequence(batch, tmp_path):
    environment = with_ffmpeg(tmp_path, 'case "$*" in *M001*) kill -SEGV $PPID; exit 1 ;; esac')
    done = batch.run("--retries", "1", env=environment)
    assert (done.returncode, len(batch.videos())) == (3, 5)
    assert "the process that renders was ended by SIGSEGV" in done.stdout
    assert read_record(batch.output / f"{NAMES[2]}.json").attempts == 2
    assert half_written(batch.output) == []


def test_an_input_that_vanishes_meanwhile(batch):
    write_tree(batch.input, 10)
    with batch.start() as process:
        for line in process.stdout:
            if line.startswith("[1/"):
                shutil.rmtree(batch.input / "V0-GRID" / "M009_sad_9")
                break
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "M009_sad_9" in out
    assert "Traceback" not in out
    assert len(batch.videos()) == 9
    write_clip(batch.input / "V0-GRID" / "M009_sad_9", 4)
    assert batch.run().returncode == 0


def test_names_of_any_kind(batch):
    """Spaces, signs of HTML and URLs, and other scripts work; what is no text at all is refused with a sentence."""
    shutil.rmtree(batch.input)
    odd = ['a b #1 %20 "q" <b>&', "日本語 ü", os.fsdecode(b"bad\xff")]
    for name in odd:
        write_clip(batch.input / "V0-GRID" / name, 3, sound=False)
    done = batch.run()
    assert done.returncode == 3
    assert "the name is not text in UTF-8; rename it." in done.stdout
    assert set(batch.videos()) == {f"V0-GRID/{name}.mp4" for name in odd[:2]}


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser may mount a small disk")
def test_a_full_disk_stops_the_batch(batch, tmp_path):
    """Whatever comes next would not fit either; with room again it goes on."""
    batch.output.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(batch.output)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this machine does not let a small disk be mounted")
    try:
        (batch.output / "ballast").write_bytes(bytes(shutil.disk_usage(batch.output).free - (24 << 10)))
        done = batch.run()
        assert done.returncode == 4
        assert f"{batch.output}: the disk is full; mend that and run it again to go on." in done.stderr
        assert half_written(batch.output) == []
        for video in batch.videos():
            probe_video(batch.output / video)
        (batch.output / "ballast").unlink()
        subprocess.run(["mount", "-o", "remount,size=64m", str(batch.output)], check=True)
        assert batch.run().returncode == 0
        assert len(batch.videos()) == 6
    finally:
        subprocess.run(["umount", str(batch.output)], check=True)


def test_an_output_that_cannot_be_written(batch):
    batch.output.write_text("a file")
    done = batch.run()
    assert done.returncode == 2
    assert all(line.startswith("warning: ") for line in done.stdout.splitlines())  # of its model; nothing was done
    assert f"{batch.output}: is a file" in done.stderr


def test_one_video_that_cannot_be_put_in_place(batch):
    (batch.output / f"{NAMES[0]}.mp4" / "folder").mkdir(parents=True)
    done = batch.run("--retries", "0")
    assert done.returncode == 3
    assert f"{NAMES[0]}.mp4: cannot be written (Is a directory); make way for it." in done.stdout
    assert sum(path.is_file() for path in batch.output.rglob("*.mp4")) == 5


def test_processes_are_recycled(batch, tmp_path):
    """Blender's memory grows, so one process renders only so many; each encoder tells whose child it is."""
    environment = with_ffmpeg(tmp_path, f'case "$*" in *rawvideo*pipe:*) echo $PPID >> {tmp_path}/parents ;; esac')
    assert batch.run("--recycle", "2", env=environment).returncode == 0
    parents = (tmp_path / "parents").read_text().split()
    assert [parents.count(parent) for parent in dict.fromkeys(parents)] == [2, 2, 2]


def test_a_table_of_too_few_units_fails_alone_and_a_bad_timecode_is_told_once(tmp_path):
    columns = face(np.random.default_rng(0), 20)
    take = write_table(tmp_path / "take.csv", columns)
    take.write_text(take.read_text().replace("04:00:00:03.000", "tea time"))
    few = write_table(tmp_path / "few.csv", {name: columns[name] for name in ("JawOpen", "CheekPuff")})
    command = [sys.executable, str(SCRIPT), "--input", str(take), str(few), "--output", str(tmp_path / "out")]
    done = subprocess.run(
        [*command, *CHEAP, "--frames", "0-0"], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 3, done.stderr
    said = done.stdout + done.stderr
    assert said.count("few.csv: has only 2 of ARKit's 52 units") == 1
    assert said.count("row 4 is 'tea time'") == 1
    assert [path.name for path in (tmp_path / "out").glob("*.mp4")] == ["take.mp4"]


def test_a_model_that_is_none(batch, tmp_path):
    (tmp_path / "model.npz").write_bytes(b"nothing")
    done = batch.run("--model", tmp_path / "model.npz")
    assert done.returncode == 2
    assert "model.npz" in done.stderr
    assert not batch.output.exists()


def test_a_blender_that_is_none(batch):
    done = batch.run("--blender", "/bin/false")
    assert done.returncode == 4
    assert "/bin/false: cannot render" in done.stderr
    missing = batch.run("--blender", "/nowhere/blender")
    assert (missing.returncode, "cannot be started" in missing.stderr) == (4, True)


def test_a_folder_of_frames_is_one_video_at_the_rate_that_is_given(tmp_path, small_model):
    written = write_emoca_results(tmp_path / "in" / "talk", 5)
    write_emoca_results(tmp_path / "in" / "other", 4)
    frames = Batch(tmp_path / "in", tmp_path / "out", small_model)
    assert frames.run("--fps", "30").returncode == 0
    assert frames.videos() == ["other.mp4", "talk.mp4"]
    info = probe_video(frames.output / "talk.mp4")
    assert (info.frames, info.fps) == (5, 30)
    first = made(frames)
    np.save(written.path / "000002_000" / "exp.npy", np.ones(50, np.float32))
    done = frames.run("--fps", "30")
    assert done.returncode == 0, done.stderr
    second = made(frames)
    assert second["other.mp4"] == first["other.mp4"]
    assert second["talk.mp4"] != first["talk.mp4"]
