"""Subset, split, subject, emotion and index from the names that the corpora give their clips."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data.sequences import write_webtalk_clip
from xtalker_addon.core.formats import read_sequence
from xtalker_addon.core.formats.labels import labels_of


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (
            "trainset/V0-GRID/V0-s1-00001",
            {"subset": "V0-GRID", "split": "train", "subject": "s1", "index": "00001"},
        ),
        (
            "trainset/V1-RAVDESS/V1-Song-Actor_01-00002",
            {"subset": "V1-RAVDESS", "split": "train", "subject": "Actor_01", "style": "song", "index": "00002"},
        ),
        (
            "testset/V2-MEAD/V2-W009-sad-00001",
            {"subset": "V2-MEAD", "split": "test", "subject": "W009", "emotion": "sad", "index": "00001"},
        ),
        ("V3-id00017-01dfn2spqyE-00012", {"subset": "V3-VoxCeleb2", "subject": "id00017", "index": "00012"}),
        ("V4-HDTF/V4-WDA_BarackObama_000-00003", {"subset": "V4-HDTF", "index": "00003"}),
        ("V5-CelebV-HQ/V5-_0tf2n3rlJU_0-00001", {"subset": "V5-CelebV-HQ", "index": "00001"}),
    ],
)
def test_names_of_the_six_subsets(path, expected):
    assert labels_of(Path(path), Path(path).name) == expected


def test_webtalk_stems_and_lists(tmp_path):
    stems = {"202008647_0001": "train", "202008647_0002": "val", "77_0010": "test", "77_0011": None}
    for stem in stems:
        write_webtalk_clip(tmp_path, stem, 20)
    for split in ("train", "val", "test"):
        listed = [stem for stem, owner in stems.items() if owner == split]
        (tmp_path / f"{split}.txt").write_text("\n".join(listed) + "\n")
    for stem, split in stems.items():
        labels = read_sequence(tmp_path / stem).labels
        assert labels.get("split") == split
        assert (labels["session"], labels["index"]) == tuple(stem.split("_"))
