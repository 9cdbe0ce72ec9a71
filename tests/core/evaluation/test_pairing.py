"""Which clip is the prediction of which: by subset and sample, else by stem; nobody is paired by guess."""

from __future__ import annotations

import numpy as np
import pytest

from xtalker_addon.core.evaluation.pairing import pair_clips
from xtalker_addon.errors import UsageError


def folder(root, *names):
    for name in names:
        (root / name).mkdir(parents=True)
        np.save(root / name / "expcode.npy", np.zeros((3, 50), np.float32))
    return root


def stems(root, *names):
    root.mkdir(parents=True)
    for name in names:
        np.savez(root / f"{name}.npz", exp=np.zeros((3, 50), np.float32))
    return root


def paired(pairing):
    return {pair.key: {name: path.name for name, path in pair.predictions.items()} for pair in pairing.pairs}


def test_by_subset_and_sample(tmp_path):
    truth = folder(tmp_path / "testset", "V0-GRID/a", "V2-MEAD/a", "V2-MEAD/b")
    ours = folder(tmp_path / "ours", "V0-GRID/a", "V2-MEAD/a", "V2-MEAD/extra")
    theirs = folder(tmp_path / "theirs", "V2-MEAD/b")
    pairing = pair_clips(truth, {"ours": ours, "theirs": theirs})
    assert paired(pairing) == {
        "V0-GRID/a": {"ours": "a"},
        "V2-MEAD/a": {"ours": "a"},
        "V2-MEAD/b": {"theirs": "b"},
    }
    assert [pair.subset for pair in pairing.pairs] == ["V0-GRID", "V2-MEAD", "V2-MEAD"]
    text = " ".join((*pairing.remarks, *pairing.unclaimed))
    assert "V2-MEAD/extra" in text
    assert "1 of 3 clips (V2-MEAD/b) of the truth have no partner" in text


def test_by_stem_where_there_are_no_subsets(tmp_path):
    truth = stems(tmp_path / "truth", "a_01", "a_02")
    pairing = pair_clips(truth, {"p": stems(tmp_path / "p", "a_02", "a_01_pred")})
    assert paired(pairing) == {"a_01": {"p": "a_01_pred.npz"}, "a_02": {"p": "a_02.npz"}}
    assert not pairing.remarks


def test_a_sample_of_another_subset_is_no_partner(tmp_path):
    truth = folder(tmp_path / "testset", "V0-GRID/a", "V0-GRID/b")
    with pytest.raises(UsageError, match="no clip has the name"):
        pair_clips(truth, {"p": folder(tmp_path / "p", "V2-MEAD/a", "V2-MEAD/b")})


def test_of_predictions_in_the_manner_of_several_speakers_the_own_one(tmp_path):
    truth = stems(tmp_path / "truth", "F2_e37", "F3_e37")
    tree = stems(tmp_path / "p", *(f"{s}_e37_condition_{c}" for s in ("F2", "F3") for c in ("F2", "F3", "M1")))
    pairing = pair_clips(truth, {"p": tree})
    assert paired(pairing) == {s: {"p": f"{s}_condition_{s[:2]}.npz"} for s in ("F2_e37", "F3_e37")}
    assert "4 predictions in the manner of other speakers" in pairing.remarks[0]


def test_two_clips_of_one_name_are_left_out(tmp_path):
    truth = folder(tmp_path / "testset", "V0-GRID/a", "V0-GRID/b")
    tree = folder(tmp_path / "p", "one/V0-GRID/a", "two/V0-GRID/a", "one/V0-GRID/b")
    pairing = pair_clips(truth, {"p": tree})
    assert paired(pairing) == {"V0-GRID/b": {"p": "b"}}
    assert "2 clips called V0-GRID/a" in pairing.remarks[0]


def test_single_clips_are_partners_whatever_they_are_called(tmp_path):
    truth, other = folder(tmp_path, "truth", "guess") / "truth", tmp_path / "guess"
    assert paired(pair_clips(truth, {"g": other})) == {"truth": {"g": "guess"}}


def test_an_empty_tree_is_told_and_the_others_go_on(tmp_path):
    truth = folder(tmp_path / "t", "V0-GRID/a", "V0-GRID/b")
    (tmp_path / "none").mkdir()
    pairing = pair_clips(truth, {"none": tmp_path / "none", "p": folder(tmp_path / "p", "V0-GRID/a")})
    assert paired(pairing) == {"V0-GRID/a": {"p": "a"}}
    assert "none is left out" in pairing.remarks[0]
    with pytest.raises(UsageError, match="holds no talking-head sequence"):
        pair_clips(tmp_path / "none", {"p": tmp_path / "p"})
