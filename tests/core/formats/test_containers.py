"""Clips in safetensors and HDF5: the codes are those of the file, and nothing is followed out of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data import pickled
from tests.data.layouts import flame_codes, silence
from xtalker_addon.core.dataset import index_tree
from xtalker_addon.core.formats import find_sequences, read_sequence
from xtalker_addon.errors import SequenceError

FRAMES = 9


def test_arrays_by_key_in_safetensors(tmp_path):
    codes = flame_codes(FRAMES)
    names = ("expression", "shape", "jaw")
    pickled.write_safetensors(tmp_path / "clip.safetensors", {name: codes[name] for name in names})
    (found,) = find_sequences(tmp_path)
    clip = read_sequence(found)
    for name in names:
        assert np.array_equal(getattr(clip, name), codes[name])
    assert index_tree(tmp_path).clips[0].frames == FRAMES


def test_rows_in_safetensors(tmp_path):
    rows, codes = pickled.rows_of("video")
    pickled.write_safetensors(tmp_path / "flame_params.safetensors", {"flame": rows})
    clip = read_sequence(tmp_path / "flame_params.safetensors")
    for name, expected in codes.items():
        np.testing.assert_array_equal(getattr(clip, name), expected, err_msg=name)
    assert clip.fps == 25


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_safetensors_give_one_sentence(tmp_path, data):
    path = tmp_path / "clip.safetensors"
    pickled.write_safetensors(path, {"exp": np.ones((2, 50)), "jaw": np.ones((2, 3))})
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, 260))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        read_sequence(path)
    except SequenceError as fault:
        assert "\n" not in str(fault)  # noqa: PT017  not every damage makes an error
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("hickle", [False, True])
def test_3dmead(tmp_path, hickle):
    written = pickled.write_3dmead(tmp_path / "M003" / "front" / "happy" / "level_1" / "001", FRAMES, hickle)
    silence(written.path.parent / "audio.wav", FRAMES, 25)
    (found,) = find_sequences(tmp_path)
    clip = read_sequence(found)
    for name, expected in written.codes.items():
        np.testing.assert_array_equal(getattr(clip, name), expected, err_msg=name)
    assert (clip.light.shape, clip.detail.shape, clip.camera.shape) == ((9, 9, 3), (9, 128), (9, 3))
    assert (clip.name, clip.fps, clip.audio.name) == ("001", 25, "audio.wav")
    assert index_tree(tmp_path).clips[0].frames == FRAMES


def test_nothing_is_followed_out_of_an_hdf5_file(tmp_path):
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    secret = tmp_path / "secret" / "secret.hdf5"
    secret.parent.mkdir()
    with h5py.File(secret, "w") as file:
        file["exp"] = np.ones((FRAMES, 50))
    np.ones((FRAMES, 50), np.float32).tofile(tmp_path / "secret" / "raw")
    clips = tmp_path / "clips"
    clips.mkdir()
    with h5py.File(clips / "link.hdf5", "w") as file:
        file["exp"] = h5py.ExternalLink(str(secret), "exp")
    with h5py.File(clips / "external.hdf5", "w") as file:
        raw = [(str(tmp_path / "secret" / "raw"), 0, h5py.h5f.UNLIMITED)]
        file.create_dataset("exp", (FRAMES, 50), "f4", external=raw)
    with h5py.File(clips / "virtual.hdf5", "w") as file:
        layout = h5py.VirtualLayout((FRAMES, 50), "f8")
        layout[:] = h5py.VirtualSource(str(secret), "exp", (FRAMES, 50))
        file.create_virtual_dataset("exp", layout)
    for path in clips.iterdir():
        with pytest.raises(SequenceError):
            read_sequence(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_hdf5_gives_one_sentence(tmp_path, data):
    folder = tmp_path / "clip"
    if not folder.is_dir():
        pickled.write_3dmead(folder, 3)
        for file in folder.iterdir():
            file.rename(tmp_path / file.name)
    target = data.draw(st.sampled_from(["shape_pose_cam.hdf5", "appearance.hdf5"]))
    for name in ("shape_pose_cam.hdf5", "appearance.hdf5"):
        content = bytearray((tmp_path / name).read_bytes())
        if name == target:
            for _ in range(data.draw(st.integers(1, 5))):
                content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
            content = content[: data.draw(st.integers(0, len(content)))]
        (folder / name).write_bytes(content)
    try:
        read_sequence(folder / "shape_pose_cam.hdf5")
    except SequenceError as fault:
        assert "\n" not in str(fault)  # noqa: PT017  not every damage makes an error
    assert len(list(folder.iterdir())) == 2


def test_without_h5py_it_says_so(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "h5py", None)
    (tmp_path / "shape_pose_cam.hdf5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(600))
    with pytest.raises(SequenceError, match=r"needs h5py; install it with `pip install '.\[hdf5\]'`"):
        read_sequence(tmp_path / "shape_pose_cam.hdf5")
    assert find_sequences(tmp_path) == [tmp_path / "shape_pose_cam.hdf5"]
