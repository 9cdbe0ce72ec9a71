"""Every control of the panels on a head and on its copies: each changes its own head, after saving and opening too."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from tests.data.clips import talking_clip
from tests.data.models import synthetic_model
from tests.data.sequences import write_3dxtalker_folder
from tests.ui.copies import COPIES, controls, differing, duplicated, linked_into, show, shown
from xtalker_addon.blender import compare, compat, presence
from xtalker_addon.blender.evaluated import own_vertices
from xtalker_addon.blender.export import SUFFIXES, can_export
from xtalker_addon.blender.head import heads_in
from xtalker_addon.blender.sound import OUT_OF_STEP
from xtalker_addon.core.formats import read_sequence
from xtalker_addon.core.model.flame import load_model, save_model

FRAMES = 12
ITS_SOUND = ("sound",)  # only scenes have strips: a duplicate has none, and the original keeps its own


@pytest.fixture(scope="module")
def model_files(tmp_path_factory):
    """Two small models that differ in their shapes and in their number of vertices."""
    paths = [tmp_path_factory.mktemp("models") / f"{name}.npz" for name in ("first", "second")]
    for seed, path in enumerate(paths):
        save_model(synthetic_model(8 + seed, 12, identity=100, expression=50, seed=seed), path)
    return paths


@pytest.fixture
def source(tmp_path):
    """A clip with all that a head can have but eyes and neck."""
    folder = tmp_path / "speaker"
    write_3dxtalker_folder(folder, FRAMES)
    return folder


@pytest.fixture
def other_source(tmp_path):
    """A clip with eyes and neck."""
    clip = talking_clip(np.random.default_rng(4), frames=15)
    np.savez(tmp_path / "other.npz", exp=clip.expression, pose=clip.pose(), fps=25)
    return tmp_path / "other.npz"


@pytest.fixture
def rig(source, model_files):
    bpy.ops.xtalker.import_sequence(filepath=str(source), model_path=str(model_files[0]), camera="CROP")
    return heads_in(bpy.context.scene)[0]


def reopened(rigs, path):
    names = [(item.name, item.library.filepath if item.library else None) for item in rigs]
    bpy.ops.wm.save_as_mainfile(filepath=str(path), relative_remap=False)
    bpy.ops.wm.open_mainfile(filepath=str(path))
    return [bpy.data.objects[name] for name in names]


@pytest.mark.parametrize(
    ("kind", "copy_first"), [*((kind, False) for kind in COPIES), ("duplicate", True), ("linked duplicate", True)]
)
def test_every_control_changes_its_own_head(kind, copy_first, rig, other_source, model_files, tmp_path):
    copy = COPIES[kind](rig, tmp_path / "heads.blend")
    order = (copy, rig) if copy_first else (rig, copy)
    states = [shown(item) for item in order]
    assert differing(*states, but=ITS_SOUND) == []
    for name, change in controls(other_source, model_files[1]).items():
        for index, changed in enumerate(order):
            show(changed)
            change(changed)
            before, states = states, [shown(item) for item in order]
            assert differing(states[index], before[index]), f"{name} did nothing to {changed.name}"
            assert differing(states[1 - index], before[1 - index]) == [], f"{name} of {changed.name} changed the other"
        assert differing(*states, but=ITS_SOUND) == [], f"{name} is not the same on both"
    for item, state in zip(reopened(order, tmp_path / "saved.blend"), states, strict=True):
        assert differing(shown(item), state) == []


@pytest.mark.parametrize("how", ["copy of a scene with the same objects", "objects linked to another scene"])
def test_a_head_in_two_scenes_is_controlled_from_both(how, rig, other_source, model_files, tmp_path):
    scenes = [bpy.context.scene, linked_into(rig, how)]

    def seen():
        return [shown(rig, scene) for scene in scenes]

    strip = show(rig, scenes[0]).strip
    for name, change in controls(other_source, model_files[1]).items():
        before = seen()
        head = show(rig, scenes[1])
        change(rig)
        after = seen()
        assert differing(after[1], before[1]), f"{name} did nothing"
        assert differing(*after, but=ITS_SOUND) == [], f"{name} is not the same in both scenes"
        if name.startswith("offset"):
            assert compat.strip_start(strip) == 3  # the sound of the other scene comes along; 2.5 begins in frame 3
        if name in ("mute", "bring back"):
            assert strip.mute == (presence.is_muted(head) or OUT_OF_STEP in strip)
    states = seen()
    (opened,) = reopened([rig], tmp_path / "saved.blend")
    assert [differing(shown(opened, scene), state) for scene, state in zip(bpy.data.scenes, states, strict=True)] == [
        [], [],
    ]  # fmt: skip


@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_shows_the_codes_as_the_model_says(kind, rig, source, model_files, tmp_path):
    copy = COPIES[kind](rig, tmp_path / "heads.blend")
    clip, model = read_sequence(source), load_model(model_files[0])
    copy.xtalker.offset, copy.xtalker.amount_jaw = 2.0, 0.0
    still_jaw = clip.pose().copy()
    still_jaw[:, 6:9] = 0.0
    expected = {rig: (clip.pose(), 6), copy: (still_jaw, 4)}
    for item, (pose, index) in expected.items():
        head = show(item)
        head.scene.frame_set(1 + 6)
        vertices = model.evaluate(clip.identity("mean"), clip.expression, pose)[index]
        assert np.abs(own_vertices(head.face) - vertices).max() < 2e-6


@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_is_exported_as_it_is(kind, rig, tmp_path):
    copy = COPIES[kind](rig, tmp_path / "heads.blend")
    copy.xtalker.amount_jaw = 0.5
    head = show(copy)
    head.scene.frame_end = 3
    bpy.ops.xtalker.export_head(filepath=str(tmp_path / "copy.npy"), kind="NPY")
    written = np.load(tmp_path / "copy.npy")
    head.scene.frame_set(3)
    assert len(written) == 3
    assert np.abs(written[2] - own_vertices(head.face)).max() < 2e-6


@pytest.mark.parametrize("linked", [False, True])
def test_one_of_two_copies_is_shown_alone(linked, rig):
    copy = duplicated(rig, linked)
    for alone, other in ((rig, copy), (copy, rig)):
        show(alone)
        bpy.ops.xtalker.solo_head()
        assert [presence.is_muted(show(item)) for item in (alone, other)] == [False, True]
        show(alone)
        bpy.ops.xtalker.solo_head()
        assert [presence.is_muted(show(item)) for item in (alone, other)] == [False, False]


@pytest.mark.parametrize("kind", COPIES)
def test_the_scene_follows_either_of_the_two(kind, rig, tmp_path):
    """Its world, its rate and its camera, which are the scene's own; the other head keeps its keys."""
    copy = COPIES[kind](rig, tmp_path / "heads.blend")
    for item, other in ((copy, rig), (rig, copy)):
        kept = shown(other)
        head = show(item)
        bpy.ops.xtalker.light_scene()
        assert head.scene.world == head.world
        assert head.world.node_tree.animation_data.action
        head.scene.camera = None
        show(item)
        bpy.ops.xtalker.look_through_camera()
        assert head.scene.camera == head.camera
        assert differing(shown(other), kept) == []
    # In one scene another head's time is kept too, by keys that are placed anew.
    head = show(copy)
    head.scene.render.fps = 50
    bpy.ops.xtalker.adapt_scene()
    assert head.scene.render.fps == 25
    spans = {item: [show(item).frames[0], show(item).frames[-1]] for item in (rig, copy)}
    ratio = 0.5
    assert spans[copy] == pytest.approx([1.0, 1.0 + ratio * (FRAMES - 1)])
    together = show(rig).scene == show(copy).scene
    assert spans[rig] == pytest.approx(spans[copy] if together else [1.0, float(FRAMES)])


