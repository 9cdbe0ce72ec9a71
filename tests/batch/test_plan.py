"""Which sequences a user gets for which arguments, and in what order."""

from __future__ import annotations

import json

import pytest

from tests.data.layouts import write_trained_avatar
from tests.data.trees import write_clip
from xtalker_addon import cli
from xtalker_addon.batch.plan import Selection, plan_tasks
from xtalker_addon.errors import UsageError
from xtalker_addon.render.settings import RenderSettings


@pytest.fixture
def tree(tmp_path):
    for index, frames in enumerate((50, 25, 100, 75)):
        subset = "V0-GRID" if index < 2 else "V1-RAVDESS"
        write_clip(tmp_path / "in" / subset / f"clip_{index}", frames, sound=False)
    return tmp_path / "in"


def names(tasks):
    return [task.name for task in tasks]


def plan(*inputs, output, **selection):
    return plan_tasks(inputs, output, RenderSettings(), Selection(**selection))


def test_longest_first(tree, tmp_path):
    tasks = plan(tree, output=tmp_path / "out")
    assert names(tasks) == ["V1-RAVDESS/clip_2", "V1-RAVDESS/clip_3", "V0-GRID/clip_0", "V0-GRID/clip_1"]
    assert tasks[0].output == tmp_path / "out" / "V1-RAVDESS" / "clip_2.mp4"
    assert tasks[0].seconds == 4


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({"labels": {"subset": ("v0-grid",)}}, ["V0-GRID/clip_0", "V0-GRID/clip_1"]),
        ({"labels": {"subset": ("V*",)}, "match": ("clip_3", "*_1")}, ["V1-RAVDESS/clip_3", "V0-GRID/clip_1"]),
        ({"min_seconds": 2.0, "max_seconds": 3.0}, ["V1-RAVDESS/clip_3", "V0-GRID/clip_0"]),
        ({"limit": 2}, ["V0-GRID/clip_0", "V0-GRID/clip_1"]),
        ({"names": frozenset({"V0-GRID/clip_1"})}, ["V0-GRID/clip_1"]),
    ],
)
def test_filters(tree, tmp_path, selection, expected):
    assert names(plan(tree, output=tmp_path / "out", **selection)) == expected


@pytest.mark.parametrize(
    ("selection", "complaint"),
    [
        ({"labels": {"subset": ("V9",)}}, r"no sequence of .*in matches --subset V9; there are: V0-GRID, V1-RAVDESS\."),
        ({"match": ("zz",)}, r"matches --match zz; there are: V0-GRID/clip_0, V0-GRID/clip_1, "),
        ({"labels": {"emotion": ("sad",)}}, r"matches --emotion sad; there are: \(no emotion\)\."),
        ({"min_seconds": 10.0, "max_seconds": 5.0}, r"--min-seconds 10 is more than --max-seconds 5"),
        ({"min_seconds": 90.0}, r"matches --min-seconds 90; there are: sequences of 1 to 4 seconds\."),
        ({"labels": {"subset": ("V0*",)}, "match": ("clip_3",)}, r"matches --subset V0\* and --match clip_3 together"),
    ],
)
@pytest.mark.parametrize("listed", [False, True])
def test_filters_that_leave_nothing_say_what_there_is(tree, tmp_path, selection, complaint, listed):
    source = tree
    if listed:
        source = tmp_path / "in.csv"
        source.write_text("path\n" + "".join(f"{path.relative_to(tmp_path)}\n" for path in sorted(tree.glob("*/*"))))
        complaint = complaint.replace(".*in matches", r".*in\.csv matches")
    with pytest.raises(UsageError, match=complaint):
        plan(source, output=tmp_path / "out", **selection)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_shards_share_nothing_and_leave_nothing_out(tree, tmp_path, count):
    parts = [names(plan(tree, output=tmp_path, shard=(i, count))) for i in range(1, count + 1)]
    assert sorted(name for part in parts for name in part) == sorted(names(plan(tree, output=tmp_path)))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_shard_does_not_depend_on_what_failed_elsewhere(tree, tmp_path):
    """`--only failed` changes while other parts work; it must not move sequences from one part to another."""
    some = frozenset({"V1-RAVDESS/clip_3", "V0-GRID/clip_0"})
    parts = [names(plan(tree, output=tmp_path, shard=(i, 2), names=some)) for i in (1, 2)]
    assert parts == [["V0-GRID/clip_0"], ["V1-RAVDESS/clip_3"]]


