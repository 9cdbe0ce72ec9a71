"""A data set in .tar archives is read as if it were unpacked; a bad archive is refused in one sentence."""

from __future__ import annotations

import os
import tarfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data import layouts
from tests.data.pickled import write_tracker_frames
from tests.data.sequences import write_3dxtalker_folder
from tests.data.tars import STEMS, pack, tar_of, write_unpacked
from xtalker_addon.batch.fingerprint import describe_inputs, inputs_unchanged
from xtalker_addon.cli import main
from xtalker_addon.core.checks import check_path
from xtalker_addon.core.dataset import index_tree
from xtalker_addon.core.files import storage
from xtalker_addon.core.files.tar import list_members
from xtalker_addon.core.formats import find_sequences, read_sequence
from xtalker_addon.core.speech.audio import check, read_mono
from xtalker_addon.errors import SequenceError, XTalkerError


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    return write_unpacked(tmp_path_factory.mktemp("webtalk") / "data")


@pytest.fixture(params=["gnu", "pax", "no top folder"])
def packed(request, unpacked, tmp_path):
    form = tarfile.PAX_FORMAT if request.param == "pax" else tarfile.GNU_FORMAT
    return pack(unpacked, tmp_path / "data", form, top=request.param != "no top folder")


def same(clip, other, root, other_root) -> None:
    """Equal in all but where they lie."""

    def told(sequence, place):
        return [text.replace(str(place), "") for text in (*sequence.warnings, *sequence.origins.values())]

    assert clip.held() == other.held()
    for name in clip.held():
        if name != "audio":
            assert np.array_equal(getattr(clip, name), getattr(other, name)), name
    assert (clip.name, clip.fps, clip.labels) == (other.name, other.fps, other.labels)
    assert told(clip, root) == told(other, other_root)
    assert clip.audio.relative_to(root) == other.audio.relative_to(other_root)
    (samples, rate), (others, other_rate) = read_mono(clip.audio), read_mono(other.audio)
    assert rate == other_rate
    assert np.array_equal(samples, others)


def test_clips_are_those_of_the_unpacked_folders(packed, unpacked):
    found, expected = find_sequences(packed), find_sequences(unpacked)
    assert [path.relative_to(packed) for path in found] == [path.relative_to(unpacked) for path in expected]
    assert len(found) == len(STEMS)
    for path, other in zip(found, expected, strict=True):
        same(read_sequence(path), read_sequence(other), packed, unpacked)
    assert {clip.labels["split"] for clip in map(read_sequence, found)} == {"train", "test"}
    assert read_sequence(packed / "FLAME_coeffs_25" / STEMS[0]).labels["transcript"] == "This is clip 0."


@pytest.mark.parametrize("name", [STEMS[0], f"FLAME_coeffs_25/{STEMS[0]}", f"FLAME_coeffs_25/{STEMS[0]}.npz"])
def test_a_clip_is_named_as_if_it_were_unpacked(packed, name):
    assert read_sequence(packed / name).name == STEMS[0]


def test_an_archive_stands_for_its_folder(packed, capsys):
    assert find_sequences(packed / "FLAME_coeffs_25.tar") == find_sequences(packed)
    assert find_sequences(packed / "FLAME_coeffs_25") == find_sequences(packed)
    with pytest.raises(SequenceError, match="holds 3 sequences; expected one, such as 202008647_0001"):
        read_sequence(packed / "FLAME_coeffs_25.tar")
    assert main(["info", str(packed / "FLAME_coeffs_25.tar")]) == 0
    assert capsys.readouterr().out.count("audios/") == len(STEMS)


def test_an_unpacked_folder_comes_before_its_archive(packed, unpacked):
    (packed / "FLAME_coeffs_25").mkdir()
    stem = f"{STEMS[0]}.npz"
    (packed / "FLAME_coeffs_25" / stem).write_bytes((unpacked / "FLAME_coeffs_25" / stem).read_bytes())
    assert find_sequences(packed) == [packed / "FLAME_coeffs_25" / stem]
    assert not storage.is_file(packed / "FLAME_coeffs_25" / f"{STEMS[1]}.npz")


