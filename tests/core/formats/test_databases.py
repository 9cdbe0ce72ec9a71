"""LMDB databases are read where they lie: codes, sound and rate as packed, nothing run, nothing written beside them."""

from __future__ import annotations

import os
import pickle
import sqlite3

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.databases import tfhp_records, write_database, write_tfhp, write_unils
from xtalker_addon import cli
from xtalker_addon.core.checks import check_path
from xtalker_addon.core.dataset import index_tree
from xtalker_addon.core.files import storage
from xtalker_addon.core.files.lmdb import list_records
from xtalker_addon.core.formats import find_sequences, read_sequence
from xtalker_addon.core.speech.audio import check, read_mono
from xtalker_addon.errors import AudioError, SequenceError, XTalkerError


def test_tfhp_comes_in_with_its_sound(tmp_path):
    truth = write_tfhp(tmp_path / "lmdb")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    found = find_sequences(tmp_path)
    assert [path.relative_to(tmp_path / "lmdb").as_posix() for path in found] == sorted(truth)
    for path in found:
        clip = read_sequence(path)
        codes = truth[path.relative_to(tmp_path / "lmdb").as_posix()]
        for name in ("expression", "global_rotation", "jaw", "shape"):
            np.testing.assert_array_equal(getattr(clip, name), codes[name], err_msg=name)
        assert (clip.fps, clip.fps_source) == (25, "layout")
        assert clip.name == f"{path.parent.name}_{path.name}"
        assert clip.labels["subject"] == path.parent.name
        samples, rate = read_mono(clip.audio)
        assert rate == 16000
        np.testing.assert_array_equal(np.round(samples * 32768), codes["sound"])  # every sample, over all joints
        assert not clip.warnings
        assert not clip.left_out
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}


def test_unils_comes_in_with_its_sound(tmp_path):
    written = write_unils(tmp_path / "data_lmdb")
    assert sorted(find_sequences(tmp_path)) == sorted(clip.path for clip in written)
    for expected in written:
        clip = read_sequence(expected.path)
        for name, codes in expected.codes.items():
            np.testing.assert_array_equal(getattr(clip, name), codes, err_msg=name)
        assert (clip.name, clip.fps, clip.fps_source) == (expected.name, 25, "layout")
        samples, rate = read_mono(clip.audio)
        assert rate == 16000
        np.testing.assert_array_equal(samples, expected.extra["sound"])
        assert set(clip.left_out) == {"speech_mask"}


def test_an_index_of_a_database(tmp_path):
    truth = write_tfhp(tmp_path / "lmdb")
    database = tmp_path / "index.sqlite"
    clips = {clip.path: clip for clip in index_tree(tmp_path / "lmdb", database).clips}
    assert {name: len(codes["expression"]) for name, codes in truth.items()} == {
        name: clip.frames for name, clip in clips.items()
    }
    assert all(clip.sound and clip.fps == 25 and not clip.problem for clip in clips.values())
    assert index_tree(tmp_path / "lmdb", database).read == 0
    write_database(tmp_path / "lmdb", tfhp_records({"TH_00000/000": 60})[0])  # in place: the folder stays as it is
    assert index_tree(tmp_path / "lmdb", database).clips[1].frames == 60
    with sqlite3.connect(database) as kept:
        assert kept.execute("SELECT count(*) FROM archives").fetchone() == (1,)


def test_commands_take_a_database_a_clip_and_the_file(tmp_path, capsys):
    write_tfhp(tmp_path / "lmdb")
    assert cli.main(["info", str(tmp_path / "lmdb" / "data.mdb")]) == 0
    told = capsys.readouterr().out
    assert "TH_00000_000: 230 frames, 9.20 s at 25 frames a second (by its layout)" in told
    assert told.count("audio.wav") == 3
    assert cli.main(["check", str(tmp_path / "lmdb" / "TH_00000" / "001"), "--jobs", "1"]) in (0, 3)
    assert cli.main(["convert", str(tmp_path / "lmdb" / "TH_00000" / "001"), str(tmp_path / "out")]) == 0
    np.testing.assert_array_equal(
        read_sequence(tmp_path / "out").expression, read_sequence(tmp_path / "lmdb" / "TH_00000" / "001").expression
    )
    assert check(read_sequence(tmp_path / "out").audio).seconds == 4


@pytest.mark.parametrize("piece", ["000", "001"])
def test_a_record_that_is_missing_is_told(tmp_path, piece):
    records, _ = tfhp_records({"TH_00000/000": 230, "TH_00000/001": 20})
    del records[f"TH_00000/000/{piece}"]
    write_database(tmp_path, records)
    assert len(find_sequences(tmp_path)) == 2
    with pytest.raises(SequenceError, match=f"has no record {piece} and later ones"):
        read_sequence(tmp_path / "TH_00000" / "000")


