"""What `pip install .` puts into an environment."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


def test_every_package_is_named():
    inside = {path.parent.relative_to(ROOT) for path in ROOT.glob("xtalker_addon/**/__init__.py")}
    assert set(SETUPTOOLS["packages"]) == {".".join(path.parts) for path in inside} | {"xtalker_addon.assets"}


def test_what_the_package_reads_comes_with_it():
    source = {"xtalker_addon": ROOT / "xtalker_addon", "xtalker_addon.assets": ROOT / "assets"}
    packed = {
        path for package, globs in SETUPTOOLS["package-data"].items() for g in globs for path in source[package].glob(g)
    }
    needed = [*(ROOT / "assets").glob("*.npz"), *(ROOT / "assets" / "demo").rglob("*.*")]
    needed += [path for path in (ROOT / "xtalker_addon").rglob("*.*") if path.suffix not in {".py", ".pyc", ".pyi"}]
    assert [path for path in needed if path.is_file() and path not in packed] == []
