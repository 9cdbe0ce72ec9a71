"""Every test starts in an empty file and leaves one."""

from __future__ import annotations

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="this Python has no Blender module")

from tests.data.clips import talking_clip  # noqa: E402
from tests.data.models import synthetic_model  # noqa: E402


@pytest.fixture(autouse=True)
def empty_file():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    yield
    bpy.ops.wm.read_factory_settings(use_empty=True)


@pytest.fixture(scope="session")
def model():
    return synthetic_model()


@pytest.fixture
def clip():
    return talking_clip(np.random.default_rng(7), frames=40)
