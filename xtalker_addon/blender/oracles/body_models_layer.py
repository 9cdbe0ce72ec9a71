"""body-models: FLAME on numpy alone, in a process of its own.

It needs numpy 2 and Blender 4.5 has numpy 1. So it may also lie in the folder `oracle` of the environment, with a numpy
that only that process sees: `pip install --target "$VIRTUAL_ENV/oracle" body-models`.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...core.ffmpeg import NO_WINDOW
from ...core.model.flame import FlameModel
from ...core.model.skinning import PARENTS
from ...errors import MachineError

_FOLDER: Final = Path(sys.prefix) / "oracle"
_PROCESS: Final = Path(__file__).with_name("body_models_process.py")
_IDENTITY, _EXPRESSION = 300, 100  # columns that it takes for granted


def missing() -> list[str]:
    """Packages of the layer that are not installed."""
    here = importlib.util.find_spec("body_models") is not None and int(np.__version__.split(".")[0]) >= 2
    return [] if here or (_FOLDER / "body_models").is_dir() else ["body_models"]


def vertices(
    model: FlameModel,
    shape: NDArray[np.floating],
    expression: NDArray[np.floating],
    pose: NDArray[np.floating],
) -> Iterator[NDArray[np.floating]]:
    """See `Oracle.vertices`. Raises MachineError where the process fails."""
    with tempfile.TemporaryDirectory(prefix="xtalker-") as name:
        folder = Path(name)
        identity = _widened(model.identity_basis, _IDENTITY)
        basis = np.concatenate([identity, _widened(model.expression_basis, _EXPRESSION)])
        np.savez(
            folder / "model.npz",
            v_template=model.template,
            f=model.faces,
            shapedirs=np.moveaxis(basis, 0, -1),
            posedirs=np.moveaxis(model.corrective_basis, 0, -1),
            J_regressor=model.joint_regressor,
            weights=model.weights,
            kintree_table=np.array([PARENTS, range(len(PARENTS))]),
        )
        np.savez(folder / "codes.npz", shape=shape, expression=expression, pose=pose)
        environment = {**os.environ, "PYTHONPATH": str(_FOLDER)}
        command = [sys.executable, str(_PROCESS), str(folder)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, creationflags=NO_WINDOW)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise MachineError(f"body-models cannot evaluate the model ({reason}); install it anew.")
        found = np.load(folder / "vertices.npy", mmap_mode="r")
        yield from (np.array(frame[None]) for frame in found)
        del found  # Windows removes no folder whose files are still mapped


def _widened(basis: NDArray[np.float32], columns: int) -> NDArray[np.float32]:
    """The basis with columns that move nothing, up to as many as the layer expects."""
    return np.concatenate([basis, np.zeros((columns - len(basis), *basis.shape[1:]), basis.dtype)])
