"""What a user gets from the index of a dataset: all clips, quickly, and no stale answers."""

from __future__ import annotations

import re
import shutil
import sqlite3
import sys

import numpy as np
import pytest

from tests.data import layouts
from tests.data.trees import write_clip, write_hollow_tree
from xtalker_addon import cli
from xtalker_addon.core import dataset
from xtalker_addon.core.dataset import index_tree
from xtalker_addon.core.formats import read_sequence
from xtalker_addon.errors import SequenceError, UsageError


@pytest.fixture
def tree(tmp_path):
    write_hollow_tree(tmp_path / "tree", 30)
    return tmp_path / "tree"


def summary(found):
    return [(clip.path, clip.frames, dict(clip.labels)) for clip in found.clips]


def test_names_lengths_and_labels(tree):
    found = index_tree(tree)
    assert len(found.clips) == 30
    first = found.clips[0]
    assert first.path == "V0-GRID/M000_happy_00000"
    assert first.labels == {"subset": "V0-GRID", "subject": "M000", "emotion": "happy"}
    assert first.frames == len(np.load(tree / first.path / "expcode.npy"))
    assert (first.files, first.sound, first.fps) == (11, True, 25)


def test_the_second_look_reads_nothing(tree, tmp_path, monkeypatch):
    first = index_tree(tree, tmp_path / "index.db")
    monkeypatch.setattr(dataset, "find_sequences", None)
    second = index_tree(tree, tmp_path / "index.db")
    assert (first.read, second.read) == (30, 0)
    assert second.clips == first.clips


@pytest.mark.parametrize("change", ["added", "removed", "longer", "renamed subset", "file for a folder"])
def test_changes_are_seen(tree, tmp_path, change):
    index_tree(tree, tmp_path / "index.db")
    clip = tree / "V0-GRID" / "M000_happy_00000"
    if change == "added":
        write_clip(tree / "V9-NEW" / "deep" / "clip", 5)
    elif change == "removed":
        shutil.rmtree(clip)
    elif change == "longer":
        np.save(clip / "expcode.npy", np.zeros((999, 50), np.float32))
    elif change == "renamed subset":
        (tree / "V0-GRID").rename(tree / "V7-OTHER")
    else:
        shutil.rmtree(clip)
        np.savez(clip.with_suffix(".npz"), exp=np.zeros((7, 50), np.float32), fps=30)
    assert summary(index_tree(tree, tmp_path / "index.db")) == summary(index_tree(tree))


def test_the_command_says_how_much_there_is(tree, capsys):
    cli.main(["index", str(tree)])
    first = capsys.readouterr().out.splitlines()[0]
    assert re.search(r": 30 sequences, \d+ files, [\d.]+ [kM]B, [\d:]+ (s|min); looked into 30$", first)


def test_only_what_changed_is_read_again(tree, tmp_path):
    index_tree(tree, tmp_path / "index.db")
    write_clip(tree / "V0-GRID" / "new", 5)
    assert index_tree(tree, tmp_path / "index.db").read == 1


def test_one_index_holds_several_trees(tree, tmp_path):
    write_clip(tmp_path / "other" / "clip", 5)
    index_tree(tree, tmp_path / "index.db")
    assert len(index_tree(tmp_path / "other", tmp_path / "index.db").clips) == 1
    assert index_tree(tree, tmp_path / "index.db").read == 0


def test_files_of_codes(tmp_path):
    np.savez(tmp_path / "a.npz", exp=np.zeros((60, 50), np.float32), mocap_frame_rate=30)
    np.save(tmp_path / "b-AllInOne.npy", np.zeros((7, 284), np.float32))
    found = {clip.path: (clip.frames, clip.seconds) for clip in index_tree(tmp_path).clips}
    assert found == {"a.npz": (60, 2.0), "b-AllInOne.npy": (7, 0.28)}
    assert index_tree(tmp_path / "a.npz").clips[0].frames == 60


