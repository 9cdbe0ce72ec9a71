"""How the test run ends."""

from __future__ import annotations

import os
import sys

import pytest

_status = pytest.StashKey[int]()


@pytest.fixture(scope="session", autouse=True)
def own_cache_of_numba(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What numba compiles for librosa is kept apart for each process of tests: two that fill one cache can spoil it."""
    os.environ["NUMBA_CACHE_DIR"] = str(tmp_path_factory.mktemp("numba"))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[_status] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave without tearing Blender 4.5's module down, which would wait for ever for its own sound thread."""
    bpy = sys.modules.get("bpy")
    if bpy is not None and bpy.app.version < (5, 0, 0) and _status in config.stash:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[_status])