def test_one_sequence_keeps_its_subset(tree, tmp_path):
    tasks = plan(tree / "V0-GRID" / "clip_0", output=tmp_path)
    assert names(tasks) == ["V0-GRID/clip_0"]
    assert tasks[0].source == (tree / "V0-GRID" / "clip_0").resolve()


def test_patterns(tree, tmp_path):
    assert names(plan(tree / "V*" / "clip_[12]", output=tmp_path)) == ["V1-RAVDESS/clip_2", "V0-GRID/clip_1"]
    with pytest.raises(UsageError, match="fits no file or folder"):
        plan(tree / "X*", output=tmp_path)


def test_one_frame(tree, tmp_path):
    (tree / "list.csv").write_text("path,frames\nV0-GRID/clip_0,5\n")
    (task,) = plan(tree / "list.csv", output=tmp_path)
    assert (task.settings.frames, task.frames_to_render) == ((5, 5), 1)


def test_the_same_sequence_twice_is_one(tree, tmp_path):
    assert len(plan(tree, tree / "V0-GRID", output=tmp_path)) == 4


def test_one_sequence_in_several_ways(tree, tmp_path):
    rows = ["path,name,person", "V0-GRID/clip_0,a,kofi", "V0-GRID/clip_0,b,mei", "V0-GRID/clip_0,a,kofi"]
    (tree / "list.csv").write_text("\n".join(rows))
    tasks = plan(tree / "list.csv", tree, output=tmp_path)
    assert sorted((task.name, task.settings.person) for task in tasks if task.source.name == "clip_0")[:2] == [
        ("a", "kofi"),
        ("b", "mei"),
    ]
    assert len(tasks) == 5


def test_one_sequence_in_two_ways_under_one_name(tree, tmp_path):
    (tree / "list.csv").write_text("path,person\nV0-GRID/clip_0,kofi\nV0-GRID/clip_0,mei\n")
    with pytest.raises(UsageError, match="give them different names"):
        plan(tree / "list.csv", output=tmp_path)


def test_two_sequences_for_one_video(tree, tmp_path):
    write_clip(tmp_path / "other" / "V0-GRID" / "clip_0", 5)
    with pytest.raises(UsageError, match=r"would both be rendered to V0-GRID/clip_0\.mp4"):
        plan(tree, tmp_path / "other", output=tmp_path / "out")


def test_an_avatar_that_was_saved_several_times_has_a_video_of_each(tmp_path):
    for iterations in (30_000, 600_000):
        write_trained_avatar(tmp_path / "avatar", 2, iterations)
    named = {task.output.name for task in plan(tmp_path, output=tmp_path / "out")}
    assert named == {"avatar_iteration_30000.mp4", "avatar_iteration_600000.mp4"}
    own = {task.output.name for task in plan(tmp_path / "avatar", output=tmp_path / "out")}
    assert own == {"iteration_30000.mp4", "iteration_600000.mp4"}


