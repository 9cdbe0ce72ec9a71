"""File > Import > FLAME Talking Head."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np
import pytest

from tests.data.layouts import write_flame_param
from tests.data.models import synthetic_model
from xtalker_addon.blender import compare
from xtalker_addon.blender.evaluated import own_vertices
from xtalker_addon.blender.head import head_of, heads_in
from xtalker_addon.core.formats import read_sequence
from xtalker_addon.core.model.clip import Clip
from xtalker_addon.core.model.flame import load_model, save_model
from xtalker_addon.ui.preferences import detail_sentence, model_sentence

DEMO = Path(__file__).parents[2] / "assets" / "demo" / "V0-Demo" / "XTalker_demo"


def import_files(files, model_file, **options):
    return bpy.ops.xtalker.import_sequence(
        directory=str(files[0].parent),
        files=[{"name": file.name} for file in files],
        model_path=str(model_file),
        **options,
    )


def test_several_files_stand_side_by_side(clip_files, model_file):
    assert import_files(clip_files, model_file) == {"FINISHED"}
    heads = heads_in(bpy.context.scene)
    assert [round(head.location.x, 2) for head in heads] == [0.0, 0.35, 0.7]
    assert bpy.context.scene.frame_end == 12
    assert bpy.context.view_layer.objects.active == heads[-1]
    assert all(head.select_get() for head in heads)


def test_a_folder_imports_what_is_in_it(clip_files, model_file):
    assert bpy.ops.xtalker.import_sequence(filepath=str(clip_files[0].parent), model_path=str(model_file)) == {
        "FINISHED"
    }
    assert len(heads_in(bpy.context.scene)) == 3


def test_vertices_become_an_ordinary_head_where_that_is_wished(clip_files, model_file, tmp_path, capfd):
    model, codes = load_model(model_file), read_sequence(clip_files[0])
    mesh = np.concatenate(list(Clip(codes, model).vertices()))
    np.save(tmp_path / "vertices.npy", mesh)
    assert import_files([tmp_path / "vertices.npy"], model_file, use_fit=True) == {"FINISHED"}
    head = head_of(heads_in(bpy.context.scene)[0], bpy.context.scene)
    assert (head.rig.type, len(head.rig.pose.bones)) == ("ARMATURE", 5)
    for index in (0, 5):
        bpy.context.scene.frame_set(1 + index)
        np.testing.assert_allclose(own_vertices(head.face), mesh[index], atol=2e-5)
    assert "codes were fitted to vertices" in " ".join(head.warnings)
    assert bpy.ops.xtalker.set_identity(identity="first") == {"FINISHED"}  # what its panel changes finds its data
    bpy.context.scene.frame_set(6)
    np.testing.assert_allclose(own_vertices(head.face), mesh[5], atol=2e-5)
    said = capfd.readouterr().out
    assert bpy.ops.xtalker.set_camera(kind="CROP", crop="smooth") == {"FINISHED"}
    assert "has no camera codes" in capfd.readouterr().out
    assert "mm at most" in said
    assert bpy.ops.xtalker.compare_heads() == {"FINISHED"}  # with the vertices themselves
    assert compare.other_of(head) is not None


def test_another_model_for_a_head_that_was_fitted_is_fitted_again(clip_files, model_file, tmp_path):
    """Its codes are the first model's, on which alone they are the face of the vertices."""
    model, codes = load_model(model_file), read_sequence(clip_files[0])
    mesh = np.concatenate(list(Clip(codes, model).vertices()))
    np.save(tmp_path / "vertices.npy", mesh)
    assert import_files([tmp_path / "vertices.npy"], model_file, use_fit=True) == {"FINISHED"}
    head = head_of(heads_in(bpy.context.scene)[0], bpy.context.scene)
    turned = {name: getattr(model, name)[::-1].copy() for name in ("identity_basis", "expression_basis")}
    save_model(replace(model, **turned), tmp_path / "other.npz")
    assert bpy.ops.xtalker.relink_model(filepath=str(tmp_path / "other.npz")) == {"FINISHED"}
    assert head.rig["xtalker_model"] == "other"
    for index in (0, 5):
        bpy.context.scene.frame_set(1 + index)
        np.testing.assert_allclose(own_vertices(head.face), mesh[index], atol=2e-5)
    save_model(synthetic_model(4, 6, identity=3, expression=2), tmp_path / "small.npz")
    with pytest.raises(RuntimeError, match=rf"vertices\.npy: has {model.vertex_count} vertices"):
        bpy.ops.xtalker.relink_model(filepath=str(tmp_path / "small.npz"))
    np.testing.assert_allclose(own_vertices(head.face), mesh[5], atol=2e-5)


def test_one_bad_file_does_not_cost_the_others(clip_files, model_file):
    clip_files[1].write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(RuntimeError, match="Git LFS"):
        import_files(clip_files, model_file)
    assert len(heads_in(bpy.context.scene)) == 2


