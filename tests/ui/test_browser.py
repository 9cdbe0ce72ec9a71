"""The dataset browser: what the buttons and fields do."""

from __future__ import annotations

from types import SimpleNamespace

import bpy
import numpy as np
import pytest

from tests.data.layouts import write_flame_param
from tests.data.tars import STEMS, pack, write_unpacked
from tests.data.trees import write_clip
from xtalker_addon.batch.review_state import read_reviews
from xtalker_addon.blender import compare
from xtalker_addon.blender.evaluated import own_vertices
from xtalker_addon.blender.head import head_of, heads_in
from xtalker_addon.core.formats import read_sequence
from xtalker_addon.core.model.clip import Clip
from xtalker_addon.core.model.flame import load_model
from xtalker_addon.ui import browser
from xtalker_addon.ui.browser_panel import XTALKER_UL_sequences, facts_of
from xtalker_addon.ui.preferences import preferred_model_path
from xtalker_addon.ui.texts import break_lines, shorten
from xtalker_addon.ui.thumbnails import Thumbnails, shrink
from xtalker_addon.ui.told_apart import told_apart

# What a window tells of its side bar, and Blender in the background does not.
WINDOW = SimpleNamespace(
    region=SimpleNamespace(width=300),
    preferences=SimpleNamespace(
        system=SimpleNamespace(ui_scale=1.0), ui_styles=[SimpleNamespace(widget=SimpleNamespace(points=11.0))]
    ),
)


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "data"
    for index, place in enumerate(("V2-MEAD/M003_happy_1", "V2-MEAD/M003_sad_2", "V0-GRID/s1_bbaf2n")):
        folder = write_clip(root / place, frames=6 + 5 * index, seed=index)
        np.save(folder / "refimg.npy", np.full((3, 224, 224), 0.25 * (index + 1), np.float32))
    (root / "V0-GRID" / "broken").mkdir()
    (root / "V0-GRID" / "broken" / "expcode.npy").write_bytes(b"\x93NUMPY")
    return root


@pytest.fixture
def state(root, tmp_path, model_file):
    preferences = bpy.context.preferences.addons["xtalker_addon"].preferences
    preferences.cache_path = str(tmp_path / "cache")
    preferences.model_path = str(model_file)
    assert bpy.ops.xtalker.index_dataset(root=str(root)) == {"FINISHED"}
    return bpy.context.window_manager.xtalker_browser


def shown():
    return [browser.entry(row)[0] for row in range(len(browser.rows()))]


def choose(state, name):
    state.active = shown().index(name)


def test_opening_a_folder_lists_its_sequences(state):
    assert shown() == ["V0-GRID/broken", "V0-GRID/s1_bbaf2n", "V2-MEAD/M003_happy_1", "V2-MEAD/M003_sad_2"]
    assert len(state.rows) == 4
    assert browser.entry(0)[1].problem


def test_the_rate_is_shown_with_its_origin(state, tmp_path):
    write_flame_param(tmp_path / "rates" / "heard", 120, sound_fps=30)
    write_flame_param(tmp_path / "rates" / "silent", 10)
    assert bpy.ops.xtalker.index_dataset(root=str(tmp_path / "rates")) == {"FINISHED"}
    heard, silent = (facts_of(browser.entry(row)[1]) for row in (0, 1))
    assert heard == ["120 frames, 4.00 s", "30 fps, by the length of its sound", "With sound"]
    assert silent == ["10 frames, 0.40 s", "25 fps, assumed", "No sound"]


def test_archives_are_browsed_and_imported_without_unpacking_them(state, tmp_path):
    packed = pack(write_unpacked(tmp_path / "loose", STEMS[:2]), tmp_path / "packed")
    assert bpy.ops.xtalker.index_dataset(root=str(packed)) == {"FINISHED"}
    assert shown() == [f"FLAME_coeffs_25/{stem}" for stem in STEMS[:2]]
    _, clip, source = browser.entry(1)
    assert (clip.frames, clip.problem) == (21, "")
    assert all("cannot be read" not in text for _, text in browser.findings_of(source))
    choose(state, f"FLAME_coeffs_25/{STEMS[1]}")
    assert bpy.ops.xtalker.import_entries() == {"FINISHED"}
    (sound,) = bpy.data.sounds
    assert sound.packed_file
    assert sorted(path.suffix for path in packed.iterdir()) == [".tar"] * 4 + [".txt"] * 2


