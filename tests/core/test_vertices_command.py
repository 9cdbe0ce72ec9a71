"""From codes to vertices for whole trees, and from vertices back to codes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.data.sequences import smooth_motion, write_3dxtalker_folder, write_webtalk_clip
from xtalker_addon.cli import main
from xtalker_addon.core.amounts import counted
from xtalker_addon.core.formats import read_sequence
from xtalker_addon.core.model.clip import Clip
from xtalker_addon.core.model.fit import fit_codes
from xtalker_addon.core.model.flame import load_model, save_model
from xtalker_addon.core.model.placement import as_person
from xtalker_addon.core.sequence import Sequence

T = 20
MOVING = ("global_rotation", "jaw", "translation")


@pytest.fixture(scope="module")
def head():
    return load_model()


@pytest.fixture(scope="module")
def codes():
    rng = np.random.default_rng(3)
    return Sequence(
        "clip", Path("clip"), 25.0, smooth_motion(T, 100, rng) * 0.9, shape=rng.normal(0, 1, 300),
        global_rotation=smooth_motion(T, 3, rng) * 0.12, jaw=np.abs(smooth_motion(T, 3, rng)) * 0.06,
        translation=smooth_motion(T, 3, rng) * 0.05,
    )  # fmt: skip


@pytest.mark.parametrize(("flat", "jobs"), [(False, "1"), (True, "2")])
def test_vertices_of_a_tree_are_written_once_and_read_back(tmp_path, head, flat, jobs, capsys):
    write_3dxtalker_folder(tmp_path / "in" / "V0-GRID" / "s1", 6)
    write_webtalk_clip(tmp_path / "in" / "web", "w1", 5)
    command = ["vertices", str(tmp_path / "in"), "--output", str(tmp_path / "out"), "--jobs", jobs]
    command += ["--flat"] if flat else []
    assert main(command) == 0
    source = read_sequence(tmp_path / "in" / "V0-GRID" / "s1")
    found = read_sequence(tmp_path / "out" / "V0-GRID" / "s1")
    expected = np.concatenate(list(Clip(source, head).vertices()))
    stored = np.load(tmp_path / "out" / "V0-GRID" / "s1" / "vertices.npy")
    assert stored.shape == ((6, 5023 * 3) if flat else (6, 5023, 3))
    np.testing.assert_allclose(found.vertices, expected, rtol=0, atol=1e-7)  # threads of a sum round apart
    assert (found.name, found.fps, found.fps_source, found.audio) == ("s1", 25.0, "read", source.audio)
    assert "2 sequences written, 0 were there, 0 failed" in capsys.readouterr().out
    assert main(command) == 0
    assert "0 sequences written, 2 were there, 0 failed" in capsys.readouterr().out


def test_vertices_of_somebody_else(tmp_path, head, capsys):
    write_3dxtalker_folder(tmp_path / "in" / "a", 4)
    source = read_sequence(tmp_path / "in" / "a")
    command = ["vertices", str(tmp_path / "in"), "--output", str(tmp_path / "out")]
    for person in ("mei", None, "kofi"):  # each in the other's place
        assert main(command + (["--person", person] if person else [])) == 0
        expected = np.concatenate(list(Clip(as_person(source, head, person), head).vertices()))
        np.testing.assert_allclose(np.load(tmp_path / "out" / "a" / "vertices.npy"), expected, rtol=0, atol=1e-7)
    assert main([*command, "--person", "nobody"]) == 2
    assert "has no person 'nobody'; it has amara" in capsys.readouterr().err
    assert main([*command, "--person", "mei", "--identity", "first"]) == 2
    assert "--identity contradicts --person" in capsys.readouterr().err


def test_vertices_are_written_anew_where_another_truth_is_asked(tmp_path, capsys):
    write_3dxtalker_folder(tmp_path / "in" / "sub" / "a", 4)
    (tmp_path / "in" / "sub" / "a" / "audio.wav").rename(tmp_path / "audio.wav")
    command = ["vertices", str(tmp_path / "in"), "--output", str(tmp_path / "out")]
    truth = tmp_path / "truth" / "sub" / "a"
    truth.mkdir(parents=True)
    sound = (tmp_path / "audio.wav").rename(truth / "audio.wav")
    for asked, written, heard in (([], 1, None), (["--truth", str(tmp_path / "truth")], 1, sound)):
        for count in (written, 0):
            assert main(command + asked) == 0
            assert f"{counted(count, 'sequence')} written" in capsys.readouterr().out
            assert read_sequence(tmp_path / "out" / "sub" / "a").audio == heard
    assert main(command) == 0
    assert "1 sequence written" in capsys.readouterr().out


def test_a_broken_sequence_costs_only_itself(tmp_path, capsys):
    write_3dxtalker_folder(tmp_path / "in" / "a", 5)
    write_3dxtalker_folder(tmp_path / "in" / "b", 5, changes={"posecode": np.zeros((4, 6))})
    assert main(["vertices", str(tmp_path / "in"), "--output", str(tmp_path / "out")]) == 3
    assert "global_rotation has 4 frames" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a"]


def test_codes_of_vertices_come_back(tmp_path, head, codes, capsys):
    mesh = np.concatenate(list(Clip(codes, head).vertices()))
    np.save(tmp_path / "clip.npy", mesh)
    assert main(["fit", str(tmp_path / "clip.npy"), "--output", str(tmp_path / "codes.npz")]) == 0
    found = read_sequence(tmp_path / "codes.npz")
    assert np.abs(np.concatenate(list(Clip(found, head).vertices())) - mesh).max() < 1e-5
    for name, tolerance in (("global_rotation", 1e-5), ("jaw", 1e-5), ("translation", 1e-5)):
        np.testing.assert_allclose(getattr(found, name), getattr(codes, name), atol=tolerance)
    for name, basis in (("shape", head.identity_basis), ("expression", head.expression_basis)):
        off = np.abs(getattr(found, name) - getattr(codes, name))[..., told_apart(basis)]
        assert off.max() < 1e-3, name
    assert not found.expression[:, ~head.expression_basis.any((1, 2))].any()
    assert "mm on average" in capsys.readouterr().out


def told_apart(basis):
    """The columns that are found to a tenth of a thousandth from vertices rounded by 10 nm, as float32 rounds them.

    The default head has others: thin lips are both lips rolled in, but for a few micrometres.
    """
    moves = np.flatnonzero(basis.any((1, 2)))
    columns = basis[moves].reshape(len(moves), -1).astype(np.float64)
    return moves[1e-8 * np.sqrt(np.diag(np.linalg.inv(columns @ columns.T))) < 1e-4]


def test_most_columns_can_be_told_apart(head):
    for basis in (head.identity_basis, head.expression_basis):
        assert len(told_apart(basis)) >= 0.9 * basis.any((1, 2)).sum()


@pytest.fixture(scope="module")
def independent(head):
    """As the licensed models are: every column moves something that no other does, and moves the joints too."""
    rng = np.random.default_rng(8)
    centres = head.template[rng.integers(0, head.vertex_count, (400, 3))]
    near = np.exp(-np.square(head.template - centres[:, :, None]).sum(-1) / (2 * 0.03**2))
    fields = np.einsum("nkv,nkc->nvc", near, rng.normal(0, 1, (400, 3, 3))).reshape(400, -1)
    sizes = np.concatenate([0.12 / np.sqrt(1 + np.arange(n)) for n in (300, 100)])
    columns = (np.linalg.qr(fields.T)[0].T * sizes[:, None]).reshape(400, -1, 3).astype(np.float32)
    return replace(
        head, identity_basis=columns[:300], expression_basis=columns[300:], identity_names=(), expression_names=()
    )


@pytest.mark.parametrize("joints", [("jaw",), ("neck", "jaw"), ("jaw", "eyes")])
def test_all_codes_come_back_on_a_model_of_independent_columns(independent, codes, joints):
    rng = np.random.default_rng(9)
    turned = {"neck": 0.1 * smooth_motion(T, 3, rng), "eyes": 0.2 * smooth_motion(T, 6, rng)}
    codes = replace(codes, **{name: turn for name, turn in turned.items() if name in joints})
    mesh = np.concatenate(list(Clip(codes, independent).vertices()))
    fit = fit_codes(
        Sequence("clip", Path("clip"), 25.0, vertices=mesh), independent, neck="neck" in joints, eyes="eyes" in joints
    )
    assert fit.largest_mm.max() < 1e-2
    assert np.abs(fit.sequence.expression - codes.expression).max() < 1e-3
    # A clip's identity and where its eyes turn are told apart by how far the eyes turn alone.
    assert np.abs(fit.sequence.shape - codes.shape).max() < (1e-2 if "eyes" in joints else 1e-3)
    for name in ("global_rotation", *joints, "translation"):
        np.testing.assert_allclose(getattr(fit.sequence, name), getattr(codes, name), atol=1e-4, err_msg=name)


def test_noise_does_not_drive_the_codes_away(head, codes):
    mesh = np.concatenate(list(Clip(codes, head).vertices()))
    mesh += np.random.default_rng(4).normal(0, 1e-4, mesh.shape).astype(np.float32)
    fit = fit_codes(Sequence("clip", Path("clip"), 25.0, vertices=mesh), head)
    assert np.abs(fit.sequence.expression).max() < 1.2 * np.abs(codes.expression).max()
    assert np.abs(fit.sequence.jaw - codes.jaw).max() < 5e-3
    assert fit.mean_mm.max() < 0.2


def test_what_cannot_be_fitted_is_told(tmp_path, codes, capsys):
    np.savez(tmp_path / "codes.npz", exp=np.zeros((4, 50), np.float32))
    assert main(["fit", str(tmp_path / "codes.npz"), "--output", str(tmp_path / "out.npz")]) == 2
    assert "holds codes already" in capsys.readouterr().err


def test_codes_are_not_written_over_their_vertices(tmp_path, head, capsys):
    np.savez(tmp_path / "clip.npz", vertices=np.stack([head.template] * 2))
    before = (tmp_path / "clip.npz").read_bytes()
    for name in ("clip.npz", "clip"):
        assert main(["fit", str(tmp_path / name), "--output", str(tmp_path / "clip.npz")]) == 2
        assert "is the input itself" in capsys.readouterr().err
    assert (tmp_path / "clip.npz").read_bytes() == before


@pytest.fixture(scope="module")
def fitted(tmp_path_factory, head, codes):
    """Codes that were fitted on the default head, and a model of the same mesh whose codes mean something else."""
    root = tmp_path_factory.mktemp("fitted")
    few = replace(codes, expression=codes.expression[:4], **{n: getattr(codes, n)[:4] for n in MOVING})
    np.save(root / "clip.npy", np.concatenate(list(Clip(few, head).vertices())))
    assert main(["fit", str(root / "clip.npy"), "--output", str(root / "codes.npz")]) == 0
    save_model(replace(head, expression_basis=head.expression_basis[::-1].copy()), root / "other.npz")
    return root


def test_fitted_codes_on_their_own_model_need_no_word(fitted, tmp_path, capsys):
    capsys.readouterr()
    assert main(["info", str(fitted / "codes.npz")]) == 0
    assert "not known" not in capsys.readouterr().out
    assert main(["vertices", str(fitted / "codes.npz"), "--output", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert (printed.err, "warning" in printed.out) == ("", False)  # least of all that codes mean something else on it
    assert np.abs(np.load(tmp_path / "codes" / "vertices.npy") - np.load(fitted / "clip.npy")).max() < 1e-5


OTHERS = {
    "vertices": ("vertices", "codes.npz", "--output", "out"),
    "evaluate": ("evaluate", "clip.npy", "codes.npz", "--output", "out", "--jobs", "1"),
}


@pytest.mark.parametrize("command", OTHERS)
def test_fitted_codes_on_another_model_are_told(fitted, tmp_path, monkeypatch, capsys, command):
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    arguments = [str(fitted / word) if word.startswith("c") else word for word in OTHERS[command]]
    assert main([*arguments, "--model", str(fitted / "other.npz")]) == 0
    printed = capsys.readouterr()
    assert (
        "codes: its codes were fitted to vertices on XTalker head, and on other they make another face; use that "
        "model, or fit the vertices again."
    ) in [line.partition(": ")[2] for line in (*printed.out.splitlines(), *printed.err.splitlines())]


def test_conversion_tells_which_model_fitted_codes_are_of(fitted, tmp_path, capsys):
    assert main(["convert", str(fitted / "codes.npz"), str(tmp_path / "out.npz")]) == 0
    assert "fitted to vertices on XTalker head, which webtalk cannot say" in capsys.readouterr().out
    assert read_sequence(fitted / "codes.npz").fitted_to == load_model().mark()


@pytest.mark.parametrize("mark", [np.array([1.5]), np.array(["a", "b"]), np.array("\n" * 3), np.array("x" * 9999)])
def test_a_mark_that_makes_no_sense_costs_nothing(tmp_path, mark):
    np.savez(tmp_path / "codes.npz", exp=np.zeros((4, 50), np.float32), fitted_model=mark)
    clip = read_sequence(tmp_path / "codes.npz")
    assert len(clip.fitted_to) <= 100
    assert bool(clip.fitted_to) != ("fitted_model" in clip.left_out)
