"""Looking through a dataset of thousands: search, filters, order, and what reviewers decide."""

from __future__ import annotations

import numpy as np
import pytest

from xtalker_addon.batch.catalogue import Catalogue, Query, find_rendered, open_catalogue
from xtalker_addon.batch.review_state import read_reviews
from xtalker_addon.core.dataset import Clip, Dataset
from xtalker_addon.errors import UsageError


@pytest.fixture
def catalogue(tmp_path):
    emotions = ("happy", "sad", "")
    clips = []
    for index in range(60):
        labels = {"subset": f"V{index % 2}-SET", "subject": f"M{index % 5:03d}", "emotion": emotions[index % 3]}
        path = f"V{index % 2}-SET/clip{index:02d}"
        clips.append(Clip(path, "", 25 * (1 + index % 7), 25.0, "layout", 11, 1, True, labels))
    return open_catalogue(Dataset(tmp_path, tuple(clips), 60), tmp_path / "review.json", None)


def names(catalogue, **query):
    return [catalogue.names[row] for row in catalogue.rows(Query(**query))]


def test_everything_in_the_order_of_names_at_first(catalogue):
    assert names(catalogue) == catalogue.names
    assert names(catalogue, descending=True) == catalogue.names[::-1]
    assert catalogue.source(3) == catalogue.dataset.root / "V1-SET" / "clip03"


def test_every_word_is_looked_for_in_name_and_labels(catalogue):
    assert names(catalogue, text="clip42") == ["V0-SET/clip42"]
    found = names(catalogue, text="HAPPY m003")
    assert found == [n for i, n in enumerate(catalogue.names) if i % 3 == 0 and i % 5 == 3]
    assert names(catalogue, text="nowhere") == []


def test_filters_are_all_met(catalogue):
    rows = catalogue.rows(Query(subset="V0-SET", emotion="sad", min_seconds=2, max_seconds=4))
    assert len(rows) > 0
    for row in rows:
        clip = catalogue.clip(row)
        assert clip.labels["subset"] == "V0-SET"
        assert clip.labels["emotion"] == "sad"
        assert 2 <= clip.seconds <= 4


def test_order_is_stable(catalogue):
    rows = catalogue.rows(Query(order="seconds", descending=True))
    seconds = [catalogue.clip(row).seconds for row in rows]
    assert seconds == sorted(seconds, reverse=True)
    for length in set(seconds):
        same = [row for row, value in zip(rows, seconds, strict=True) if value == length]
        assert same == sorted(same)


def test_choices_are_what_the_dataset_has(catalogue):
    assert catalogue.choices("emotion") == ["happy", "sad"]
    assert catalogue.choices("subset") == ["V0-SET", "V1-SET"]


def test_verdicts_are_written_at_once_and_read_again(catalogue, tmp_path):
    first, second, third = catalogue.names[:3]
    catalogue.judge(first, "approved")
    catalogue.judge(second, "rejected", "lips lag")
    catalogue.judge(third, note="see again")
    assert names(catalogue, verdict="approved") == [first]
    assert len(names(catalogue, verdict="none")) == 58
    again = open_catalogue(catalogue.dataset, tmp_path / "review.json", None)
    assert (again.verdict(second), again.note(second), again.note(third)) == ("rejected", "lips lag", "see again")
    catalogue.judge(first, "")
    assert first not in read_reviews(tmp_path / "review.json")


def test_a_review_that_cannot_be_kept_is_not_pretended(catalogue):
    lost = Catalogue(catalogue.dataset, catalogue.review_file.parent / "gone" / "review.json")
    with pytest.raises(OSError, match="gone"):
        lost.judge(lost.names[0], "approved")
    assert lost.verdict(lost.names[0]) == ""


def test_a_broken_review_file_is_told(catalogue, tmp_path):
    (tmp_path / "review.json").write_text("{")
    with pytest.raises(UsageError, match=r"review\.json"):
        open_catalogue(catalogue.dataset, tmp_path / "review.json", None)


def test_rendered_is_what_has_a_video(catalogue, tmp_path):
    (tmp_path / "out" / "V0-SET").mkdir(parents=True)
    (tmp_path / "out" / "V0-SET" / "clip02.mp4").touch()
    catalogue.rendered = find_rendered(tmp_path / "out")
    assert names(catalogue, rendered=True) == ["V0-SET/clip02"]
    assert len(names(catalogue, rendered=False)) == 59
    assert find_rendered(tmp_path / "nowhere") == frozenset()


def test_an_empty_dataset_is_none_to_stumble_over(tmp_path):
    empty = open_catalogue(Dataset(tmp_path, (), 0), tmp_path / "review.json", None)
    for order in ("name", "seconds", "verdict", "emotion"):
        assert np.array_equal(empty.rows(Query(text="x", order=order)), [])