@pytest.mark.parametrize(
    ("kind", "with_legend"), [*((kind, False) for kind in COPIES), ("duplicate", True), ("linked duplicate", True)]
)
def test_a_copy_of_a_compared_head(kind, with_legend, rig, tmp_path):
    """It is coloured like its original, ends alone, and takes neither the original's legend nor its reference away."""
    rig.xtalker.amount_jaw = 0.5
    show(rig)
    bpy.ops.xtalker.compare_heads()
    if with_legend:
        legend = compare.legend_of(show(rig))
        copy = duplicated(rig, "linked" in kind, (legend, *legend.children))
    else:
        copy = COPIES[kind](rig, tmp_path / "heads.blend")
    first = shown(rig)
    assert shown(copy)["coloured"] == pytest.approx(first["coloured"])
    copy.xtalker.compare_maximum = 9.0
    assert shown(copy)["coloured"] == pytest.approx(first["coloured"] * 5.0 / 9.0)
    assert differing(shown(rig), first) == []
    if shown(copy)["legend"]:
        assert shown(copy)["legend"] == ["0 mm", "4.5 mm", "9 mm"]
    show(copy)
    bpy.ops.xtalker.end_compare()
    assert shown(copy)["coloured"] == 0.0
    assert differing(shown(rig), first) == []
    show(copy)
    bpy.ops.xtalker.compare_heads()
    show(rig)
    bpy.ops.xtalker.end_compare()
    assert shown(rig)["coloured"] == 0.0
    assert shown(copy)["coloured"] == pytest.approx(first["coloured"])
    show(copy)
    bpy.ops.xtalker.end_compare()
    assert {item for scene in bpy.data.scenes for item in heads_in(scene)} == {rig, copy}
    assert not [item for item in bpy.data.objects if "xtalker_compare" in item]


