"""Tables of ARKit's units: read right, or told in a sentence."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.unit_tables import HEADER, UNITS, drop_frame, face, timecode, write_table
from xtalker_addon import cli
from xtalker_addon.core.arkit.names import NAMES, column, known
from xtalker_addon.core.formats import find_sequences, read_sequence
from xtalker_addon.core.model.flame import load_model
from xtalker_addon.core.model.placement import expression_for
from xtalker_addon.core.motion.rotation import matrix_from_axis_angle, matrix_from_euler_xyz
from xtalker_addon.errors import ModelError, SequenceError


@pytest.fixture(scope="module")
def model():
    return load_model()


@pytest.fixture
def columns():
    return face(np.random.default_rng(0), 40)


def said(clip, *words):
    return any(all(word in remark for word in words) for remark in clip.remarks())


def value_of(model, clip, unit):
    """(T,) of a unit, by the head's own file."""
    index = model.expression_names.index(column(unit))
    return expression_for(model, clip)[:, index] * model.expression_amounts[index]


def check_units(model, clip, columns, rows=slice(None)):
    for name, values in columns.items():
        unit = known(name)
        if unit in NAMES and not unit.startswith("eyeLook") and unit != "jawOpen":
            np.testing.assert_allclose(value_of(model, clip, unit)[rows], values, atol=1e-6, err_msg=unit)


def test_live_link_faces_take_moves_the_heads_own_units(tmp_path, model, columns):
    clip = read_sequence(write_table(tmp_path / "take.csv", columns))
    assert (clip.name, clip.fps, clip.fps_source, clip.frames) == ("take", 60, "read", 40)
    check_units(model, clip, columns)
    np.testing.assert_allclose(clip.jaw[:, 0], columns["JawOpen"] * model.jaw_open, atol=1e-6)
    assert not clip.jaw[:, 1:].any()
    yaw, pitch, roll = (columns[f"Head{angle}"] for angle in ("Yaw", "Pitch", "Roll"))
    turn = matrix_from_euler_xyz(np.stack([-pitch, yaw, roll], axis=1))
    np.testing.assert_allclose(matrix_from_axis_angle(clip.global_rotation), turn, atol=1e-6)
    yaw, pitch, roll = (columns[f"RightEye{angle}"] for angle in ("Yaw", "Pitch", "Roll"))
    turn = matrix_from_euler_xyz(np.stack([pitch, -yaw, roll], axis=1))
    np.testing.assert_allclose(matrix_from_axis_angle(clip.eyes[:, 3:]), turn, atol=1e-6)
    assert set(clip.left_out) == {name for name in UNITS if name.startswith("EyeLook")}
    assert not said(clip, "phone")


def test_a_smile_on_the_left_is_on_the_faces_own_left(tmp_path, model):
    smile = {name: np.full(2, float(name == "MouthSmileLeft")) for name in UNITS}
    clip = read_sequence(write_table(tmp_path / "a.csv", smile))
    moved = model.evaluate(None, expression_for(model, clip), np.zeros((2, 15)))[0] - model.template
    far = np.linalg.norm(moved, axis=1) > 0.002
    assert far.sum() > 20
    assert (model.template[far, 0] > 0).mean() > 0.75


def test_order_spelling_and_further_columns_do_not_matter(tmp_path, model, columns):
    shuffled = dict(sorted(columns.items(), reverse=True))
    renamed = {name[0].lower() + name[1:]: values for name, values in shuffled.items()}
    path = write_table(tmp_path / "a.csv", {"confidence": np.ones(40), **renamed}, separator=";")
    clip = read_sequence(path)
    check_units(model, clip, renamed)
    assert "confidence" in clip.left_out


