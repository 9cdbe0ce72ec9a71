"""A dataset as one looks through it: filtered, searched and sorted in memory, with what reviewers decided."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from ..core.dataset import LABELS, Clip, Dataset
from .outputs import rendered_in
from .plan import name_of
from .review_state import Review, Verdict, read_reviews, write_reviews

Order = Literal["name", "seconds", "subset", "subject", "emotion", "verdict"]
ORDERS: Final[tuple[Order, ...]] = ("name", "seconds", "subset", "subject", "emotion", "verdict")


@dataclass(frozen=True, slots=True)
class Query:
    """What is wanted. '' and None: whatever. verdict 'none': not yet decided.

    text : looked for anywhere in name and labels, every word of it, in upper or lower case
    """

    text: str = ""
    subset: str = ""
    subject: str = ""
    emotion: str = ""
    min_seconds: float = 0.0
    max_seconds: float | None = None
    rendered: bool | None = None
    verdict: Literal["", "approved", "rejected", "none"] = ""
    order: Order = "name"
    descending: bool = False


@dataclass(slots=True)
class Catalogue:
    """The clips of a dataset by their names, `subset/sequence`, as batches and galleries call them.

    reviews  : what was decided, by name; kept in `review_file`
    rendered : names that have a video in the output folder
    """

    dataset: Dataset
    review_file: Path
    reviews: dict[str, Review] = field(default_factory=dict[str, Review])
    rendered: frozenset[str] = frozenset()
    names: list[str] = field(init=False)
    _texts: list[str] = field(init=False)
    _columns: dict[str, NDArray[np.str_]] = field(init=False)
    _seconds: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        clips = self.dataset.clips
        self.names = [name_of(clip, self.dataset) for clip in clips]
        self._columns = {label: np.array([clip.labels.get(label, "") for clip in clips], np.str_) for label in LABELS}
        self._seconds = np.array([clip.seconds for clip in clips], np.float64)
        labels = zip(*(column.tolist() for column in self._columns.values()), strict=True)
        self._texts = [" ".join((name, *own)).lower() for name, own in zip(self.names, labels, strict=True)]

    def clip(self, index: int) -> Clip:
        """The clip at an index, as `rows` gives them."""
        return self.dataset.clips[index]

    def source(self, index: int) -> Path:
        """Where the clip lies."""
        path = self.clip(index).path
        return self.dataset.root if path == "." else self.dataset.root / path

    def choices(self, label: str) -> list[str]:
        """The values that a label has in this dataset, sorted."""
        return [value for value in np.unique(self._columns[label]).tolist() if value]

    def rows(self, query: Query) -> NDArray[np.intp]:
        """Indices of the clips that a query lets through, in its order."""
        wanted = (self._seconds >= query.min_seconds) & (self._seconds <= (query.max_seconds or np.inf))
        for label in LABELS:
            if getattr(query, label):
                wanted &= self._columns[label] == getattr(query, label)
        if query.rendered is not None:
            wanted &= np.array([name in self.rendered for name in self.names], bool) == query.rendered
        if query.verdict:
            wanted &= self._verdicts() == ("" if query.verdict == "none" else query.verdict)
        rows = np.flatnonzero(wanted)
        words = query.text.lower().split()
        if words:
            texts = self._texts
            rows = np.array([row for row in rows.tolist() if all(word in texts[row] for word in words)], np.intp)
        return self._sorted(rows, query)

    def _sorted(self, rows: NDArray[np.intp], query: Query) -> NDArray[np.intp]:
        """Stable, so that clips which are alike in one column stay in the order of their names."""
        if query.order != "name":
            keys = {"seconds": self._seconds, "verdict": self._verdicts(), **self._columns}[query.order]
            _, ranks = np.unique(keys[rows], return_inverse=True)
            rows = rows[np.argsort(-ranks if query.descending else ranks, kind="stable")]
        elif query.descending:
            rows = rows[::-1]
        return rows

    def _verdicts(self) -> NDArray[np.str_]:
        return np.array([self.verdict(name) for name in self.names], "U8")

    def verdict(self, name: str) -> Verdict:
        """What was decided about a clip; '' for nothing yet."""
        review = self.reviews.get(name)
        return review.verdict if review else ""

    def note(self, name: str) -> str:
        """What was noted about a clip."""
        review = self.reviews.get(name)
        return review.note if review else ""

    def judge(self, name: str, verdict: Verdict | None = None, note: str | None = None) -> None:
        """Change a verdict or a note, and write the review file at once. Raises OSError where that cannot be."""
        review = self.reviews.get(name, Review(name))
        verdict, note = review.verdict if verdict is None else verdict, review.note if note is None else note
        changed = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        reviews = {**self.reviews, name: replace(review, verdict=verdict, note=note, changed=changed)}
        write_reviews((r for r in reviews.values() if r.verdict or r.note), self.review_file)
        self.reviews = reviews


def open_catalogue(dataset: Dataset, review_file: Path, output: Path | None) -> Catalogue:
    """With the reviews and the videos that there are. Raises UsageError where the reviews cannot be read."""
    reviews = read_reviews(review_file) if review_file.is_file() else {}
    return Catalogue(dataset, review_file, reviews, find_rendered(output))


def find_rendered(output: Path | None) -> frozenset[str]:
    """Names of the videos, and folders of pictures, below a batch's output folder."""
    if output is None or not output.is_dir():
        return frozenset()
    return frozenset(rendered_in(output))