def test_typing_and_choosing_narrow_the_list_and_keep_the_chosen_one(state):
    choose(state, "V2-MEAD/M003_sad_2")
    state.search = "m003"
    assert shown() == ["V2-MEAD/M003_happy_1", "V2-MEAD/M003_sad_2"]
    assert browser.entry(state.active)[0] == "V2-MEAD/M003_sad_2"
    state.search = ""
    state.subset, state.emotion = "V2-MEAD", "happy"
    assert shown() == ["V2-MEAD/M003_happy_1"]
    state.subset = state.emotion = "*"
    state.order, state.descending = "seconds", True
    assert shown()[0] == "V0-GRID/s1_bbaf2n"
    state.search = "nothing of the kind"
    assert len(state.rows) == 0
    with pytest.raises(RuntimeError, match="No sequence fits"):
        bpy.ops.xtalker.import_entries()


def test_importing_the_chosen_and_the_ticked(state):
    choose(state, "V2-MEAD/M003_happy_1")
    assert bpy.ops.xtalker.import_entries() == {"FINISHED"}
    assert [rig["xtalker_name"] for rig in heads_in(bpy.context.scene)] == ["M003_happy_1"]
    for row in (1, 3):
        bpy.ops.xtalker.tick_entry(row=row)
    assert bpy.ops.xtalker.import_entries() == {"FINISHED"}
    assert len(heads_in(bpy.context.scene)) == 3


PREDICTED = "V2-MEAD/M003_sad_2"


def write_prediction(truth, tree, frames, jaw=0.5):
    """A model's clip of the same sample: its jaw opens less, it is shorter, and its identity another."""
    folder = tree / PREDICTED
    folder.mkdir(parents=True)
    for file in truth.glob("*code.npy"):
        array = np.load(file)
        np.save(folder / file.name, array[:frames] if array.ndim > 1 else array)
    pose = np.load(truth / "posecode.npy")[:frames]
    np.save(folder / "posecode.npy", np.concatenate([pose[:, :3], pose[:, 3:] * jaw], axis=1).astype(np.float32))
    np.save(folder / "shapecode.npy", np.load(truth / "shapecode.npy")[:frames] * np.float32(-1))
    return folder


def test_a_truth_is_compared_with_its_prediction_in_one_step(state, root, tmp_path):
    write_prediction(root / PREDICTED, tmp_path / "ours", 8)
    choose(state, PREDICTED)
    assert bpy.ops.xtalker.compare_prediction(directory=str(tmp_path / "ours")) == {"FINISHED"}
    scene = bpy.context.scene
    truth, prediction = (head_of(rig, scene) for rig in heads_in(scene))
    assert bpy.context.view_layer.objects.active == prediction.rig
    assert compare.other_of(prediction) == truth.face
    assert (truth.strip is not None, prediction.strip) == (True, None)
    scene.frame_set(4)
    apart = np.linalg.norm(own_vertices(truth.face) - own_vertices(prediction.face), axis=1)
    codes, model = read_sequence(root / PREDICTED), load_model(preferred_model_path())
    pose = codes.pose()
    pose[:, 6:9] *= 0.5
    faces = [model.evaluate(codes.identity("mean"), codes.expression, p)[3] for p in (codes.pose(), pose)]
    np.testing.assert_allclose(apart, np.linalg.norm(faces[0] - faces[1], axis=1), atol=1e-5)
    assert bpy.ops.xtalker.measure_heads() == {"FINISHED"}  # only while both move
    (curve, *_) = (
        c
        for layer in compare.legend_of(prediction).animation_data.action.layers
        for strip in layer.strips
        for bag in strip.channelbags
        for c in bag.fcurves
    )
    assert len(curve.keyframe_points) == 8


