"""Render This and Render Approved: the batch in a process of its own."""

from __future__ import annotations

import argparse
import time

import bpy
import pytest

from tests.data.trees import write_clip
from xtalker_addon.batch.arguments import add_arguments, settings_of
from xtalker_addon.render.refusals import refuse_contradictions
from xtalker_addon.ui import browser, render_ui


@pytest.fixture
def state(tmp_path, model_file):
    for index in range(3):
        write_clip(tmp_path / "data" / "V2-MEAD" / f"clip{index}", frames=3, seed=index)
    preferences = bpy.context.preferences.addons["xtalker_addon"].preferences
    preferences.cache_path, preferences.model_path = str(tmp_path / "cache"), str(model_file)
    bpy.ops.xtalker.index_dataset(root=str(tmp_path / "data"))
    yield bpy.context.window_manager.xtalker_browser
    render_ui.stop()


def wait(seconds=100):
    until = time.monotonic() + seconds
    while render_ui.is_running() and time.monotonic() < until:
        time.sleep(0.1)
    assert not render_ui.is_running(), render_ui._Batch.line
    return render_ui._watch()


def test_without_an_output_folder_the_button_says_so(state):
    with pytest.raises(RuntimeError, match="Choose the output folder first"):
        bpy.ops.xtalker.render_entries()


def test_nothing_approved_is_told(state, tmp_path):
    state.output = str(tmp_path / "out")
    with pytest.raises(RuntimeError, match="Nothing is approved yet"):
        bpy.ops.xtalker.render_entries(approved=True)


@pytest.mark.slow
def test_this_one_and_then_the_approved_are_rendered(state, tmp_path):
    state.output = str(tmp_path / "out")
    state.active = 1
    assert bpy.ops.xtalker.render_entries() == {"FINISHED"}
    assert wait() is None
    assert browser.catalogue().rendered == {"V2-MEAD/clip1"}, render_ui._Batch.line
    for what, place in (
        ("VIDEO", "V2-MEAD/clip1.mp4"), ("FOLDER", "V2-MEAD"), ("GALLERY", "index.html")
    ):  # fmt: skip
        assert render_ui._place(bpy.context, what) == tmp_path / "out" / place
    state.active = 2
    bpy.ops.xtalker.judge_entry(verdict="approved")
    bpy.ops.xtalker.render_entries(approved=True)
    wait()
    assert browser.catalogue().rendered == {"V2-MEAD/clip1", "V2-MEAD/clip2"}
    state.rendered = "NO"
    assert len(state.rows) == 1


def test_stopping_ends_the_process_and_the_timer(state, tmp_path):
    state.output = str(tmp_path / "out")
    bpy.ops.xtalker.render_entries()
    process = render_ui._Batch.process
    assert render_ui.is_running()
    with pytest.raises(RuntimeError, match="A batch is running"):
        bpy.ops.xtalker.render_entries()
    bpy.ops.preferences.addon_disable(module="xtalker_addon")
    assert process.poll() is not None
    assert not bpy.app.timers.is_registered(render_ui._watch)
    bpy.ops.preferences.addon_enable(module="xtalker_addon")


def test_what_is_not_there_is_not_opened(state, tmp_path):
    state.output = str(tmp_path / "out")
    for what in ("VIDEO", "FOLDER", "GALLERY"):
        assert render_ui._place(bpy.context, what) is None
        with pytest.raises(RuntimeError, match="render the sequence first"):
            bpy.ops.xtalker.open_output(what=what)


@pytest.mark.parametrize("crop", ["each", "smooth", "steady"])
def test_the_batch_follows_the_crops_that_the_head_does(state, tmp_path, crop):
    bpy.ops.xtalker.import_entries()
    bpy.ops.xtalker.set_camera(kind="CROP", crop=crop)
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    settings = settings_of(parser.parse_args(render_ui.batch_arguments(bpy.context, browser.catalogue(), tmp_path)))
    refuse_contradictions(settings)
    assert (settings.camera, settings.crop) == ("crop", crop)


@pytest.mark.parametrize(("look", "engine"), [("SH", "review"), ("STUDIO", "review"), ("SCENE", "cycles")])
def test_the_batch_is_asked_for_what_the_preferences_show(state, tmp_path, look, engine):
    """A skin in the scene's light needs an engine that has such light."""
    bpy.context.preferences.addons["xtalker_addon"].preferences.look = look
    given = render_ui.batch_arguments(bpy.context, browser.catalogue(), tmp_path)
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    settings = settings_of(parser.parse_args(given))
    refuse_contradictions(settings)
    assert (settings.engine, settings.light) == (engine, {"SH": "sh", "STUDIO": "studio", "SCENE": "world"}[look])
