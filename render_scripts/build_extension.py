"""Builds the installable zips of the extension, one a platform, with the tool that the bpy package carries.

A zip holds the wheels of every Python that a Blender of its platform runs on; Blender unpacks those that fit. It holds
the software rasteriser's libraries of all platforms that are built for, which are small.
"""

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from xtalker_addon.errors import MachineError, UsageError, XTalkerError

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "render_scripts"))  # where this is a script, it is there already
import build_rasteriser  # noqa: E402

# What the extension needs and Blender lacks; numpy is Blender's own. In the versions that the tests ran with.
REQUIREMENTS = (
    "soundfile",  # reads audio
    "typing-extensions",  # soundfile imports it, and Blender 4.5 has none
    "cffi",  # soundfile's way to libsndfile; the only wheel bound to one Python
    "pycparser",  # cffi's parser
    "ffmpeg-python",  # describes the encoding
    "future",  # ffmpeg-python imports it
)
LIBRARIES = ROOT / "build" / "rasteriser"  # of other platforms
CONSTRAINTS = ROOT / ".ci" / "constraints.txt"

# Blender's name of a platform: the wheel tags that fit it, and the Pythons of its Blenders.
# 3.11: Blender 4.5; 3.13: 5.2 and 5.3; 3.14: 5.2 where the system's Python is used (Debian). Blender 5 left Intel Macs.
PLATFORMS = {
    "linux-x64": (("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"), ("3.11", "3.13", "3.14")),
    "windows-x64": (("win_amd64",), ("3.11", "3.13", "3.14")),
    "windows-arm64": (("win_arm64",), ("3.11", "3.13", "3.14")),
    "macos-arm64": (("macosx_11_0_arm64",), ("3.11", "3.13", "3.14")),
    "macos-x64": (("macosx_11_0_x86_64",), ("3.11",)),
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Builds the installable zips of the extension.")
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="folder for the zips (default: dist)")
    parser.add_argument(
        "--platform",
        action="append",
        choices=PLATFORMS,
        dest="platforms",
        help="build for this platform only; can be given again (default: all)",
    )
    options = parser.parse_args(arguments)
    try:
        for archive in build(options.output, options.platforms or list(PLATFORMS)):
            print(f"{archive}  {archive.stat().st_size / 1e6:.1f} MB")
    except (XTalkerError, OSError) as error:
        print(error, file=sys.stderr)
        return 4 if isinstance(error, MachineError) else 2
    return 0


def build(output: Path, platforms: Sequence[str]) -> Iterator[Path]:
    """Builds and validates one zip a platform; each appears in `output` when it is complete, replacing an older one."""
    tool = blender_extension_tool()
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".build-", dir=output) as folder:
        staging, archives = Path(folder, "xtalker"), Path(folder, "archives")
        archives.mkdir()
        stage(staging, platforms)
        run(tool, "build", "--split-platforms", "--source-dir", staging, "--output-dir", archives)
        for archive in sorted(archives.iterdir()):
            run(tool, "validate", archive)
            yield archive.replace(output / archive.name)


def stage(staging: Path, platforms: Sequence[str]) -> None:
    """Fills `staging` as the zip will be: the package's modules at the top, beside the manifest, as Blender wants."""
    shutil.copytree(ROOT / "xtalker_addon", staging, ignore=shutil.ignore_patterns("__pycache__", "lib"))
    # assets/source is what the other assets were made from; the pictures are the repository's README's
    unused = shutil.ignore_patterns("source", "pictures", "__pycache__")
    shutil.copytree(ROOT / "assets", staging / "assets", ignore=unused)
    for name in ("README.md", "LICENSE"):
        shutil.copy(ROOT / name, staging)
    for platform in platforms:
        download_wheels(platform, staging / "wheels")
        build_libraries(platform, staging / "render" / "cpu" / "lib")
    wheels = sorted(f"./wheels/{wheel.name}" for wheel in (staging / "wheels").iterdir())
    # Before the manifest's own text, which ends in a table; a JSON list of strings is a TOML one.
    additions = f"platforms = {json.dumps(list(platforms))}\nwheels = {json.dumps(wheels)}\n"
    manifest = (ROOT / "blender_manifest.toml").read_text(encoding="utf-8")
    (staging / "blender_manifest.toml").write_text(additions + manifest, encoding="utf-8")


def download_wheels(platform: str, folder: Path) -> None:
    """Puts into `folder` the wheels for every Python of one platform.

    Raises:
        MachineError: there is no connection to a package index.
        UsageError: a wheel does not exist for that platform and Python.
    """
    tags, pythons = PLATFORMS[platform]
    for python in pythons:
        command = [sys.executable, "-m", "pip", "download", "--no-input", "--no-deps", "--only-binary", ":all:"]
        command += ["--dest", str(folder), "--implementation", "cp", "--python-version", python]
        command += [word for tag in tags for word in ("--platform", tag)]
        pip = subprocess.run([*command, *pinned(REQUIREMENTS)], capture_output=True, text=True, check=False)
        if "after connection broken" in pip.stderr and pip.returncode:
            raise MachineError("The wheels cannot be downloaded, because pip has no connection to its package index.")
        if pip.returncode:
            reason = pip.stderr.strip().splitlines()[-1].removeprefix("ERROR: ")
            raise UsageError(f"pip cannot download the wheels for {platform} and Python {python}: {reason}")


def build_libraries(platform: str, folder: Path) -> None:
    """Puts into `folder` the rasteriser's libraries of one platform.

    Raises:
        MachineError: they are not built yet, and clang does not run here.
    """
    here = platform == build_rasteriser.this_platform()
    try:
        made = build_rasteriser.build(platform, build_rasteriser.LIBRARIES if here else LIBRARIES)
    except subprocess.CalledProcessError as error:
        reason = error.stderr.strip().splitlines()[-1]
        raise MachineError(f"The rasteriser cannot be built for {platform} (use `make extension`): {reason}") from error
    folder.mkdir(parents=True, exist_ok=True)
    for library in made:
        shutil.copy(library, folder)


def pinned(names: Sequence[str]) -> list[str]:
    """Returns the packages with their exact versions."""
    lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    versions = {line.partition("==")[0]: line.partition(" ")[0] for line in lines}
    return [versions[name] for name in names]


def blender_extension_tool() -> Path:
    """Returns the script inside the bpy package that builds and validates extensions."""
    spec = importlib.util.find_spec("bpy")  # found, not imported: that would start Blender
    if spec is None or spec.origin is None:
        raise MachineError("Building needs the bpy package, which this Python does not have: use `make extension`.")
    (tool,) = Path(spec.origin).parent.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py")
    return tool


def run(tool: Path, *arguments: str | os.PathLike[str]) -> None:
    """Runs Blender's extension tool; its complaint becomes the error."""
    command = [sys.executable, tool, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        complaint = " ".join((done.stderr or done.stdout).split())
        raise UsageError(f"Blender's extension tool refuses to {arguments[0]}: {complaint}")


if __name__ == "__main__":
    sys.exit(main())
