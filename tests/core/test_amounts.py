"""Times and sizes as people read them."""

from __future__ import annotations

import pytest

from xtalker_addon.core.amounts import clock, counted, disk_space


@pytest.mark.parametrize(
    ("seconds", "text"), [(4, "4 s"), (11.64, "12 s"), (187, "3:07 min"), (39900, "11:05 h"), (4.2e6, "1,166:40 h")]
)
def test_clock(seconds, text):
    assert clock(seconds) == text


SIZES = [(1.04e3, "1 kB"), (3e5, "0.3 MB"), (12.4e6, "12 MB"), (9.99e8, "999 MB"), (3.42e9, "3.4 GB")]


@pytest.mark.parametrize(("size", "text"), SIZES)
def test_disk_space(size, text):
    assert disk_space(size) == text


def test_numbers_of_things():
    assert [counted(number, "clip") for number in (0, 1, 11506)] == ["0 clips", "1 clip", "11,506 clips"]
    column = [counted(number, "clip", 7) for number in (1, 20, 11506)]
    assert column == ["      1 clip ", "     20 clips", " 11,506 clips"]
