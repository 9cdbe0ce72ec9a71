"""A clip of vertices plays from its file by Blender's own means: exact, where the file goes, without this add-on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="this Python has no Blender module")

from tests.data.clips import talking_clip  # noqa: E402
from tests.data.models import synthetic_model  # noqa: E402
from xtalker_addon.blender import compare, compat  # noqa: E402
from xtalker_addon.blender.evaluated import own_vertices, vertices_in_flame_axes  # noqa: E402
from xtalker_addon.blender.export import export, write_cache  # noqa: E402
from xtalker_addon.blender.head import head_of  # noqa: E402
from xtalker_addon.blender.importer import ImportOptions, import_sequence  # noqa: E402
from xtalker_addon.blender.swap import replace_sequence  # noqa: E402
from xtalker_addon.blender.timing import set_timing, timing_of  # noqa: E402
from xtalker_addon.core.formats import read_sequence  # noqa: E402
from xtalker_addon.core.model.clip import Clip  # noqa: E402
from xtalker_addon.core.sequence import Sequence  # noqa: E402
from xtalker_addon.errors import ModelError  # noqa: E402

T = 20


@pytest.fixture(scope="module")
def model():
    return synthetic_model()


@pytest.fixture(scope="module")
def codes():
    return talking_clip(np.random.default_rng(5), frames=T)


@pytest.fixture(scope="module")
def mesh(model, codes):
    return np.concatenate(list(Clip(codes, model).vertices()))


def clip_of(mesh, fps=25.0):
    return Sequence("clip", Path("clip.npy"), fps, vertices=mesh)


def at(head, frame):
    bpy.context.scene.frame_set(int(frame), subframe=frame % 1)
    return own_vertices(head)


def test_every_frame_is_the_files(tmp_path, model, mesh):
    result = import_sequence(clip_of(mesh), model, ImportOptions(vertices=tmp_path, start_frame=7))
    assert (result.frame_start, result.frame_end, result.rig.type) == (7, 6 + T, "EMPTY")
    for index in range(T):
        assert np.abs(at(result.head, 7 + index) - mesh[index]).max() == 0
    np.testing.assert_allclose(at(result.head, 9.5), (mesh[2] + mesh[3]) / 2, atol=1e-7)
    np.testing.assert_allclose(vertices_in_flame_axes(result.head), (mesh[2] + mesh[3]) / 2, atol=1e-6)
    assert not any(bpy.app.handlers.frame_change_post)
    assert result.camera is not None
    (file,) = tmp_path.iterdir()
    np.testing.assert_array_equal(read_sequence(file).vertices, mesh)


def test_timing_is_kept_in_a_scene_of_another_rate(tmp_path, model, mesh):
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 24, 1.001
    options = ImportOptions(vertices=tmp_path, start_frame=11, adapt_scene=False)
    head = import_sequence(clip_of(mesh, 60.0), model, options).head
    rate = 24 / 1.001
    for frame in (11, 13, 16):
        place = (frame - 11) * 60 / rate
        below, part = int(place), place % 1
        expected = mesh[below] * (1 - part) + mesh[below + 1] * part
        np.testing.assert_allclose(at(head, frame), expected, atol=2e-6)


@pytest.mark.parametrize("saved", ["before", "after"])
def test_a_saved_file_plays_where_it_is_moved_to(tmp_path, model, mesh, saved):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    if saved == "before":
        bpy.ops.wm.save_as_mainfile(filepath=str(here / "scene.blend"))
    import_sequence(clip_of(mesh), model, ImportOptions(vertices=here / "vertices", start_frame=1))
    bpy.ops.wm.save_as_mainfile(filepath=str(here / "scene.blend"))
    here.rename(there)
    bpy.ops.wm.open_mainfile(filepath=str(there / "scene.blend"))
    (face,) = (item for item in bpy.data.objects if item.type == "MESH")
    (cache,) = (modifier for modifier in face.modifiers if modifier.type == "MESH_CACHE")
    assert cache.filepath.startswith("//vertices")
    assert np.abs(at(face, 10) - mesh[9]).max() == 0
    assert not bpy.app.handlers.frame_change_pre
    assert not bpy.app.handlers.frame_change_post


@pytest.mark.parametrize("engine", ["CYCLES", compat.eevee_engine()])
def test_engines_draw_vertices_as_the_codes_that_they_are_of(tmp_path, model, codes, mesh, engine):
    lit = replace(clip_of(mesh), light=codes.light, camera=codes.camera)
    pictures = []
    for clip in (codes, lit):
        bpy.ops.wm.read_factory_settings(use_empty=True)
        result = import_sequence(clip, model, ImportOptions(vertices=tmp_path / "vertices", start_frame=1))
        scene = bpy.context.scene
        scene.frame_set(12)
        scene.render.engine, scene.camera = engine, result.camera
        scene.cycles.samples = scene.eevee.taa_render_samples = 1
        scene.cycles.use_denoising, scene.cycles.pixel_filter_type = False, "BOX"
        scene.render.resolution_x = scene.render.resolution_y = 64
        scene.render.resolution_percentage = 100
        scene.render.filepath = str(tmp_path / f"{len(pictures)}.png")
        bpy.ops.render.render(write_still=True)
        image = bpy.data.images.load(scene.render.filepath)
        pictures.append(np.array(image.pixels[:]).reshape(64, 64, 4)[..., :3])
    of_codes, of_vertices = pictures
    assert of_codes.std() > 0.02
    assert np.abs(of_codes - of_vertices).mean() < 2e-3


def test_offset_and_speed(tmp_path, model, mesh):
    result = import_sequence(clip_of(mesh), model, ImportOptions(vertices=tmp_path, start_frame=1))
    head = head_of(result.head, bpy.context.scene)
    set_timing(head, 3.0, 2.0)
    assert timing_of(head) == pytest.approx((3.0, 2.0))
    np.testing.assert_allclose(at(result.head, 4), mesh[0], atol=1e-6)
    np.testing.assert_allclose(at(result.head, 9), mesh[10], atol=1e-6)
    set_timing(head, 0.0, 1.0)
    np.testing.assert_allclose(at(result.head, 9), mesh[8], atol=1e-6)


def test_it_is_compared_with_its_codes_and_exported(tmp_path, model, codes, mesh):
    scene = bpy.context.scene
    vertices = import_sequence(clip_of(mesh), model, ImportOptions(vertices=tmp_path / "kept", start_frame=1))
    keyed = import_sequence(codes, model, ImportOptions(start_frame=1))
    first, second = head_of(vertices.head, scene), head_of(keyed.head, scene)
    assert not first.has_codes
    assert second.has_codes
    compare.begin(first, second, 5.0)
    errors = np.array(list(compare.measure(first, second, {}, range(1, T + 1))))
    assert errors[:, 0].max() < 1e-3
    compare.end(first)
    write_cache(first, tmp_path / "out.npy", "NPY", range(1, T + 1))
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), mesh)
    with pytest.raises(ModelError, match="moved by vertices, which GLTF cannot hold; choose Alembic or USD"):
        export(first, tmp_path / "out.glb", "GLTF")


def test_what_vertices_cannot_do_is_refused(tmp_path, model, codes, mesh):
    with pytest.raises(ModelError, match="choose a folder to keep it in"):
        import_sequence(clip_of(mesh), model)
    with pytest.raises(ModelError, match="vertices and the model"):
        import_sequence(clip_of(mesh[:, 1:]), model, ImportOptions(vertices=tmp_path / "none"))
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match="choose another folder"):
        import_sequence(clip_of(mesh), model, ImportOptions(vertices=tmp_path / "file" / "in"))
    assert not bpy.data.objects
    vertices = import_sequence(clip_of(mesh), model, ImportOptions(vertices=tmp_path)).head
    keyed = import_sequence(codes, model).head
    heads = [head_of(item, bpy.context.scene) for item in (vertices, keyed)]
    with pytest.raises(ModelError, match="moved by vertices, not by keys"):
        replace_sequence(heads[0], codes, model, "mean")
    with pytest.raises(ModelError, match="holds vertices"):
        replace_sequence(heads[1], clip_of(mesh), model, "mean")