def test_two_ticked_ones_are_compared_where_one_is_a_prediction(state, root, tmp_path):
    browser.ticked().update(("V2-MEAD/M003_happy_1", "V2-MEAD/M003_sad_2"))
    with pytest.raises(RuntimeError, match="not labelled as a prediction"):
        bpy.ops.xtalker.compare_prediction()
    assert heads_in(bpy.context.scene) == []
    choose(state, PREDICTED)
    with pytest.raises(RuntimeError, match="no clip has the name"):
        bpy.ops.xtalker.compare_prediction(directory=str(root / "V0-GRID"))
    model, results = load_model(preferred_model_path()), tmp_path / "all"
    mesh = np.concatenate(list(Clip(read_sequence(root / PREDICTED), model).vertices()))
    for kind, file in (("testset", "vertices.npy"), ("inference_results", "verts_seq.npy")):
        (results / kind / PREDICTED).mkdir(parents=True)
        np.save(results / kind / PREDICTED / file, mesh + np.float32(0.001) * (kind != "testset"))
    bpy.ops.xtalker.index_dataset(root=str(results))
    browser.ticked().update(shown())
    state.fps = 50.0
    assert bpy.ops.xtalker.compare_prediction() == {"FINISHED"}
    state.fps = 0.0
    truth, prediction = (head_of(rig, bpy.context.scene) for rig in heads_in(bpy.context.scene))
    assert "inference_results" in prediction.source
    assert [head.rig["xtalker_fps"] for head in (truth, prediction)] == [50.0, 50.0]
    assert "testset" in truth.source
    assert compare.other_of(prediction) == truth.face
    np.testing.assert_allclose(own_vertices(prediction.face) - own_vertices(truth.face), 0.001, atol=1e-6)


def test_going_through_the_list_on_one_head(state):
    choose(state, "V0-GRID/s1_bbaf2n")
    bpy.ops.xtalker.import_entries()
    rig = heads_in(bpy.context.scene)[0]
    state.swap_along = True
    bpy.ops.xtalker.step_entry(step=1)
    assert rig["xtalker_name"] == "M003_happy_1"
    bpy.ops.xtalker.step_entry(step=1)
    assert rig["xtalker_name"] == "M003_sad_2"
    bpy.ops.xtalker.step_entry(step=1)  # the last stays
    assert rig["xtalker_name"] == "M003_sad_2"
    assert heads_in(bpy.context.scene) == [rig]
    assert head_of(rig, bpy.context.scene).labels["emotion"] == "sad"


def test_a_broken_sequence_is_told_and_the_head_stays(state):
    choose(state, "V0-GRID/s1_bbaf2n")
    bpy.ops.xtalker.import_entries()
    choose(state, "V0-GRID/broken")
    with pytest.raises(RuntimeError, match=r"expcode\.npy"):
        bpy.ops.xtalker.swap_to_entry()
    assert heads_in(bpy.context.scene)[0]["xtalker_name"] == "s1_bbaf2n"


def test_reviewing_writes_what_the_gallery_reads(state, root, tmp_path):
    choose(state, "V2-MEAD/M003_sad_2")
    bpy.ops.xtalker.judge_entry(verdict="approved")  # the last one: there is no next
    state.note = "look again"
    choose(state, "V0-GRID/s1_bbaf2n")
    assert state.note == ""
    bpy.ops.xtalker.judge_entry(verdict="rejected")
    choose(state, "V0-GRID/s1_bbaf2n")
    bpy.ops.xtalker.judge_entry(verdict="rejected")  # taken back
    reviews = read_reviews(root / "xtalker_review.json")
    assert {name: (r.verdict, r.note) for name, r in reviews.items()} == {
        "V2-MEAD/M003_sad_2": ("approved", "look again")
    }
    bpy.ops.xtalker.export_review(filepath=str(tmp_path / "review.csv"))
    assert read_reviews(tmp_path / "review.csv") == reviews
    state.verdict = "approved"
    assert shown() == ["V2-MEAD/M003_sad_2"]
    assert bpy.ops.xtalker.index_dataset() == {"FINISHED"}  # opened again, it is all there
    assert browser.catalogue().verdict("V2-MEAD/M003_sad_2") == "approved"


