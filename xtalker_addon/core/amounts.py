"""Times, sizes and numbers of things as people write them."""

from __future__ import annotations

from collections.abc import Mapping


def clock(seconds: float) -> str:
    """'4 s', '3:07 min', '11:05 h'."""
    total = round(seconds)
    if total < 60:
        return f"{total} s"
    if total < 3600:
        return f"{total // 60}:{total % 60:02} min"
    return f"{total // 3600:,}:{total // 60 % 60:02} h"


def counted(count: int, noun: str, width: int = 0) -> str:
    """'1 sequence', '11,506 sequences'; width: of the number, where they form a column, whose nouns are as wide too."""
    ending = "s" if count != 1 else " " if width else ""
    return f"{count:{width},} {noun}{ending}"


def disk_space(size: float) -> str:
    """'2 kB', '0.3 MB', '12 MB', '3.4 GB', '1,203 GB' for bytes."""
    if size < 1e5:
        return f"{size / 1e3:.0f} kB"
    if size < 1e9:
        return f"{size / 1e6:.{1 if size < 9.95e6 else 0}f} MB"
    return f"{size / 1e9:,.{1 if size < 9.95e9 else 0}f} GB"


def left_out_groups(counts: Mapping[tuple[str, str], int]) -> dict[tuple[str, int], list[str]]:
    """What was left out of a data set: the keys with one reason and in as many sequences, by that reason and number.

    counts : (key, reason) -> sequences
    """
    together: dict[tuple[str, int], list[str]] = {}
    for (key, reason), count in counts.items():
        together.setdefault((reason, count), []).append(key)
    return together


def left_out_lines(counts: Mapping[tuple[str, str], int]) -> list[str]:
    """The same as sentences."""
    return [
        f"left out of {counted(count, 'sequence')}: {', '.join(keys)} ({reason})"
        for (reason, count), keys in left_out_groups(counts).items()
    ]
