"""What somebody at a terminal gets from the `xtalker` command."""

from __future__ import annotations

import pytest

from tests.data.trees import write_clip
from xtalker_addon import cli
from xtalker_addon.core.version import version


@pytest.fixture
def said(capsys):
    """Runs the command in this process; exit code, what it printed, what it complained about."""

    def run(*arguments):
        try:
            code = cli.main([str(argument) for argument in arguments])
        except SystemExit as end:  # as --help and --version end
            code = end.code
        return code, *capsys.readouterr()

    return run


def test_the_bare_command_helps(said):
    code, out, err = said()
    assert (code, err) == (0, "")
    assert "render sequences to videos" in out


def test_its_version(said):
    assert said("--version") == (0, f"xtalker {version()}\n", "")


@pytest.mark.parametrize("option", [(), ("--input",)])
def test_render_takes_paths_as_every_command_does(said, tmp_path, option):
    pytest.importorskip("ffmpeg", reason="this Python cannot encode")
    for name in ("M003_happy_1", "M003_sad_2", "W011_happy_3"):
        write_clip(tmp_path / "in" / name, 25, sound=False)
    paths = (tmp_path / "in" / "M003*", tmp_path / "in" / "W011_happy_3")
    dry = ("--output", tmp_path / "out", "--dry-run")
    assert "3 sequences" in said("render", *option, *paths, *dry)[1]
    assert "2 sequences" in said("render", *option, *paths, *dry, "--emotion", "happy")[1]
    assert "1 sequence," in said("render", *option, *paths, *dry, "--emotion", "happy", "--subject", "m*")[1]
    code, _, err = said("render", *option, *paths, *dry, "--subject", "X1")
    assert (code, err) == (
        2,
        f"xtalker: no sequence of {paths[0]} and {paths[1]} matches --subject X1; there are: M003, W011.\n",
    )


def test_render_says_that_nothing_was_named(said, tmp_path):
    pytest.importorskip("ffmpeg", reason="this Python cannot encode")
    code, _, err = said("render", "--output", tmp_path)
    assert code == 2
    assert "nothing to render was named" in err
