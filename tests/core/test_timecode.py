"""Timecode: the codes of SMPTE, and one name for every frame."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtalker_addon.core.timecode import timecode


@pytest.mark.parametrize(
    ("index", "fps", "code"),
    [
        (0, 25, "00:00:00:00"),
        (26, 25, "00:00:01:01"),
        (25 * 3661 + 24, 25.0, "01:01:01:24"),
        (1799, 30000 / 1001, "00:00:59;29"),
        (1800, 30000 / 1001, "00:01:00;02"),
        (17981, 29.97, "00:09:59;29"),
        (17982, 29.97, "00:10:00;00"),
        (107892, 29.97, "01:00:00;00"),
        (3600, 60000 / 1001, "00:01:00;04"),
        (24, 24000 / 1001, "00:00:01:00"),
        (23976, 23.976, "00:16:39:00"),
        (12, 12.5, "00:00:00:12"),
        (13, 12.5, "00:00:01:00"),
        (25, 12.5, "00:00:02:00"),
    ],
)
def test_known_codes(index, fps, code):
    assert timecode(index, fps) == code


def fields(index, fps):
    return [int(field) for field in timecode(index, fps).replace(";", ":").split(":")]


RATES = st.one_of(st.sampled_from([12, 24, 25, 30, 60, 23.976, 24000 / 1001, 29.97, 59.94, 12.5]), st.floats(1, 240))


@given(index=st.integers(0, 400_000), fps=RATES)
def test_later_frames_have_later_codes_of_their_own(index, fps):
    assert fields(index, fps) < fields(index + 1, fps)


@given(index=st.integers(0, 400_000), fps=st.sampled_from([25, 29.97, 59.94, 12.5, 29.476]))
def test_seconds_are_the_clocks(index, fps):
    hours, minutes, seconds, frame = fields(index, fps)
    assert 3600 * hours + 60 * minutes + seconds + frame / fps == pytest.approx(index / fps, abs=0.1 + 1e-6 * index)
