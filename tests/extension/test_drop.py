"""Files dropped on the 3D view of the Blender program, in a window."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import time

import numpy as np
import pytest

from tests.data.trees import write_clip

xdnd = pytest.importorskip("tests.data.xdnd", reason="drags are made by python-xlib, which is not installed")

COMMAND = shlex.split(os.environ.get("XTALKER_BLENDER", "blender"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (shutil.which(COMMAND[0]) and shutil.which("Xvfb")),
        reason="needs Xvfb, and the Blender program or XTALKER_BLENDER, a command that starts it",
    ),
]
PLACE = (300, 300)  # in the 3D view
PATIENCE = 120.0

# Runs inside Blender: tells again and again what is in the scene, and what was said in the Info editor.
WATCH = """
import json, os
import bpy

STATE = os.environ["XTALKER_STATE"]

def tell():
    window = bpy.context.window_manager.windows[0]
    area = next((a for a in window.screen.areas if a.type == "INFO"), None)
    if area is None:
        next(a for a in window.screen.areas if a.type == "OUTLINER").type = "INFO"
        return 0.5
    region = next(r for r in area.regions if r.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=area, region=region):
        bpy.ops.info.select_all(action="SELECT")
        bpy.ops.info.report_copy()
    heads = [o["xtalker_name"] for o in bpy.context.scene.objects if "xtalker_name" in o]
    with open(STATE + ".part", "w") as file:
        json.dump({"heads": heads, "said": bpy.context.window_manager.clipboard}, file)
    os.replace(STATE + ".part", STATE)
    return 0.3

bpy.context.preferences.view.show_splash = False
bpy.app.timers.register(tell, first_interval=1.0)
"""


@pytest.fixture
def display():
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1000x700x24", "-noreset"],
        pass_fds=(writer,),
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    with os.fdopen(reader) as told:
        yield f":{told.readline().strip()}"
    server.terminate()
    server.wait()


@pytest.fixture
def state(tmp_path, archive, display, monkeypatch):
    """Asks what the window of a Blender with the extension shows."""
    (tmp_path / "user").mkdir()
    (tmp_path / "watch.py").write_text(WATCH)
    monkeypatch.setenv("DISPLAY", display)
    monkeypatch.setenv("BLENDER_USER_RESOURCES", str(tmp_path / "user"))
    monkeypatch.setenv("XTALKER_STATE", str(tmp_path / "state.json"))
    install = ["--command", "extension", "install-file", "-r", "user_default", "-e", str(archive)]
    subprocess.run([*COMMAND, *install], check=True, timeout=PATIENCE, capture_output=True)
    size = ["--gpu-backend", "opengl", "--window-geometry", "0", "0", "1000", "700"]
    blender = subprocess.Popen([*COMMAND, *size, "--python", str(tmp_path / "watch.py")], stdout=subprocess.DEVNULL)

    def wait_for(condition):
        until = time.monotonic() + PATIENCE
        found = None
        while time.monotonic() < until and blender.poll() is None:
            if (tmp_path / "state.json").is_file():
                found = json.loads((tmp_path / "state.json").read_text())
                if condition(found):
                    return found
            time.sleep(0.2)
        raise TimeoutError(f"what was waited for did not happen; last seen: {found}")

    yield wait_for
    blender.terminate()
    blender.wait()


def test_dropped_files_come_in_or_are_refused_with_the_reason(tmp_path, display, state):
    folder = write_clip(tmp_path / "V2-MEAD" / "M003_happy_1")
    np.savez(tmp_path / "weights.npz", kernel=np.zeros((3, 4)))
    (tmp_path / "notes.txt").write_text("no talking head")
    state(lambda found: found["heads"] == [])
    screen = xdnd.Screen(display)
    for stranger, reason in (("weights.npz", "has no expression codes"), ("notes.txt", "no FLAME codes belong")):
        screen.drop(*PLACE, [tmp_path / stranger])
        found = state(lambda found, reason=reason: reason in found["said"])
        assert stranger in found["said"]
        assert found["heads"] == []
    # One of each: the sound stands for its sequence, and the stranger does not keep it out.
    screen.drop(*PLACE, [folder / "audio.wav", tmp_path / "weights.npz"])
    time.sleep(5)  # until the dialog is there
    screen.press("Return")
    found = state(lambda found: found["heads"])
    assert found["heads"] == ["M003_happy_1"]
    state(lambda found: found["said"].count("has no expression codes") == 2)