def test_without_angles_the_looks_turn_the_eyes(tmp_path, columns):
    looks = {name: columns[name] * 0 for name in UNITS}
    looks["EyeLookInLeft"], looks["EyeLookUpRight"] = np.full(40, 0.5), np.full(40, 1.0)
    clip = read_sequence(write_table(tmp_path / "a.csv", looks))
    left, right = (matrix_from_axis_angle(clip.eyes[:, part]) @ [0, 0, 1.0] for part in (slice(3), slice(3, 6)))
    assert (left[:, 0] < -0.25).all()  # to the nose is to the own right
    assert (right[:, 1] > 0.4).all()
    assert clip.global_rotation is None
    assert not clip.left_out


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


@settings(max_examples=120, deadline=None)
@given(st.binary(max_size=300) | st.text(alphabet="0123456789.,:;-eE\nnaif ", max_size=300).map(str.encode))
def test_whatever_stands_below_the_names_is_read_or_told(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("t") / "a.csv"
    path.write_bytes(",".join(HEADER).encode() + b"\n" + rows)
    told = ""
    try:
        clip = read_sequence(path)
    except SequenceError as error:
        told = str(error)
    assert told.startswith(str(path)) or np.isfinite(clip.expression).all()


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


FORMS = {
    "byte order mark": lambda text: "\ufeff" + text,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "quoted": lambda text: "\n".join(",".join(f'"{cell}"' for cell in row.split(",")) for row in text.split("\n")[:-1]),
    "all of them": lambda text: FORMS["byte order mark"](FORMS["CRLF"](FORMS["quoted"](text))),
    "empty lines": lambda text: "\n" + text + "\n,,,\n\n",
    "no last line end": str.rstrip,
    "spaces": lambda text: text.replace(",", " , "),
}


@pytest.mark.parametrize("form", FORMS)
def test_what_programs_do_to_a_table_does_not_matter(tmp_path, model, columns, form):
    path = write_table(tmp_path / "a.csv", columns)
    path.write_text(FORMS[form](path.read_text()), newline="")
    clip = read_sequence(path)
    assert (clip.fps, clip.fps_source, clip.frames) == (60, "read", 40)
    check_units(model, clip, columns)


def test_of_frames_that_are_there_twice_the_last_is_shown_and_told(tmp_path, model, columns):
    clip = read_sequence(write_table(tmp_path / "a.csv", columns, np.r_[0:11, 10:39]))
    assert (clip.fps, clip.frames) == (60, 39)
    check_units(model, clip, {name: np.delete(values, 10) for name, values in columns.items()})
    assert said(clip, "1 row of the same time as the one before")


def test_the_commands_read_a_take_or_say_why_not(tmp_path, columns, capsys):
    """Each with its exit code: 2 for one bad input, 3 where a batch goes on without it."""
    takes = tmp_path / "takes"
    takes.mkdir()
    write_table(takes / "good.csv", columns)
    bad = write_table(takes / "bad.csv", columns | {"JawOpen": columns["JawOpen"] * 5})
    told = "bad.csv: jawOpen goes from"
    assert cli.main(["info", str(bad)]) == 2
    assert told in capsys.readouterr().err
    assert cli.main(["arkit", str(bad), "--output", str(tmp_path / "out.csv")]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out.csv").exists()
    settings = ["--output", str(tmp_path / "videos"), "--size", "32", "--frames", "0-1"]
    assert cli.main(["render", str(takes), *settings]) == 3
    assert told in "".join(capsys.readouterr())
    assert (tmp_path / "videos" / "good.mp4").is_file()


def changed(path, row, name, cell, separator=","):
    """The table with another cell in a row, which counts from 1 below the names."""
    lines = path.read_text().splitlines()
    cells = lines[row].split(separator)
    cells[lines[0].split(separator).index(name)] = cell
    lines[row] = separator.join(cells)
    path.write_text("\n".join(lines))
    return path


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
    assert said(
        clip, "40 of 40 rows of its Timecode", "row 1 is 'late:00.000'", "60 frames a second are assumed", "--fps"
    )
    assert any("60 frames a second are assumed" in text for text in clip.warnings)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_a_spreadsheets_semicolons_commas_and_encoding_are_read(tmp_path, model, columns, encoding):
    path = write_table(tmp_path / "a.csv", columns, np.arange(40.0), rate=25)
    text = path.read_text().replace(",", ";").replace(".", ",")
    path.write_bytes((("\ufeff" if encoding == "utf-16-be" else "") + text).encode(encoding))
    clip = read_sequence(path)
    assert (clip.fps, clip.fps_source, clip.frames) == (25, "read", 40)
    check_units(model, clip, columns)
    assert not said(clip, "time")


@pytest.mark.parametrize(
    ("cell", "told"),
    [("open", "'open'"), ("nan", "'nan'"), ("inf", "'inf'"), ("", "empty"), ('"0,5"', "'0,5'"), ("0,5", "64 cells")],
)
def test_a_row_with_a_cell_that_is_no_number_is_told_by_row_and_column(tmp_path, model, columns, cell, told, capsys):
    path = write_table(tmp_path / "a.csv", columns)
    clip = read_sequence(changed(path, 11, "JawOpen", cell))
    assert said(clip, "1 of 40 rows hold no face", "row 11: ", told)
    assert said(clip, "JawOpen is") != (told == "64 cells")
    there = [row for row in range(40) if row != 10]
    check_units(model, clip, {name: values[there] for name, values in columns.items()}, there)
    assert cli.main(["check", str(path)]) in (0, 3)
    assert "row 11: " in capsys.readouterr().out


def test_a_short_row_is_told_by_its_cells(tmp_path, columns):
    path = write_table(tmp_path / "a.csv", columns)
    lines = path.read_text().splitlines()
    lines[11] = ",".join(lines[11].split(",")[:30])
    path.write_text("\n".join(lines))
    assert said(read_sequence(path), "1 of 40 rows hold no face (row 11: it has 30 cells for 63 names)")


def test_an_empty_cell_more_at_the_end_does_not_matter(tmp_path, model, columns):
    path = write_table(tmp_path / "a.csv", columns)
    head, *rows = path.read_text().splitlines()
    path.write_text("\n".join([head, *(f"{row}," for row in rows)]))
    clip = read_sequence(path)
    check_units(model, clip, columns)
    assert not said(clip, "no face")


def test_check_tells_a_gap_in_time(tmp_path, columns, capsys):
    path = write_table(tmp_path / "a.csv", columns, np.r_[0:15, 20:45])
    assert cli.main(["check", str(path)]) in (0, 3)
    assert "5 of 45 frames are missing" in capsys.readouterr().out


def test_cells_in_percent_are_read(tmp_path, model, columns):
    path = write_table(tmp_path / "a.csv", columns)
    head, *rows = path.read_text().splitlines()
    shares = [["4:0:0:1", "61", *(f"{float(cell) * 100:.8f}%" for cell in row.split(",")[2:])] for row in rows]
    path.write_text("\n".join([head, *(",".join(row) for row in shares)]))
    check_units(model, read_sequence(path), columns)


def test_a_table_of_words_is_refused_by_its_first_cell(tmp_path, columns):
    path = tmp_path / "a.csv"
    path.write_text(",".join(columns) + "\n" + ",".join(["big"] * len(columns)))
    with pytest.raises(SequenceError, match=r"no row of numbers \(row 1: EyeBlinkLeft is 'big'\)"):
        read_sequence(path)


def test_a_table_of_few_units_is_refused_by_their_number(tmp_path, columns):
    path = write_table(tmp_path / "a.csv", {name: columns[name] for name in ("JawOpen", "MouthSmileLeft")})
    with pytest.raises(SequenceError, match=r"a\.csv: has only 2 of ARKit's 52 units"):
        read_sequence(path)


def test_a_table_of_timecodes_alone_is_told_to_have_no_units(tmp_path):
    (tmp_path / "words.csv").write_text("Timecode,Speaker\n0,A\n")
    with pytest.raises(SequenceError, match=r"words\.csv: has none of ARKit's 52 units"):
        read_sequence(tmp_path / "words.csv")


def test_lost_rows_are_passed_over(tmp_path, model, columns):
    path = write_table(tmp_path / "a.csv", columns)
    lines = path.read_text().splitlines()
    for row in (10, 11):
        lines[row + 1] = ",".join([timecode(row), "0", *[""] * len(columns)])
    path.write_text("\n".join(lines))
    clip = read_sequence(path)
    assert clip.frames == 40
    assert said(clip, "2 of 40 rows hold no face")
    there = [row for row in range(40) if row not in (10, 11)]
    check_units(model, clip, {name: values[there] for name, values in columns.items()}, there)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda c: c | {"JawOpen": c["JawOpen"] * 5 + 1},
            ("jawOpen", "expected ARKit's units", "divide percents by 100"),
        ),
        (lambda c: c | {"MouthLeft": -3 - c["MouthLeft"]}, ("mouthLeft", "expected ARKit's units")),
    ],
)
def test_what_is_no_unit_is_refused(tmp_path, columns, change, words):
    path = write_table(tmp_path / "a.csv", change(columns))
    with pytest.raises(SequenceError) as told:
        read_sequence(path)
    assert all(word in str(told.value) for word in (str(path), *words))


