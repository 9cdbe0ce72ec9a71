"""Vertices come in from every file that people keep them in, at their rate and with their sound; predictions too."""

from __future__ import annotations

import numpy as np
import pytest

from tests.data.sequences import write_3dxtalker_folder, write_wav
from xtalker_addon.cli import main
from xtalker_addon.core.checks import check_path
from xtalker_addon.core.dataset import index_tree
from xtalker_addon.core.formats import find_sequences, read_sequence
from xtalker_addon.core.formats.vertices import pc2_header
from xtalker_addon.errors import SequenceError

T, V = 12, 5023


@pytest.fixture(scope="module")
def mesh():
    return np.random.default_rng(0).normal(0, 0.1, (T, V, 3)).astype(np.float32)


def speech(seconds):
    return np.random.default_rng(1).normal(0, 0.1, round(seconds * 16_000)).astype(np.float32)


@pytest.mark.parametrize("layout", ["(T, V, 3)", "(T, 3 V)", "(1, T, 3 V)", "(1, T, V, 3)", "float64", "Fortran order"])
def test_layouts_of_an_array(tmp_path, mesh, layout):
    array = {
        "(T, 3 V)": mesh.reshape(T, -1),
        "(1, T, 3 V)": mesh.reshape(1, T, -1),
        "(1, T, V, 3)": mesh[None],
        "float64": mesh.astype(np.float64),
        "Fortran order": np.asfortranarray(mesh),
    }.get(layout, mesh)
    np.save(tmp_path / "clip.npy", array)
    clip = read_sequence(tmp_path / "clip.npy")
    assert (clip.name, clip.frames, clip.fps, clip.expression) == ("clip", T, 25.0, None)
    assert clip.vertices.dtype == np.float32
    np.testing.assert_array_equal(clip.vertices, mesh)


@pytest.mark.parametrize("key", ["verts", "vertices", "verts_seq", "the sample's own name"])
def test_archives(tmp_path, mesh, key):
    np.savez(tmp_path / "clip.npz", **{key: mesh.reshape(T, -1)})
    np.testing.assert_array_equal(read_sequence(tmp_path / "clip.npz").vertices, mesh)
    assert find_sequences(tmp_path) == [tmp_path / "clip.npz"]


def test_an_archive_with_codes_is_read_for_its_codes(tmp_path, mesh):
    np.savez(tmp_path / "clip.npz", exp=np.ones((T, 50), np.float32), verts=mesh)
    clip = read_sequence(tmp_path / "clip.npz")
    assert clip.vertices is None
    assert clip.expression.shape == (T, 50)


def test_vertex_cache(tmp_path, mesh):
    path = tmp_path / "clip.pc2"
    path.write_bytes(pc2_header(V, T) + mesh.tobytes())
    np.testing.assert_array_equal(read_sequence(path).vertices, mesh)
    assert find_sequences(tmp_path) == [path]
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SequenceError, match="cut short: its header claims 12 samples"):
        read_sequence(path)
    path.write_bytes(pc2_header(V, 0))
    with pytest.raises(SequenceError, match="0 samples; expected version 1 and at least one of each"):
        read_sequence(path)


@pytest.mark.parametrize(("fps", "folder"), [(30, "vertices_npy"), (60, "vertices_npy"), (30, "result")])
def test_vocaset_has_its_own_rate_and_the_sound_of_its_folder(tmp_path, mesh, fps, folder):
    stem = "FaceTalk_170725_00137_TA_sentence01"
    for name in (folder, "wav"):
        (tmp_path / name).mkdir()
    suffix = "" if folder == "vertices_npy" else "_condition_FaceTalk_170809_00138_TA"
    path = tmp_path / folder / f"{stem}{suffix}.npy"
    np.save(path, mesh.reshape(T, -1))
    write_wav(tmp_path / "wav" / f"{stem}.wav", speech(T / fps))
    clip = read_sequence(path)
    assert (clip.fps, clip.audio, clip.warnings) == (fps, tmp_path / "wav" / f"{stem}.wav", ())
    assert ("kind" in clip.labels) == bool(suffix)
    (found,) = index_tree(tmp_path).clips
    assert (found.path, found.frames, found.fps, found.sound) == (str(path.relative_to(tmp_path)), T, fps, True)


@pytest.fixture
def results(tmp_path, mesh):
    """A prediction of the first 12 of 40 frames, as 3DXTalker writes it, and the truth."""
    write_3dxtalker_folder(tmp_path / "testset" / "V0-GRID" / "s1", 40)
    np.save(tmp_path / "testset" / "V0-GRID" / "s1" / "vertices.npy", np.repeat(mesh[:1], 40, 0))
    sample = tmp_path / "inference_results" / "V0-GRID" / "s1"
    sample.mkdir(parents=True)
    np.save(sample / "flame_params.npy", np.random.default_rng(2).normal(0, 0.1, (T, 284)).astype(np.float32))
    np.save(sample / "verts_seq.npy", mesh.reshape(T, -1))
    np.save(sample / "detail_verts_seq.npy", np.zeros((1, 59315, 3), np.float32))
    np.savez(sample / "preds_dict.npz", s1=mesh)
    return tmp_path


