"""Whatever an artist does around a head, the scene is right and nothing of ours is left behind."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
import soundfile

from xtalker_addon.blender.evaluated import vertices_in_flame_axes
from xtalker_addon.blender.head import head_of, heads_in
from xtalker_addon.core.formats import read_sequence
from xtalker_addon.ui import import_operator, registration
from xtalker_addon.ui.import_settings import sequence_of
from xtalker_addon.ui.preferences import current_model


@pytest.fixture
def head(spoken_files, model_file):
    bpy.context.preferences.edit.use_global_undo = True
    bpy.ops.ed.undo_push(message="empty")
    bpy.ops.xtalker.import_sequence(filepath=str(spoken_files[0]), model_path=str(model_file))
    bpy.ops.ed.undo_push(message="import")
    return the_head()


def the_head():
    return head_of(heads_in(bpy.context.scene)[0], bpy.context.scene)


def assert_shows(path, model_file, index=4):
    clip, head = read_sequence(path), the_head()
    assert head.name == path.stem
    bpy.context.scene.frame_set(1 + index)
    expected = current_model(str(model_file)).evaluate(clip.identity("mean"), clip.expression, clip.pose())
    assert np.abs(vertices_in_flame_axes(head.face) - expected[index]).max() < 1e-6


def file_content():
    """Every data-block, strip and setting that an import may touch."""
    scene = bpy.context.scene
    editor = scene.sequence_editor
    render, view = scene.render, scene.view_settings
    return (
        sorted((type(item).__name__, item.name) for item in bpy.data.user_map()),
        sorted(strip.name for strip in editor.strips) if editor else None,
        (scene.frame_start, scene.frame_end, scene.frame_current, scene.sync_mode, scene.use_audio_scrub),
        (render.fps, render.fps_base, view.view_transform, view.look, scene.camera, scene.world),
        getattr(bpy.context.workspace, "sequencer_scene", None),
        sorted(item.name for item in bpy.context.selected_objects),
        bpy.context.view_layer.objects.active,
    )


def test_swap_undo_and_redo(head, spoken_files, model_file):
    bpy.ops.xtalker.swap_sequence(filepath=str(spoken_files[1]))
    bpy.ops.ed.undo_push(message="swap")
    assert_shows(spoken_files[1], model_file)
    bpy.ops.ed.undo()
    assert_shows(spoken_files[0], model_file)
    bpy.ops.ed.redo()
    assert_shows(spoken_files[1], model_file)
    bpy.ops.ed.undo()
    bpy.ops.ed.undo()
    assert heads_in(bpy.context.scene) == []
    assert len(bpy.data.meshes) == len(bpy.data.actions) == 0


def test_save_and_reload(head, spoken_files, model_file, tmp_path):
    head.rig.xtalker.amount_jaw, head.rig.xtalker.offset = 0.5, 3.0
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    settings = the_head().rig.xtalker
    assert (settings.amount_jaw, settings.offset) == (0.5, 3.0)
    settings.amount_jaw, settings.offset = 1.0, 0.0
    assert_shows(spoken_files[0], model_file)
    bpy.context.view_layer.objects.active = the_head().rig
    bpy.ops.xtalker.swap_sequence(filepath=str(spoken_files[2]))
    assert_shows(spoken_files[2], model_file)


def test_renamed_objects_and_deleted_collections(head, spoken_files, model_file):
    for item in (head.rig, head.face, head.camera, head.action, head.material, head.face.data):
        item.name = "Something Else"
    collection = head.rig.users_collection[0]
    for item in list(collection.objects):
        bpy.context.scene.collection.objects.link(item)
    bpy.data.collections.remove(collection)
    bpy.context.view_layer.objects.active = the_head().rig
    bpy.ops.xtalker.swap_sequence(filepath=str(spoken_files[1]))
    assert_shows(spoken_files[1], model_file)
    assert the_head().rig.name.startswith("Something Else")
    assert len(bpy.data.actions) == 1


def test_what_the_artist_deleted_stays_deleted(head, spoken_files, model_file):
    bpy.data.objects.remove(head.camera)
    bpy.context.scene.sequence_editor.strips.remove(head.strip)
    head.face.data.materials.clear()
    assert (the_head().camera, the_head().strip, the_head().material) == (None, None, None)
    bpy.ops.xtalker.swap_sequence(filepath=str(spoken_files[1]))
    assert_shows(spoken_files[1], model_file)
    assert the_head().camera is None
    assert the_head().rig.xtalker.look == "SH"  # shown, not stumbled over
    bpy.ops.xtalker.set_camera(kind="FRAMING")
    assert the_head().camera == bpy.context.scene.camera


def test_two_scenes_have_their_own_heads(head, spoken_files, model_file):
    first, second = bpy.context.scene, bpy.data.scenes.new("Second")
    bpy.context.window.scene = second
    bpy.ops.xtalker.import_sequence(filepath=str(spoken_files[1]), model_path=str(model_file))
    assert [rig["xtalker_name"] for rig in heads_in(first)] == ["clip0"]
    assert [rig["xtalker_name"] for rig in heads_in(second)] == ["clip1"]
    assert_shows(spoken_files[1], model_file)
    bpy.ops.xtalker.swap_sequence(filepath=str(spoken_files[2]))
    bpy.context.window.scene = first
    assert_shows(spoken_files[0], model_file)
    assert len(first.sequence_editor.strips) == len(second.sequence_editor.strips) == 1


def test_off_and_on_changes_nothing_in_the_file(head, spoken_files, model_file):
    before = file_content()
    bpy.ops.preferences.addon_disable(module="xtalker_addon")
    assert file_content() == before
    assert_shows(spoken_files[0], model_file)
    bpy.ops.preferences.addon_enable(module="xtalker_addon")
    assert the_head().rig.xtalker.amount_jaw == 1.0


def test_registering_ten_times_leaks_nothing():
    handlers = bpy.app.handlers

    def counts():
        lists = [getattr(handlers, name) for name in dir(handlers) if isinstance(getattr(handlers, name), list)]
        return (
            sorted(name for name in dir(bpy.types) if name.startswith("XTALKER_")),
            [len(functions) for functions in lists],
            len(bpy.types.TOPBAR_MT_file_import._dyn_ui_initialize()),
            hasattr(bpy.types.Object, "xtalker"),
            hasattr(bpy.types.WindowManager, "xtalker_browser"),
        )

    on = counts()
    registration.unregister()
    off = counts()
    assert off[0] == []
    assert off[3:] == (False, False)
    for _ in range(10):
        registration.register()
        assert counts() == on
        registration.unregister()
        assert counts() == off
    registration.register()


class Watched:
    """An operator's work without the window that would show it."""

    def report(self, kinds, text):
        self.told = text

    def run_until(self, share):
        """Begin, and go on until that much is done."""
        self._begin(bpy.context)
        for done in self._work:
            if done >= share:
                break
        return done