def test_percents_and_degrees_are_told(tmp_path, model, columns):
    columns["JawRight"] -= 0.35  # recorders write some units a little below 0
    large = {name: values * 100 if name in UNITS else np.degrees(values) for name, values in columns.items()}
    clip = read_sequence(write_table(tmp_path / "a.csv", large))
    plain = read_sequence(write_table(tmp_path / "b.csv", columns))
    np.testing.assert_allclose(clip.expression, plain.expression, atol=1e-5)
    np.testing.assert_allclose(clip.global_rotation, plain.global_rotation, atol=1e-5)
    assert said(clip, "percents")
    assert said(clip, "degrees")


def test_takes_that_were_joined_are_refused_or_told(tmp_path, columns):
    far = np.r_[np.arange(20.0), 3600 * 60 + np.arange(20.0)]
    with pytest.raises(SequenceError, match=r"leap by 1:00 h at row 21; cut the file"):
        read_sequence(write_table(tmp_path / "a.csv", columns, far))
    back = np.r_[np.arange(100.0, 120.0), np.arange(20.0)]
    clip = read_sequence(write_table(tmp_path / "b.csv", columns, back))
    assert (clip.frames, clip.fps) == (40, 60)
    assert said(clip, "run back at row 21")


def test_missing_units_are_told(tmp_path, model, columns):
    few = {name: columns[name] for name in UNITS if name not in ("TongueOut", "CheekPuff")}
    clip = read_sequence(write_table(tmp_path / "a.csv", few))
    assert said(clip, "lacks 2 of ARKit's 52 units (CheekPuff, TongueOut)")
    assert not value_of(model, clip, "cheekPuff").any()