def test_a_decision_goes_on_to_the_next(state):
    state.active = 0
    for verdict in ("approved", "rejected"):
        bpy.ops.xtalker.judge_entry(verdict=verdict)
    assert browser.entry(state.active)[0] == "V2-MEAD/M003_happy_1"
    state.active = 1
    bpy.ops.xtalker.judge_entry(verdict="rejected")  # taken back, and looked at again
    assert browser.entry(state.active)[0] == "V0-GRID/s1_bbaf2n"
    state.active, state.verdict = 1, "none"  # what is decided on leaves this list
    assert shown() == ["V0-GRID/s1_bbaf2n", "V2-MEAD/M003_happy_1", "V2-MEAD/M003_sad_2"]
    choose(state, "V2-MEAD/M003_happy_1")
    bpy.ops.xtalker.judge_entry(verdict="approved")
    assert browser.entry(state.active)[0] == "V2-MEAD/M003_sad_2"
    bpy.ops.xtalker.judge_entry(verdict="approved")
    assert browser.entry(state.active)[0] == "V0-GRID/s1_bbaf2n"
    bpy.ops.xtalker.judge_entry(verdict="approved")
    assert shown() == []


def test_a_decision_shows_the_next_on_the_head(state):
    choose(state, "V0-GRID/s1_bbaf2n")
    bpy.ops.xtalker.import_entries()
    rig = heads_in(bpy.context.scene)[0]
    state.swap_along = True
    bpy.ops.xtalker.judge_entry(verdict="approved")
    assert rig["xtalker_name"] == "M003_happy_1"
    bpy.ops.xtalker.note_entry(note="lips late")
    assert browser.catalogue().note("V2-MEAD/M003_happy_1") == "lips late"


def test_keys_work_while_a_data_set_is_open_and_go_with_the_add_on(state):
    keymap = bpy.context.window_manager.keyconfigs.addon.keymaps["3D View"]
    ours = [item for item in keymap.keymap_items if item.idname.startswith("xtalker.")]
    assert [item.type for item in ours] == ["A", "R", "N", "UP_ARROW", "DOWN_ARROW"]
    for item in ours:
        assert (item.shift, item.alt, item.map_type) == (True, True, "KEYBOARD")
        assert getattr(bpy.ops.xtalker, item.idname.partition(".")[2]).poll()
    browser.close()
    assert not any(getattr(bpy.ops.xtalker, item.idname.partition(".")[2]).poll() for item in ours)
    bpy.ops.preferences.addon_disable(module="xtalker_addon")
    assert not [item for item in keymap.keymap_items if item.idname.startswith("xtalker.")]
    bpy.ops.preferences.addon_enable(module="xtalker_addon")
    assert len([item for item in keymap.keymap_items if item.idname.startswith("xtalker.")]) == len(ours)


def test_rows_show_what_tells_them_apart(state):
    state.search = "m003"
    assert [browser.shown_name(row) for row in range(2)] == ["happy_1", "sad_2"]
    state.search = "happy"
    assert browser.shown_name(0) == "M003_happy_1"


@pytest.mark.parametrize(
    ("names", "shown_names"),
    [
        (["a/V2-M003-angry-00001", "a/V2-M016-angry-00002"], ["M003-00001", "M016-00002"]),
        (["V0/s1", "V2/V2-M004-happy-00002"], ["s1", "V2-M004-happy-00002"]),
        (["V0/s1", "V1/s1"], ["V0", "V1"]),
        (["x/V2-a-b", "x/V2-a"], ["a-b", "a"]),
        (["one/clip"], ["clip"]),
        (["same", "same"], ["same", "same"]),
        ([], []),
    ],
)
def test_what_names_share_is_left_out(names, shown_names):
    assert told_apart(names) == shown_names


def test_a_folder_that_is_not_there_is_told(state):
    with pytest.raises(RuntimeError, match="is not a folder"):
        bpy.ops.xtalker.index_dataset(root="/nowhere/at/all")
    assert len(shown()) == 4


def test_the_data_set_stays_open_when_another_file_is_opened(state, root, tmp_path):
    state.output = str(tmp_path)
    bpy.ops.wm.read_homefile(use_empty=True)
    state = bpy.context.window_manager.xtalker_browser
    assert (state.root, state.output) == (str(root), str(tmp_path))
    assert len(state.rows) == 4
    choose(state, "V2-MEAD/M003_happy_1")
    assert bpy.ops.xtalker.import_entries() == {"FINISHED"}


