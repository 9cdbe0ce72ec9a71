"""The process that renders has what it needs of the machine, and no more."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from xtalker_addon.batch.plan import Task
from xtalker_addon.batch.renderer import Renderer
from xtalker_addon.errors import MachineError
from xtalker_addon.render.settings import RenderSettings

COUNT_THREADS = """#!{python}
import os, pathlib
import numpy as np
np.ones((300, 300)) @ np.ones((300, 300))
pathlib.Path({found!r}).write_text(str(len(os.listdir("/proc/self/task"))))
"""


SAY_ENVIRONMENT = """#!{python}
import os, pathlib
pathlib.Path({found!r}).write_text(" ".join(os.environ))
"""


def said_in_blenders_place(program: str, folder: Path) -> str:
    """What a program writes to the file `found`; it answers nothing, so that rendering fails."""
    path, found = folder / "blender", folder / "found"
    path.write_text(program.format(python=sys.executable, found=str(found)))
    path.chmod(0o755)
    with Renderer(None, path) as renderer, pytest.raises(MachineError):
        task = Task("clip", Path("clip"), folder / "clip.mp4", RenderSettings(), labels={})
        renderer.render(task, folder / "clip.mp4", 60)
    return found.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_matrix_products_take_one_thread_beside_drawing_and_encoding(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    assert said_in_blenders_place(COUNT_THREADS, tmp_path) == "1"


def test_memory_is_kept_although_dask_asks_its_workers_to_give_it_back(tmp_path, monkeypatch):
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "65536")
    monkeypatch.setenv("MALLOC_ARENA_MAX", "2")
    names = said_in_blenders_place(SAY_ENVIRONMENT, tmp_path).split()
    assert "MALLOC_TRIM_THRESHOLD_" not in names
    assert "MALLOC_ARENA_MAX" in names
