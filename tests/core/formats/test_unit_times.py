"""When the rows of a table of ARKit's units are: by timecodes, clocks and counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.unit_tables import UNITS, changed, check_units, drop_frame, face, said, timecode, value_of, write_table
from xtalker_addon import cli
from xtalker_addon.core.dataset import index_tree
from xtalker_addon.core.formats import read_sequence
from xtalker_addon.errors import SequenceError


def test_a_gap_in_the_timecodes_is_kept_in_time_and_told(tmp_path, model, columns):
    places = np.r_[0:15, 20:45]
    clip = read_sequence(write_table(tmp_path / "a.csv", columns, places))
    assert (clip.fps, clip.frames) == (60, 45)
    check_units(model, clip, columns, places)
    assert said(clip, "5 of 45 frames are missing", "15 to 19")
    between = value_of(model, clip, "cheekPuff")[14:21]
    np.testing.assert_allclose(np.diff(between, 2), 0, atol=1e-6)


@pytest.mark.parametrize(
    ("places", "start", "fps"),
    [
        (31.652 + 1.99975 * np.arange(200), 4 * 3600.0, 30.0),  # of real takes: every second frame
        (20.912 + 1.000579 * np.arange(2000), 4 * 3600.0, 59.965),
        (np.arange(200.0), 86399.0, 60.0),  # over midnight
    ],
    ids=["at 30", "a clock that runs slow", "over midnight"],
)
def test_subframes_tell_the_rate(tmp_path, places, start, fps):
    columns = face(np.random.default_rng(1), len(places))
    clip = read_sequence(write_table(tmp_path / "a.csv", columns, places, start=start))
    assert clip.fps == pytest.approx(fps, abs=2e-3)
    assert clip.frames == len(places)
    assert not said(clip, "missing")


def test_timecodes_of_25_frames_a_second(tmp_path, columns):
    clip = read_sequence(write_table(tmp_path / "a.csv", columns, np.arange(40.0), rate=25))
    assert (clip.fps, clip.frames) == (25, 40)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_rows_stand_where_their_timecodes_say(tmp_path_factory, model, data):
    rate = data.draw(st.sampled_from([24, 25, 30, 60]))
    steps = data.draw(st.lists(st.sampled_from([1] * 9 + [2, 5]), max_size=2 * rate))
    places = np.cumsum([0, *[1] * (2 * rate + 1), *steps]).astype(float)  # whole seconds, that tell what they are of
    start = data.draw(st.integers(0, 86399))
    rng = np.random.default_rng(len(steps))
    columns = face(rng, len(places))
    order = rng.permutation(UNITS).tolist()
    path = write_table(tmp_path_factory.mktemp("t") / "a.csv", {n: columns[n] for n in order}, places, rate, start)
    clip = read_sequence(path)
    assert clip.fps == rate
    assert clip.frames == places[-1] + 1
    check_units(model, clip, {name: columns[name] for name in UNITS}, places.astype(int))
    missing = int(places[-1] + 1 - len(places))
    assert said(clip, f"{missing} of {clip.frames} frames are missing") == bool(missing)


def stamped(path, codes):
    """The table with other timecodes."""
    head, *rows = path.read_text().splitlines()
    rows = [f"{code},{row.split(',', 1)[1]}" for code, row in zip(codes, rows, strict=True)]
    path.write_text("\n".join([head, *rows]))
    return path


@pytest.mark.parametrize("count", [30, 60])
@pytest.mark.parametrize(("minute", "mark"), [(1, ";"), (1, ":"), (10, ";"), (11, ":"), (1440, ";")])
def test_drop_frame_timecodes_lose_no_frame(tmp_path, model, count, minute, mark):
    """Over a minute that leaves numbers out, over a tenth that does not, and over midnight."""
    columns = face(np.random.default_rng(0), 150)
    first = (minute // 10 * 17982 + (1800 + (minute % 10 - 1) * 1798) * bool(minute % 10)) * count // 30 - 70
    codes = [drop_frame(first + row, count, mark) for row in range(150)]
    clip = read_sequence(stamped(write_table(tmp_path / "a.csv", columns), codes))
    assert clip.fps == pytest.approx(count / 1.001, rel=1e-6)
    assert (clip.fps_source, clip.frames) == ("read", 150)
    check_units(model, clip, columns)
    assert not said(clip, "missing")


def test_a_gap_in_drop_frame_timecodes_is_kept(tmp_path, columns):
    places = [*range(1780, 1790), *range(1795, 1825)]
    path = stamped(write_table(tmp_path / "a.csv", columns), [drop_frame(place, 30) for place in places])
    clip = read_sequence(path)
    assert (clip.fps, clip.frames) == (pytest.approx(30 / 1.001), 45)
    assert said(clip, "5 of 45 frames are missing in its timecodes (10 to 14)")


def test_a_gap_at_a_minute_is_no_drop_frame(tmp_path, columns):
    places = np.r_[0:20, 25:45]
    clip = read_sequence(write_table(tmp_path / "a.csv", columns, places, start=59 + 40 / 60))
    assert (clip.fps, clip.frames) == (60, 45)
    assert said(clip, "5 of 45 frames are missing")


def test_of_frames_that_are_there_twice_the_last_is_shown_and_told(tmp_path, model, columns):
    clip = read_sequence(write_table(tmp_path / "a.csv", columns, np.r_[0:11, 10:39]))
    assert (clip.fps, clip.frames) == (60, 39)
    check_units(model, clip, {name: np.delete(values, 10) for name, values in columns.items()})
    assert said(clip, "1 row of the same time as the one before")


@pytest.mark.parametrize("rows", [(11,), (1, 2, 30, 31, 40)])
def test_a_few_timecodes_that_tell_no_time_lie_between_their_neighbours(tmp_path, model, columns, rows):
    path = write_table(tmp_path / "a.csv", columns, np.arange(40.0), rate=25)
    for row in rows:
        changed(path, row, "Timecode", "tea time")
    clip = read_sequence(path)
    assert (clip.fps, clip.fps_source, clip.frames) == (25, "read", 40)
    check_units(model, clip, columns)
    assert said(clip, f"{len(rows)} of 40 rows", f"row {rows[0]} is 'tea time'", "between their neighbours")


def test_a_timecode_that_tells_no_time_keeps_the_gap_beside_it(tmp_path, columns):
    path = write_table(tmp_path / "a.csv", columns, np.r_[0:20, 22:42])
    clip = read_sequence(changed(path, 20, "Timecode", ""))
    assert (clip.fps, clip.frames) == (60, 42)
    assert said(clip, "2 of 42 frames are missing")


def test_where_most_timecodes_tell_no_time_the_assumed_rate_is_told(tmp_path, columns, capsys):
    path = write_table(tmp_path / "a.csv", columns)
    path.write_text(path.read_text().replace("04:00:00:", "late:"))
    clip = read_sequence(path)
    assert (clip.fps, clip.fps_source) == (60, "assumed")
    assert said(clip, "40 of 40 rows of its Timecode", "row 1 is 'late:00.000'")
    assert said(clip, "its Timecode tells no rate", "60 frames a second are assumed", "--fps")
    assert not said(read_sequence(path, fps=30), "assumed")


def test_check_tells_a_gap_in_time(tmp_path, columns, capsys):
    path = write_table(tmp_path / "a.csv", columns, np.r_[0:15, 20:45])
    assert cli.main(["check", str(path)]) in (0, 3)
    assert "5 of 45 frames are missing" in capsys.readouterr().out


def test_takes_that_were_joined_are_refused_or_told(tmp_path, columns):
    far = np.r_[np.arange(20.0), 3600 * 60 + np.arange(20.0)]
    with pytest.raises(SequenceError, match=r"leap by 1:00 h at row 21; cut the file"):
        read_sequence(write_table(tmp_path / "a.csv", columns, far))
    back = np.r_[np.arange(100.0, 120.0), np.arange(20.0)]
    clip = read_sequence(write_table(tmp_path / "b.csv", columns, back))
    assert (clip.frames, clip.fps) == (40, 60)
    assert said(clip, "run back at row 21")


def test_without_timecodes_sixty_are_assumed(tmp_path, columns):
    path = tmp_path / "a.csv"
    rows = [",".join(f"{values[row]:.6f}" for values in columns.values()) for row in range(40)]
    path.write_text("\n".join([",".join(columns), *rows]))
    clip = read_sequence(path)
    assert (clip.fps, clip.fps_source, clip.frames) == (60, "assumed", 40)
    (found,) = index_tree(tmp_path).clips
    assert (found.fps, found.fps_source, found.frames) == (60, "assumed", 40)


def test_a_single_missing_frame_is_told_by_its_number(tmp_path, columns):
    clip = read_sequence(write_table(tmp_path / "a.csv", columns, np.r_[0:15, 16:41]))
    assert said(clip, "1 of 41 frames are missing in its timecodes (15)")


@pytest.mark.parametrize(
    ("codes", "fps", "told"),
    [
        (
            [drop_frame(100 + row, 30, ":") for row in range(40)],
            30,
            "30 frames a second, and would at 29.97 too",
        ),
        (
            [drop_frame(100 + row, 60, ":") for row in range(40)],
            60,
            "60 frames a second, and would at 59.94 too",
        ),
        ([f"00:00:{row // 24:02d}:{row % 24:02d}" for row in range(40)], 24, "at 23.976 too"),
        ([f"00:00:{row // 25:02d}:{row % 25:02d}" for row in range(40)], 25, ""),
        ([timecode(2 * row) for row in range(40)], 30, ""),  # with fractions, of the app's clock
        ([f"00:00:01:{row:02d}" for row in range(40)], 60, "stays within one second; 60 frames in it are assumed"),
    ],
)
def test_what_timecodes_leave_open_is_told_and_can_be_said(tmp_path, columns, codes, fps, told):
    path = stamped(write_table(tmp_path / "a.csv", columns), codes)
    clip = read_sequence(path)
    assert clip.fps == fps
    assert said(clip, "its Timecode", told, "--fps") == bool(told)
    clip = read_sequence(path, fps=29.97)
    assert (clip.fps, clip.frames) == (29.97, 40)
    assert not said(clip, "its Timecode")


@pytest.mark.parametrize(
    ("scale", "told"), [(1, ""), (1e3, "milliseconds"), (1e6, "microseconds"), (1e9, "nanoseconds")]
)
@pytest.mark.parametrize("fps", [24, 60])
def test_times_are_of_the_unit_that_a_face_can_move_in(tmp_path, columns, scale, told, fps):
    path = write_table(tmp_path / "a.csv", columns)
    path.write_text(path.read_text().replace("Timecode", "Timestamp", 1))
    clip = read_sequence(stamped(path, [f"{(7 + row / fps) * scale:.5f}" for row in range(40)]))
    assert (clip.fps, clip.fps_source, clip.frames) == (fps, "read", 40)
    assert said(clip, "are taken as", told) == bool(told)


@pytest.mark.parametrize("form", ["{}", "{}.0", "04:00:{:02d}:00.000"])
def test_a_column_that_counts_frames_keeps_gaps_and_tells_no_rate(tmp_path, model, columns, form):
    places = np.r_[0:15, 17:42]
    clip = read_sequence(stamped(write_table(tmp_path / "a.csv", columns), [form.format(place) for place in places]))
    assert (clip.fps, clip.fps_source, clip.frames) == (60, "assumed", 42)
    check_units(model, clip, columns, places)
    assert said(clip, "2 of 42 frames are missing")
    assert said(clip, "its Timecode tells no rate; 60 frames a second are assumed")


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("Time (s)", lambda place: f"{place / 25:.6f}"),
        ("timestampMs", lambda place: f"{place * 40}"),
        (
            "timestamp",
            lambda place: f"2026-05-01T10:59:{58 + place / 25:09.6f}Z" if place < 50 else "2026-05-01T11:00:00Z",
        ),
        ("Time", lambda place: f"0:00:{place / 25:.3f}"),
    ],
)
def test_clocks_by_other_names_and_forms(tmp_path, columns, name, form):
    path = write_table(tmp_path / "a.csv", columns)
    path.write_text(path.read_text().replace("Timecode", name, 1))
    clip = read_sequence(stamped(path, [form(place) for place in np.r_[0:15, 17:42].tolist()]))
    assert (clip.fps, clip.fps_source, clip.frames) == (25, "read", 42)


def test_a_clock_counts_more_than_a_column_of_frames(tmp_path, columns):
    path = write_table(tmp_path / "a.csv", {"Frame": np.arange(40.0), **columns}, np.arange(40.0), rate=25)
    assert (read_sequence(path).fps, read_sequence(path).fps_source) == (25, "read")
    path.write_text(path.read_text().replace("Timecode", "hour", 1))
    assert (read_sequence(path).fps, read_sequence(path).fps_source) == (60, "assumed")


@pytest.mark.parametrize("fps", [30, 60])
def test_rows_are_even_within_the_whole_seconds_of_a_coarse_clock(tmp_path, model, fps):
    columns = face(np.random.default_rng(3), 200)
    codes = [f"10:00:{(row + 17) // fps:02d}" for row in range(200)]
    clip = read_sequence(stamped(write_table(tmp_path / "a.csv", columns), codes))
    assert (clip.fps, clip.fps_source, clip.frames) == (fps, "read", 200)
    check_units(model, clip, columns)
    assert said(clip, "many of its rows have one time")


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("gap", [0, 30])
def test_a_clock_that_trembles_keeps_the_length_and_the_rate(tmp_path, seed, gap):
    """A random part of a frame on each timecode makes steps of none to two frames."""
    rng = np.random.default_rng(seed)
    places = np.arange(150) + gap * (np.arange(150) > 70) + rng.random(150)
    clip = read_sequence(write_table(tmp_path / "a.csv", face(rng, 150), places))
    assert clip.fps == 60
    assert abs((clip.frames - 1) - (places[-1] - places[0])) < 1
    assert said(clip, "uneven in time")


def test_rows_close_to_others_take_no_time_away(tmp_path, columns):
    places = np.cumsum(np.where(np.arange(40) % 5 == 4, 0.4, 1.0))
    clip = read_sequence(write_table(tmp_path / "a.csv", columns, places))
    assert abs((clip.frames - 1) / clip.fps - (places[-1] - places[0]) / 60) < 1 / 60