def test_switching_off_leaves_nothing(state):
    bpy.ops.preferences.addon_disable(module="xtalker_addon")
    assert browser.catalogue() is None
    assert not hasattr(bpy.types.WindowManager, "xtalker_browser")
    bpy.ops.preferences.addon_enable(module="xtalker_addon")


def test_thumbnails_come_from_the_reference_image_and_are_kept(root, tmp_path):
    redrawn = []
    thumbnails = Thumbnails(tmp_path / "cache", 64, 100, lambda: redrawn.append(True))
    try:
        source = root / "V2-MEAD" / "M003_happy_1"
        assert thumbnails.icon(source, "1") == 0
        assert bpy.app.timers.is_registered(thumbnails._timer)
        for future in thumbnails._coming.values():
            future.result()
        assert thumbnails._collect() is None  # nothing more is coming
        (preview,) = thumbnails._previews.values()
        assert tuple(preview.image_size) == (64, 64)
        assert np.allclose(preview.image_pixels_float[:4], (64 / 255, 64 / 255, 64 / 255, 1), atol=1 / 255)
        assert redrawn == [True]
        (kept,) = (tmp_path / "cache").glob("*.npy")
        assert np.load(kept).shape == (64, 64, 3)
        assert thumbnails.icon(root / "V0-GRID" / "broken", "1") == 0
    finally:
        thumbnails.close()
    assert not bpy.app.timers.is_registered(thumbnails._timer)


def test_a_full_cache_drops_what_was_not_looked_at_for_longest(tmp_path):
    import os

    from xtalker_addon.ui.thumbnails import _trim

    for index in range(10):
        np.save(tmp_path / f"{index}.npy", np.zeros((16, 16, 3), np.uint8))
        os.utime(tmp_path / f"{index}.npy", (index, index))
    _trim(tmp_path, 3 * (768 + 128))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["7.npy", "8.npy", "9.npy"]


def test_shrinking_takes_means():
    picture = np.arange(4 * 4 * 3, dtype=np.float32).reshape(4, 4, 3)
    assert np.allclose(shrink(picture, 2)[0, 0], picture[:2, :2].mean((0, 1)))
    assert shrink(picture, 7).shape == (7, 7, 3)


def test_rows_can_be_drawn(state):
    """Every call that a row makes exists, with the words it is given."""

    class Layout(SimpleNamespace):
        def __getattr__(self, name):
            if name in ("row", "split", "column"):
                return lambda **_: Layout()
            return lambda *_, **__: SimpleNamespace()

    for row in range(4):
        XTALKER_UL_sequences.draw_item(None, WINDOW, Layout(), None, None, 0, None, "", row)


def test_paragraphs_are_broken_between_words_and_inside_of_long_ones():
    text = "WWW iii a/path/that/is/too/long/for/a/line end"
    assert break_lines(WINDOW, text, 1000) == [text]
    lines = break_lines(WINDOW, text, 100)
    assert len(lines) > 2
    assert lines[0] == "WWW iii"
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert break_lines(WINDOW, "", 100) == []
    assert break_lines(WINDOW, "ab", 0) == ["a", "b"]


def test_names_that_are_too_long_keep_both_ends():
    long = "V4-WRA_Barack_Obama_000-00123"
    assert shorten(WINDOW, long, 1000) == long
    short = shorten(WINDOW, long, 120)
    front, back = short.split("…")
    assert front
    assert back
    assert long.startswith(front)
    assert long.endswith(back)
    assert len(shorten(WINDOW, long, 60)) < len(short) < len(long)
    assert shorten(WINDOW, long, 0) == "…"


def test_findings_of_the_data_are_shown_beside_the_sequence(tmp_path):
    from tests.data.faults import PLANTED
    from tests.data.sequences import write_3dxtalker_folder
    from xtalker_addon.ui.browser import findings_of

    write_3dxtalker_folder(tmp_path / "clip", 60)
    assert findings_of(tmp_path / "clip") == ()
    assert findings_of(tmp_path / "nowhere") == ()
    write_3dxtalker_folder(tmp_path / "spoiled", 60)
    PLANTED["silent"].spoil(tmp_path / "spoiled")
    assert [severity for severity, _ in findings_of(tmp_path / "spoiled")] == ["fault"]
