"""`xtalker check` finds what is wrong with data, where it is, and leaves what is right alone."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from tests.data.clips import talking_clip
from tests.data.faults import AT, FRAMES, PLANTED, delay_lips, join, write_faulty_tree
from tests.data.sequences import BEAT2, make_codes, write_3dxtalker_folder
from xtalker_addon import cli
from xtalker_addon.core.checks import KINDS, MEASURES, check_path, check_sequence
from xtalker_addon.core.checks.sound import lip_sync
from xtalker_addon.core.formats import read_sequence
from xtalker_addon.core.motion.cuts import find_cuts
from xtalker_addon.core.speech.audio import read_mono
from xtalker_addon.core.speech.envelope import envelope_per_frame, hilbert_envelope, quick_length

NO_CUTS = np.zeros(0, np.int64)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("trainset")
    write_faulty_tree(root)
    return root


@pytest.fixture(scope="module")
def checked(tree, tmp_path_factory):
    """(exit code, folder) of a check of the whole tree by two processes."""
    output = tmp_path_factory.mktemp("report")
    return cli.main(["check", str(tree), "--output", str(output), "--jobs", "2", "--quiet"]), output


@pytest.fixture(scope="module")
def records(checked):
    return {record["name"]: record for record in json.loads((checked[1] / "check.json").read_text("utf-8"))}


@pytest.mark.parametrize("name", PLANTED)
def test_every_planted_fault_is_found_where_it_is(records, name):
    planted = PLANTED[name]
    found = {(f["kind"], f["frame"] if planted.frame is not None else None) for f in records[name]["findings"]}
    assert (planted.kind, planted.frame) in found
    assert all(f["severity"] == KINDS[f["kind"]][0] and f["text"] for f in records[name]["findings"])


def test_clean_clips_have_neither_faults_nor_warnings(records):
    clean = [record for name, record in records.items() if name.startswith("clean")]
    assert len(clean) == 5
    assert all(record["severity"] in (None, "note") for record in clean)


def test_the_table_has_a_row_a_sequence_and_says_the_same(checked, records):
    with (checked[1] / "check.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert rows.keys() == records.keys()
    assert rows["clean1"]["subset"] == "V2-MEAD"
    assert float(rows["clean1"]["frames"]) == FRAMES
    assert set(MEASURES) <= rows["clean1"].keys()
    assert all(rows["clean1"][name] for name in MEASURES)
    assert "not_finite" in rows["nan"]["findings"]


def test_the_summary_names_subsets_findings_and_examples(checked):
    page = (checked[1] / "summary.html").read_text("utf-8")
    for text in ("V0-GRID", "V2-MEAD", "files disagree on the number of frames", "<svg", "<code>nan</code>"):
        assert text in page
    assert "http" not in page
    assert not list(checked[1].glob(".*"))


def test_the_summary_names_what_was_left_out(tmp_path):
    for index in range(3):
        codes = np.zeros((30, 50), np.float32)
        np.savez(tmp_path / f"{index}.npz", exp=codes, image_size=[512, 512], secret=codes[:, :4])
    cli.main(["check", str(tmp_path), "--output", str(tmp_path / "out"), "--jobs", "1"])
    page = (tmp_path / "out" / "summary.html").read_text("utf-8")
    assert "<code>image_size</code>: of the camera or the picture, not of the face<td>3" in page
    assert "<code>secret</code>: not known to XTalker<td>3" in page


def test_exit_codes(tree, checked, tmp_path, capsys):
    assert checked[0] == 3
    clean = str(tree / "V2-MEAD" / "clean0")
    assert cli.main(["check", clean]) == 0
    assert cli.main(["check", str(tree / "V0-GRID" / "cut"), "--fail-on", "warning"]) == 0
    assert cli.main(["check", str(tree / "V0-GRID" / "cut"), "--fail-on", "note"]) == 3
    assert cli.main(["check", str(tmp_path / "nowhere")]) == 2
    assert "nowhere" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert cli.main(["check", clean, "--output", str(tmp_path / "file")]) == 2
    assert cli.main(["check", clean, clean, str(tree / "V2-MEAD"), "--jobs", "1"]) == 0
    assert "5 sequences" in capsys.readouterr().out  # named twice, checked once


@pytest.mark.parametrize("count", [1, 4])
def test_cuts_between_joined_clips(tmp_path, count):
    cuts = [60, 121, 185, 249][:count]
    write_3dxtalker_folder(tmp_path / "a", FRAMES, 3)
    assert find_cuts(read_sequence(tmp_path / "a")).tolist() == []
    join(tmp_path / "a", 3, cuts)
    assert find_cuts(read_sequence(tmp_path / "a")).tolist() == cuts


def test_a_single_clip_of_a_few_frames_has_no_cuts(tmp_path):
    for frames in (1, 2, 5, 12):
        write_3dxtalker_folder(tmp_path / str(frames), frames, 3)
        clip = read_sequence(tmp_path / str(frames))
        assert find_cuts(clip).tolist() == []
        assert {f.kind for f in check_sequence(clip).findings} <= {"short", "silent"}


@pytest.mark.parametrize("lag", range(-10, 11))
def test_lag_of_lips(tmp_path, lag):
    write_3dxtalker_folder(tmp_path / "a", 250, 40 + lag)
    before = check_path(tmp_path / "a").measures["lag_frames"]
    delay_lips(tmp_path / "a", lag)
    report = check_path(tmp_path / "a")
    assert abs(report.measures["lag_frames"] - lag) <= 1
    assert report.measures["lag_frames"] - before == pytest.approx(lag, abs=0.1)
    assert (abs(lag) >= 3) == ("lip_lag" in {f.kind for f in report.findings})


def test_lips_that_have_nothing_to_do_with_the_sound_have_no_lag():
    for seed in range(8):
        jaw, sound = make_codes(250, seed)[0]["posecode"][:, 3], make_codes(250, seed + 500)[1]
        sync = lip_sync(jaw, envelope_per_frame(hilbert_envelope(sound), 16000, 25, 250), NO_CUTS, 25)
        assert not sync.sure
        assert sync.correlation < 0.6


@pytest.mark.skipif(not BEAT2.exists(), reason="../shared/data is not there")
@pytest.mark.parametrize("lag", [-10, -4, 3, 10])
def test_lag_of_captured_lips_and_real_speech(lag):
    clip = read_sequence(BEAT2)
    samples, rate = read_mono(clip.audio)
    loudness = envelope_per_frame(hilbert_envelope(samples), rate, clip.fps, clip.frames)
    sync = lip_sync(np.roll(clip.jaw[:, 0], lag), loudness, NO_CUTS, clip.fps)
    assert sync.sure
    assert abs(sync.lag_frames - lag) <= 1


def test_lag_is_measured_within_each_joined_clip(tmp_path):
    """Where clips of one lag are joined, the jumps between them do not hide it."""
    write_3dxtalker_folder(tmp_path / "a", FRAMES, 3)
    clip = read_sequence(tmp_path / "a")
    samples, rate = read_mono(clip.audio)
    loudness = envelope_per_frame(hilbert_envelope(samples), rate, 25, FRAMES)
    jaw = np.roll(clip.jaw[:, 0], 5)
    jaw[AT:] += 3
    assert lip_sync(jaw, loudness, np.array([AT]), 25).lag_frames == pytest.approx(5, abs=0.6)
    assert lip_sync(jaw, loudness, NO_CUTS, 25).correlation < 0.5


def test_stored_envelope_is_that_of_the_sound():
    codes, sound = make_codes(100, 1)
    for samples in (sound, sound[:-1]):
        analytic = np.fft.ifft(_positive(np.fft.fft(samples.astype(np.float64))))
        assert np.abs(hilbert_envelope(samples) - np.abs(analytic)).max() < 1e-6
    assert np.abs(codes["envelope"] - hilbert_envelope(sound)).max() < 1e-3


def test_an_envelope_of_a_quick_length_has_the_same_frames():
    def smooth(n: int) -> bool:
        for prime in (2, 3, 5):
            while n % prime == 0:
                n //= prime
        return n == 1

    for count in (*range(1, 200), 159_997, 264_961):
        assert quick_length(count) == next(n for n in range(count, 2 * count + 1) if smooth(n))
    _, sound = make_codes(103, 1)
    sound = sound[:-3]
    exact, quick = (
        envelope_per_frame(hilbert_envelope(sound, length), 16000, 25, 103)
        for length in (None, quick_length(len(sound)))
    )
    off = np.abs(quick - exact) / exact.max()
    assert off[1:-1].max() < 1e-3
    assert off.max() < 1e-2  # the ends, which run into each other in the exact one


def _positive(spectrum: np.ndarray) -> np.ndarray:
    n = len(spectrum)
    weight = np.zeros(n)
    weight[0] = 1
    weight[1 : (n + 1) // 2] = 2
    if n % 2 == 0:
        weight[n // 2] = 1
    return spectrum * weight


def test_envelope_of_a_frame_is_the_mean_of_its_samples():
    envelope = np.arange(16000, dtype=np.float32)
    found = envelope_per_frame(envelope, 16000, 25, 30)
    assert found[3] == pytest.approx(np.mean(envelope[1920:2560]))
    assert (found[25:] == 0).all()
    assert envelope_per_frame(envelope, 16000, 29.97, 3)[2] == pytest.approx(np.mean(envelope[1068:1602]))


def test_wobble_is_of_the_identity_and_not_of_its_joints(tmp_path):
    write_3dxtalker_folder(tmp_path / "a", FRAMES, 9)
    clip = read_sequence(tmp_path / "a")
    jitter = check_sequence(clip).measures["identity_jitter"]
    expected = np.sqrt(np.square(clip.shape - np.median(clip.shape, 0)).sum(1).mean())
    assert jitter == pytest.approx(expected, rel=1e-5)
    still = replace(clip, shape=np.repeat(clip.shape[:1], FRAMES, 0))
    assert check_sequence(still).measures["identity_jitter"] == 0


@pytest.mark.parametrize(
    ("fields", "kind", "words"),
    [
        ({"global_rotation": np.tile((np.pi, 0, 0), (60, 1))}, "pose_range", "the head is turned by 180 degrees"),
        ({"jaw": np.tile((1.4, 0, 0), (60, 1))}, "jaw_range", "the jaw is turned by 80 degrees"),
        ({"eyes": np.tile((0, 0, 0, 0, 1.5, 0), (60, 1))}, "pose_range", "an eye is turned by 86 degrees"),
        ({"expression": np.tile(25.0, (60, 50))}, "expression_range", "expression code 1 is 25.0"),
    ],
)
def test_what_is_absurd_all_along_is_found(fields, kind, words):
    clip = talking_clip(np.random.default_rng(0), 60, **fields)
    found = [finding.text for finding in check_sequence(clip).findings if finding.kind == kind]
    assert any(words in text for text in found), found
    plain = check_sequence(talking_clip(np.random.default_rng(0), 60)).findings
    assert kind not in {finding.kind for finding in plain}