def test_a_broken_clip_is_listed_with_its_sentence(tree):
    (tree / "V0-GRID" / "M000_happy_00000" / "expcode.npy").write_bytes(b"nothing")
    first = index_tree(tree).clips[0]
    assert first.frames == 0
    assert "expcode.npy: is not an .npy array, or is broken or cut short" in first.problem


def test_what_is_wrong_with_a_clip_is_said_as_reading_it_does(tree):
    np.save(tree / "x-AllInOne.npy", np.zeros((9, 284), np.float32))
    clips = {tree / "V0-GRID" / "M000_happy_00000": "expcode.npy", tree / "x-AllInOne.npy": ""}
    for clip, name in clips.items():
        with (clip / name if name else clip).open("rb+") as file:
            file.truncate(300)
        (said,) = [found.problem for found in index_tree(tree).clips if str(clip) in found.problem]
        assert "is cut short: its header claims the shape" in said
        with pytest.raises(SequenceError) as caught:
            read_sequence(clip)
        assert str(caught.value) == said


def test_links_are_kept_as_they_were_named(tree, tmp_path):
    """Another machine may know a folder only by the link."""
    (tmp_path / "mount").symlink_to(tree, target_is_directory=True)
    assert index_tree(tmp_path / "mount").root == tmp_path / "mount"
    assert index_tree(tmp_path / "mount" / ".." / "mount").root == tree.resolve()


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text here")
def test_names_that_are_no_text_are_kept_in_a_database(tree, tmp_path):
    (tree / "V0-GRID" / "M000_happy_00000").rename(tree / "V0-GRID" / "caf\udce9")
    first = index_tree(tree, tmp_path / "index.db")
    again = index_tree(tree, tmp_path / "index.db")
    assert (again.clips, again.read) == (first.clips, 0)
    assert "V0-GRID/caf\udce9" in [clip.path for clip in again.clips]


def test_links_that_lead_back_end(tree):
    (tree / "V0-GRID" / "loop").symlink_to(tree)
    assert len(index_tree(tree).clips) == 30


def test_what_is_no_index_is_refused(tree, tmp_path):
    (tmp_path / "text.db").write_text("This is a text, and it is long enough to be taken for the head of a file.\n" * 9)
    with pytest.raises(UsageError, match="cannot be used as an index"):
        index_tree(tree, tmp_path / "text.db")
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE photos (name TEXT)")
    with pytest.raises(UsageError, match="not an index that this XTalker made"):
        index_tree(tree, tmp_path / "other.db")
    with pytest.raises(UsageError, match="cannot be used as an index"):
        index_tree(tree, tmp_path / "missing" / "index.db")


def test_a_tree_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        index_tree(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda whole: whole[:-100], "is cut short: its header claims the shape (20, 50)"),
        (lambda whole: whole[:20], "is not an .npy array, or is broken or cut short"),
        (lambda whole: b"", "is empty"),
        (lambda whole: b"\x89PNG" + whole, "is a picture"),
    ],
)
def test_a_broken_clip_is_told_as_the_reader_tells_it(tmp_path, spoil, words):
    """Cut short is not missing."""
    codes = write_clip(tmp_path / "clip", 20) / "expcode.npy"
    codes.write_bytes(spoil(codes.read_bytes()))
    (clip,) = index_tree(tmp_path).clips
    with pytest.raises(SequenceError) as error:
        read_sequence(tmp_path / "clip")
    assert clip.problem == str(error.value)
    assert words in clip.problem


def test_a_folder_of_frames_is_indexed_as_one_clip(tmp_path):
    layouts.write_flame_param(tmp_path / "a", 7, sound_fps=25)
    layouts.write_emoca_results(tmp_path / "b", 6)
    layouts.write_lam_json(tmp_path / "c" / "flame_params.json", 5)
    clips = index_tree(tmp_path).clips
    assert [(clip.path, clip.frames, clip.fps, clip.sound) for clip in clips] == [
        ("a/flame_param", 7, 25, True),
        ("b/results", 6, 25, False),
        ("c/flame_params.json", 5, 30, False),
    ]
