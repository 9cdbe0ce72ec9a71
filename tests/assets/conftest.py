from __future__ import annotations

import pytest

from tests.assets.head_geometry import Head


@pytest.fixture(scope="session")
def head() -> Head:
    return Head()
