"""Clips as the field's projects write them come in as what they are: codes, names, rates, and turns of the head."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.core.model.oracle import plain_flame
from tests.data import layouts
from tests.data.sequences import write_3dxtalker_folder
from xtalker_addon import cli
from xtalker_addon.core.formats import find_sequences, read_sequence
from xtalker_addon.core.model.flame import load_model
from xtalker_addon.core.model.placement import expression_for, translation_for
from xtalker_addon.core.sequence import UNKNOWN_KEY
from xtalker_addon.errors import SequenceError

TOLERANCE = 1e-6  # metres
ONE_CLIP = {
    "flame_param": lambda root: layouts.write_flame_param(root / "clip"),
    "GaussianAvatars": lambda root: layouts.write_trained_avatar(root / "avatar"),
    "neural-head-avatars": lambda root: layouts.write_nha(root / "clip" / "tracked_flame_params.npz"),
    "VHAP tracker": lambda root: layouts.write_vhap_tracker(root / "tracked_flame_params_30.npz"),
    "LAM": lambda root: layouts.write_lam_json(root / "clip" / "flame_params.json"),
    "flame-head-tracker": lambda root: layouts.write_flame_head_tracker(root / "clip"),
    "EMOCA": lambda root: layouts.write_emoca_results(root / "clip"),
    "inferno": lambda root: layouts.write_emoca_results(root / "clip", inferno=True),
    "DECA": lambda root: layouts.write_deca_json(root / "clip" / "code.json"),
    "IMavatar": lambda root: layouts.write_imavatar_json(root / "clip" / "flame_params.json"),
    "HRAvatar": lambda root: layouts.write_hravatar_json(root / "clip" / "tracked_params.json"),
    "SHOW": lambda root: layouts.write_show(root / "clip.npz"),
}


@pytest.mark.parametrize("layout", ONE_CLIP)
def test_codes_are_those_of_the_file(tmp_path, layout):
    written = ONE_CLIP[layout](tmp_path)
    assert find_sequences(tmp_path) == [written.path]
    clip = read_sequence(tmp_path)
    assert clip.name == written.name
    for name, codes in written.codes.items():
        np.testing.assert_allclose(getattr(clip, name), codes, rtol=0, atol=1e-6, err_msg=name)
    shown = {name for name in clip.held() if name not in ("texture", "light", "audio")}
    of_the_camera = {"global_rotation", "origin_rotation", "translation"}  # flame-head-tracker's
    assert shown - set(written.codes) <= of_the_camera
    assert UNKNOWN_KEY not in clip.left_out.values()


@pytest.fixture(scope="module")
def model():
    return load_model()


def shown(model, clip):
    expression = expression_for(model, clip)
    place = translation_for(model, clip, clip.shape, expression)
    return model.evaluate(clip.shape, expression, clip.pose(), place, clip.scale)


TURNED = ("global_rotation", "neck", "jaw", "eyes")
AS_FLAME = {  # whose layers turn the root about its joint and add the translation last
    "trained avatar": lambda root: layouts.write_trained_avatar(root / "avatar", 3),
    "flame_param": lambda root: layouts.write_flame_param(root / "clip", 3),
    "VHAP tracker": lambda root: layouts.write_vhap_tracker(root / "tracked_flame_params_30.npz", 3),
}


@pytest.mark.parametrize("layout", AS_FLAME)
def test_vertices_are_those_of_the_projects_own_layer(tmp_path, model, layout):
    written = AS_FLAME[layout](tmp_path)
    clip, codes = read_sequence(written.path), written.codes
    found = shown(model, clip)
    for frame in range(3):

        def expected(*joints, frame=frame):
            pose = np.concatenate([codes[name][frame] for name in joints]).astype(np.float64)
            return plain_flame(model, codes["shape"], codes["expression"][frame], pose) + codes["translation"][frame]

        assert np.linalg.norm(found[frame] - expected(*TURNED), axis=-1).max() < TOLERANCE
        assert np.linalg.norm(found[frame] - expected("global_rotation", "jaw", "neck", "eyes"), axis=-1).max() > 1e-3


def test_what_a_trained_avatar_has_beyond_codes_is_told(tmp_path, model, capsys):
    """Offsets of vertices form a head of their own, which codes cannot: the head without them is shown, and told so."""
    written = layouts.write_trained_avatar(tmp_path / "avatar", 1, offset=0.002)
    codes, offset = written.codes, written.extra["offset"][: model.vertex_count]
    found = shown(model, read_sequence(written.path))[0]
    pose = np.concatenate([codes[name][0] for name in TURNED]).astype(np.float64)
    with_offsets = plain_flame(model, codes["shape"], codes["expression"][0], pose, offset) + codes["translation"][0]
    assert np.linalg.norm(found - with_offsets, axis=-1).max() > 0.002
    assert cli.main(["info", str(tmp_path)]) == 0
    assert "static_offset, dynamic_offset (offsets of vertices, which codes cannot express)" in capsys.readouterr().out


def test_avatars_are_told_apart_by_name_and_iteration(tmp_path):
    written = [layouts.write_trained_avatar(tmp_path / who, 2, count) for who in "ab" for count in (30_000, 600_000)]
    expected = ["a_iteration_30000", "a_iteration_600000", "b_iteration_30000", "b_iteration_600000"]
    assert [clip.name for clip in written] == expected
    assert [read_sequence(path).name for path in find_sequences(tmp_path)] == expected


@pytest.mark.parametrize("matrices", [True, False])
def test_nersemble_heads_turn_about_the_origin(tmp_path, model, matrices):
    written = layouts.write_nersemble(tmp_path / "v_flame2023_tracking.npz", 6, matrices)
    clip = read_sequence(written.path)
    codes, turn = written.codes, written.extra["turn"]
    pose = np.concatenate([np.zeros((6, 3)), codes["neck"], codes["jaw"], codes["eyes"]], axis=1)
    posed = model.evaluate(codes["shape"], codes["expression"], pose).astype(np.float64)
    expected = 1.2 * np.einsum("tij,tvj->tvi", turn, posed) + codes["translation"][:, None]
    found = shown(model, clip)
    assert np.linalg.norm(found - expected, axis=-1).max() < TOLERANCE
    transposed = 1.2 * np.einsum("tji,tvj->tvi", turn, posed) + codes["translation"][:, None]
    assert np.linalg.norm(found - transposed, axis=-1).max() > 0.01
    assert UNKNOWN_KEY not in clip.left_out.values()


def test_cap4d_heads_turn_about_the_origin_over_the_neck(tmp_path, model):
    written = layouts.write_cap4d(tmp_path / "fit.npz", 6)
    clip = read_sequence(written.path)
    codes, outer = written.codes, written.extra["outer"].astype(np.float64)
    pose = np.concatenate([codes["neck"], np.zeros((6, 3)), codes["jaw"], codes["eyes"]], axis=1)
    expression = np.pad(codes["expression"], ((0, 0), (0, 36)))
    lids = [model.expression_names.index(name) for name in ("eye_blink_left", "eye_blink_right")]
    expression[:, lids] += codes["eyelids"] / 0.25  # a sigma of the head's blinks is a quarter of the way
    posed = model.evaluate(codes["shape"], expression, pose).astype(np.float64)
    angle = np.linalg.norm(outer, axis=1)[:, None, None]
    axis = (outer / angle[:, 0])[:, None]
    turned = posed * np.cos(angle) + np.cross(axis, posed) * np.sin(angle)  # Rodrigues, on the vertices themselves
    turned += axis * (posed * axis).sum(-1, keepdims=True) * (1 - np.cos(angle))
    expected = turned + codes["translation"][:, None]
    assert np.linalg.norm(shown(model, clip) - expected, axis=-1).max() < TOLERANCE
    assert (clip.name, clip.fps, clip.fps_source) == (tmp_path.name, 24, "read")
    assert any("flame2023_no_jaw" in warning for warning in clip.warnings)
    assert UNKNOWN_KEY not in clip.left_out.values()


def test_flame_head_trackers_camera_moves_the_head(tmp_path, model):
    """Its projection: from the world to the view by the inverse of the camera's matrix, whose y and z are turned."""
    written = layouts.write_flame_head_tracker(tmp_path / "clip", 6)
    clip = read_sequence(written.path)
    codes = written.codes
    pose = np.concatenate([np.zeros((6, 3)), codes["neck"], codes["jaw"], codes["eyes"]], axis=1)
    posed = model.evaluate(codes["shape"], codes["expression"], pose).astype(np.float64)
    about = {}
    for axis in range(3):
        first, second = [(1, 2), (2, 0), (0, 1)][axis]
        angle = written.extra["cameras"][:, {1: 0, 0: 1, 2: 2}[axis]]
        turn = np.tile(np.eye(3), (6, 1, 1))
        turn[:, first, first] = turn[:, second, second] = np.cos(angle)
        turn[:, first, second], turn[:, second, first] = -np.sin(angle), np.sin(angle)
        about[axis] = turn
    camera = np.tile(np.eye(4), (6, 1, 1))
    camera[:, :3, :3], camera[:, :3, 3] = about[2] @ about[1] @ about[0], written.extra["cameras"][:, 3:]
    camera[:, :, [1, 2]] *= -1
    view = np.linalg.inv(camera)
    seen = np.einsum("tij,tvj->tvi", view[:, :3, :3], posed) + view[:, None, :3, 3]
    found, expected = shown(model, clip), seen * (1, -1, -1)
    found, expected = found - found.mean((0, 1)), expected - expected.mean((0, 1))  # not how far the camera stands
    assert np.linalg.norm(found - expected, axis=-1).max() < TOLERANCE
    assert np.abs(found - expected[:, :, [1, 0, 2]]).max() > 0.01
    assert any("the camera moves and the head stands" in warning for warning in clip.warnings)