def importing(files, model_file, **settings):
    class Importing(Watched, import_operator._Importing):
        sources = lambda _self: list(files)  # noqa: E731

    work = Importing()
    values = {
        **dict.fromkeys(("full_basis", "use_start_frame", "use_wrinkles", "use_fit", "use_arkit"), False),
        **dict.fromkeys(("use_sound", "adapt_scene", "use_reference"), True),
        "model_path": str(model_file),
        "vertex_folder": "",
        "fps": 0.0,
        "identity": "mean",
        "start_frame": 1,
        "subdivision": 0,
        "look": "AUTO",
        "camera": "CROP",
        "arrange": "SIDE_BY_SIDE",
        "scene_light": "LAMPS",
        "skin": "mean",
        "crop": "each",
    }
    work.__dict__.update(values | settings)
    return work


@pytest.mark.parametrize("neighbour", [False, True])
def test_an_import_that_is_cancelled_at_any_moment_leaves_the_file_as_it_was(spoken_files, model_file, neighbour):
    bpy.ops.mesh.primitive_cube_add()
    if neighbour:
        bpy.ops.xtalker.import_sequence(filepath=str(spoken_files[0]), model_path=str(model_file))
    before = file_content()
    moments = np.random.default_rng(neighbour).uniform(0, 1, 10)
    changed = 0
    for moment in (0.0, *moments):
        work = importing(spoken_files, model_file)
        assert work.run_until(moment) >= moment
        changed += file_content() != before
        work._take_back()
        assert file_content() == before
    assert changed > 5
    assert bpy.ops.xtalker.import_sequence(filepath=str(spoken_files[1]), model_path=str(model_file)) == {"FINISHED"}


def test_progress_goes_from_nothing_to_all(spoken_files, model_file):
    work = importing(spoken_files, model_file)
    work._begin(bpy.context)
    shares, titles = [], []
    for share in work._work:
        shares.append(share)
        titles.append(work.title())
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert 0.9 < shares[-1] <= 1
    assert list(dict.fromkeys(titles)) == [f"Importing {n + 1} of 3: clip{n}" for n in range(3)]
    assert len(heads_in(bpy.context.scene)) == 3


def test_closing_the_dialog_takes_nothing_back(spoken_files, model_file):
    before = file_content()
    importing(spoken_files, model_file).cancel(bpy.context)  # as Blender does
    assert file_content() == before


def test_an_import_that_breaks_leaves_the_file_as_it_was(spoken_files, model_file, monkeypatch):
    before = file_content()

    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("xtalker_addon.blender.importer.key_bones", broken)
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        bpy.ops.xtalker.import_sequence(filepath=str(spoken_files[0]), model_path=str(model_file))
    assert file_content() == before


def test_one_after_another_on_the_timeline(spoken_files, model_file):
    bpy.ops.xtalker.import_sequence(
        directory=str(spoken_files[0].parent),
        files=[{"name": path.name} for path in spoken_files],
        model_path=str(model_file),
        arrange="IN_TURN",
    )
    starts = [rig["xtalker_start"] for rig in heads_in(bpy.context.scene)]
    assert starts == [1.0, 11.0, 22.0]
    assert bpy.context.scene.frame_end == 33


def test_dropped_files_lead_to_their_sequence(tmp_path, spoken_files):
    from tests.data.trees import write_clip
    from xtalker_addon.errors import SequenceError

    folder = write_clip(tmp_path / "V0-GRID" / "one")
    for name in ("lightcode.npy", "audio.wav", "expcode.npy"):
        assert sequence_of(folder / name) == folder
    assert sequence_of(spoken_files[0].with_suffix(".wav")) == spoken_files[0]
    soundfile.write(tmp_path / "V0-GRID" / "song.wav", np.zeros(100), 16000)
    with pytest.raises(SequenceError, match=r"song\.wav: no FLAME codes belong to this sound"):
        sequence_of(tmp_path / "V0-GRID" / "song.wav")


def test_a_dropped_file_that_is_none_of_ours_is_refused_with_the_reason(tmp_path):
    np.save(tmp_path / "picture.npy", np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(RuntimeError, match="which is a picture"):
        bpy.ops.xtalker.import_sequence(
            "INVOKE_DEFAULT", directory=str(tmp_path), files=[{"name": "picture.npy"}],
            filepath=str(tmp_path / "picture.npy"),
        )  # fmt: skip
