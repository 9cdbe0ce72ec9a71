"""What somebody at a terminal gets from the `xtalker` command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
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


def test_render_tells_who_there_is(said, tmp_path):
    pytest.importorskip("ffmpeg", reason="this Python cannot encode")
    write_clip(tmp_path / "in" / "M003_happy_1", 25, sound=False)
    render = ("render", tmp_path / "in", "--output", tmp_path / "out", "--dry-run", "--person")
    assert said(*render, "mei")[0] == 0
    code, _, err = said(*render, "nobody")
    assert code == 2
    assert err.count("\n") == 1
    assert "has no person 'nobody'; it has amara, anna," in err


@pytest.mark.parametrize("command", ["info", "check", "render", "vertices"])
def test_paths_stand_on_both_sides_of_options(said, tmp_path, command):
    for name in ("one", "two", "three"):
        write_clip(tmp_path / "in" / name, 25, sound=False)
    paths = [tmp_path / "in" / name for name in ("one", "two", "three")]
    if command == "render":
        pytest.importorskip("ffmpeg", reason="this Python cannot encode")
    option = {"info": ("--fps", "25")}.get(command, ("--output", tmp_path / "out"))
    dry = ("--dry-run",) if command == "render" else ()
    code, out, err = said(command, paths[0], *option, paths[1], *dry, paths[2])
    assert (code, err) == (0, "")
    assert "3 sequences" in out or out.count("25 frames, 1.00 s") == 3
    code, _, err = said(command, paths[0], *option, "--swift", paths[1])
    assert code == 2
    assert err == "xtalker: unrecognized arguments: --swift; see xtalker --help.\n"


@pytest.mark.parametrize("command", ["check", "vertices", "evaluate", "render"])
@pytest.mark.parametrize("jobs", ["x", "0", "-1", "1.5"])
def test_a_number_of_processes(said, tmp_path, command, jobs):
    if command == "render":
        pytest.importorskip("ffmpeg", reason="this Python cannot encode")
    paths = (tmp_path, tmp_path) if command == "evaluate" else (tmp_path,)
    code, _, err = said(command, *paths, "--output", tmp_path / "out", f"--jobs={jobs}")
    assert code == 2
    assert f"argument --jobs: '{jobs}' is not a whole number of at least 1; see xtalker {command} --help." in err


@pytest.mark.parametrize("command", ["info", "check", "index", "convert", "render", "evaluate", "vertices"])
def test_an_argument_that_is_empty(said, tmp_path, monkeypatch, command):
    """As of a shell's variable that was never set: it does not stand for the folder one is in."""
    write_clip(tmp_path / "one", 25, sound=False)
    monkeypatch.chdir(tmp_path)
    code, out, err = said(command, "", "--output", "out")
    assert (code, out) == (2, "")
    assert err == "xtalker: an argument is empty, as a variable is that was not set; name what is meant.\n"
    code, _, err = said("evaluate", "one", "ours=", "--output", "out")
    assert (code, err) == (2, "xtalker: ours=: names no folder; expected NAME=DIR.\n")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("command", [("info",), ("check", "--jobs", "1"), ("index",)])
def test_a_pipe_is_not_said_to_be_missing(said, tmp_path, command):
    os.mkfifo(tmp_path / "pipe.npy")
    code, _, err = said(*command, tmp_path / "pipe.npy")
    assert (code, err) == (
        2, f"xtalker: {tmp_path / 'pipe.npy'}: is no ordinary file or folder; expected a folder with sequences.\n"
    )  # fmt: skip


@pytest.mark.parametrize("command", ["info", "check", "verify", "render", "evaluate"])
def test_every_command_takes_a_rate(said, tmp_path, command):
    write_clip(tmp_path / "clip", 3, sound=False)
    if command == "render":
        pytest.importorskip("ffmpeg", reason="this Python cannot encode")
    others = {"evaluate": (tmp_path / "clip", "--output", tmp_path / "out"), "render": ("--output", tmp_path / "out")}
    code, _, err = said(command, tmp_path / "clip", *others.get(command, ()), "--fps", "fast")
    assert code == 2
    assert "frames a second such as 30" in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["info", "check", "index", "render", "render --dry-run"])
def test_a_link_that_leads_to_itself(said, tmp_path, command):
    if "render" in command:
        pytest.importorskip("ffmpeg", reason="this Python cannot encode")
    (tmp_path / "clip").symlink_to("clip")
    output = ("--output", tmp_path / "out") if "render" in command else ()
    code, out, err = said(*command.split(), tmp_path / "clip", *output)
    assert (code, out) == (2, "")
    assert err.startswith(f"xtalker: {tmp_path / 'clip'}: does not exist; expected ")
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("dry", [(), ("--dry-run",), ("vertices",)])
def test_an_output_that_is_a_file(said, tmp_path, dry):
    pytest.importorskip("ffmpeg", reason="this Python cannot encode")
    write_clip(tmp_path / "one", 25, sound=False)
    (tmp_path / "video.mp4").write_bytes(b"mine")
    for output in (tmp_path / "video.mp4", tmp_path / "video.mp4" / "below"):
        command, options = ("vertices", ()) if "vertices" in dry else ("render", dry)
        code, _, err = said(command, tmp_path / "one", "--output", output, *options)
        assert (code, err) == (2, f"xtalker: {tmp_path / 'video.mp4'}: is a file; --output names a folder.\n")
    assert (tmp_path / "video.mp4").read_bytes() == b"mine"


