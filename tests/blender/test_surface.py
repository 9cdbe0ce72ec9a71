"""Skin and wrinkles of the codes on the head: the right picture at the right frame."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import bpy
import numpy as np
import pytest

from tests.blender.test_same_light import cycles_frame, expected_frame
from tests.data.clips import talking_clip
from tests.data.ridges import Ridges
from xtalker_addon.blender.importer import ImportOptions, import_sequence, import_steps
from xtalker_addon.core.files.picture_cache import picture_file, picture_folder
from xtalker_addon.core.light.spherical_harmonics import UNIT_AMBIENT
from xtalker_addon.core.model.albedo import Albedo
from xtalker_addon.core.model.displacements import HEIGHT_RANGE
from xtalker_addon.errors import UsageError

PLAIN = np.zeros((4, 9, 3))
PLAIN[:, 0] = UNIT_AMBIENT


def clip_of(frames: int = 4, **fields):
    return talking_clip(np.random.default_rng(11), frames, **{"light": PLAIN[:frames], **fields})


@pytest.fixture
def skinned(model):
    """A model whose only texture code moves its skin from dark to bright red."""
    mean = np.full((64, 64, 3), 0.4, np.float32)
    basis = np.zeros((1, 64, 64, 3), np.float32)
    basis[..., 0] = 0.1
    return replace(model, albedo=Albedo(mean, basis, ("red",)))


def reds(tmp_path, result, frames) -> list[float]:
    """The mean red of the head in Cycles at each array index."""
    found = []
    for index in frames:
        picture = cycles_frame(tmp_path / f"{index}.png", int(result.frame_start) + index)
        found.append(float(np.median(picture[picture.min(-1) > 60][:, 0])))
    return found


def test_skin_of_the_mean_code_and_of_every_frame(tmp_path, skinned):
    clip = clip_of(texture=np.array([[0.0], [1.0], [2.0], [3.0]]))
    result = import_sequence(clip, skinned, ImportOptions(camera="CROP", look="SH"))
    assert reds(tmp_path, result, [0, 3]) == pytest.approx([0.55 * 255] * 2, abs=1.5)
    options = ImportOptions(camera="CROP", look="SH", skin="per_frame", pictures=tmp_path / "pictures", start_frame=5)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    result = import_sequence(clip, skinned, options)
    assert reds(tmp_path, result, [0, 1, 3]) == pytest.approx([0.4 * 255, 0.5 * 255, 0.7 * 255], abs=1.5)
    folders = list((tmp_path / "pictures").iterdir())
    assert [len(list(folder.iterdir())) for folder in folders] == [4]


def test_codes_that_a_texture_space_cannot_decode_are_said(skinned):
    without = replace(skinned, albedo=replace(skinned.albedo, basis=skinned.albedo.basis[:0], names=()))
    clip = clip_of(texture=np.ones((4, 50)))
    warnings = import_sequence(clip, without, ImportOptions(camera="NONE")).warnings
    assert any("FLAME_texture.npz" in warning and "mean" in warning for warning in warnings)
    assert not import_sequence(clip, skinned, ImportOptions(camera="NONE")).warnings


def contrast(picture: np.ndarray) -> float:
    """How much the middle of the face changes from row to row."""
    return float(np.abs(np.diff(picture[60:100, 76:84].mean((1, 2)))).mean())


@pytest.mark.parametrize("look", ["SH", "SCENE"])
def test_wrinkles_show_in_the_frames_that_have_them(tmp_path, model, look):
    light = PLAIN.copy()
    light[:, 2] = 1.0  # from above, so that ridges across the face show
    detail = np.zeros((4, 128))
    detail[2] = 0.6
    clip = clip_of(light=light, detail=detail)
    options = ImportOptions(
        camera="CROP", look=look, world=look == "SCENE", detail=Ridges(), pictures=tmp_path / "pictures"
    )
    result = import_sequence(clip, model, options)
    start = int(result.frame_start)
    samples = 16 if look == "SH" else 64  # light of the scene is sampled, and noise looks like wrinkles
    smooth, rough = (contrast(cycles_frame(tmp_path / f"{i}.png", start + i, samples)) for i in (1, 2))
    assert rough > smooth + 4
    result.material.node_tree.nodes["Wrinkle Strength"].outputs[0].default_value = 0
    assert contrast(cycles_frame(tmp_path / "off.png", start + 2, samples)) == pytest.approx(smooth, abs=1.5)
    assert any("FLAME's texture coordinates" in warning for warning in result.warnings)


def test_wrinkles_that_are_cancelled_while_they_are_decoded_leave_no_pictures(tmp_path, model):
    clip = clip_of(detail=np.zeros((4, 128)))
    decoding = threading.Event()

    class Slow(Ridges):
        def decode_sequence(self, sequence):
            for heights in super().decode_sequence(sequence):
                decoding.wait(5)
                yield heights

    steps = import_steps(clip, model, ImportOptions(camera="NONE", detail=Slow(), pictures=tmp_path))
    while not list(tmp_path.iterdir()):
        next(steps)
    steps.close()
    decoding.set()
    until = time.monotonic() + 10
    while list(tmp_path.iterdir()) and time.monotonic() < until:
        time.sleep(0.01)
    assert list(tmp_path.iterdir()) == []


def test_wrinkles_bend_normals_by_their_slope(tmp_path, model):
    """A height that rises evenly along v turns the normal of all pixels by the angle of its slope."""

    class Ramp(Ridges):
        def decode(self, codes):
            return np.broadcast_to(np.linspace(0.008, -0.008, 256)[None, :, None], (len(codes), 256, 256))

    light = np.zeros((4, 9, 3))
    light[:, 0], light[:, 2] = 2.4, 0.6
    clip = clip_of(light=light, detail=np.zeros((4, 128)))
    flat = import_sequence(clip, model, ImportOptions(camera="CROP", look="SH"))
    before = cycles_frame(tmp_path / "flat.png", int(flat.frame_start))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bent = import_sequence(clip, model, ImportOptions(camera="CROP", look="SH", detail=Ramp()))
    after = cycles_frame(tmp_path / "bent.png", int(bent.frame_start))
    # The egg's v runs from pole to pole, some 0.33 m of surface: the slope is about 0.05, downwards for a rise upwards.
    _, inside = expected_frame(clip, model, 0, lambda n: n[..., :1].repeat(3, -1))
    change = (after - before)[inside].mean() / 255
    assert change == pytest.approx(-0.05 * 0.6 * 1.0233 * 180 / 255, rel=0.35)


def test_without_codes_or_coordinates_there_are_no_wrinkles_and_a_word(model):
    clip = clip_of(detail=np.zeros((4, 128)))
    options = ImportOptions(camera="NONE", detail=Ridges())
    for sequence, face in ((clip_of(), model), (clip, replace(model, uv=None, uv_faces=None))):
        result = import_sequence(sequence, face, options)
        assert any("no wrinkles" in warning for warning in result.warnings)
        assert "Wrinkles" not in result.material.node_tree.nodes


def test_pictures_are_exact_kept_and_complete_or_absent(tmp_path):
    rng = np.random.default_rng(0)
    made = []

    def pictures():
        made.append(1)
        yield from heights

    heights = rng.integers(0, 65536, (3, 16, 20)).astype(np.uint16)
    for _ in range(2):
        folder = picture_folder(tmp_path / "cache", "clip", (b"a",), 3, pictures)
    assert len(made) == 1
    assert folder != picture_folder(tmp_path / "cache", "clip", (b"b",), 3, pictures)
    image = bpy.data.images.load(str(picture_file(folder)))
    image.colorspace_settings.name = "Non-Color"
    pixels = np.empty(16 * 20 * 4, np.float32)
    image.pixels.foreach_get(pixels)
    found = pixels.reshape(16, 20, 4)[::-1, :, 0]
    assert np.abs(found - heights[0] / 65535).max() * 2 * HEIGHT_RANGE < 1e-6

    def breaks():
        yield heights[0]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        picture_folder(tmp_path / "other", "clip", (b"a",), 3, breaks)
    assert not list((tmp_path / "other").iterdir())
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="another folder"):
        picture_folder(tmp_path / "file", "clip", (b"a",), 3, pictures)


def test_nothing_is_interpolated_across_a_cut(model):
    codes = np.zeros((60, 50))
    rng = np.random.default_rng(0)
    codes[:30] = np.cumsum(rng.normal(0, 0.05, (30, 50)), 0) + rng.normal(0, 1, 50)
    codes[30:] = np.cumsum(rng.normal(0, 0.05, (30, 50)), 0) + rng.normal(0, 1, 50)
    clip = talking_clip(rng, 60, expression=codes, jaw=None, global_rotation=None, light=None, shape=None)
    result = import_sequence(clip, model, ImportOptions(camera="NONE"))
    scene, key = bpy.context.scene, result.head.data.shape_keys.key_blocks["expression_001"]
    for frame, expected in (
        (29, codes[29, 0]),
        (28.5, codes[28:30, 0].mean()),
        (29.75, codes[29, 0]),
        (30, codes[30, 0]),
    ):
        at = result.frame_start + frame
        scene.frame_set(int(at), subframe=float(at % 1))
        assert key.value == pytest.approx(expected, abs=1e-5)