def test_without_timecodes_sixty_are_assumed(tmp_path, columns):
    path = tmp_path / "a.csv"
    rows = [",".join(f"{values[row]:.6f}" for values in columns.values()) for row in range(40)]
    path.write_text("\n".join([",".join(columns), *rows]))
    clip = read_sequence(path)
    assert (clip.fps, clip.fps_source, clip.frames) == (60, "assumed", 40)


ARCHIVES = {
    "an array a unit": lambda c: {**c, "fps": np.array(30)},
    "names and weights": lambda c: {
        "names": np.array(list(c)),
        "weights": np.stack([*c.values()], 1),
        "fps": np.array(30),
    },
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_archives_of_units(tmp_path, model, columns, kind):
    np.savez(tmp_path / "a.npz", **ARCHIVES[kind](columns))
    clip = read_sequence(tmp_path / "a.npz")
    assert (clip.fps, clip.fps_source, clip.frames) == (30, "read", 40)
    check_units(model, clip, columns)


def _weights(c):
    return np.stack([*c.values()], axis=1).tolist()


def _records(c):
    return [dict(zip(c, weights, strict=True)) for weights in _weights(c)]


def _beat(c):
    frames = [{"weights": weights, "time": index / 60, "rotation": []} for index, weights in enumerate(_weights(c))]
    return {"names": [*c], "frames": frames}


def _audio2face(c):
    return {"exportFps": 30, "numPoses": len(c), "numFrames": 40, "facsNames": [*c], "weightMat": _weights(c)}


TEXTS = {
    "BEAT": (_beat, 60),
    "Audio2Face": (_audio2face, 30),
    "a list a unit": (lambda c: {"fps": 30, **{name: values.tolist() for name, values in c.items()}}, 30),
    "a record a frame": (lambda c: {"fps": 24, "frames": _records(c)}, 24),
    "records in frames": (
        lambda c: {"frames": [{"timestamp_ms": 40 * i, "blendshapes": r} for i, r in enumerate(_records(c))]},
        25,
    ),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_json_of_units(tmp_path, model, columns, kind):
    make, fps = TEXTS[kind]
    named = {name[0].lower() + name[1:]: columns[name] for name in UNITS}
    (tmp_path / "face.json").write_text(json.dumps(make(named)))
    assert find_sequences(tmp_path) == [tmp_path / "face.json"]
    clip = read_sequence(tmp_path / "face.json")
    assert clip.fps == pytest.approx(fps)
    assert clip.fps_source == "read"
    check_units(model, clip, named)


def test_a_json_list_of_records_is_a_frame_each(tmp_path, model, columns):
    named = {name: columns[name] for name in UNITS}
    (tmp_path / "face.json").write_text(json.dumps(_records(named)))
    clip = read_sequence(tmp_path / "face.json")
    assert (clip.fps_source, clip.frames) == ("assumed", 40)
    check_units(model, clip, named)


def test_records_without_some_of_the_units_are_told(tmp_path, model, columns):
    records = _records({name: columns[name] for name in UNITS})
    del records[7]["CheekPuff"], records[9]["CheekPuff"]
    (tmp_path / "face.json").write_text(json.dumps(records))
    clip = read_sequence(tmp_path / "face.json")
    assert said(clip, "2 of 40 frames lack units", "frame 7: CheekPuff", "0 there")
    assert (value_of(model, clip, "cheekPuff")[[7, 9]] == 0).all()


def test_a_single_missing_frame_is_told_by_its_number(tmp_path, columns):
    clip = read_sequence(write_table(tmp_path / "a.csv", columns, np.r_[0:15, 16:41]))
    assert said(clip, "1 of 41 frames are missing in its timecodes (15)")


def _with(value, frame, unit="JawOpen"):
    """Changes a unit's value in the frame of a JSON text's content."""

    def change(data):
        if isinstance(data, list):
            data[frame][unit] = value
        elif "weightMat" in data:
            data["weightMat"][frame][data["facsNames"].index(unit)] = value
        elif "names" in data:
            data["frames"][frame]["weights"][data["names"].index(unit)] = value
        else:
            data[unit][frame] = value
        return data

    return change


@pytest.mark.parametrize("make", [_beat, _audio2face, _records, lambda c: {n: v.tolist() for n, v in c.items()}])
@pytest.mark.parametrize("value", ["loud", {"x": 1}, [0.1, "b"]])
def test_what_is_no_number_is_told_by_unit_and_frame(tmp_path, columns, make, value):
    data = _with(value, 7)(make({name: columns[name] for name in UNITS}))
    (tmp_path / "face.json").write_text(json.dumps(data))
    with pytest.raises(SequenceError, match=r"face\.json.*JawOpen") as told:
        read_sequence(tmp_path / "face.json")
    assert "frame 7" in str(told.value)
    assert "expected" in str(told.value)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({name: 0.1 if name == "JawOpen" else [0.1, 0.2] for name in UNITS}, "JawOpen: is one number; expected a list"),
        ({name: [[0.1], [0.2]] for name in UNITS}, "EyeBlinkLeft: is of shape (2, 1); expected a list"),
        ({name: "x" if name == "JawOpen" else [0.1] for name in UNITS}, 'JawOpen: is "x"; expected a number'),
        ({"facsNames": UNITS, "weightMat": [[0.1] * 52, [0.1] * 51]}, "frame 1: has 51 numbers; expected 52 numbers"),
        ({"names": UNITS, "frames": [{"weights": [0.1] * 52}, {}]}, "frame 1: has nothing; expected 52 numbers"),
        ([dict.fromkeys(UNITS, 0.1), dict.fromkeys(UNITS)], "EyeBlinkLeft: is not finite at frame 1"),
    ],
)
def test_json_of_another_form_is_told_what_was_expected(tmp_path, data, told):
    (tmp_path / "face.json").write_text(json.dumps(data))
    with pytest.raises(SequenceError) as error:
        read_sequence(tmp_path / "face.json")
    assert told in str(error.value)


