"""In the scene's light a lamp is mirrored in the eyes, and nowhere on the skin."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from mathutils import Vector

from tests.data.clips import talking_clip
from xtalker_addon.blender.compat import node_tree
from xtalker_addon.blender.importer import ImportOptions, import_sequence
from xtalker_addon.core.model.flame import load_model

SIZE = 96


@pytest.fixture(scope="module")
def own_head():
    return load_model()


@pytest.fixture
def result(own_head):
    """The head from the front in the light of one lamp, a crop of the left eye and the cheek below it."""
    eye = own_head.template[own_head.regions["left_eyeball"]].mean(0)
    camera = np.tile(np.float32([34, -eye[0], -eye[1] + 0.01]), (2, 1))
    still = dict.fromkeys(("jaw", "neck", "eyes", "global_rotation", "shape", "texture", "translation"))
    clip = talking_clip(np.random.default_rng(0), 2, expression=np.zeros((2, 50), np.float32), camera=camera, **still)
    made = import_sequence(clip, own_head, ImportOptions(look="SCENE", camera="CROP", start_frame=0))
    sun = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
    sun.data.energy, sun.data.angle = 2.0, 0.1
    sun.rotation_mode = "QUATERNION"
    sun.rotation_quaternion = Vector((0.25, -1.0, 0.15)).to_track_quat("Z", "Y")
    scene = bpy.context.scene
    scene.collection.objects.link(sun)
    scene.render.resolution_x = scene.render.resolution_y = SIZE
    scene.cycles.samples, scene.cycles.use_denoising = 16, False
    return made


def picture(folder, engine: str) -> np.ndarray:
    """(SIZE, SIZE, 3) linear, first row on top."""
    render = bpy.context.scene.render
    render.engine, render.filepath = engine, str(folder / "eye.exr")
    render.image_settings.file_format = "OPEN_EXR"
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(render.filepath)
    pixels = np.array(image.pixels).reshape(SIZE, SIZE, 4)[::-1, :, :3]
    bpy.data.images.remove(image)
    return pixels


def test_a_lamp_is_mirrored_in_the_cornea(tmp_path, result):
    wet = picture(tmp_path, "CYCLES")
    tree = node_tree(result.material)
    (skin,) = (node for node in tree.nodes if node.bl_idname == "ShaderNodeBsdfPrincipled")
    tree.links.remove(skin.inputs["Coat Weight"].links[0])
    dry = picture(tmp_path, "CYCLES")
    gain = (wet - dry).min(2)
    bright = np.argwhere(gain > 0.3)
    assert 1 <= len(bright) < 120  # small
    assert np.ptp(bright, axis=0).max() < SIZE / 6
    assert gain[SIZE * 3 // 4 :].max() < 0.1  # not on the cheek


def test_eyes_are_told_from_skin_on_every_vertex(result, own_head):
    attributes = result.head.data.attributes
    moist = np.zeros(own_head.vertex_count, np.float32)
    attributes["moist"].data.foreach_get("value", moist)
    places = np.zeros((own_head.vertex_count, 3), np.float32)
    attributes["eye"].data.foreach_get("vector", places.ravel())
    eyes = np.union1d(own_head.regions["left_eyeball"], own_head.regions["right_eyeball"])
    assert np.array_equal(np.flatnonzero(moist == 1), eyes)
    np.testing.assert_allclose(np.linalg.norm(places[eyes], axis=1), 0.0143, atol=0.001)
    assert not places[np.setdiff1d(np.arange(own_head.vertex_count), eyes)].any()
