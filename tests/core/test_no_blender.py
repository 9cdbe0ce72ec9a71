"""`core` runs where there is no Blender, and needs no library but numpy, soundfile and an ffmpeg."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import xtalker_addon

PACKAGE = Path(xtalker_addon.__file__).parent
CORE = PACKAGE / "core"
MODULES = sorted(CORE.rglob("*.py"))
# What extras of the command line bring, and the one module for each that asks whether it is there.
OPTIONAL = {"evaluation/beats.py": {"librosa"}, "formats/hdf5_clip.py": {"h5py"}}
FORBIDDEN = {"bpy", "bpy_extras", "mathutils", "aud", "gpu", "bmesh", "scipy", "chumpy", "torch", "pickle"}


def imported(source: str) -> set[str]:
    """Top-level packages that a module imports absolutely, and import_module's literal arguments."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            names |= {str(node.args[0].value).split(".")[0]} if called in ("import_module", "__import__") else set()
    return names


def test_the_check_sees_imports():
    assert imported("import bpy.types\nfrom torch import nn\nimport_module('aud.x')\nfrom . import gpu") == {
        "bpy",
        "torch",
        "aud",
    }


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(CORE)))
def test_core_imports_only_numpy_soundfile_and_the_standard_library(module):
    names = imported(module.read_text(encoding="utf-8"))
    assert not names & FORBIDDEN
    optional = OPTIONAL.get(module.relative_to(CORE).as_posix(), set())
    assert names <= {*sys.stdlib_module_names, "numpy", "soundfile", "imageio_ffmpeg"} | optional


def test_core_works_where_blender_and_the_others_are_missing():
    names = [
        ".".join(("xtalker_addon", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
        for path in MODULES
    ]
    script = f"""
import sys, importlib
sys.modules.update(dict.fromkeys({sorted({*FORBIDDEN, "imageio_ffmpeg"} - {"pickle"})!r}))
for name in {names!r}:
    importlib.import_module(name)
"""
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True, cwd=PACKAGE.parent, timeout=60)