@pytest.mark.parametrize("text", ["{}", "[]", '[{"a": 1}]', "[1, 2]"])
def test_json_of_something_else_is_told_what_was_expected(tmp_path, text):
    (tmp_path / "face.json").write_text(text)
    with pytest.raises(SequenceError, match=r"face\.json: is JSON text; expected FLAME codes or ARKit's units"):
        read_sequence(tmp_path / "face.json")


def test_a_rate_in_words_is_told_and_not_used(tmp_path, columns):
    named = {name: columns[name] for name in UNITS}
    (tmp_path / "face.json").write_text(json.dumps(_audio2face(named) | {"exportFps": "fast"}))
    clip = read_sequence(tmp_path / "face.json")
    assert said(clip, "key 'exportFps': is fast; expected frames a second")
    assert (clip.fps, clip.fps_source) == (60, "assumed")


def test_a_unit_of_another_length_is_named(tmp_path, columns):
    np.savez(tmp_path / "a.npz", **columns | {"JawOpen": columns["JawOpen"][:9]})
    with pytest.raises(SequenceError, match=r"a\.npz: JawOpen has 9 frames and most have 40"):
        read_sequence(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("dropped", "words"),
    [
        (["HeadYaw"], "lacks HeadYaw; it stays 0"),
        (["HeadYaw", "HeadPitch", "HeadRoll"], "lacks HeadYaw, HeadPitch, HeadRoll; they stay 0"),
        (["LeftEyeRoll"], "lacks LeftEyeRoll; it stays 0"),
        ([name for name in HEADER[2:] if name not in UNITS], "lacks HeadYaw, HeadPitch, HeadRoll; they stay 0"),
    ],
)
def test_missing_angles_are_told(tmp_path, columns, dropped, words):
    there = {name: values for name, values in columns.items() if name not in dropped}
    assert said(read_sequence(write_table(tmp_path / "a.csv", there)), words)


