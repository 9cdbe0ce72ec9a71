"""All clips of a dataset are found, in order, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tests.data.sequences import write_3dxtalker_folder, write_all_in_one, write_webtalk_clip
from xtalker_addon.core.formats import find_sequences, read_sequence
from xtalker_addon.errors import SequenceError, UsageError


@pytest.fixture
def dataset(tmp_path):
    write_3dxtalker_folder(tmp_path / "V1" / "b", 5)
    write_3dxtalker_folder(tmp_path / "V1" / "a", 5)
    write_webtalk_clip(tmp_path / "web", "w1", 5)
    write_all_in_one(tmp_path / "one", "x", 5)
    np.save(tmp_path / "one" / "unnamed.npy", np.zeros((5, 334), np.float32))
    np.savez(tmp_path / "codes.npz", expr=np.zeros((5, 100)))
    # and what is no clip
    np.save(tmp_path / "one" / "landmarks.npy", np.zeros((5, 68, 3), np.float32))
    np.savez(tmp_path / "data_mean_std.npz", data_mean=np.zeros(284))
    (tmp_path / "README.md").write_text("text")
    (tmp_path / ".cache").mkdir()
    np.savez(tmp_path / ".cache" / "hidden.npz", exp=np.zeros((5, 50)))
    return tmp_path


def test_clips_of_every_layout_in_order(dataset):
    found = find_sequences(dataset)
    names = ["V1/a", "V1/b", "codes.npz", "one/unnamed.npy", "one/x-AllInOne.npy", "web/FLAME_coeffs_25/w1.npz"]
    assert found == [dataset / name for name in names]
    assert all(read_sequence(path).frames == 5 for path in found)


def test_broken_clips_are_found_so_that_reading_tells(dataset):
    (dataset / "web" / "FLAME_coeffs_25" / "lfs.npz").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    (dataset / "V1" / "a" / "expcode.npy").unlink()
    found = find_sequences(dataset)
    assert dataset / "V1" / "a" in found
    with pytest.raises(SequenceError, match="expcode"):
        read_sequence(dataset / "V1" / "a")
    with pytest.raises(SequenceError, match="Git LFS"):
        read_sequence(next(path for path in found if path.name == "lfs.npz"))


def test_one_clip_stands_for_itself(dataset):
    for path in (dataset / "V1" / "a", dataset / "codes.npz"):
        assert find_sequences(path) == [path]
    assert find_sequences(dataset / ".cache") == [dataset / ".cache" / "hidden.npz"]
    assert find_sequences(dataset / "web" / "audios") == []
    with pytest.raises(UsageError, match="nowhere"):
        find_sequences(dataset / "nowhere")


def test_a_folder_around_one_clip_is_that_clip(dataset):
    assert read_sequence(dataset / "web").name == "w1"
    with pytest.raises(SequenceError, match=r"holds 6 sequences; expected one, such as V1.a"):
        read_sequence(dataset)


@pytest.mark.skipif(os.name == "nt", reason="needs the right to make links")
def test_links_are_followed_once(dataset):
    (dataset / "V1" / "loop").symlink_to(dataset, target_is_directory=True)
    (dataset / "V1" / "again").symlink_to(dataset / "V1" / "a", target_is_directory=True)
    (dataset / "V1" / "dangling").symlink_to(dataset / "nothing")
    (dataset / "V1" / "itself").symlink_to(dataset / "V1" / "itself")
    assert len(find_sequences(dataset)) == 6


def test_no_array_is_opened_to_find_a_folder(dataset, monkeypatch):
    def refuse(*_):
        raise AssertionError("opened a file")

    monkeypatch.setattr(Path, "open", refuse)
    assert len(find_sequences(dataset / "V1")) == 2
    assert len(find_sequences(dataset / "web")) == 1
