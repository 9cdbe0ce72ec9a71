"""Pictures of the review engine, drawn in this process."""

from __future__ import annotations

import numpy as np
import pytest

from tests.data.clips import talking_clip
from tests.data.models import synthetic_model
from xtalker_addon.render.cpu.library import find_library

needs_rasteriser = pytest.mark.skipif(not find_library(), reason="the software rasteriser is not built")


def painted(model):
    """The model with a smooth, colourful skin."""
    from dataclasses import replace

    from xtalker_addon.core.model.albedo import Albedo

    v, u = np.meshgrid(np.linspace(0, 1, 64), np.linspace(0, 1, 64), indexing="ij")
    skin = np.stack([0.6 + 0.3 * np.sin(6 * u), 0.5 + 0.3 * np.cos(5 * v), 0.5 + 0.2 * np.sin(4 * u + 3 * v)], -1)
    albedo = Albedo(skin.astype(np.float32), np.zeros((1, 64, 64, 3), np.float32), ("none",))
    return replace(model, albedo=albedo)


@pytest.fixture(scope="session")
def model():
    return synthetic_model()


@pytest.fixture(scope="session")
def painted_model(model):
    return painted(model)


@pytest.fixture(scope="session")
def clip():
    rng = np.random.default_rng(11)
    light = np.zeros((6, 9, 3)) + rng.normal(0, 0.25, (1, 9, 3))
    light[:, 0] += 2.6
    image = np.linspace(0, 1, 24 * 24 * 3).reshape(24, 24, 3)
    return talking_clip(rng, frames=6, light=light, reference_image=image)
