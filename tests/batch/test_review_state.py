"""Reviews come back as they were written, from both forms, and files that are none are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtalker_addon.batch.review_state import Review, read_reviews, write_reviews
from xtalker_addon.errors import UsageError

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
reviews = st.builds(
    Review,
    name=texts.filter(bool),
    verdict=st.sampled_from(["approved", "rejected", ""]),
    note=st.one_of(texts, st.just('two\nlines, "quoted"')),
    changed=st.just("2026-01-31T09:30:00Z"),
)


@pytest.mark.parametrize("suffix", [".json", ".csv"])
@given(written=st.lists(reviews, max_size=5, unique_by=lambda review: review.name))
def test_round_trip(tmp_path_factory, suffix, written):
    path = tmp_path_factory.mktemp("review") / f"review{suffix}"
    write_reviews(written, path)
    assert list(read_reviews(path).values()) == written


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("a.json", "{", "is not a review"),
        ("a.json", '{"reviews": []}', "of another version"),
        ("a.json", '{"xtalker_review": 1, "reviews": [{"verdict": "approved"}]}', "entry 1: needs a name"),
        ("a.json", '{"xtalker_review": 1, "reviews": [{"name": "a", "verdict": "nice"}]}', "the verdict is 'nice'"),
        ("a.csv", "who,what\n", "has no columns name and verdict"),
        ("a.csv", "name,verdict\na,good\n", "entry 1: the verdict is 'good'"),
    ],
)
def test_what_is_no_review(tmp_path, name, content, complaint):
    (tmp_path / name).write_text(content)
    with pytest.raises(UsageError, match=complaint):
        read_reviews(tmp_path / name)
    with pytest.raises(UsageError, match="cannot be read as a review"):
        read_reviews(tmp_path / "missing.json")