def test_they_are_found_among_other_tables(tmp_path, columns):
    take = write_table(tmp_path / "takes" / "a.csv", columns) if (tmp_path / "takes").mkdir() is None else None
    (tmp_path / "list.csv").write_text("path,name\nclips/a,b\n")
    (tmp_path / "notes.json").write_text('{"jawOpen": "a word"}')
    assert find_sequences(tmp_path) == [take]


def test_commands_take_them(tmp_path, columns, capsys):
    path = write_table(tmp_path / "take.csv", columns)
    assert cli.main(["info", str(path)]) == 0
    told = capsys.readouterr().out
    assert "60 frames a second (by the file)" in told
    assert "a phone that stands upright" in told
    assert cli.main(["check", str(path)]) in (0, 3)
    assert "fault" not in capsys.readouterr().out.split("1 sequence")[0]
    assert cli.main(["convert", str(path), str(tmp_path / "x.npz")]) == 2
    assert "xtalker arkit" in capsys.readouterr().err
    assert cli.main(["vertices", str(path), "--output", str(tmp_path / "v")]) == 0
    assert (tmp_path / "v" / "take" / "vertices.npy").is_file()


def test_a_model_without_the_columns_refuses(tmp_path, columns):
    from tests.data.models import synthetic_model

    clip = read_sequence(write_table(tmp_path / "a.csv", columns))
    with pytest.raises(ModelError, match=r"no columns of their names .*XTalker's own head"):
        expression_for(synthetic_model(), clip)