def test_fewer_frames_than_the_metadata_says_are_told(tmp_path):
    records, _ = tfhp_records({"TH_00000/000": 230})
    del records["TH_00000/000/002"]
    write_database(tmp_path, records)
    with pytest.raises(SequenceError, match=r"holds 200 of shape, .* and its metadata says 230"):
        read_sequence(tmp_path)


class Harm:
    def __reduce__(self):
        return os.mkdir, ("harm",)


@pytest.mark.parametrize("record", ["TH_00000/000/metadata", "TH_00000/000/000"])
def test_nothing_in_a_record_is_run(tmp_path, monkeypatch, record):
    monkeypatch.chdir(tmp_path)
    records, _ = tfhp_records({"TH_00000/000": 30})
    records[record] = pickle.dumps({"n_frames": Harm(), "coef": Harm(), "audio": Harm()})
    write_database(tmp_path / "lmdb", records)
    with pytest.raises(SequenceError):
        read_sequence(tmp_path / "lmdb" / "TH_00000" / "000")
    assert not (tmp_path / "harm").exists()


def test_a_broken_sound_costs_the_sound_alone(tmp_path):
    records, truth = tfhp_records({"TH_00000/000": 130})
    piece = pickle.loads(records["TH_00000/000/001"])
    records["TH_00000/000/001"] = pickle.dumps(piece | {"audio": b"no flac"})
    write_database(tmp_path, records)
    clip = read_sequence(tmp_path)
    assert clip.audio is None
    np.testing.assert_array_equal(clip.expression, truth["TH_00000/000"]["expression"])
    assert any("The clip is silent" in warning for warning in clip.warnings)
    with pytest.raises(AudioError, match="cannot be read"):
        read_mono(tmp_path / "TH_00000" / "000" / "audio.wav")


def test_a_database_of_something_else_is_named(tmp_path, capsys):
    write_database(tmp_path, {f"image-{index:09d}": b"\xff\xd8\xff jpeg" for index in range(40)})
    assert find_sequences(tmp_path) == []
    assert cli.main(["check", str(tmp_path)]) == 2
    assert "is an LMDB database of records that are not known (such as 'image-000000000'" in capsys.readouterr().err
    assert cli.main(["info", str(tmp_path / "data.mdb")]) == 2
    assert "expected TFHP's, as DiffPoseTalk packs them, or UniLS'" in capsys.readouterr().err


@pytest.mark.parametrize("keep", [0.0, 0.001, 0.4, 0.95])
def test_a_database_that_is_cut_short(tmp_path, keep):
    write_tfhp(tmp_path)
    path = tmp_path / "data.mdb"
    os.truncate(path, int(path.stat().st_size * keep))
    assert find_sequences(tmp_path) == [path]
    assert check_path(path).severity == "fault"
    with pytest.raises(SequenceError, match=r"data\.mdb: is no LMDB database, or is broken or cut short"):
        read_sequence(path)
    assert "cut short" in index_tree(tmp_path).clips[0].problem


def test_records_are_those_of_the_library(tmp_path):
    """Small and large ones, over branch pages, after deletions and changes."""
    lmdb = pytest.importorskip("lmdb")
    rng = np.random.default_rng(0)
    values = {
        f"{index:05d}".encode() * int(rng.integers(1, 20)): rng.bytes(int(rng.integers(0, 9000)))
        for index in range(3000)
    }
    with lmdb.open(str(tmp_path), map_size=1 << 28) as database:
        for start in range(0, 3000, 500):
            with database.begin(write=True) as transaction:
                for key in list(values)[start : start + 500]:
                    transaction.put(key, values[key])
        with database.begin(write=True) as transaction:
            for key in list(values)[::3]:
                transaction.delete(key)
                del values[key]
    data = (tmp_path / "data.mdb").read_bytes()
    found = list_records(tmp_path / "data.mdb")
    assert {key.encode(): data[m.offset : m.offset + m.size] for key, m in found.items()} == values


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    write_tfhp(folder := tmp_path_factory.mktemp("honest"), {"TH_00000/000": 110, "TH_00000/001": 5})
    return (folder / "data.mdb").read_bytes()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_gives_one_sentence(honest, tmp_path, data):
    content = bytearray(honest)
    pages = len(content) // 4096
    for _ in range(data.draw(st.integers(1, 6))):
        page = data.draw(st.integers(0, pages - 1))
        content[page * 4096 + data.draw(st.integers(0, 200) | st.integers(0, 4095))] = data.draw(st.integers(0, 255))
    (tmp_path / "data.mdb").write_bytes(content[: data.draw(st.just(len(content)) | st.integers(0, len(content)))])
    storage._listing.cache_clear()  # a file of the same size, in the same tick of the clock
    for found in find_sequences(tmp_path):
        try:
            read_sequence(found)
        except XTalkerError as error:
            assert "\n" not in str(error)  # noqa: PT017  not every damage makes an error
    assert [file.name for file in tmp_path.iterdir()] == ["data.mdb"]