def test_the_index_is_that_of_the_folders(packed, unpacked, tmp_path, monkeypatch):
    database = tmp_path / "index.sqlite"
    found, expected = index_tree(packed, database), index_tree(unpacked)
    facts = [(c.path, c.frames, c.fps, c.files, c.bytes, c.sound, c.labels, c.problem) for c in found.clips]
    assert facts == [(c.path, c.frames, c.fps, c.files, c.bytes, c.sound, c.labels, c.problem) for c in expected.clips]
    monkeypatch.setattr(storage, "list_members", None)  # the second look opens no archive
    storage._listing.cache_clear()
    again = index_tree(packed, database)
    assert again.clips == found.clips
    assert again.read == 0


def test_a_changed_archive_is_seen(unpacked, tmp_path):
    packed = pack(unpacked, tmp_path / "data")
    database = tmp_path / "index.sqlite"
    first = index_tree(packed, database)
    with tarfile.open(packed / "FLAME_coeffs_25.tar", "a") as archive:
        archive.add(unpacked / "FLAME_coeffs_25" / f"{STEMS[0]}.npz", "FLAME_coeffs_25/new_0001.npz")
    assert len(index_tree(packed, database).clips) == len(first.clips) + 1


def test_folders_of_3dxtalker_in_an_archive(tmp_path):
    arrays = write_3dxtalker_folder(tmp_path / "V2-MEAD" / "M003-happy", 15)
    packed = pack(tmp_path, tmp_path.with_name("packed"))
    (source,) = find_sequences(packed)
    clip = read_sequence(source)
    assert source == packed / "V2-MEAD" / "M003-happy"
    assert np.array_equal(clip.expression, arrays["expcode"])
    assert clip.labels["subset"] == "V2-MEAD"
    assert check(clip.audio).seconds == pytest.approx(15 / 25)
    assert index_tree(packed).clips[0].files == 11
    assert read_sequence(source / "expcode.npy").name == "M003-happy"


@pytest.mark.parametrize(
    "write",
    [
        layouts.write_emoca_results,
        layouts.write_flame_param,
        layouts.write_flame_head_tracker,
        lambda root: write_tracker_frames(root / "checkpoint"),
    ],
    ids=["EMOCA", "flame_param", "flame-head-tracker", "metrical-tracker"],
)
def test_a_clip_of_many_files_in_an_archive(tmp_path, write):
    written = write(tmp_path / "data" / "clip")
    layouts.silence(written.path.parent / f"{read_sequence(written.path).name}.wav", 12, 25)
    (tmp_path / "packed").mkdir()
    with tarfile.open(tmp_path / "packed" / "data.tar", "w") as archive:
        archive.add(tmp_path / "data", "data")
    (found,) = find_sequences(tmp_path / "packed")
    same(read_sequence(found), read_sequence(written.path), tmp_path / "packed", tmp_path)
    (outline,), (loose,) = index_tree(tmp_path / "packed").clips, index_tree(tmp_path / "data").clips
    facts = [(c.frames, c.fps, c.files, c.bytes, c.sound, c.problem) for c in (outline, loose)]
    assert facts[0] == facts[1]
    assert inputs_unchanged([found], describe_inputs([written.path]))  # unpacked later, no video is made again
    first = min(written.path.iterdir())
    clip_file = next(first.rglob("exp.npy")) if first.is_dir() else first
    packed_file = tmp_path / "packed" / clip_file.relative_to(tmp_path)
    assert read_sequence(packed_file).source == found  # any file leads to it


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_sound_of_every_kind(tmp_path, suffix):
    """Ogg and MP3 decode to the same samples from the middle of an archive as from a file of their own."""
    import soundfile

    folder = tmp_path / "loose" / "audios"
    folder.mkdir(parents=True)
    for number in range(3):  # not the first, not the last
        tone = 0.3 * np.sin(np.arange(8000 + 1000 * number) * (0.05 + 0.02 * number))
        soundfile.write(folder / f"{number}.{suffix}", tone, 16000)
    packed = pack(folder.parent, tmp_path / "packed")
    samples, rate = read_mono(packed / "audios" / f"1.{suffix}")
    expected, _ = read_mono(folder / f"1.{suffix}")
    assert rate == 16000
    assert np.array_equal(samples, expected)


