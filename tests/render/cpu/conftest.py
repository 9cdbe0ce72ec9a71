"""The rasteriser in each build that runs here, with what it writes between bytes that must stay as they are."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from xtalker_addon.render.cpu import canvas, drawable, library, normals, samples

MODULES = (canvas, drawable, normals, samples)

# `make test-sanitized` builds another one.
FOLDER = Path(os.environ["XTALKER_RASTERISER"]).resolve() if "XTALKER_RASTERISER" in os.environ else library.FOLDER
GUARD = 4096


def builds():
    system, processor = library.this_platform()
    if not system or not processor:
        return []
    plain = FOLDER / library.file_name(system, processor)
    wide = FOLDER / library.file_name(system, processor, wide=True)
    if not plain.is_file():
        return []
    return [plain, wide] if wide.is_file() and library.Library(plain).has_avx2() else [plain]


BUILDS = builds()


@pytest.fixture(params=BUILDS or [None], ids=[path.name for path in BUILDS] or ["none"])
def build(request, monkeypatch):
    """One library in the place of that which is chosen by itself."""
    if request.param is None:
        pytest.skip("the rasteriser is not built for this machine: run render_scripts/build_rasteriser.py")
    use(request.param, monkeypatch)
    return request.param


@pytest.fixture
def all_builds():
    if not BUILDS:
        pytest.skip("the rasteriser is not built for this machine: run render_scripts/build_rasteriser.py")
    return BUILDS


def use(path, monkeypatch):
    found = library.Library(path)
    for module in MODULES:
        monkeypatch.setattr(module, "the_library", lambda: found)


@pytest.fixture(autouse=True)
def guarded(monkeypatch):
    """All memory that C writes to lies between bytes that no test may find changed."""
    held = []

    def between_guards(shape, dtype):
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        memory = np.full(size + 2 * GUARD + 64, 0xA5, np.uint8)
        start = GUARD + -(memory.ctypes.data + GUARD) % 64
        held.append((memory, start, start + size))
        return memory[start : start + size].view(dtype).reshape(shape)

    for module in MODULES:
        monkeypatch.setattr(module, "aligned", between_guards)
    yield
    for memory, start, end in held:
        assert (memory[:start] == 0xA5).all()
        assert (memory[end:] == 0xA5).all()