@pytest.mark.parametrize("suffix", ["csv", "CSV", "jsonl"])
def test_a_manifest_overrides_settings_of_single_sequences(tree, tmp_path, suffix):
    manifest = tree / f"list.{suffix}"
    rows = [
        {"path": "V0-GRID/clip_0", "size": "640x360", "engine": "cycles", "frames": "0-9", "samples": "8"},
        {"path": "V0-GRID/clip_1", "name": "best/of", "emotion": "proud", "fps": "30000/1001"},
    ]
    if suffix != "jsonl":
        lines = ["path,name,emotion,size,engine,frames,samples,fps"]
        lines += [",".join(row.get(key, "") for key in lines[0].split(",")) for row in rows]
    else:
        lines = [json.dumps(row) for row in rows]
    manifest.write_text("\n".join(lines))
    second, first = plan_tasks([manifest], tmp_path / "out", RenderSettings(light="studio"))
    assert (first.settings.size, first.settings.engine, first.settings.frames) == ((640, 360), "cycles", (0, 9))
    assert (first.settings.samples, first.settings.light, first.frames_to_render) == (8, "studio", 10)
    assert (second.name, second.settings.light) == ("best/of", "studio")
    assert second.fps == second.settings.fps == pytest.approx(30000 / 1001)
    assert (first.fps, first.settings.fps) == (25, None)
    assert second.output == tmp_path / "out" / "best" / "of.mp4"
    assert second.labels["emotion"] == "proud"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("path,engin\nV0-GRID/clip_0,cycles\n", r"line 2: has the unknown column 'engin'"),
        ("path,engine\nV0-GRID/clip_0,povray\n", r"line 2: engine 'povray' is not one of review"),
        ("path,size\nV0-GRID/clip_0,9\n", r"line 2: size '9' is not a size"),
        ("path,name\nV0-GRID/clip_0,../../etc/x\n", r"leads out of the output folder"),
        ("path,name\nV0-GRID/clip_0,/etc/x\n", r"leads out of the output folder"),
        ("path\n", r"list.csv: lists no sequence; expected a row for each"),
        ("path,frames\nV0-GRID/clip_0,9-5\n", r"line 2: frames '9-5' is not a range such as 0-99, or one frame"),
        ('path\n""\n', r"line 2: has no path"),
        ("path\nV0-GRID/clip_0\nV0-GRID/clip_9\n", r"list.csv, line 3: .*clip_9: does not exist"),
        ("path\nV0-GRID/clip_0,more\n", r"line 2: has more cells than there are columns; .* in quotes"),
        ("path;engine\nV0-GRID/clip_0;cycles\n", r"list.csv: its first line .*; expected commas between cells"),
        ("", r"list.csv: is empty; expected a list of sequences, with the column path, or a take, with ARKit's units"),
        ("\n,,\n", r"list.csv: is empty; expected a list"),
        ("name,AU01\na,0\n", r"list.csv: has no column called path among name, AU01; expected a list .* or a take"),
    ],
)
def test_a_manifest_that_makes_no_sense(tree, tmp_path, content, complaint):
    (tree / "list.csv").write_text(content)
    with pytest.raises(UsageError, match=complaint):
        plan(tree / "list.csv", output=tmp_path)


@pytest.mark.parametrize(
    "head", ["Timecode,JawOpen,MouthLeft", "JawOpen", "BlendshapeCount", "Timecode,Speaker", "jaw_open;mouthSmile_L"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_table_with_any_of_arkits_units_is_a_take_and_no_manifest(tree, tmp_path, head, encoding):
    take = tmp_path / "few.csv"
    take.write_text(f"{head}\n0\n", encoding=encoding)
    tasks = plan(take, tree / "V0-GRID" / "clip_0", output=tmp_path / "out")
    assert [task.source.name for task in tasks] == ["clip_0", "few.csv"]


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (("--size", "9"), "argument --size: '9' is not a size such as 512 or 640x360, from 16 to 8192 pixels"),
        (("--layout", "foo"), "argument --layout: layout 'foo': there is no panel 'foo'; choose single, compare"),
        (("--engine", "povray"), "argument --engine: invalid choice: 'povray'"),
        (("--sizes", "512"), "unrecognized arguments: --sizes"),
    ],
)
def test_a_wrong_option_costs_one_line(capsys, wrong, complaint):
    pytest.importorskip("ffmpeg", reason="this Python cannot encode")
    for run in (cli.render_main, lambda argv: cli.main(["render", *argv])):
        assert run(["here", "--output", "there", *wrong]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith(f"xtalker: {complaint}")
        assert said.err.endswith(" --help.\n")
        assert said.err.count("\n") == 1
        assert ".;" not in said.err


def test_a_link_that_leads_nowhere(tmp_path):
    (tmp_path / "gone").symlink_to("missing")
    (tmp_path / "loop").symlink_to("loop")
    for name in ("gone", "loop"):
        with pytest.raises(UsageError, match=f"{name}: does not exist; expected a sequence"):
            plan(tmp_path / name, output=tmp_path / "out")


def test_nothing_there(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no talking-head sequence"):
        plan(tmp_path / "empty", output=tmp_path)
    with pytest.raises(UsageError, match="does not exist"):
        plan(tmp_path / "nowhere", output=tmp_path)
