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


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_matrix_products_take_one_thread_beside_drawing_and_encoding(tmp_path, monkeypatch):
    """Counted by a program in Blender's place, which numbers its threads after a product and answers nothing."""
    program, found = tmp_path / "blender", tmp_path / "threads"
    program.write_text(COUNT_THREADS.format(python=sys.executable, found=str(found)))
    program.chmod(0o755)
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    with Renderer(None, program) as renderer, pytest.raises(MachineError):
        task = Task("clip", Path("clip"), tmp_path / "clip.mp4", RenderSettings(), labels={})
        renderer.render(task, tmp_path / "clip.mp4", 60)
    assert found.read_text() == "1"