def test_a_body_is_said_to_be_one_and_does_not_stand_on_its_head(tmp_path):
    clip = read_sequence(layouts.write_show(tmp_path / "clip.npz").path)
    assert np.abs(clip.global_rotation).max() < 1  # the pelvis is turned by pi
    assert clip.shape is None
    assert (clip.fps, clip.fps_source) == (30, "layout")
    assert "body" in clip.left_out["global_orient"]
    assert any("SMPL-X" in warning and "betas" in warning for warning in clip.warnings)


# --- a file a frame ------------------------------------------------------------------------------------------------


def test_names_without_zeros_are_in_order_of_their_numbers(tmp_path):
    written = layouts.write_flame_param(tmp_path / "clip", 12, [f"{index}.npz" for index in range(12)])
    np.testing.assert_array_equal(read_sequence(written.path).expression, written.codes["expression"])


def test_gaps_are_told_and_kept_in_time(tmp_path):
    written = layouts.write_flame_param(tmp_path / "clip", 12)
    for lost in (3, 4, 8):
        (written.path / f"{lost:05d}.npz").unlink()
    clip = read_sequence(tmp_path)
    assert clip.frames == 12
    held = [0, 1, 2, 2, 2, 5, 6, 7, 7, 9, 10, 11]
    np.testing.assert_array_equal(clip.expression, written.codes["expression"][held])
    assert any("3 of 12 frames are missing (3, 4, 8)" in warning for warning in clip.warnings)


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("file", ["flame_param", "transforms.json"])
def test_the_first_file_is_shown_where_the_sound_starts(tmp_path, first, file):
    """LAM draws the files in order of their names and lays the sound under the first, whatever its number."""
    names = [f"{first + index:05d}.npz" for index in range(12)]
    written = layouts.write_flame_param(tmp_path / "clip", 12, names, sound_fps=30, cameras=1)
    clip = read_sequence(tmp_path / "clip" / file)
    np.testing.assert_array_equal(clip.expression, written.codes["expression"])
    assert clip.audio == tmp_path / "clip" / "clip.wav"
    assert not any("number" in warning or "missing" in warning for warning in clip.warnings)