@pytest.mark.parametrize("linked", [False, True])
def test_sound_belongs_to_the_original_alone(linked, rig):
    copy = duplicated(rig, linked)
    strip = show(rig).strip
    assert show(copy).strip is None
    bpy.ops.xtalker.mute_head()
    copy.xtalker.offset = 7.0
    assert not strip.mute
    assert compat.strip_start(strip) == 1
    cameras = [show(item).camera for item in (rig, copy)]
    assert cameras[0] != cameras[1]
    assert None not in cameras


def test_a_copied_scene_has_sound_of_its_own(rig, tmp_path):
    copy = COPIES["copy of a scene"](rig, tmp_path)
    strips = [show(item).strip for item in (rig, copy)]
    bpy.ops.xtalker.mute_head()
    copy.xtalker.offset = 4.0
    assert [strip.mute for strip in strips] == [False, True]
    assert [compat.strip_start(strip) for strip in strips] == [1, 5]


@pytest.mark.filterwarnings("default::DeprecationWarning")  # Blender's exporter is behind its own numpy
@pytest.mark.parametrize("overridden", [False, True])
def test_a_head_of_another_file_is_read_only_and_says_so(overridden, rig, other_source, model_files, tmp_path):
    path = tmp_path / "heads.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.read_homefile(use_empty=True)
    with bpy.data.libraries.load(str(path), link=True) as (found, wanted):
        wanted.collections = found.collections[:1]
    scene, collection = bpy.context.scene, wanted.collections[0]
    scene.collection.children.link(collection)
    if overridden:
        collection.override_hierarchy_create(scene, bpy.context.view_layer, do_fully_editable=True)
    rig = next(item for item in heads_in(scene) if bool(item.override_library) == overridden)
    scene.frame_end = FRAMES
    before, names = shown(rig), set(rig.xtalker.bl_rna.properties.keys())
    for name, change in controls(other_source, model_files[1]).items():
        show(rig)
        if name.split()[0] in names or name == "up to":
            change(rig)
        else:
            with pytest.raises(RuntimeError, match="make it local first"):
                change(rig)
        assert differing(shown(rig), before) == [], name
    for refused in ("solo_head", "light_scene", "end_compare"):
        with pytest.raises(RuntimeError, match="make it local first"):
            getattr(bpy.ops.xtalker, refused)()
    assert bpy.ops.xtalker.look_through_camera() == {"FINISHED"}
    assert scene.camera == show(rig).camera
    for kind in (*(kind for kind in ("GLTF", "FBX", "ALEMBIC", "USD") if can_export(kind)), "NPY", "PC2"):
        bpy.ops.xtalker.export_head(filepath=str(tmp_path / f"linked{SUFFIXES[kind]}"), kind=kind)
        assert (tmp_path / f"linked{SUFFIXES[kind]}").stat().st_size
    assert np.load(tmp_path / "linked.npy").shape == (FRAMES, len(before["vertices"]), 3)
    assert differing(shown(reopened([rig], tmp_path / "project.blend")[0]), before) == []
    if overridden:
        rig = next(item for item in heads_in(bpy.context.scene) if item.override_library)
        head = show(rig)
        for item in (rig, *rig.children_recursive, head.camera):
            item.select_set(True)
        bpy.ops.object.make_local(type="ALL")
        assert show(rig).camera == head.camera
        bpy.ops.xtalker.set_camera(kind="FRAMING")
        rig.xtalker.amount_expression = 0.5
        assert rig.xtalker.amount_expression == 0.5


def test_a_linked_head_can_be_what_another_is_measured_by(rig, tmp_path):
    path = tmp_path / "heads.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True)
    with bpy.data.libraries.load(str(path), link=True) as (found, wanted):
        wanted.collections = found.collections[:1]
    bpy.context.scene.collection.children.link(wanted.collections[0])
    linked = next(item for item in heads_in(bpy.context.scene) if item.library)
    rig.xtalker.amount_jaw = 0.5
    show(rig)
    linked.select_set(True)
    bpy.ops.xtalker.compare_heads()
    assert shown(rig)["coloured"] > 0
    show(rig)
    assert bpy.ops.xtalker.measure_heads() == {"FINISHED"}
    bpy.ops.xtalker.end_compare()
    assert linked.name in {item.name for item in heads_in(bpy.context.scene)}
