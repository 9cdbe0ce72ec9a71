"""Clips as they are shipped: many one-frame files, trees of frame folders, and tars against the folders in them."""

from __future__ import annotations

import io
import os
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tests.data.layouts import write_flame_param
from tests.data.tars import pack, write_unpacked
from xtalker_addon.core.dataset import index_tree
from xtalker_addon.core.formats import read_sequence

ROOT = Path(__file__).parents[2]
FILES = 10_000  # frames of one clip
FOLDERS, FRAMES = 1_000, 100
CLIPS = 12_669  # of WebTalk-Synthetic
RENDERED, ROUNDS = 50, 3
T = TypeVar("T")


def main() -> None:
    for measure in (tree_of_folders, one_frame_files, tars, rendering):
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder))


def one_frame_files(folder: Path) -> None:
    written = write_flame_param(folder / "clip", FILES)
    clip, seconds = timed(lambda: read_sequence(written.path))
    print(f"{clip.frames:,} one-frame files read as one clip: {seconds:.1f} s")


def tree_of_folders(folder: Path) -> None:
    """A thousand folders whose frames are other names of the first one's: a tree takes no look into each frame."""
    first = write_flame_param(folder / "tree" / "clip_0000", FRAMES).path
    for index in range(1, FOLDERS):
        other = folder / "tree" / f"clip_{index:04}" / first.name
        other.mkdir(parents=True)
        for file in first.iterdir():
            os.link(file, other / file.name)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found, cold = timed(lambda: index_tree(folder / "tree", folder / "index.sqlite"))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    _, warm = timed(lambda: index_tree(folder / "tree", folder / "index.sqlite"))
    files = sum(clip.files for clip in found.clips)
    print(
        f"{FOLDERS:,} frame folders, {files:,} files: {len(found.clips):,} clips; cold {cold:.1f} s, "
        f"warm {warm:.2f} s, memory grew by {grown:.0f} MB"
    )


def tars(folder: Path) -> None:
    """Archives as large in number as the data set's; all clips are the same short one."""
    (stem,) = stems = ("clip",)
    loose = write_unpacked(folder / "loose", stems, frames=5)
    packed = folder / "packed"
    packed.mkdir()
    for place in (path for path in loose.iterdir() if path.is_dir()):
        (file,) = place.iterdir()
        content = file.read_bytes()
        with tarfile.open(packed / f"{place.name}.tar", "w", format=tarfile.GNU_FORMAT) as archive:
            for index in range(CLIPS):
                member = tarfile.TarInfo(f"{place.name}/{stem}_{index:05}{file.suffix}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    index = (packed, folder / "index.sqlite")
    found, cold = timed(lambda: index_tree(*index))
    _, warm = timed(lambda: index_tree(*index))
    print(f"{len(found.clips):,} clips in four tars: index cold {cold:.1f} s, warm {warm:.2f} s")


def rendering(folder: Path) -> None:
    """A batch over tars against one over the folders in them, in turns, and whether they made the same videos."""
    loose = write_unpacked(folder / "loose", tuple(f"clip_{index:03}" for index in range(RENDERED)))
    sources = {"folders": loose, "tars": pack(loose, folder / "tars")}
    best = dict.fromkeys(sources, float("inf"))
    for _ in range(ROUNDS):
        for name, source in sources.items():
            command = [sys.executable, "render_scripts/render_batch.py", "--input", source, "--size", "128"]
            command += ["--output", folder / f"{name}-out", "--overwrite"]
            _, seconds = timed(
                lambda command=command: subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
            )
            best[name] = min(best[name], seconds)
    videos = [sorted((folder / f"{name}-out").rglob("*.mp4")) for name in sources]
    same = all(a.read_bytes() == b.read_bytes() for a, b in zip(*videos, strict=True))
    print(
        f"{len(videos[0])} clips rendered from tars: {100 * (best['tars'] / best['folders'] - 1):+.1f} % of the time "
        f"from folders ({best['folders']:.1f} s); {'identical' if same else 'OTHER'} videos"
    )


def timed(action: Callable[[], T]) -> tuple[T, float]:
    started = time.perf_counter()
    return action(), time.perf_counter() - started