def test_a_piece_that_starts_later_than_its_sound_is_told(tmp_path):
    layouts.write_flame_param(tmp_path / "clip", 12, [f"{40 + index:05d}.npz" for index in range(12)], sound_fps=30)
    clip = read_sequence(tmp_path / "clip")
    assert clip.frames == 12
    assert any("first frame has the number 40; it is shown where the sound starts" in text for text in clip.warnings)


def test_cameras_of_one_moment_count_once(tmp_path):
    written = layouts.write_flame_param(tmp_path / "clip", 12)
    clip = read_sequence(tmp_path / "clip" / "transforms.json")
    np.testing.assert_array_equal(clip.expression, written.codes["expression"])
    assert clip.name == "clip"


@pytest.mark.parametrize("name", ["/etc/passwd", "../other/00000.npz", 7, None])
def test_pictures_cannot_name_files_elsewhere(tmp_path, name):
    frames = [{"timestep_index": 0, "flame_param_path": name}]
    (tmp_path / "transforms.json").write_text(json.dumps({"frames": frames}))
    with pytest.raises(SequenceError, match="below its folder"):
        read_sequence(tmp_path / "transforms.json")


def test_frame_folders_in_a_tree_are_one_clip_each(tmp_path):
    for index in range(3):
        layouts.write_flame_param(tmp_path / "vhap" / f"v{index}", 4)
        layouts.write_emoca_results(tmp_path / "emoca" / f"e{index}", 4)
    found = find_sequences(tmp_path)
    assert sorted(read_sequence(path).name for path in found) == ["e0", "e1", "e2", "v0", "v1", "v2"]


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("talk/EMOCA_v2_lr_mse_20", "talk"),
        ("emoca_talk", "emoca_talk"),
        ("talk/results/DECA", "talk"),
    ],
)
def test_clips_are_called_after_the_folder_that_is_their_own(tmp_path, folder, name):
    assert read_sequence(layouts.write_emoca_results(tmp_path / folder, 3).path).name == name


