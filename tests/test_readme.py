"""What the README shows works as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xtalker_addon import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
SCRIPTS = [block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "xtalker" in block]


def test_links_lead_to_headings():
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", README, flags=re.DOTALL), re.MULTILINE)
    places = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    links = set(re.findall(r"\]\(#([^)]*)\)", README))
    assert len(links) > 10
    assert links <= places
    pictures = re.findall(r"\]\((assets/[^)]*)\)", README)
    assert [path for path in pictures if not (ROOT / path).is_file()] == []


def test_options_are_there(capsys):
    pytest.importorskip("ffmpeg", reason="this Python cannot encode")
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    commands = set(re.findall(r"^    ([a-z][\w-]+)", capsys.readouterr().out, re.MULTILINE))
    assert set(re.findall(r"`xtalker ([a-z][\w-]*)", README)) <= commands
    known = set[str]()
    for command in commands:
        with pytest.raises(SystemExit):
            cli.main([command, "--help"])
        known |= set(re.findall(r"--[\w-]+", capsys.readouterr().out))
    own = "\n".join(line for line in README.splitlines() if "pip install" not in line)
    others = {"--python-exit-code"}  # Blender's
    assert set(re.findall(r"(?<![\w-])--[a-z][\w-]+", own)) <= known | others


def test_its_scripts_run(tmp_path):
    """One after the other, as the second goes on where the first ends."""
    pytest.importorskip("bpy", reason="this Python has no Blender module")
    assert len(SCRIPTS) == 2
    script = "\n".join(SCRIPTS).replace("bl_ext.user_default.xtalker", "xtalker_addon")
    script = script.replace('"assets/demo', f'"{(ROOT / "assets" / "demo").as_posix()}').replace(
        "samples = 16", "samples = 1"
    )
    script = script.replace("bpy.ops.render.render", "scene.render.resolution_percentage = 10\nbpy.ops.render.render")
    script = script.replace('"frame.png"', f'"{(tmp_path / "frame.png").as_posix()}"')
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    picture = np.asarray(Image.open(tmp_path / "frame.png").convert("RGB"), float)
    middle = picture[picture.shape[0] // 2, picture.shape[1] // 2]
    assert middle[0] > middle[2] + 20  # skin, and no grey


def test_no_advice_would_install_somebody_elses_package():
    """XTalker is installed from its folder; what bears its name on a package index is not ours."""
    sources = [README, *(path.read_text("utf-8") for path in (ROOT / "xtalker_addon").rglob("*.py"))]
    assert [found for text in sources for found in re.findall(r"pip install[^\n]*['\" ]xtalker\b.*", text)] == []


def test_its_conversions_run_in_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = re.findall(r"^xtalker (convert SEQUENCE [^#\n]*)", README, re.MULTILINE)
    assert len(lines) == 4
    for line in lines:
        words = line.replace("SEQUENCE", (ROOT / "assets" / "demo" / "V0-Demo" / "XTalker_demo").as_posix()).split()
        assert cli.main(words) == 0, line