def test_a_missing_model_is_told(clip_files, tmp_path):
    with pytest.raises(RuntimeError, match="no such file"):
        import_files(clip_files, tmp_path / "nowhere.pkl")
    assert not bpy.data.objects


def test_who_sees_codes_on_the_default_head_is_told_that_it_is_a_stand_in(clip_files, model_file, capfd):
    import_files(clip_files[:1], model_file)
    assert "XTalker's own" not in capfd.readouterr().out
    import_files(clip_files[:1], "")
    assert capfd.readouterr().out.count("Warning: This head is XTalker's own") == 1
    import_files(clip_files[1:2], "")
    assert "XTalker's own" not in capfd.readouterr().out  # once is enough
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.xtalker.import_sequence(directory=str(DEMO.parent), files=[{"name": DEMO.name}])
    assert "XTalker's own" not in capfd.readouterr().out


@pytest.mark.parametrize(("chosen", "shading"), [("MATERIAL", "MATERIAL"), ("REVIEW", "RENDERED"), ("KEEP", "SOLID")])
def test_a_new_file_shows_the_look_at_once(clip_files, model_file, chosen, shading):
    """Not a grey head with blank eyes; unless the preferences say so, or somebody works in the file."""
    preferences = bpy.context.preferences.addons["xtalker_addon"].preferences
    assert preferences.viewport == "MATERIAL"
    preferences.viewport = chosen
    bpy.ops.wm.read_homefile(use_factory_startup=True)  # with the cube
    view = next(area.spaces.active for area in bpy.context.screen.areas if area.type == "VIEW_3D")
    import_files(clip_files[:1], model_file)
    assert view.shading.type == shading
    assert (bpy.context.scene.render.engine == "XTALKER_REVIEW") == (chosen == "REVIEW")
    view.shading.type = "SOLID"  # whoever goes back to it
    import_files(clip_files[1:2], model_file)
    assert view.shading.type == "SOLID"


def test_undo_removes_an_import_in_one_step(clip_files, model_file):
    bpy.context.preferences.edit.use_global_undo = True
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.ed.undo_push(message="cube")
    import_files(clip_files[:1], model_file)
    bpy.ops.ed.undo_push(message="import")
    assert heads_in(bpy.context.scene)
    bpy.ops.ed.undo()
    assert not heads_in(bpy.context.scene)
    assert [item.name for item in bpy.data.objects] == ["Cube"]


def test_the_preferences_tell_what_the_model_is(model_file, tmp_path):
    good, text = model_sentence(str(model_file))
    assert good
    assert "770 vertices, 300 identity and 100 expression columns" in text
    good, text = model_sentence(str(tmp_path / "later.npz"))
    assert not good
    assert "later.npz" in text
    shutil.copy(model_file, tmp_path / "later.npz")
    assert model_sentence(str(tmp_path / "later.npz"))[0]  # looked at again once it is there
    good, text = detail_sentence(str(model_file))
    assert not good
    assert model_file.name in text
    assert detail_sentence("") == (True, "")


def test_the_preferred_model_is_used(clip_files, model_file):
    bpy.context.preferences.addons["xtalker_addon"].preferences.model_path = str(model_file)
    bpy.ops.xtalker.import_sequence(filepath=str(clip_files[0]))
    assert heads_in(bpy.context.scene)[0]["xtalker_model"] == "synthetic"


def test_switching_off_and_on_leaves_nothing_behind():
    def menus() -> int:
        return len(bpy.types.TOPBAR_MT_file_import._dyn_ui_initialize())

    before = menus()
    for _ in range(3):
        bpy.ops.preferences.addon_disable(module="xtalker_addon")
        assert not hasattr(bpy.types, "XTALKER_OT_import_sequence")
        assert menus() == before - 1
        bpy.ops.preferences.addon_enable(module="xtalker_addon")
    assert menus() == before


def test_the_startup_cube_does_not_hide_the_head(clip_files, model_file):
    bpy.ops.mesh.primitive_cube_add()
    import_files(clip_files[:1], model_file)
    assert bpy.data.objects["Cube"].hide_render
    assert bpy.data.objects["Cube"].hide_get()


def test_a_cube_that_is_somebodys_stays(clip_files, model_file):
    bpy.ops.mesh.primitive_cube_add(location=(0, 0, 0.5))
    import_files(clip_files[:1], model_file)
    assert not bpy.data.objects["Cube"].hide_render


def test_files_of_frames_are_one_head_at_the_rate_that_is_asked_for(tmp_path):
    written = write_flame_param(tmp_path / "talk", 6)
    files = sorted(written.path.iterdir())
    assert import_files(files, "", fps=29.97) == {"FINISHED"}
    (rig,) = heads_in(bpy.context.scene)
    assert rig["xtalker_name"] == "talk"
    assert (rig["xtalker_fps"], rig["xtalker_fps_source"]) == (29.97, "given")
    render = bpy.context.scene.render
    assert render.fps / render.fps_base == pytest.approx(29.97)
    # What reads the files again keeps to that.
    bpy.ops.xtalker.set_identity(identity="first")
    assert rig["xtalker_fps"] == 29.97