HARMFUL = {
    "a link": ("FLAME_coeffs_25/a.npz", None, tarfile.SYMTYPE),
    "a link ": ("FLAME_coeffs_25/a.npz", None, tarfile.LNKTYPE),
    "a device": ("FLAME_coeffs_25/a.npz", None, tarfile.CHRTYPE),
    "a pipe": ("FLAME_coeffs_25/a.npz", None, tarfile.FIFOTYPE),
    "a file with holes": ("FLAME_coeffs_25/a.npz", b"", tarfile.GNUTYPE_SPARSE),
    "would lie outside": ("/etc/a.npz", b"x", tarfile.REGTYPE),
    "would lie outside ": ("FLAME_coeffs_25/../../a.npz", b"x", tarfile.REGTYPE),
    "would lie outside  ": ("..\\a.npz", b"x", tarfile.REGTYPE),
    "would lie outside   ": ("C:/a.npz", b"x", tarfile.REGTYPE),
}


@pytest.mark.parametrize("reason", HARMFUL)
def test_what_could_do_harm_is_refused(tmp_path, reason):
    path = tar_of(tmp_path / "FLAME_coeffs_25.tar", ("FLAME_coeffs_25/good.npz", b"x", b"0"), HARMFUL[reason])
    assert find_sequences(tmp_path) == [path]  # so that a batch, a check and an index tell it
    with pytest.raises(SequenceError) as caught:
        read_sequence(path)
    assert f"{path}: " in str(caught.value)
    assert reason.strip() in str(caught.value)
    assert check_path(path).severity == "fault"
    assert index_tree(tmp_path).clips[0].problem == str(caught.value)
    assert not storage.is_file(tmp_path / "FLAME_coeffs_25" / "good.npz")


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_an_archive_that_is_cut_short(unpacked, tmp_path, keep):
    packed = pack(unpacked, tmp_path / "data")
    path = packed / "FLAME_coeffs_25.tar"
    os.truncate(path, int(path.stat().st_size * keep))
    (found,) = find_sequences(packed)
    with pytest.raises(SequenceError, match="is cut short"):
        read_sequence(found)


def test_a_checkpoint_called_tar_is_no_archive(tmp_path):
    (tmp_path / "deca_model.tar").write_bytes(b"PK\x03\x04" + bytes(600))
    assert find_sequences(tmp_path) == []


def test_a_sound_out_of_an_archive_leaves_nothing_behind(packed, tmp_path):
    sound = read_sequence(find_sequences(packed)[0]).audio
    before = sorted(packed.rglob("*"))
    with storage.as_file(sound, tmp_path / "out") as file:
        assert file.read_bytes() == storage.open_file(sound).read()
        assert file.parent == tmp_path / "out"
    assert list((tmp_path / "out").iterdir()) == []
    assert sorted(packed.rglob("*")) == before


@pytest.fixture(scope="module")
def small_tar(tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "FLAME_coeffs_25.tar"
    tar_of(path, ("FLAME_coeffs_25/a.npz", b"PK\x03\x04rest", b"0"), ("FLAME_coeffs_25/" + "b" * 150, b"x", b"0"))
    return path.read_bytes()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_archive_gives_one_sentence(small_tar, tmp_path, data):
    content = bytearray(small_tar)
    for place in data.draw(st.lists(st.integers(0, 4 * 512), max_size=6)):
        content[place] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):  # checksums that fit, so that the rest is looked at
        for start in range(0, 4 * 512, 512):
            content[start + 148 : start + 156] = b" " * 8
            content[start + 148 : start + 156] = b"%06o\0 " % sum(content[start : start + 512])
    path = tmp_path / "FLAME_coeffs_25.tar"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        list_members(path)
    except SequenceError as error:
        assert "\n" not in str(error)  # noqa: PT017  not every damage makes an error
    for found in find_sequences(tmp_path):
        with pytest.raises(XTalkerError):
            read_sequence(found)
    assert [file.name for file in tmp_path.iterdir()] == ["FLAME_coeffs_25.tar"]
