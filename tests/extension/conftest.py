"""The zip that users install, built once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "render_scripts"))
import build_rasteriser  # noqa: E402

SCRIPT = ROOT / "render_scripts" / "build_extension.py"


def build(output, *arguments):
    return subprocess.run([sys.executable, SCRIPT, "--output", output, *arguments], capture_output=True, text=True)


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    """The zip for this machine's platform."""
    name = build_rasteriser.this_platform()
    output = tmp_path_factory.mktemp("dist")
    done = build(output, "--platform", name)
    if done.returncode == 4:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    (archive,) = output.iterdir()  # nothing else is left in the folder
    return archive
