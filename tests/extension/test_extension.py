"""The zip that users install: a fresh Blender takes it, runs on the wheels in it, and lets it go again."""

import json
import os
import re
import runpy
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.extension.conftest import ROOT, build, build_rasteriser

pytest.importorskip("bpy", reason="building and installing the extension needs the bpy package")


# Runs in a Blender of its own; everything that it prints but the last line is Blender's.
INSTALL = """
import importlib, json, site, sys
import bpy, numpy

MODULE = "bl_ext.user_default.xtalker"

def registered_classes():
    return sorted(name for name in dir(bpy.types) if name.startswith("XTALKER_"))

bpy.ops.extensions.package_install_files(repo="user_default", filepath=sys.argv[1], enable_on_install=True)
report = {"enabled": MODULE in bpy.context.preferences.addons, "classes": registered_classes()}
# This Python's own soundfile and ffmpeg would do as well: out of sight, as in a Blender program, which has neither.
sys.path[:] = [folder for folder in sys.path if folder not in site.getsitepackages()]
report["origins"] = {
    name: importlib.import_module(name).__file__
    for name in ("soundfile", "_cffi_backend", "ffmpeg", "future")
}
import soundfile
soundfile.write(sys.argv[2], numpy.array([0, 0.5, -0.5, 0.25], dtype=numpy.float32), 16000, subtype="FLOAT")
report["samples"] = soundfile.read(sys.argv[2], dtype="float32")[0].tolist()
report["absolute imports"] = sorted(name for name in sys.modules if name.split(".")[0] == "xtalker_addon")
bpy.ops.preferences.addon_disable(module=MODULE)
report["still enabled"] = MODULE in bpy.context.preferences.addons
report["left behind"] = registered_classes()
print(json.dumps(report))
"""


def test_the_zip_holds_the_extension_and_nothing_else(archive):
    with zipfile.ZipFile(archive) as contents:
        names = contents.namelist()
    assert {"__init__.py", "errors.py", "blender_manifest.toml", "README.md", "LICENSE"} <= set(names)
    folders = r"(assets|batch|blender|core|render|ui|wheels)/.+"
    files = r"(__init__|cli|errors|paths)\.py|blender_manifest\.toml|README\.md|LICENSE"
    assert [name for name in names if not re.fullmatch(f"{folders}|{files}", name)] == []
    assert [name for name in names if "__pycache__" in name or name.startswith("assets/source")] == []


def test_the_zip_serves_every_python_of_its_blenders(archive):
    with zipfile.ZipFile(archive) as contents:
        wheels = [Path(name).name for name in contents.namelist() if name.startswith("wheels/")]
    bound = {name.split("-")[2] for name in wheels if name.startswith("cffi-")}
    assert {"cp311", "cp313"} <= bound
    assert "numpy" not in {name.split("-")[0] for name in wheels}  # Blender's own is used


def test_the_zip_holds_the_rasteriser_of_its_platform_and_its_source(archive):
    with zipfile.ZipFile(archive) as contents:
        names = contents.namelist()
    platform = build_rasteriser.this_platform()
    made = {Path(name).name for name in names if name.startswith("render/cpu/lib/")}
    assert {Path(name).stem for name in made} >= {f"raster-{platform}"}
    assert all(name.startswith(f"raster-{platform}") for name in made)
    assert "render/cpu/source/triangles.c" in names


def test_the_rasteriser_is_built_for_every_platform_of_the_extension():
    extension = runpy.run_path(str(ROOT / "render_scripts" / "build_extension.py"))
    assert set(extension["PLATFORMS"]) <= set(build_rasteriser.TARGETS)


@pytest.mark.slow
@pytest.mark.parametrize("platform", build_rasteriser.TARGETS)
def test_the_rasteriser_can_be_built_for_any_platform_from_here(platform, tmp_path):
    pytest.importorskip("ziglang", reason="clang comes with the package ziglang")
    made = build_rasteriser.build(platform, tmp_path)
    beginnings = {"linux": b"\x7fELF", "windows": b"MZ", "macos": b"\xcf\xfa\xed\xfe"}
    assert len(made) == 1 + platform.endswith("-x64")
    assert all(path.read_bytes().startswith(beginnings[platform.partition("-")[0]]) for path in made)


def test_blender_installs_it_runs_on_its_wheels_and_lets_it_go(archive, tmp_path):
    user = tmp_path / "user"
    user.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", INSTALL, archive, tmp_path / "sound.wav"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "BLENDER_USER_RESOURCES": str(user)},
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["enabled"], done.stdout
    assert report["classes"] != []
    wheels = user / "extensions" / ".local"
    strangers = {name: origin for name, origin in report["origins"].items() if wheels not in Path(origin).parents}
    assert strangers == {}
    assert report["samples"] == [0, 0.5, -0.5, 0.25]
    assert report["absolute imports"] == []  # inside an extension the package has another name
    assert not report["still enabled"]
    assert report["left behind"] == []


def test_manifest_and_package_tell_the_same_version():
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert manifest["version"] == project["version"]
    assert manifest["id"] == project["name"]


def test_an_unknown_platform_is_refused_with_the_known_ones(tmp_path):
    done = build(tmp_path / "dist", "--platform", "amiga")
    assert done.returncode == 2
    assert "linux-x64" in done.stderr
    assert not (tmp_path / "dist").exists()
