""".npz and JSON of ARKit's units."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.data.unit_tables import UNITS, check_units, said, timecode, value_of
from xtalker_addon.core.formats import find_sequences, read_sequence
from xtalker_addon.errors import SequenceError

ARCHIVES = {
    "an array a unit": lambda c: {**c, "fps": np.array(30)},
    "names and weights": lambda c: {
        "names": np.array(list(c)),
        "weights": np.stack([*c.values()], 1),
        "fps": np.array(30),
    },
    "times": lambda c: {**c, "timestamps": 7 + np.arange(40) / 30},
    "times of names": lambda c: {
        "names": np.array(list(c)),
        "weights": np.stack([*c.values()], 1),
        "time_ms": np.arange(40) * 1000 / 30,
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


def _pairs(c, name, share):
    return [[{name: unit, share: value} for unit, value in record.items()] for record in _records(c)]


TEXTS = {
    "BEAT": (_beat, 60),
    "Audio2Face": (_audio2face, 30),
    "a list a unit": (lambda c: {"fps": 30, **{name: values.tolist() for name, values in c.items()}}, 30),
    "a record a frame": (lambda c: {"fps": 24, "frames": _records(c)}, 24),
    "records in frames": (
        lambda c: {"frames": [{"timestamp_ms": 40 * i, "blendshapes": r} for i, r in enumerate(_records(c))]},
        25,
    ),
    "lists under frames": (lambda c: {"frameRate": 24, "blendShapeNames": [*c], "frames": _weights(c)}, 24),
    "a list a unit, inside": (lambda c: {"fps": 30, "blendShapes": {n: v.tolist() for n, v in c.items()}}, 30),
    "times beside": (
        lambda c: {"timestamps": [7 + i / 24 for i in range(40)], **{name: v.tolist() for name, v in c.items()}},
        24,
    ),
    "clock in milliseconds": (
        lambda c: [{"timestampMs": 40 * i, "blendShapes": r} for i, r in enumerate(_records(c))],
        25,
    ),
    "timecodes": (lambda c: [{"timecode": timecode(2 * i), "blendShapes": r} for i, r in enumerate(_records(c))], 30),
    "MediaPipe": (
        lambda c: [
            {
                "timestamp_ms": 40 * i,
                "faceBlendshapes": [{"categories": [{"categoryName": "_neutral", "score": 0}, *p]}],
            }
            for i, p in enumerate(_pairs(c, "categoryName", "score"))
        ],
        25,
    ),
    "pairs": (
        lambda c: {"data": [{"time": i / 60, "blendshapes": p} for i, p in enumerate(_pairs(c, "name", "value"))]},
        60,
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


def test_json_lines_are_a_frame_each(tmp_path, model, columns):
    named = {name: columns[name] for name in UNITS}
    lines = [json.dumps({"timestamp": 9 + i / 30, "blendShapes": r}) for i, r in enumerate(_records(named))]
    (tmp_path / "face.json").write_text("\n".join(lines) + "\n")
    clip = read_sequence(tmp_path / "face.json")
    assert (clip.fps, clip.frames) == (30, 40)
    check_units(model, clip, named)


@pytest.mark.parametrize("nothing", [None, {}, []])
def test_frames_without_a_face_are_passed_over(tmp_path, model, columns, nothing):
    named = {name: columns[name] for name in UNITS}
    frames = [{"timestamp": i / 30, "blendShapes": r} for i, r in enumerate(_records(named))]
    frames[7]["blendShapes"] = frames[8]["blendShapes"] = nothing
    (tmp_path / "face.json").write_text(json.dumps(frames))
    clip = read_sequence(tmp_path / "face.json")
    assert clip.frames == 40
    assert said(clip, "2 of 40 frames hold no face (frame 7); it passes evenly over them")
    there = [frame for frame in range(40) if frame not in (7, 8)]
    check_units(model, clip, {name: values[there] for name, values in named.items()}, there)
    np.testing.assert_allclose(np.diff(value_of(model, clip, "cheekPuff")[6:10], 2), 0, atol=1e-6)


def test_records_without_some_of_the_units_are_told(tmp_path, model, columns):
    records = _records({name: columns[name] for name in UNITS})
    del records[7]["CheekPuff"], records[9]["CheekPuff"]
    (tmp_path / "face.json").write_text(json.dumps(records))
    clip = read_sequence(tmp_path / "face.json")
    assert said(clip, "2 of 40 frames lack units", "frame 7: CheekPuff", "0 there")
    assert (value_of(model, clip, "cheekPuff")[[7, 9]] == 0).all()


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
