"""What the tests of units have in common."""

from __future__ import annotations

import numpy as np
import pytest

from tests.data.unit_tables import face
from xtalker_addon.core.model.flame import load_model


@pytest.fixture(scope="module")
def model():
    return load_model()


@pytest.fixture
def columns():
    return face(np.random.default_rng(0), 40)
