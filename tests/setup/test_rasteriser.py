"""The rasteriser is compiled once, and again when a source has changed."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests.extension.conftest import build_rasteriser


def test_a_changed_source_is_compiled_anew(tmp_path, monkeypatch):
    pytest.importorskip("ziglang", reason="clang comes with the package ziglang")
    sources = tmp_path / "source"
    sources.mkdir()
    shutil.copy(build_rasteriser.SOURCES / "raster.h", sources)
    shutil.copy(build_rasteriser.SOURCES / "processor.c", sources)
    monkeypatch.setattr(build_rasteriser, "SOURCES", sources)
    first = build_rasteriser.build(build_rasteriser.this_platform(), tmp_path / "lib")
    made = [library.stat().st_mtime_ns for library in first]
    assert build_rasteriser.build(build_rasteriser.this_platform(), tmp_path / "lib") == first
    assert [library.stat().st_mtime_ns for library in first] == made
    (sources / "raster.h").write_text((sources / "raster.h").read_text() + "/* changed */\n")
    build_rasteriser.build(build_rasteriser.this_platform(), tmp_path / "lib")
    assert all(library.stat().st_mtime_ns > then for library, then in zip(first, made, strict=True))
    assert sorted(path.name for path in (tmp_path / "lib").iterdir()) == sorted(library.name for library in first)


def test_a_platform_that_is_not_known_is_refused_with_the_known_ones():
    script = build_rasteriser.__file__
    done = subprocess.run([sys.executable, script, "amiga-ppc"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "linux-x64" in done.stderr
