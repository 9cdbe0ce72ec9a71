"""How long 3DXTalker's whole data set takes, from 200 clips of mixed length, and what a second core gains.

XTALKER_CLIPS=N takes N clips in place of 200.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.data.trees import SUBSETS, write_clip

ROOT = Path(__file__).parents[2]
CLIPS = int(os.environ.get("XTALKER_CLIPS", "200"))
ALL_FRAMES = 5_830_000
MEAN_FRAMES = 500
SHORTEST, LONGEST = 60, 3466  # frames, of the data set's clips
FEW = 40  # clips for what takes one core


def lengths(count: int) -> list[int]:
    """Many short clips and a few long ones, 500 frames on average."""
    spread = np.random.default_rng(0).lognormal(0.0, 0.8, count)
    return np.clip(spread * MEAN_FRAMES / spread.mean(), SHORTEST, LONGEST).astype(int).tolist()


def seconds(source: Path, output: Path, jobs: int, cores: set[int] | None = None) -> float:
    """Of a whole batch, its start and its end too."""
    shutil.rmtree(output, ignore_errors=True)
    command = [sys.executable, "render_scripts/render_batch.py", "--input", str(source), "--output", str(output)]
    limit = None if cores is None else lambda: os.sched_setaffinity(0, cores)
    started = time.perf_counter()
    subprocess.run([*command, "--jobs", str(jobs)], check=True, stdout=subprocess.DEVNULL, cwd=ROOT, preexec_fn=limit)
    return time.perf_counter() - started


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "out")
        few, all_clips = Path(folder, "few"), Path(folder, "all")
        frames = lengths(CLIPS)
        for index, length in enumerate(frames):
            write_clip(all_clips / SUBSETS[index % len(SUBSETS)] / f"clip_{index}", length, index)
        for path in sorted(all_clips.glob("*/*"))[:FEW]:
            shutil.copytree(path, few / path.relative_to(all_clips))
        two = seconds(all_clips, output, 2)
        hours = two / sum(frames) * ALL_FRAMES / 3600
        total = sum(frames)
        print(f"{CLIPS} clips of {min(frames)} to {max(frames)} frames, {total:,} together, 512 x 512, with sound")
        print(f"  --jobs 2: {two:.0f} s, {1e3 * two / total:.2f} ms a frame; {ALL_FRAMES:,} in {hours:.1f} hours")
        both = seconds(few, output, 2)
        one = seconds(few, output, 1)
        print(f"  {FEW} of them: one process {one:.0f} s, two {both:.0f} s: {one / both:.2f} x")
        if hasattr(os, "sched_setaffinity"):
            alone = seconds(few, output, 1, {min(os.sched_getaffinity(0))})
            print(f"  one process on one core {alone:.0f} s: two on two cores are {alone / both:.2f} x")
