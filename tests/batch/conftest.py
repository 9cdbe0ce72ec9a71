"""A batch as a user starts it: a small tree, a small model, the cheapest picture, and the script itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.data.models import synthetic_model
from tests.data.trees import SUBSETS, write_clip
from xtalker_addon.core.model.flame import save_model

SCRIPT = Path(__file__).parents[2] / "render_scripts" / "render_batch.py"
CHEAP = ("--engine", "cycles", "--samples", "1", "--size", "48")


@dataclass(frozen=True)
class Batch:
    """Input, output and model of a batch, and how to run it."""

    input: Path
    output: Path
    model: Path

    def command(self, *options: object) -> list[str]:
        fixed = ("--input", self.input, "--output", self.output, "--model", self.model, *CHEAP)
        return [sys.executable, str(SCRIPT), *map(str, (*fixed, *options))]

    def start(self, *options: object, **keywords) -> subprocess.Popen[str]:
        """Started, not waited for, in a process group of its own."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **keywords}
        return subprocess.Popen(self.command(*options), text=True, start_new_session=True, **pipes)

    def run(self, *options: object, **keywords) -> subprocess.CompletedProcess[str]:
        keywords = {"timeout": 300, **keywords}
        return subprocess.run(self.command(*options), capture_output=True, text=True, check=False, **keywords)

    def videos(self) -> list[str]:
        return sorted(path.relative_to(self.output).as_posix() for path in self.output.rglob("*.mp4"))


def write_tree(root: Path, clips: int, frames: Sequence[int] = (4, 5, 6)) -> Path:
    for index in range(clips):
        folder = root / SUBSETS[index % 3] / f"M{index:03}_{('happy', 'sad')[index % 2]}_{index}"
        if not folder.exists():
            write_clip(folder, frames[index % len(frames)], seed=index)
    return root


@pytest.fixture(scope="session")
def small_model(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.npz"
    save_model(synthetic_model(8, 10, identity=100, expression=50), path)
    return path


@pytest.fixture
def batch(tmp_path, small_model) -> Batch:
    return Batch(write_tree(tmp_path / "in", 6), tmp_path / "out", small_model)


def half_written(output: Path) -> list[str]:
    """What no finished batch may leave behind."""
    return [os.fspath(path) for path in output.rglob("*") if path.name.startswith(".")]


@pytest.fixture(scope="module")
def browser():
    """A Chromium without a window; tests that need one are skipped without playwright or without it."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("there is no Chromium on this machine")
    quiet = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=program, args=[*quiet, "--disable-sync"])
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser, output):
    """Opens the page in a browser of its own; whatever it complains about, or asks the network for, is an error."""
    contexts, complaints = [], []

    def open_page(width=1300, height=850, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on(
            "request",
            lambda request: None if request.url.startswith(("file:", "blob:")) else complaints.append(request.url),
        )
        page.goto((output / "index.html").as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
