"""Timecode as editors read it (SMPTE ST 12-1)."""

from __future__ import annotations

from typing import Final

_NTSC: Final = 1000 / 1001  # of a nominal rate
_SAME_RATE: Final = 5e-4  # relative: 29.97 stands for 30000/1001


def timecode(index: int, fps: float) -> str:
    """Hours, minutes, seconds and frames of the frame `index`, counted from 0.

    Drop-frame (with a semicolon) at 29.97, 59.94 and their like; frames are counted on at 23.976. SMPTE has no code for
    other rates that are not whole: there the frames of each second are counted, and the seconds are the clock's.
    """
    nominal = round(fps)
    whole = abs(fps - nominal) < 1e-6
    ntsc = nominal % 6 == 0 and abs(fps - nominal * _NTSC) < _SAME_RATE * fps and not whole
    mark = ":"
    if ntsc and nominal % 30 == 0:
        index, mark = _with_dropped(index, nominal), ";"
    if whole or ntsc:
        seconds, frame = divmod(index, nominal)
    else:
        seconds = int(index / fps + 1e-9)
        frame = index - _first_of(seconds, fps)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{mark}{frame:02d}"


def _with_dropped(index: int, nominal: int) -> int:
    """The number that a frame has where two of every 30 are left out each minute, but every tenth."""
    dropped = nominal // 15
    minute = 60 * nominal - dropped
    tens, rest = divmod(index, 10 * minute + dropped)
    return index + dropped * (9 * tens + max(0, rest - dropped) // minute)


def _first_of(seconds: int, fps: float) -> int:
    """The first frame that begins in a second."""
    return -int(-(seconds * fps - 1e-6) // 1)
