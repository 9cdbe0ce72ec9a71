"""A batch over .tar archives makes the videos that it makes over the unpacked folders, and knows them again."""

from __future__ import annotations

import json
import os
import tarfile

import pytest

from tests.batch.conftest import Batch, half_written
from tests.data.databases import write_tfhp
from tests.data.layouts import write_emoca_results
from tests.data.models import synthetic_model
from tests.data.tars import STEMS, pack, write_unpacked
from xtalker_addon.batch.record import read_record
from xtalker_addon.core.model.flame import save_model

pytest.importorskip("bpy", reason="this Python has no Blender module")
pytestmark = pytest.mark.skipif(os.name != "posix", reason="runs the script as POSIX does")


def test_the_same_videos_and_nothing_beside_them(tmp_path):
    model = tmp_path / "model.npz"
    save_model(synthetic_model(8, 10, identity=100, expression=100), model)
    loose = write_unpacked(tmp_path / "loose", frames=4)
    packed = pack(loose, tmp_path / "packed")
    batches = [Batch(root, tmp_path / f"{root.name}-out", model) for root in (loose, packed)]
    for batch in batches:
        done = batch.run("--index", tmp_path / "index.sqlite")
        assert done.returncode == 0, done.stderr
        assert half_written(batch.output) == []
    names = [batch.videos() for batch in batches]
    assert names[0] == names[1]
    assert len(names[0]) == len(STEMS)
    for name in names[0]:
        assert (batches[0].output / name).read_bytes() == (batches[1].output / name).read_bytes()
    record = read_record((batches[1].output / names[0][0]).with_suffix(".json"))
    assert record.sound
    assert sorted(path.name for path in packed.iterdir()) == sorted(
        [*(f"{place.name}.tar" for place in loose.iterdir() if place.is_dir()), "train.txt", "test.txt"]
    )
    for archive in packed.glob("*.tar"):  # unpacked later, nothing is made again
        with tarfile.open(archive) as members:
            members.extractall(packed, filter="data")
    batches[1].run()
    assert json.loads((batches[1].output / "report.json").read_text())["skipped"] == len(STEMS)


def test_a_batch_over_databases_and_packed_frames(tmp_path):
    """TFHP's sound is joined of its records; a clip of many files lies in an archive."""
    model = tmp_path / "model.npz"
    save_model(synthetic_model(8, 10, identity=100, expression=100), model)
    write_tfhp(tmp_path / "data" / "lmdb", {"TH_00000/000": 103, "TH_00000/001": 4})
    write_emoca_results(tmp_path / "loose" / "emoca" / "clip", 4)
    with tarfile.open(tmp_path / "data" / "emoca.tar", "w") as archive:
        archive.add(tmp_path / "loose" / "emoca", "emoca")
    before = sorted(path.name for path in (tmp_path / "data").rglob("*"))
    batch = Batch(tmp_path / "data", tmp_path / "out", model)
    done = batch.run("--index", tmp_path / "index.sqlite")
    assert done.returncode == 0, done.stderr
    videos = [str(name) for name in batch.videos()]
    assert sorted(videos) == ["emoca/clip.mp4", "lmdb/TH_00000/000.mp4", "lmdb/TH_00000/001.mp4"]
    record = read_record(batch.output / "lmdb" / "TH_00000" / "000.json")
    assert (record.frames, record.fps, record.sound) == (103, 25, True)
    assert sorted(path.name for path in (tmp_path / "data").rglob("*")) == before
    batch.run()
    assert json.loads((batch.output / "report.json").read_text())["skipped"] == 3
