"""Tables of ARKit's units, as Live Link Face and other programs write them, move the head."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

from tests.data.sequences import write_wav
from tests.data.unit_tables import UNITS, check_units, said, write_table
from xtalker_addon import cli
from xtalker_addon.core.ffmpeg import find_ffmpeg
from xtalker_addon.core.formats import find_sequences, read_sequence
from xtalker_addon.core.model.placement import expression_for
from xtalker_addon.core.motion.rotation import matrix_from_axis_angle, matrix_from_euler_xyz
from xtalker_addon.core.speech.audio import read_mono


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


FORMS = {
    "byte order mark": lambda text: "\ufeff" + text,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "quoted": lambda text: "\n".join(",".join(f'"{cell}"' for cell in row.split(",")) for row in text.split("\n")[:-1]),
    "all of them": lambda text: FORMS["byte order mark"](FORMS["CRLF"](FORMS["quoted"](text))),
    "empty lines": lambda text: "\n" + text + "\n,,,\n\n",
    "no last line end": str.rstrip,
    "spaces": lambda text: text.replace(",", " , "),
    "the separator told first": lambda text: "sep=,\n" + text,
    "decimal commas in quotes": lambda text: FORMS["quoted"](text).replace(".", ","),
    "tabs and decimal commas": lambda text: text.replace(",", "\t").replace(".", ","),
    "semicolons told first": lambda text: "sep=;\n" + text.replace(",", ";").replace(".", ","),
}


@pytest.mark.parametrize("form", FORMS)
def test_what_programs_do_to_a_table_does_not_matter(tmp_path, model, columns, form):
    path = write_table(tmp_path / "a.csv", columns)
    path.write_text(FORMS[form](path.read_text()), newline="")
    clip = read_sequence(path)
    assert (clip.fps, clip.fps_source, clip.frames) == (60, "read", 40)
    check_units(model, clip, columns)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_a_spreadsheets_semicolons_commas_and_encoding_are_read(tmp_path, model, columns, encoding):
    path = write_table(tmp_path / "a.csv", columns, np.arange(40.0), rate=25)
    text = path.read_text().replace(",", ";").replace(".", ",")
    path.write_bytes((("\ufeff" if encoding == "utf-16-be" else "") + text).encode(encoding))
    clip = read_sequence(path)
    assert (clip.fps, clip.fps_source, clip.frames) == (25, "read", 40)
    check_units(model, clip, columns)
    assert not said(clip, "time")


def test_an_empty_cell_more_at_the_end_does_not_matter(tmp_path, model, columns):
    path = write_table(tmp_path / "a.csv", columns)
    head, *rows = path.read_text().splitlines()
    path.write_text("\n".join([head, *(f"{row}," for row in rows)]))
    clip = read_sequence(path)
    check_units(model, clip, columns)
    assert not said(clip, "no face")


def test_cells_in_percent_are_read(tmp_path, model, columns):
    path = write_table(tmp_path / "a.csv", columns)
    head, *rows = path.read_text().splitlines()
    shares = [["4:0:0:1", "61", *(f"{float(cell) * 100:.8f}%" for cell in row.split(",")[2:])] for row in rows]
    path.write_text("\n".join([head, *(",".join(row) for row in shares)]))
    check_units(model, read_sequence(path), columns)


def test_percents_and_degrees_are_told(tmp_path, model, columns):
    columns["JawRight"] -= 0.35  # recorders write some units a little below 0
    large = {name: values * 100 if name in UNITS else np.degrees(values) for name, values in columns.items()}
    clip = read_sequence(write_table(tmp_path / "a.csv", large))
    plain = read_sequence(write_table(tmp_path / "b.csv", columns))
    np.testing.assert_allclose(clip.expression, plain.expression, atol=1e-5)
    np.testing.assert_allclose(clip.global_rotation, plain.global_rotation, atol=1e-5)
    assert said(clip, "percents")
    assert said(clip, "degrees")


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


def test_a_single_frame_is_told_as_one(tmp_path, columns, capsys):
    path = write_table(tmp_path / "take_neutral.csv", {name: values[:1] for name, values in columns.items()})
    assert cli.main(["info", str(path)]) == 0
    assert "take_neutral: 1 frame, 0.02 s" in capsys.readouterr().out


@pytest.mark.parametrize("table", ["MySlate_1_iPhone.csv", "MySlate_1_iPhone_cal.csv", "MySlate_1_iPhone_raw.csv"])
def test_the_sound_of_a_take_is_that_of_its_video(tmp_path, columns, table):
    path = write_table(tmp_path / table, columns)
    video = tmp_path / "MySlate_1_iPhone.mov"
    command = [find_ffmpeg(), "-v", "error", "-f", "lavfi", "-i", "sine=duration=0.667", "-f", "lavfi"]
    command += ["-i", "color=size=64x64:duration=0.667", "-c:v", "mpeg4", "-c:a", "aac", str(video)]
    subprocess.run(command, check=True)
    clip = read_sequence(path)
    assert clip.audio == video
    assert not said(clip, "lasts")
    samples, rate = read_mono(clip.audio)
    assert len(samples) / rate == pytest.approx(0.667, abs=0.05)
    write_wav(tmp_path / "MySlate_1_iPhone.wav", samples, rate)
    assert read_sequence(path).audio == tmp_path / "MySlate_1_iPhone.wav"