def test_the_input_is_no_output(said, tmp_path):
    pytest.importorskip("ffmpeg", reason="this Python cannot encode")
    write_clip(tmp_path / "all" / "one", 25, sound=False)
    code, _, err = said("render", tmp_path / "all", "--output", tmp_path / "all" / "one" / "..")
    assert (code, err.endswith("is the input; name another --output for what is rendered.\n")) == (2, True)
    assert [path.name for path in (tmp_path / "all").iterdir()] == ["one"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--cycles-device", "CPU"), "--cycles-device needs --engine cycles; review cannot do that.\n"),
        (("--jobs", "2", "--scheduler", "tcp://127.0.0.1:1"), "--jobs contradicts --scheduler, whose workers say how"),
        (("--error-scale", "3"), "--error-scale needs --layout versus: "),
        (("--report-only",), "holds nothing that was rendered; expected the output of a batch.\n"),
    ],
)
def test_what_goes_with_nothing_is_refused(said, tmp_path, options, expected):
    pytest.importorskip("ffmpeg", reason="this Python cannot encode")
    write_clip(tmp_path / "one", 25, sound=False)
    (tmp_path / "out").mkdir()
    code, _, err = said("render", tmp_path / "one", "--output", tmp_path / "out", *options)
    assert (code, expected in err, list((tmp_path / "out").iterdir())) == (2, True, [])


def test_ctrl_c_ends_any_command_with_a_sentence(said, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("xtalker_addon.cli._info", stop)
    code, _, err = said("info", ".")
    assert (code, err) == (130, "xtalker: stopped by Ctrl-C\n")


def test_render_says_that_nothing_was_named(said, tmp_path):
    pytest.importorskip("ffmpeg", reason="this Python cannot encode")
    code, _, err = said("render", "--output", tmp_path)
    assert code == 2
    assert "nothing to render was named" in err


COMMANDS = {"info": (), "check": ("--jobs", "1"), "index": (), "render": ("--output", "out", "--dry-run")}


def start(*arguments, encoding="utf-8", **keywords):
    """The command in a process of its own, in the test's folder."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-m", "xtalker_addon.cli", *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, **keywords)


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text here")
@pytest.mark.parametrize("command", COMMANDS)
def test_names_that_the_terminal_cannot_show(tmp_path, command):
    if command == "render":
        pytest.importorskip("ffmpeg", reason="this Python cannot encode")
    for name in ("na\u00efve", "\u65e5\u672c", "caf\udce9"):
        write_clip(tmp_path / "in" / name, 25, sound=False)
    np.save(tmp_path / "in" / "\u65e5\u672c" / "expcode.npy", np.full((25, 50), np.nan))
    for encoding in ("utf-8", "cp1252", "ascii"):
        done = start(command, "in", *COMMANDS[command], encoding=encoding, stdout=subprocess.PIPE, cwd=tmp_path)
        out, err = done.communicate(timeout=120)
        assert b"Traceback" not in err
        assert done.returncode == {"info": 2, "check": 3}.get(command, 0)
        assert b"3 sequences" in out or command == "info"


def test_a_report_of_names_that_are_no_text(said, tmp_path):
    write_clip(tmp_path / "in" / "caf\udce9", 25, sound=False)
    code, out, _ = said("check", tmp_path / "in", "--output", tmp_path / "report", "--jobs", "1")
    assert (code, "1 sequence" in out) == (0, True)
    assert r"caf\udce9" in (tmp_path / "report" / "check.csv").read_text("utf-8")


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_reader_that_has_had_enough(tmp_path, command):
    if command == "render":
        pytest.importorskip("ffmpeg", reason="this Python cannot encode")
    write_clip(tmp_path / "in" / "clip", 25, sound=False)
    reading, writing = os.pipe()
    os.close(reading)
    done = start(command, "in", *COMMANDS[command], stdout=writing, cwd=tmp_path)
    os.close(writing)
    _, err = done.communicate(timeout=120)
    assert (done.returncode, err) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is full")
def test_output_that_cannot_be_written(tmp_path):
    write_clip(tmp_path / "clip", 25, sound=False)
    with Path("/dev/full").open("w") as full:
        done = start("info", tmp_path / "clip", stdout=full)
        _, err = done.communicate(timeout=120)
    assert done.returncode == 4
    assert err == b"xtalker: the output: No space left on device; mend that and try again.\n"


def test_an_empty_folder_is_told_alike(said, tmp_path):
    for command in ("info", "check", "index"):
        code, _, err = said(command, tmp_path)
        assert (code, f"{tmp_path}: holds no talking-head sequence" in err) == (2, True)
