"""What tells the names of a list apart: what all of them share is left out."""

from __future__ import annotations

import re

_FIELDS = re.compile(r"[^-_/ .]+[-_/ .]*|[-_/ .]+")


def told_apart(names: list[str]) -> list[str]:
    """The names without the fields that all of them share, where they are alike in form; else without their beginning.

    Fields end at dashes, underscores, slashes, dots and spaces. Names that would come out alike are left whole.
    """
    short = [name.rpartition("/")[2] for name in names]
    if len(set(short)) < len(names):
        short = names
    if len(short) < 2:
        return short
    fields = [_FIELDS.findall(name) for name in short]
    if len({len(row) for row in fields}) == 1:
        kept = [index for index, column in enumerate(zip(*fields, strict=True)) if len(set(column)) > 1]
        rows = ["".join(row[index] for index in kept) for row in fields]
    else:
        shared = 0
        while (
            len({row[shared] if len(row) > shared + 1 else "" for row in fields}) == 1 and len(fields[0]) > shared + 1
        ):
            shared += 1
        rows = ["".join(row[shared:]) for row in fields]
    rows = [row.rstrip("-_/ .") for row in rows]
    return rows if all(rows) and len(set(rows)) == len(rows) else short
