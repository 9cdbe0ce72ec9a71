"""What a user is told of a model that may not fit."""

from __future__ import annotations

from pathlib import Path

from tests.data.models import synthetic_model
from tests.data.trees import write_clip
from xtalker_addon import cli
from xtalker_addon.core.model.flame import save_model

DEMO = Path(__file__).parents[2] / "assets" / "demo"


def test_info_says_whose_head_it_would_be(tmp_path, capsys):
    write_clip(tmp_path / "a", 3, sound=False)
    write_clip(tmp_path / "b", 3, sound=False)
    assert cli.main(["info", str(DEMO)]) == 0
    assert "XTalker's own" not in capsys.readouterr().out
    assert cli.main(["info", str(tmp_path), str(DEMO)]) == 0
    assert capsys.readouterr().out.count("The head is XTalker's own, on which expression codes fitted with FLAME") == 1


def test_a_model_of_another_size_is_told(tmp_path, capsys):
    save_model(synthetic_model(4, 6, identity=3, expression=2), tmp_path / "small.npz")
    assert cli.main(["convert-model", str(tmp_path / "small.npz"), str(tmp_path / "out.npz")]) == 0
    assert "small.npz: has 26 vertices and FLAME has 5,023; it is taken as it is" in capsys.readouterr().out
    assert (tmp_path / "out.npz").is_file()
