"""A batch over .tar archives makes the videos that it makes over the unpacked folders, and knows them again."""

from __future__ import annotations

import json
import os
import tarfile

import pytest

from tests.batch.conftest import Batch, half_written
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
