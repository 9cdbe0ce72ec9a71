"""A clip that is handed on comes back as it was, in every layout, and what a layout cannot hold is said."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import numpy as np
import pytest

from tests.data import layouts, pickled
from tests.data.sequences import write_3dxtalker_folder, write_webtalk_clip
from xtalker_addon.cli import main
from xtalker_addon.core.convert import convert
from xtalker_addon.core.formats import read_sequence
from xtalker_addon.core.model.flame import load_model
from xtalker_addon.core.model.placement import expression_for, translation_for
from xtalker_addon.errors import UsageError

CODES = ("expression", "shape", "global_rotation", "jaw")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    folder = tmp_path_factory.mktemp("in") / "clip"
    write_3dxtalker_folder(folder, 20)
    return read_sequence(folder)


def names_in(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def assert_same(found, expected, names) -> None:
    for name in names:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)


def test_a_3dxtalker_folder_comes_back_whole(clip, tmp_path):
    convert(clip, tmp_path / "clip", "3dxtalker")
    found = read_sequence(tmp_path / "clip")
    names = ("camera", "light", "texture", "detail", "envelope")
    assert_same(found, clip, (*CODES, *names))
    np.testing.assert_allclose(found.reference_image, clip.reference_image, atol=1e-7)
    assert found.audio.read_bytes() == clip.audio.read_bytes()
    assert found.labels == clip.labels


def test_an_array_comes_back(clip, tmp_path):
    convert(clip, tmp_path / "clip.npy", "array")
    assert np.load(tmp_path / "clip.npy").shape == (20, 284)
    found = read_sequence(tmp_path / "clip.npy")
    assert_same(found, clip, (*CODES, "detail"))
    assert found.audio == tmp_path / "clip.wav"


def test_webtalk_comes_back_with_its_rate(clip, tmp_path):
    convert(replace(clip, fps=29.97), tmp_path / "clip.npz", "webtalk")
    found = read_sequence(tmp_path / "clip.npz")
    assert_same(found, clip, ("shape", "global_rotation", "jaw"))
    np.testing.assert_array_equal(found.expression[:, :50], clip.expression)
    assert not found.expression[:, 50:].any()
    assert found.fps == pytest.approx(29.97)
    with np.load(tmp_path / "clip.npz") as file:
        assert {key: file[key].shape for key in ("exp", "shape", "pose")} == {
            "exp": (20, 100),
            "shape": (20, 100),
            "pose": (20, 6),
        }
        assert file["shape"].dtype == np.float64


@pytest.mark.parametrize("layout", ["gaussianavatars", "webtalk"])
def test_all_joints_come_back(tmp_path, layout):
    written = layouts.write_flame_param(tmp_path / "clip")
    clip = read_sequence(written.path)
    out = tmp_path / ("out.npz" if layout == "webtalk" else "out")
    convert(clip, out, layout)
    found = read_sequence(out)
    names = ("expression", "global_rotation", "neck", "jaw", "eyes", "translation")
    assert_same(found, clip, names)
    width = found.shape.shape[-1]
    np.testing.assert_array_equal(found.shape if layout != "webtalk" else found.shape[0], clip.shape[:width])


def test_what_gaussian_avatars_reads(clip, tmp_path):
    remarks = convert(clip, tmp_path / "head", "gaussianavatars")
    folder = tmp_path / "head"
    transforms = json.loads((folder / "transforms.json").read_text())
    assert [frame["timestep_index"] for frame in transforms["frames"]] == list(range(20))
    assert all((folder / frame["flame_param_path"]).is_file() for frame in transforms["frames"])
    with np.load(folder / "flame_param" / "00007.npz") as frame:
        shapes = {key: frame[key].shape for key in frame.files}
        np.testing.assert_array_equal(frame["jaw_pose"][0], clip.jaw[7])
    assert shapes == {
        "translation": (1, 3),
        "rotation": (1, 3),
        "neck_pose": (1, 3),
        "jaw_pose": (1, 3),
        "eyes_pose": (1, 6),
        "expr": (1, 100),
        "shape": (300,),
        "static_offset": (1, 5143, 3),
    }
    with np.load(folder / "canonical_flame_param.npz") as rest:
        np.testing.assert_allclose(rest["jaw_pose"], [[0.3, 0, 0]])
        assert not rest["expr"].any()
    assert any("FLAME 2023" in text for text in remarks)
    assert any("the identity changes from frame to frame" in text for text in remarks)
    assert read_sequence(folder).audio == folder / "head.wav"


def test_what_a_layout_cannot_hold_is_said(tmp_path):
    clip = read_sequence(layouts.write_flame_param(tmp_path / "clip").path)
    (text, *more) = convert(replace(clip, fps=25), tmp_path / "out", "3dxtalker")
    assert "the neck, the eyes, the head's translation" in text
    assert any("only the first 50 of 100 columns of the expression" in remark for remark in more)
    assert any("FLAME 2020" in remark for remark in more)


def test_another_rate_is_not_written_where_none_can_be_said(clip, tmp_path):
    with pytest.raises(UsageError, match="runs at 30 frames a second"):
        convert(replace(clip, fps=30), tmp_path / "out", "3dxtalker")
    assert names_in(tmp_path) == []


def test_a_head_that_turns_about_the_origin_needs_its_model(tmp_path):
    clip = read_sequence(pickled.write_tracker_frames(tmp_path / "a" / "checkpoint", pixel3dmm=True).path)
    with pytest.raises(UsageError, match="give the model"):
        convert(clip, tmp_path / "out", "gaussianavatars")
    model = load_model()
    remarks = convert(clip, tmp_path / "out", "gaussianavatars", model)
    found = read_sequence(tmp_path / "out")
    expression = expression_for(model, replace(clip, eyelids=None))
    place = translation_for(model, clip, clip.shape, expression)
    expected = model.evaluate(clip.shape, expression, clip.pose(), place)
    shown = model.evaluate(found.shape, found.expression, found.pose(), found.translation)
    assert np.linalg.norm(shown - expected, axis=-1).max() < 2e-6
    assert any("the eyelids" in text for text in remarks)


def test_the_command(tmp_path, capsys):
    write_webtalk_clip(tmp_path, "202008647_0001", 12)
    source = tmp_path / "FLAME_coeffs_25" / "202008647_0001.npz"
    assert main(["convert", str(source), str(tmp_path / "out")]) == 0
    assert "12 frames of 202008647_0001 as 3dxtalker" in capsys.readouterr().out
    assert names_in(tmp_path / "out") == ["audio.wav", "expcode.npy", "posecode.npy", "shapecode.npy"]
    assert main(["convert", str(source), str(tmp_path / "out")]) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(["convert", str(source), str(tmp_path / "out.txt")]) == 2
    assert names_in(tmp_path) == ["FLAME_coeffs_25", "audios", "out", "transcripts"]


@pytest.mark.parametrize(
    ("name", "layout", "made"),
    [
        ("a", "webtalk", "a.npz"),
        ("a.npz", "webtalk", "a.npz"),
        ("a", "array", "a.npy"),
        ("a.b", "3dxtalker", "a.b"),
        ("a.npz", "array", "expected a file that ends in .npy"),
        ("a.npy", "webtalk", "expected a file that ends in .npz"),
        ("a.npz", "gaussianavatars", "expected a folder, whose name does not end in .npz"),
        ("a.npz", "3dxtalker", "expected a folder"),
    ],
)
def test_what_is_told_is_there_and_a_wrong_name_is_refused(tmp_path, capsys, name, layout, made):
    write_3dxtalker_folder(tmp_path / "in", 5)
    fits = made.startswith("a")
    code = main(["convert", str(tmp_path / "in"), str(tmp_path / "out" / name), "--layout", layout])
    told = capsys.readouterr()
    assert code == (0 if fits else 2)
    assert f"{tmp_path / 'out' / made}: " in told.out if fits else made in told.err
    assert (tmp_path / "out" / made).exists() if fits else not (tmp_path / "out").exists()


@pytest.mark.skipif(os.name == "nt", reason="needs a limit on the size of files")
def test_a_full_disk_is_told(clip, tmp_path):
    """numpy tells of an array that was written in part without any reason."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, before[1]))
    try:
        with pytest.raises(UsageError, match=r"out.npy: cannot be written \((?!None)") as caught:
            convert(clip, tmp_path / "out.npy", "array")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "is the disk full?" in str(caught.value)
    assert names_in(tmp_path) == []
