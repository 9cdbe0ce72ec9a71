"""Many processes and machines: the same videos as one process makes, whoever is lost on the way."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.batch.conftest import CHEAP, SCRIPT, half_written, write_tree
from xtalker_addon.render.video.probe import probe_video

pytest.importorskip("bpy", reason="this Python has no Blender module")
pytestmark = pytest.mark.skipif(os.name != "posix", reason="uses signals of POSIX")

_CLUSTER = """
import sys
from distributed import Client, LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=int(sys.argv[1]), threads_per_worker=2, dashboard_address=None) as own, Client(own):
        print(own.scheduler_address, flush=True)
        for line in sys.stdin:
            print(*[info.pid for info in own.workers.values()], flush=True)
"""


@pytest.fixture
def dask_only():
    pytest.importorskip("distributed", reason="dask.distributed is not installed (pip install distributed)")


def contents(output: Path) -> dict[str, str]:
    return {
        path.relative_to(output).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(output.rglob("*"))
        if path.suffix in (".mp4", ".jpg", ".js")
    }


@contextmanager
def cluster(tmp_path, workers):
    """A dask scheduler with workers, as a lab runs it: its address, and who tells its workers' processes."""
    (tmp_path / "cluster.py").write_text(_CLUSTER)
    command = [sys.executable, "-Wignore", str(tmp_path / "cluster.py"), str(workers)]
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[1])}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, env=environment, start_new_session=True, **pipes) as process:
        address = process.stdout.readline().strip()

        def pids() -> list[int]:
            process.stdin.write("\n")
            process.stdin.flush()
            return [int(word) for word in process.stdout.readline().split() if word != "None"]

        try:
            yield address, pids
        finally:
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:  # dask 2024.8 can wait for ever for a worker that was killed
                os.killpg(process.pid, signal.SIGKILL)


def test_jobs_make_what_one_process_makes(batch, dask_only):
    alone = replace(batch, output=batch.output.with_name("alone"))
    assert alone.run().returncode == 0
    done = batch.run("--jobs", "2", "--per-task", "2", "--resource", "GPU=1")
    assert done.returncode == 0, done.stderr
    assert contents(batch.output) == contents(alone.output)
    assert half_written(batch.output) == []


def test_a_lab_of_workers_survives_the_loss_of_some(batch, tmp_path, dask_only):
    write_tree(batch.input, 15)
    with cluster(tmp_path, 2) as (address, pids), batch.start("--scheduler", address) as process:
        for count, line in enumerate(process.stdout):
            if count in (2, 7):  # one worker, later both
                for pid in pids()[: 1 if count == 2 else 2]:
                    os.kill(pid, signal.SIGKILL)
            assert "took" not in line
        _, complaint = process.communicate(timeout=120)
    assert (process.returncode, complaint) == (0, "")
    # What a killed worker left half done lies in its work folder until somebody comes next.
    finished = [video for video in batch.videos() if not video.startswith(".work/")]
    assert len(finished) == 15
    for video in finished:
        assert probe_video(batch.output / video).frames in (4, 5, 6)
    assert batch.run("--limit", "1").returncode == 0  # sweeps up after the killed
    assert half_written(batch.output) == []


def test_signals_stop_a_cluster(batch, dask_only):
    write_tree(batch.input, 24)
    with batch.start("--jobs", "2") as process:
        for line in process.stdout:
            if line.startswith("[2/"):
                break
        process.send_signal(signal.SIGTERM)
        _, complaint = process.communicate(timeout=60)
    assert process.returncode == 5
    assert "stopped by SIGTERM; run it again to go on" in complaint
    assert half_written(batch.output) == []
    assert 2 <= len(batch.videos()) < 24


def test_a_scheduler_that_is_not_there(batch, dask_only, tmp_path):
    (tmp_path / "scheduler.json").write_text("{")
    done = batch.run("--scheduler", tmp_path / "scheduler.json")
    assert done.returncode == 2
    assert "no dask scheduler answers there" in done.stderr
    missing = batch.run("--scheduler", tmp_path / "other.json")
    assert missing.returncode == 2
    assert (
        missing.stderr == f"xtalker: {tmp_path / 'other.json'}: does not exist; name the file that the dask "
        "scheduler has written.\n"
    )


def test_without_dask_one_sentence_says_what_to_install(batch, tmp_path):
    (tmp_path / "distributed.py").write_text("raise ImportError\n")
    done = batch.run("--jobs", "2", env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.returncode == 4
    assert f"install it with `{sys.executable} -m pip install distributed`, or start" in done.stderr


def test_the_slurm_template_as_an_array_would_run_it(batch, tmp_path):
    """Each part alone, in an environment that holds what SLURM sets; together they make the whole, once."""
    template = SCRIPT.with_name("slurm_array.sh")
    array = {"SLURM_ARRAY_TASK_MIN": "5", "SLURM_ARRAY_TASK_COUNT": "3", "SLURM_SUBMIT_DIR": str(SCRIPT.parents[1])}
    environment = {**os.environ, **array, "XTALKER_PYTHON": sys.executable}
    spool = shutil.copy(template, tmp_path / "slurm_script")  # SLURM runs a copy
    options = ["--model", batch.model, *CHEAP]
    seen = []
    for number in ("5", "6", "7"):
        command = ["bash", spool, batch.input, batch.output, *options]
        done = subprocess.run(
            command, env={**environment, "SLURM_ARRAY_TASK_ID": number}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        entries = json.loads((batch.output / f"report-{int(number) - 4}-of-3.json").read_text())["sequences"]
        seen += [entry["name"] for entry in entries if entry["status"] == "done"]
    assert sorted(seen) == [video.removesuffix(".mp4") for video in batch.videos()]
    assert len(seen) == 6
    alone = replace(batch, output=tmp_path / "alone")
    alone.run()
    assert contents(batch.output) == contents(alone.output)
    gather = {**environment, "SLURM_ARRAY_TASK_ID": "1", "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_COUNT": "1"}
    done = subprocess.run(["bash", spool, batch.input, batch.output, "--report-only"], env=gather, check=False)
    assert done.returncode == 0
    assert all(name in (batch.output / "index.html").read_text() for name in seen)


@pytest.mark.slow
def test_fifty_kills_at_random_moments(batch):
    """Killed without warning, run again, fifty times: every video present, valid, and made once."""
    write_tree(batch.input, 60)
    chance = random.Random(0)
    first_made: dict[str, tuple] = {}

    def note_videos() -> None:
        for path in batch.output.rglob("*.mp4"):
            if ".work" not in path.parts:
                which = (path.stat().st_ino, path.stat().st_mtime_ns)
                assert first_made.setdefault(path.name, which) == which, f"{path.name} was made twice"

    kills = 0
    while kills < 50:
        with batch.start("--log-json", batch.output.with_name("log"), stdout=subprocess.DEVNULL) as process:
            time.sleep(chance.uniform(0.05, 2.2))
            if process.poll() is None:
                kills += 1
            process.kill()
        note_videos()
        for path in batch.output.rglob("*.mp4"):
            if ".work" not in path.parts:
                assert probe_video(path).frames in (4, 5, 6)
        if len(first_made) == 60:  # all there: begin anew
            shutil.rmtree(batch.output)
            first_made.clear()
    assert batch.run().returncode == 0
    note_videos()
    assert len(batch.videos()) == len(first_made) == 60
    for video in batch.videos():
        assert probe_video(batch.output / video).frames in (4, 5, 6)
    assert half_written(batch.output) == []
    assert batch.run().returncode == 0
    note_videos()
