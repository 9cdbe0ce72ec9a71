"""The index of a dataset of 11,506 folders: the first look, and later ones."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tests.bench._timing import best_seconds
from tests.data.trees import write_hollow_tree
from xtalker_addon.core.dataset import index_tree

CLIPS = 11_506


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root, database = Path(folder, "tree"), Path(folder, "index.db")
        write_hollow_tree(root, CLIPS)
        started = time.perf_counter()
        found = index_tree(root, database)
        cold = time.perf_counter() - started
        warm = best_seconds(lambda: index_tree(root, database))
        files = sum(clip.files for clip in found.clips)
        print(
            f"{len(found.clips):,} folders, {files:,} files: cold {cold:.2f} s, warm {warm:.3f} s, {cold / warm:.0f} x"
        )
