"""What is wrong with a table of ARKit's units is told in a sentence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.unit_tables import HEADER, UNITS, changed, check_units, said, timecode, value_of, write_table
from xtalker_addon import cli
from xtalker_addon.core.formats import read_sequence
from xtalker_addon.core.model.placement import expression_for
from xtalker_addon.errors import ModelError, SequenceError


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


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("open", "'open'"),
        ("nan", "'nan'"),
        ("inf", "'inf'"),
        ("", "empty"),
        ('"0,5,1"', "'0,5,1'"),
        ("0,5", "64 cells"),
    ],
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


def test_missing_units_are_told(tmp_path, model, columns):
    few = {name: columns[name] for name in UNITS if name not in ("TongueOut", "CheekPuff")}
    clip = read_sequence(write_table(tmp_path / "a.csv", few))
    assert said(clip, "lacks 2 of ARKit's 52 units (CheekPuff, TongueOut)")
    assert not value_of(model, clip, "cheekPuff").any()


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


def test_a_model_without_the_columns_refuses(tmp_path, columns):
    from tests.data.models import synthetic_model

    clip = read_sequence(write_table(tmp_path / "a.csv", columns))
    with pytest.raises(ModelError, match=r"no columns of their names .*XTalker's own head"):
        expression_for(synthetic_model(), clip)


@pytest.mark.parametrize("name", ["take.tsv", "take.txt"])
def test_a_table_of_another_suffix_is_told_to_be_renamed(tmp_path, columns, name):
    write_table(tmp_path / name, columns, separator="\t")
    with pytest.raises(SequenceError, match=rf"{name}: is a table of ARKit's units; give it a name that ends in \.csv"):
        read_sequence(tmp_path / name)


def test_units_without_their_names_are_told(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((9, 52), np.float32))
    with pytest.raises(SequenceError, match=r"may be ARKit's 52 units; save them as an \.npz with names"):
        read_sequence(tmp_path / "a.npy")