def test_a_prediction_is_named_labelled_and_heard_as_its_truth(results, mesh):
    sample, sound = (
        results / "inference_results" / "V0-GRID" / "s1",
        results / "testset" / "V0-GRID" / "s1" / "audio.wav",
    )
    clip = read_sequence(sample)
    codes = np.load(sample / "flame_params.npy")
    assert (clip.name, clip.audio, clip.warnings) == ("s1", sound, ())
    assert clip.labels == {"subset": "V0-GRID", "subject": "s1", "kind": "prediction"}
    np.testing.assert_array_equal(clip.expression, codes[:, 100:150])
    np.testing.assert_array_equal(clip.global_rotation, codes[:, 150:153])
    np.testing.assert_array_equal(clip.jaw, codes[:, 153:156])
    vertices = read_sequence(sample / "verts_seq.npy")
    assert (vertices.name, vertices.audio, vertices.warnings) == ("s1", sound, ())
    np.testing.assert_array_equal(vertices.vertices, mesh)
    with pytest.raises(SequenceError, match="59,315 vertices of 3DXTalker's detail mesh"):
        read_sequence(sample / "detail_verts_seq.npy")
    truth = read_sequence(results / "testset" / "V0-GRID" / "s1" / "vertices.npy")
    assert (truth.name, truth.frames, truth.audio, truth.warnings) == ("s1", 40, sound, ())


def test_a_prediction_is_one_clip_of_its_tree(results):
    found = index_tree(results / "inference_results").clips
    assert [(c.path, c.frames, c.sound, c.labels) for c in found] == [
        ("V0-GRID/s1", T, True, {"subset": "V0-GRID", "subject": "s1"})
    ]
    assert find_sequences(results) == [results / tree / "V0-GRID" / "s1" for tree in ("inference_results", "testset")]


def test_a_prediction_of_a_split_sound_is_told_by_its_vertices(results):
    sample = results / "inference_results" / "V0-GRID" / "s1"
    np.save(sample / "flame_params.npy", np.zeros((5, 284), np.float32))
    clip = read_sequence(sample)
    assert clip.vertices.shape == (T, V, 3)
    assert len(clip.warnings) == 1
    assert set(clip.left_out) == {"flame_params.npy", "detail_verts_seq.npy", "preds_dict.npz"}
    assert "has 5 frames and verts_seq.npy 12" in clip.warnings[0]


def test_what_a_check_says_of_predictions_and_vertices(results):
    """A prediction ends before its sound by intention; a truth must not."""
    sample = results / "inference_results" / "V0-GRID" / "s1"
    for source in (sample, sample / "verts_seq.npy"):
        kinds = {found.kind for found in check_path(source).findings}
        assert "short" in kinds
        assert "dropped_frames" not in kinds
    repeated = check_path(results / "testset" / "V0-GRID" / "s1" / "vertices.npy")
    assert [(f.kind, f.frame, f.count) for f in repeated.findings if f.kind == "repeated_frames"] == [
        ("repeated_frames", 1, 39)
    ]


@pytest.mark.parametrize("sound", ["V0-GRID/s1/audio.wav", "s1/audio.wav", "V0-GRID/s1.wav", "wav/s1.wav"])
def test_the_truth_that_is_named_has_the_sound(tmp_path, mesh, sound, capsys):
    truth, path = tmp_path / "truth", tmp_path / "preds" / "V0-GRID" / "s1.npy"
    path.parent.mkdir(parents=True)
    np.save(path, mesh)
    (truth / sound).parent.mkdir(parents=True)
    write_wav(truth / sound, speech(5))
    clip = read_sequence(path, truth=truth)
    assert (clip.audio, clip.fps, clip.warnings) == (truth / sound, 25.0, ())  # shorter, which tells no rate
    for command in ("info", "check"):
        assert main([command, str(tmp_path / "preds"), "--truth", str(truth)]) == 0
        printed = capsys.readouterr().out
        assert "silent" not in printed
        assert "no sound" not in printed
    assert "has no sound for it" in read_sequence(path, truth=tmp_path / "preds").warnings[0]
    assert main(["info", str(path), "--truth", str(tmp_path / "nowhere")]) == 2
    assert "nowhere is not a folder" in capsys.readouterr().err


def test_landmarks_are_no_clip_of_a_tree(tmp_path):
    np.save(tmp_path / "landmarks.npy", np.zeros((T, 68, 3), np.float32))
    assert find_sequences(tmp_path) == []