def test_a_frame_that_differs_is_named(tmp_path):
    written = layouts.write_flame_param(tmp_path / "clip", 5)
    np.savez(written.path / "00003.npz", expr=np.zeros((1, 50)), rotation=np.zeros((1, 3)))
    with pytest.raises(SequenceError, match=r"00003\.npz"):
        read_sequence(written.path)
    (written.path / "00003.npz").write_bytes(b"PK\x03\x04")
    with pytest.raises(SequenceError, match=r"00003\.npz"):
        read_sequence(written.path)


def test_second_faces_are_left_out_and_told(tmp_path):
    written = layouts.write_emoca_results(tmp_path / "clip", 5)
    (written.path / "000002_001").mkdir()
    clip = read_sequence(written.path)
    assert clip.frames == 5
    assert any("second faces, in 1 folder, were left out" in warning for warning in clip.warnings)


# --- told for what they are ----------------------------------------------------------------------------------------


def six_d(frames: int) -> np.ndarray:
    turns = layouts.euler_xyz(np.random.default_rng(1).normal(size=(2 * frames, 3)))
    return turns[:, :2].reshape(frames, 12)


def test_a_pair_in_6d_is_not_taken_for_neck_jaw_and_eyes(tmp_path):
    np.savez(tmp_path / "pair.npz", exp=np.zeros((9, 50)), pose=six_d(9))
    with pytest.raises(SequenceError, match="6D"):
        read_sequence(tmp_path / "pair.npz")


def test_unknown_keys_are_named_once_for_the_data_set(tmp_path, capsys):
    for name in ("a", "b"):
        np.savez(tmp_path / f"{name}.npz", exp=np.zeros((30, 50)), tongue=np.zeros((30, 4)), focal_length=np.ones(1))
    assert read_sequence(tmp_path / "a.npz").left_out["tongue"] == UNKNOWN_KEY
    assert cli.main(["info", str(tmp_path)]) == 0
    output = capsys.readouterr().out
    assert output.count("tongue") == 1
    assert "left out of 2 sequences: tongue (not known to XTalker)" in output
    assert "left out of 2 sequences: focal_length (of the camera" in output
    cli.main(["check", str(tmp_path), "--jobs", "1"])
    assert capsys.readouterr().out.count("tongue") == 1


