"""XTalker switched on in an empty file, with a model that needs no download."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

bpy = pytest.importorskip("bpy", reason="this Python has no Blender module")

from tests.data.clips import talking_clip  # noqa: E402
from tests.data.models import synthetic_model  # noqa: E402
from xtalker_addon.core.model.flame import save_model  # noqa: E402


@pytest.fixture(autouse=True)
def switched_on():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.preferences.addon_enable(module="xtalker_addon")
    yield
    bpy.ops.preferences.addon_disable(module="xtalker_addon")


@pytest.fixture(scope="session")
def model_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "synthetic.npz"
    save_model(synthetic_model(), path)
    return path


@pytest.fixture
def clip_files(tmp_path):
    """Three clips as plain npz files."""
    paths = []
    for index in range(3):
        clip = talking_clip(np.random.default_rng(index), frames=10 + index)
        pose = np.concatenate([clip.global_rotation, clip.jaw], axis=1)
        paths.append(tmp_path / f"clip{index}.npz")
        np.savez(paths[-1], exp=clip.expression, pose=pose, shape=clip.shape, light=clip.light, fps=25)
    return paths


@pytest.fixture
def spoken_files(clip_files):
    """The same with sound."""
    for path in clip_files:
        soundfile.write(path.with_suffix(".wav"), np.sin(np.arange(8000) * 0.1), 16000)
    return clip_files
