"""The zip that users install, built once."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "render_scripts" / "build_extension.py"
MACHINES = {"x86_64": "x64", "AMD64": "x64", "arm64": "arm64", "aarch64": "arm64", "ARM64": "arm64"}
SYSTEMS = {"linux": "linux", "darwin": "macos", "win32": "windows"}


def build(output, *arguments):
    return subprocess.run([sys.executable, SCRIPT, "--output", output, *arguments], capture_output=True, text=True)


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    """The zip for this machine's platform."""
    name = f"{SYSTEMS[sys.platform]}-{MACHINES[platform.machine()]}"
    output = tmp_path_factory.mktemp("dist")
    done = build(output, "--platform", name)
    if done.returncode == 4:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    (archive,) = output.iterdir()  # nothing else is left in the folder
    return archive