def test_a_folder_of_foreign_files_is_answered_once_with_counts(tmp_path, capsys):
    for index in range(3):
        (tmp_path / f"{index}.pkl").write_bytes(b"\x80\x04K\x03.")
    (tmp_path / "clip.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    with pytest.raises(SequenceError) as caught:
        read_sequence(tmp_path)
    message = str(caught.value)
    assert "each of 3 .pkl files, as 0.pkl, is a pickle" in message
    assert "clip.mp4 is a video" in message
    assert cli.main(["check", str(tmp_path)]) == 2
    assert "each of 3 .pkl files" in capsys.readouterr().err


def test_a_3dxtalker_folder_of_other_widths_says_so(tmp_path, capsys):
    write_3dxtalker_folder(tmp_path / "clip", 30, changes={"expcode": np.zeros((30, 49), np.float32)})
    clip = read_sequence(tmp_path / "clip")
    assert any("expcode.npy: has 49 columns and not the 50 of 3DXTalker" in warning for warning in clip.warnings)
    cli.main(["check", str(tmp_path / "clip"), "--jobs", "1"])
    assert "warning" in next(line for line in capsys.readouterr().out.splitlines() if "49 columns" in line)


# --- rates ---------------------------------------------------------------------------------------------------------


def test_the_sound_beside_tells_the_rate(tmp_path):
    written = layouts.write_flame_param(tmp_path / "clip", 120, sound_fps=30)
    clip = read_sequence(tmp_path)
    assert clip.audio == tmp_path / "clip" / "clip.wav"
    assert (clip.fps, clip.fps_source) == (30, "inferred")
    assert any("30 frames a second is taken" in warning for warning in clip.warnings)
    assert (read_sequence(written.path, fps=24).fps, read_sequence(written.path, fps=24).fps_source) == (24, "given")


def test_no_rate_is_told_as_assumed_and_lam_brings_its_own(tmp_path):
    written = layouts.write_flame_param(tmp_path / "clip", 5)
    assert read_sequence(written.path).fps_source == "assumed"
    lam = read_sequence(layouts.write_lam_json(tmp_path / "lam" / "flame_params.json").path)
    assert (lam.fps, lam.fps_source) == (30, "layout")
    assert any("its first frame has none" in warning for warning in lam.warnings)


@pytest.mark.parametrize("file", ["flame_param/00003.npz", "transforms.json"])
def test_any_file_of_an_export_leads_to_its_clip(tmp_path, file):
    written = layouts.write_flame_param(tmp_path / "clip", 5)
    np.testing.assert_array_equal(read_sequence(tmp_path / "clip" / file).expression, written.codes["expression"])


def test_any_file_of_a_frame_folder_leads_to_its_clip(tmp_path):
    written = layouts.write_emoca_results(tmp_path / "clip", 5)
    assert read_sequence(written.path / "000002_000" / "exp.npy").source == written.path


def test_the_rate_on_the_command_line(tmp_path, capsys):
    layouts.write_flame_param(tmp_path / "clip", 60)
    assert cli.main(["info", str(tmp_path), "--fps", "30000/1001"]) == 0
    assert "60 frames, 2.00 s at 29.97 frames a second (as given)" in capsys.readouterr().out
    assert cli.main(["info", str(tmp_path)]) == 0
    assert "25 frames a second (assumed; --fps sets another)" in capsys.readouterr().out
    assert cli.main(["check", str(tmp_path), "--fps", "no"]) == 2
    assert "frames a second such as 30" in capsys.readouterr().err


def test_one_of_several_results_is_not_picked_by_guess(tmp_path):
    """DiffPoseTalk writes as many repetitions as it was asked for, each a clip of its own."""
    codes = layouts.flame_codes(5, shape=100, expression=50)
    pose = np.concatenate([codes["global_rotation"], codes["jaw"]], axis=1)
    arrays = {"exp": codes["expression"], "pose": pose, "shape": np.tile(codes["shape"], (5, 1))}
    for count in (1, 3):
        np.savez(tmp_path / f"{count}.npz", **{key: np.stack([array] * count) for key, array in arrays.items()})
    clip = read_sequence(tmp_path / "1.npz")
    for name in ("expression", "global_rotation", "jaw"):
        np.testing.assert_array_equal(getattr(clip, name), codes[name])
    with pytest.raises(SequenceError, match=r"3\.npz.* has shape \(3, 5, "):
        read_sequence(tmp_path / "3.npz")


def test_smirk_keys_with_neck_eyes_and_lids(tmp_path):
    codes = layouts.flame_codes(5, expression=50)
    lids = np.abs(np.random.default_rng(0).normal(0, 0.3, (5, 2))).astype(np.float32)
    arrays = {"expression_params": codes["expression"], "pose_params": codes["global_rotation"], "eyelid_params": lids}
    arrays |= {"jaw_params": codes["jaw"], "neck_pose_params": codes["neck"], "eye_pose_params": codes["eyes"]}
    np.savez(tmp_path / "smirk.npz", shape_params=codes["shape"], cam=np.tile((8.0, 0, 0), (5, 1)), **arrays)
    clip = read_sequence(tmp_path / "smirk.npz")
    pose = np.concatenate([codes[name] for name in ("global_rotation", "neck", "jaw", "eyes")], axis=1)
    np.testing.assert_array_equal(clip.pose(), pose)
    np.testing.assert_array_equal(clip.eyelids, lids)
    assert clip.left_out == {}
