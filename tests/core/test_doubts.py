"""What a user is told of a model that may not fit."""

from __future__ import annotations

from pathlib import Path

from tests.data.models import synthetic_model
from tests.data.trees import write_clip
from xtalker_addon import cli
from xtalker_addon.core.model.flame import save_model

DEMO = Path(__file__).parents[2] / "assets" / "demo"


def test_a_stand_in_is_told_once_where_there_is_a_head(tmp_path, capsys):
    write_clip(tmp_path / "a", 3, sound=False)
    write_clip(tmp_path / "b", 3, sound=False)
    assert cli.main(["info", str(tmp_path), str(DEMO)]) == 0
    assert "XTalker's own" not in capsys.readouterr().out
    dry = ("--output", str(tmp_path / "out"), "--dry-run")
    assert cli.main(["render", str(DEMO), *dry]) == 0
    assert "XTalker's own" not in capsys.readouterr().out
    assert cli.main(["render", str(tmp_path), str(DEMO), *dry]) == 0
    (told,) = [line for line in capsys.readouterr().out.splitlines() if "XTalker's own" in line]
    assert told.startswith("warning: This head is XTalker's own")
    assert told.endswith("; --model names your FLAME.")


def test_a_model_of_another_size_is_told(tmp_path, capsys):
    save_model(synthetic_model(4, 6, identity=3, expression=2), tmp_path / "small.npz")
    assert cli.main(["convert-model", str(tmp_path / "small.npz"), str(tmp_path / "out.npz")]) == 0
    assert "small.npz: has 26 vertices and FLAME has 5,023; it is taken as it is" in capsys.readouterr().out
    assert (tmp_path / "out.npz").is_file()


def test_a_model_is_not_written_over_itself_nor_as_text(tmp_path, capsys):
    save_model(synthetic_model(4, 6, identity=3, expression=2), tmp_path / "small.npz")
    before = (tmp_path / "small.npz").read_bytes()
    for target, told in (("small.npz", "is the input itself"), ("m.txt", "expected a file that ends in .npz")):
        assert cli.main(["convert-model", str(tmp_path / "small.npz"), str(tmp_path / target)]) == 2
        assert told in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["small.npz"]
    assert (tmp_path / "small.npz").read_bytes() == before
