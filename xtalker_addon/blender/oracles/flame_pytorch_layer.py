"""flame-pytorch: FLAME on the skinning of smplx, run by torch."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import pickle
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.model.flame import FlameModel
from ...core.model.skinning import PARENTS

_BATCH = 32
_PACKAGES = ("torch", "smplx", "flame_pytorch")


def missing() -> list[str]:
    """Packages of the layer that are not installed."""
    return [name for name in _PACKAGES if importlib.util.find_spec(name) is None]


def vertices(
    model: FlameModel,
    shape: NDArray[np.floating],
    expression: NDArray[np.floating],
    pose: NDArray[np.floating],
) -> Iterator[NDArray[np.floating]]:
    """See `Oracle.vertices`."""
    import torch

    layers: dict[int, Any] = {}
    for start in range(0, len(expression), _BATCH):
        rows = slice(start, start + _BATCH)
        codes = [torch.from_numpy(np.ascontiguousarray(a[rows], np.float32)) for a in (shape, expression, pose)]
        count = len(codes[0])
        if count not in layers:
            layers[count] = _layer(model, count)
        turns = codes[2]
        with torch.no_grad():
            found, _ = layers[count](
                shape_params=codes[0],
                expression_params=codes[1],
                pose_params=torch.cat([turns[:, :3], turns[:, 6:9]], dim=1),
                neck_pose=turns[:, 3:6],
                eye_pose=turns[:, 9:],
            )
        yield found.numpy()


def _layer(model: FlameModel, batch: int) -> Any:
    """flame-pytorch's layer for our arrays. It reads pickles only, so it is given ones that we wrote ourselves."""
    from flame_pytorch import FLAME

    basis = np.moveaxis(np.concatenate([model.identity_basis, model.expression_basis]), 0, -1)
    fields = {
        "v_template": model.template,
        "f": model.faces,
        "shapedirs": basis,
        "posedirs": np.moveaxis(model.corrective_basis, 0, -1),
        "J_regressor": model.joint_regressor,
        "weights": model.weights,
        "kintree_table": np.array([PARENTS, range(len(PARENTS))]),
    }
    landmarks = {"lmk_face_idx": np.zeros(1, np.int64), "lmk_b_coords": np.array([[1.0, 0.0, 0.0]])}
    with tempfile.TemporaryDirectory(prefix="xtalker-") as folder:
        files = []
        for name, content in (("model", fields), ("landmarks", landmarks)):
            files.append(Path(folder) / f"{name}.pkl")
            files[-1].write_bytes(pickle.dumps(content))
        # It was made for 300 identity and 100 expression codes and appends zeros up to that: ours are complete.
        config = SimpleNamespace(
            flame_model_path=files[0],
            static_landmark_embedding_path=files[1],
            batch_size=batch,
            use_face_contour=False,
            use_3D_translation=False,
            shape_params=300,
            expression_params=100,
        )
        with contextlib.redirect_stdout(io.StringIO()):
            return FLAME(config)
