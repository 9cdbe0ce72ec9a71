"""Every layout comes in with its numbers unchanged, its sound, and what its names tell."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

from tests.data.sequences import (
    BEAT2,
    make_codes,
    write_3dxtalker_folder,
    write_all_in_one,
    write_wav,
    write_webtalk_clip,
)
from xtalker_addon.core.dataset import index_tree
from xtalker_addon.core.ffmpeg import find_ffmpeg
from xtalker_addon.core.formats import read_sequence
from xtalker_addon.core.sequence import UNKNOWN_KEY
from xtalker_addon.errors import SequenceError

T = 40


def same(found, expected, tolerance=0.0):
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    np.testing.assert_allclose(found, np.asarray(expected, np.float32), rtol=0, atol=tolerance)


# --- 3DXTalker -----------------------------------------------------------------------------------------------------


def test_3dxtalker_folder(tmp_path):
    folder = tmp_path / "V1-RAVDESS" / "clip_7"
    written = write_3dxtalker_folder(folder, T)
    clip = read_sequence(folder)
    assert (clip.name, clip.source, clip.fps, clip.frames) == ("clip_7", folder, 25.0, T)
    same(clip.expression, written["expcode"])
    same(clip.shape, written["shapecode"])
    same(clip.global_rotation, written["posecode"][:, :3])
    same(clip.jaw, written["posecode"][:, 3:])
    same(clip.detail, written["detailcode"])
    same(clip.camera, written["cam"])
    same(clip.light, written["lightcode"])
    same(clip.texture, written["texcode"])
    same(clip.envelope, written["envelope"])
    same(clip.reference_image, written["refimg"].clip(0, 1).transpose(1, 2, 0))
    assert clip.neck is clip.eyes is clip.translation is None
    assert clip.audio == folder / "audio.wav"
    assert clip.labels == {"subset": "V1-RAVDESS"}
    assert clip.warnings == ()


def test_only_the_expression_is_required(tmp_path):
    written = write_3dxtalker_folder(tmp_path / "clip", T)
    for file in (tmp_path / "clip").iterdir():
        if file.name != "expcode.npy":
            file.unlink()
    clip = read_sequence(tmp_path / "clip")
    assert clip.held() == ("expression",)
    same(clip.expression, written["expcode"])
    assert len(clip.warnings) == 1
    assert "no sound file" in clip.warnings[0]


@pytest.mark.parametrize("file", ["expcode.npy", "cam.npy", "audio.wav", "metadata.pkl"])
def test_any_file_of_a_folder_leads_to_its_clip(tmp_path, file):
    write_3dxtalker_folder(tmp_path / "clip", T)
    assert read_sequence(str(tmp_path / "clip" / file)).source == tmp_path / "clip"


@pytest.mark.parametrize("dtype", ["float64", "float16", ">f4", "int16"])
def test_numbers_of_other_types(tmp_path, dtype):
    codes = (10 * make_codes(T)[0]["expcode"]).astype(dtype)
    write_3dxtalker_folder(tmp_path / "clip", T, changes={"expcode": codes})
    same(read_sequence(tmp_path / "clip").expression, codes.astype(np.float32))


def test_fortran_order_and_a_batch_of_one(tmp_path):
    codes, _ = make_codes(T)
    changes = {name: np.asfortranarray(codes[name][None]) for name in ("expcode", "posecode", "shapecode", "lightcode")}
    changes |= {"envelope": codes["envelope"][None], "refimg": codes["refimg"][None]}
    write_3dxtalker_folder(tmp_path / "batch", T, changes=changes)
    write_3dxtalker_folder(tmp_path / "plain", T)
    batch, plain = read_sequence(tmp_path / "batch"), read_sequence(tmp_path / "plain")
    for name in plain.held():
        if name != "audio":
            same(getattr(batch, name), getattr(plain, name))


@pytest.mark.parametrize("layout", ["CHW", "HWC", "RGBA"])
@pytest.mark.parametrize("scale", [1, 255])
def test_reference_image_layouts(tmp_path, layout, scale):
    image = make_codes(T)[0]["refimg"].clip(0, 1)
    stored = image if layout == "CHW" else image.transpose(1, 2, 0)
    if layout == "RGBA":
        stored = np.concatenate([stored, np.ones_like(stored[..., :1])], axis=2)
    stored = np.round(stored * 255).astype(np.uint8) if scale == 255 else stored
    write_3dxtalker_folder(tmp_path / "clip", T, changes={"refimg": stored})
    same(read_sequence(tmp_path / "clip").reference_image, image.transpose(1, 2, 0), tolerance=0.51 / 255)


def test_one_identity_for_the_clip(tmp_path):
    shape = make_codes(T)[0]["shapecode"][0]
    for name, stored in (("flat", shape), ("row", shape[None])):
        write_3dxtalker_folder(tmp_path / name, T, changes={"shapecode": stored})
        same(read_sequence(tmp_path / name).shape, shape)


@pytest.mark.parametrize(("width", "fields"), [(3, 1), (12, 3), (15, 4)])
def test_poses_of_other_widths(tmp_path, width, fields):
    pose = np.random.default_rng(0).normal(0, 0.1, (T, width)).astype(np.float32)
    write_3dxtalker_folder(tmp_path / "clip", T, changes={"posecode": pose})
    clip = read_sequence(tmp_path / "clip")
    start = 3 if width == 12 else 0  # without the head, as TF_FLAME keeps it
    np.testing.assert_array_equal(clip.pose()[:, start : start + width], pose)
    assert len([name for name in ("global_rotation", "neck", "jaw", "eyes") if name in clip.held()]) == fields


def test_stereo_sound_and_arrays_stay_on_disk(tmp_path):
    sound = make_codes(T)[1]
    write_3dxtalker_folder(tmp_path / "clip", T)
    write_wav(tmp_path / "clip" / "audio.wav", np.stack([sound, sound], 1), subtype="FLOAT")
    clip = read_sequence(tmp_path / "clip")
    assert clip.warnings == ()
    assert not clip.expression.flags.owndata  # memory-mapped


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("03-01-06-01-02-01-12", {"emotion": "fearful", "subject": "Actor_12"}),
        ("M003_front_angry_level_3_001", {"emotion": "angry", "subject": "M003"}),
        ("s12_bbaf2n", {"subject": "s12"}),
        ("2_scott_0_1_1", {"subject": "scott"}),
        ("WDA_BarackObama_000", {}),
    ],
)
def test_what_names_tell(tmp_path, name, expected):
    write_3dxtalker_folder(tmp_path / "V2-MEAD" / "train" / name, T)
    labels = read_sequence(tmp_path / "V2-MEAD" / "train" / name).labels
    assert labels == {"subset": "V2-MEAD", "split": "train", **expected}


# --- WebTalk-Synthetic ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["FLAME_coeffs_25/a.b-1.npz", "FLAME_coeffs_25/a.b-1", "a.b-1"])
def test_webtalk_by_file_or_stem(tmp_path, path):
    written = write_webtalk_clip(tmp_path, "a.b-1", T, transcript=" It works. ")
    clip = read_sequence(tmp_path / path)
    assert (clip.name, clip.fps) == ("a.b-1", 25.0)
    same(clip.expression, written["exp"])
    same(clip.shape, written["shape"])
    same(clip.global_rotation, written["pose"][:, :3])
    same(clip.jaw, written["pose"][:, 3:])
    assert clip.audio == tmp_path / "audios" / "a.b-1.wav"
    assert clip.labels["transcript"] == "It works."
    assert clip.warnings == ()


def test_webtalk_json_transcript(tmp_path):
    write_webtalk_clip(tmp_path, "x", T)
    (tmp_path / "transcripts" / "x.txt").rename(tmp_path / "transcripts" / "x.json")
    for text, expected in (('{"text": "Hi."}', "Hi."), ('"Hi."', "Hi."), ("[" * 99_999, "[" * 65_536)):
        (tmp_path / "transcripts" / "x.json").write_text(text)
        assert read_sequence(tmp_path / "x").labels["transcript"] == expected


# --- the authors' arrays -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("texture", [False, True])
@pytest.mark.parametrize("path", ["clip-AllInOne.npy", "clip"])
def test_all_in_one_array(tmp_path, texture, path):
    codes = write_all_in_one(tmp_path, "clip", T, texture=texture)
    clip = read_sequence(tmp_path / path)
    assert clip.name == "clip"
    for field, file in (("shape", "shapecode"), ("expression", "expcode"), ("detail", "detailcode")):
        same(getattr(clip, field), codes[file])
    np.testing.assert_array_equal(clip.pose()[:, [0, 1, 2, 6, 7, 8]], codes["posecode"])
    same(clip.envelope, codes["envelope"])
    assert (clip.texture is not None) == texture
    if texture:
        same(clip.texture, codes["texcode"])
    assert clip.audio == tmp_path / "clip.wav"
    assert clip.warnings == ()


# --- codes under other names ---------------------------------------------------------------------------------------


def random(*shape):
    return np.random.default_rng(len(shape)).normal(0, 0.2, shape)


def test_vhap_keys(tmp_path):
    arrays = {
        "shape": random(300),
        "expr": random(T, 100),
        "rotation": random(T, 3),
        "neck_pose": random(T, 3),
        "jaw_pose": random(T, 3),
        "eyes_pose": random(T, 6),
        "translation": random(T, 3),
        "tex": random(100),
        "static_offset": random(1, 7, 3),
        "timestep_id": np.arange(T),
        "n_processed_frames": np.array(T),
    }
    np.savez_compressed(tmp_path / "tracked.npz", **arrays)
    clip = read_sequence(tmp_path / "tracked.npz")
    for field, key in (("shape", "shape"), ("expression", "expr"), ("translation", "translation")):
        same(getattr(clip, field), arrays[key])
    keys = ("rotation", "neck_pose", "jaw_pose", "eyes_pose")
    same(clip.pose(), np.concatenate([arrays[key] for key in keys], axis=1))
    assert clip.texture is None
    assert set(clip.left_out) == {"tex", "static_offset", "timestep_id", "n_processed_frames"}
    assert "vertices" in clip.left_out["static_offset"]
    assert UNKNOWN_KEY not in clip.left_out.values()


def test_emoca_and_smirk_keys(tmp_path):
    codes, sound = make_codes(T)
    emoca = {k.removesuffix("code"): v for k, v in codes.items() if k not in ("refimg", "envelope", "detailcode")}
    np.savez(tmp_path / "emoca.npz", **emoca)
    write_wav(tmp_path / "emoca.flac", sound)
    write_3dxtalker_folder(tmp_path / "folder", T)
    clip, folder = read_sequence(tmp_path / "emoca.npz"), read_sequence(tmp_path / "folder")
    assert clip.audio == tmp_path / "emoca.flac"
    for field in ("expression", "shape", "global_rotation", "jaw", "camera", "light", "texture"):
        same(getattr(clip, field), getattr(folder, field))
    smirk = {"expression_params": random(T, 50), "pose_params": random(T, 3), "jaw_params": random(T, 3) + 1}
    np.savez(tmp_path / "smirk.npz", **smirk)
    clip = read_sequence(tmp_path / "smirk.npz")
    same(clip.global_rotation, smirk["pose_params"])
    same(clip.jaw, smirk["jaw_params"])


def test_a_jaw_of_its_own_counts_before_the_pose(tmp_path):
    arrays = {"exp": random(T, 50), "pose": random(T, 6), "jaw_pose": random(T, 3) + 1}
    np.savez(tmp_path / "both.npz", **arrays)
    clip = read_sequence(tmp_path / "both.npz")
    same(clip.jaw, arrays["jaw_pose"])
    same(clip.global_rotation, arrays["pose"][:, :3])


def test_single_eyes_and_flat_light(tmp_path):
    arrays = {"exp": random(T, 50), "leye_pose": random(T, 3), "reye_pose": random(T, 3) + 1, "light": random(T, 27)}
    np.savez(tmp_path / "eyes.npz", **arrays)
    clip = read_sequence(tmp_path / "eyes.npz")
    same(clip.eyes, np.concatenate([arrays["leye_pose"], arrays["reye_pose"]], axis=1))
    same(clip.light, arrays["light"].reshape(T, 9, 3))


@pytest.mark.parametrize(
    ("key", "value", "fps", "warned"),
    [
        ("fps", np.array(24), 24, False),
        ("mocap_frame_rate", np.array([29.97]), 29.97, False),
        ("fps", np.array("30"), 30, False),
        ("fps", np.array(b"30"), 30, False),
        ("fps", np.array("30000/1001"), 30000 / 1001, False),
        ("fps", np.array([30000, 1001]), 30000 / 1001, False),
        ("fps", np.array(["24000", "1001"]), 24000 / 1001, False),
        ("fps", np.array("29.97 fps"), 29.97, False),
        ("fps", np.array(-1), 25, True),
        ("fps", np.array(np.nan), 25, True),
        ("fps", np.array("25/0"), 25, True),
        ("fps", np.array("fast"), 25, True),
        ("fps", np.array([25, 25]), 25, True),
        ("fps", random(T), 25, True),
    ],
)
def test_frame_rate_of_the_file(tmp_path, key, value, fps, warned):
    np.savez(tmp_path / "clip.npz", exp=random(T, 50), **{key: value})
    write_wav(tmp_path / "clip.wav", np.zeros(round(T / fps * 16000)))
    clip = read_sequence(tmp_path / "clip.npz")
    assert clip.fps == fps
    assert any(key in warning and "was not used" in warning for warning in clip.warnings) == warned


def test_what_is_given_once_is_repeated(tmp_path):
    once = {
        "light": random(1, 9, 3),
        "tex": random(1, 50),
        "detail": random(128),
        "cam": random(3),
        "neck": random(1, 3),
        "translation": random(3),
        "eyes_pose": random(1, 6),
        "pose": random(6),
    }
    for light in (once["light"], once["light"][0], once["light"].reshape(27), once["light"].reshape(1, 27)):
        np.savez(tmp_path / "clip.npz", **{**once, "exp": random(T, 50), "light": light})
        clip = read_sequence(tmp_path / "clip.npz")
        same(clip.light, np.repeat(once["light"], T, 0))
        same(clip.texture, np.repeat(once["tex"], T, 0))
        same(clip.detail, np.repeat(once["detail"][None], T, 0))
        same(clip.camera, np.repeat(once["cam"][None], T, 0))
        same(clip.translation, np.repeat(once["translation"][None], T, 0))
        pose = np.concatenate([once["pose"][None, :3], once["neck"], once["pose"][None, 3:], once["eyes_pose"]], 1)
        same(clip.pose(), np.repeat(pose, T, 0))
        assert [text for text in clip.warnings if "sound" not in text] == []


def test_codes_of_a_folder_that_are_given_once(tmp_path):
    written = write_3dxtalker_folder(tmp_path / "clip", T)
    for name in ("lightcode", "texcode", "detailcode", "cam"):
        np.save(tmp_path / "clip" / f"{name}.npy", written[name][0])
    clip = read_sequence(tmp_path / "clip")
    same(clip.light, np.repeat(written["lightcode"][:1], T, 0))
    same(clip.camera, np.repeat(written["cam"][:1], T, 0))
    assert clip.warnings == ()


def test_a_head_that_never_moves_is_not_made_of_a_file_cut_short(tmp_path):
    write_3dxtalker_folder(tmp_path / "clip", T)
    pose = np.load(tmp_path / "clip" / "posecode.npy")
    np.save(tmp_path / "clip" / "posecode.npy", pose[:1])
    with pytest.raises(SequenceError, match=r"posecode\.npy"):
        read_sequence(tmp_path / "clip")
    (tmp_path / "clip" / "posecode.npy").unlink()
    (tmp_path / "clip" / "posecode.npy").mkdir()
    with pytest.raises(SequenceError, match=r"posecode\.npy"):
        read_sequence(tmp_path / "clip")


def test_frames_that_were_stacked(tmp_path):
    """As one gets them by putting codes of single pictures, each a batch of one, on top of each other."""
    arrays = {"exp": random(T, 50), "pose": random(T, 6), "shape": random(T, 100), "light": random(T, 9, 3)}
    np.savez(tmp_path / "clip.npz", **{key: array[:, None] for key, array in arrays.items()})
    clip = read_sequence(tmp_path / "clip.npz")
    for field, key in (("expression", "exp"), ("shape", "shape"), ("light", "light")):
        same(getattr(clip, field), arrays[key])
    same(clip.jaw, arrays["pose"][:, 3:])
    assert index_tree(tmp_path / "clip.npz").clips[0].frames == T


# --- BEAT2 ---------------------------------------------------------------------------------------------------------


def test_smplx_body_gives_a_head(tmp_path):
    poses = random(T, 165)
    np.savez(tmp_path / "b.npz", poses=poses, expressions=random(T, 100), betas=random(300), trans=random(T, 3))
    clip = read_sequence(tmp_path / "b.npz")
    same(clip.pose(), np.concatenate([poses[:, 36:39], poses[:, 45:48], poses[:, 66:75]], axis=1))
    assert clip.shape is None
    assert clip.translation is None
    assert any("betas" in warning for warning in clip.warnings)


@pytest.mark.skipif(not BEAT2.is_file(), reason="../shared/data is not there")
def test_real_beat2_clip_is_the_same_in_every_layout(tmp_path):
    beat2 = read_sequence(BEAT2)
    assert (beat2.fps, beat2.frames, beat2.expression.shape[1]) == (30.0, 1906, 100)
    assert beat2.audio == BEAT2.with_suffix(".wav")
    assert 0.05 < beat2.jaw[:, 0].max() < 0.8  # the mouth opens, by a plausible angle
    pose = np.concatenate([beat2.global_rotation, beat2.jaw], axis=1)
    folder, webtalk = tmp_path / "folder", tmp_path / "web" / "FLAME_coeffs_25"
    folder.mkdir()
    webtalk.mkdir(parents=True)
    np.save(folder / "expcode.npy", beat2.expression)
    np.save(folder / "posecode.npy", pose)
    np.savez(webtalk / "scott.npz", exp=beat2.expression.astype(np.float64), pose=pose, mocap_frame_rate=np.array(30))
    clips = beat2, read_sequence(folder), read_sequence(webtalk / "scott.npz")
    for clip in clips[1:]:
        for field in ("expression", "global_rotation", "jaw"):
            same(getattr(clip, field), getattr(beat2, field))
    assert [clip.fps for clip in clips] == [30, 25, 30]


# --- sound ---------------------------------------------------------------------------------------------------------


def test_unusable_sound_is_a_warning_and_the_face_comes_in(tmp_path):
    folder = tmp_path / "clip"
    written = write_3dxtalker_folder(folder, T)
    nan = np.full(25_600, np.nan, np.float32)
    for damage, reason in (
        (lambda file: file.write_bytes(b""), "empty"),
        (lambda file: file.write_bytes(b"not sound at all"), "not a sound"),
        (lambda file: file.write_bytes(b"version https://git-lfs.github.com/spec/v1"), "Git LFS pointer"),
        (lambda file: file.write_bytes(file.read_bytes()[:30]), "not a sound"),
        (lambda file: write_wav(file, nan, subtype="FLOAT"), "not a number"),
        (lambda file: write_wav(file, nan[:0]), "no sound"),
        (lambda file: file.unlink(), "no sound file was found"),
    ):
        write_wav(folder / "audio.wav", np.zeros(25_600))
        damage(folder / "audio.wav")
        clip = read_sequence(folder)
        same(clip.expression, written["expcode"])
        assert clip.audio is None
        assert len(clip.warnings) == 1
        assert reason in clip.warnings[0]
        assert str(folder) in clip.warnings[0]


@pytest.mark.parametrize("suffix", [".WAV", ".mp3", ".m4a", ".opus", ".FLAC"])
def test_sound_of_any_kind_is_found(tmp_path, suffix):
    write_3dxtalker_folder(tmp_path / "folder", T)
    write_webtalk_clip(tmp_path / "web", "a", T)
    np.savez(tmp_path / "own.npz", exp=random(T, 50))
    write_wav(tmp_path / "own.wav", np.zeros(T * 640))
    clips = {"folder": "folder/audio", "web/a": "web/audios/a", "own.npz": "own"}
    for clip, sound in clips.items():
        wav, other = tmp_path / f"{sound}.wav", tmp_path / f"{sound}{suffix}"
        if suffix.lower() == ".wav":
            wav.rename(other)
        else:
            subprocess.run([find_ffmpeg(), "-v", "error", "-i", wav, other], check=True)
            wav.unlink()
        read = read_sequence(tmp_path / clip)
        assert (read.audio, read.warnings) == (other, ())
    assert read_sequence(tmp_path / "folder" / f"audio{suffix}").audio == tmp_path / "folder" / f"audio{suffix}"
    (found,) = index_tree(tmp_path / "folder").clips
    assert found.sound


def test_sound_of_another_name_is_told(tmp_path):
    write_3dxtalker_folder(tmp_path / "clip", T)
    (tmp_path / "clip" / "audio.wav").rename(tmp_path / "clip" / "speech.wav")
    (warning,) = read_sequence(tmp_path / "clip").warnings
    assert "no sound file was found as the clip's own (speech.wav has another name)" in warning


@pytest.mark.parametrize("file", ["audio.wav", "lightcode.npy", "metadata.pkl"])
def test_any_file_of_a_folder_stands_for_its_clip(tmp_path, file):
    write_3dxtalker_folder(tmp_path / "clip", T)
    (found,) = index_tree(tmp_path / "clip" / file).clips
    assert (found.path, found.frames) == (".", T)
    assert read_sequence(tmp_path / "clip" / file).name == "clip"


@pytest.mark.parametrize(("frames_more", "warned"), [(-3, True), (-1.9, False), (0, False), (1.9, False), (3, True)])
def test_sound_of_another_length(tmp_path, frames_more, warned):
    np.savez(tmp_path / "clip.npz", exp=random(T, 50))
    write_wav(tmp_path / "clip.wav", np.zeros(round((T + frames_more) * 640)))
    clip = read_sequence(tmp_path / "clip.npz")
    assert clip.audio
    assert (len(clip.warnings) == 1) == warned
    assert not warned or "1.60 s (40 frames at 25 a second)" in clip.warnings[0]


def test_envelope_of_another_length_is_a_warning(tmp_path):
    write_3dxtalker_folder(tmp_path / "clip", T, changes={"envelope": np.ones(1000, np.float32)})
    (warning,) = read_sequence(tmp_path / "clip").warnings
    assert "envelope.npy: envelope has 1000 values and the sound 25600 samples" in warning


def test_envelope_fits_sound_that_was_resampled_since(tmp_path):
    write_3dxtalker_folder(tmp_path / "clip", T)
    write_wav(tmp_path / "clip" / "audio.wav", np.zeros(T * 1764), 44_100)
    assert read_sequence(tmp_path / "clip").warnings == ()
