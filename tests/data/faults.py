"""Spoils clips of 3DXTalker in known places: what `check` has to find, each fault by its kind and its frame."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from tests.data.sequences import SAMPLE_RATE, make_codes, write_3dxtalker_folder, write_wav

FRAMES = 300
AT = 140  # the frame of every fault that has one
_TIMED = ("expcode", "shapecode", "posecode", "detailcode", "cam", "lightcode", "texcode")


class Planted(NamedTuple):
    """A fault: the kind of finding that names it, and the frame where it lies, or None."""

    kind: str
    frame: int | None
    spoil: Callable[[Path], object]


def _array(name: str, change: Callable[[np.ndarray], np.ndarray | None]) -> Callable[[Path], object]:
    """Change an array in place, or put another in its stead."""

    def spoil(folder: Path) -> None:
        array = np.load(folder / f"{name}.npy")
        other = change(array)
        np.save(folder / f"{name}.npy", array if other is None else other)

    return spoil


def _set(name: str, where, value) -> Callable[[Path], object]:
    return _array(name, lambda a: a.__setitem__(where, value))


def _sound(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], object]:
    """Change the sound, and the envelope with it."""

    def spoil(folder: Path) -> None:
        samples, rate = soundfile.read(folder / "audio.wav", dtype="float32")
        write_wav(folder / "audio.wav", change(samples), rate)
        (folder / "envelope.npy").unlink()

    return spoil


def _rows(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], object]:
    """Change all arrays that have a row a frame."""

    def spoil(folder: Path) -> None:
        for name in _TIMED:
            _array(name, change)(folder)

    return spoil


def join(folder: Path, seed: int, cuts: list[int], other_face: bool = False) -> None:
    """From each cut on, the codes of another clip, of the same face or of others."""
    starts = [*cuts, len(np.load(folder / "expcode.npy"))]
    mean = np.load(folder / "shapecode.npy").mean(0)
    for index, (start, end) in enumerate(pairwise(starts)):
        other, _ = make_codes(starts[-1], seed + 1000 * (index + 1))
        if not other_face:
            other["shapecode"] += mean - other["shapecode"].mean(0)
        for name in _TIMED:
            _array(name, lambda a, o=other[name], s=start, e=end: a.__setitem__(slice(s, e), o[s:e]))(folder)


def delay_lips(folder: Path, frames: int) -> None:
    """All codes late by so many frames."""
    _rows(lambda a: np.roll(a, frames, axis=0))(folder)


def _clip_sound(samples: np.ndarray) -> np.ndarray:
    first = AT * SAMPLE_RATE // 25
    loud = samples.copy()
    loud[first : first + 3 * 640] *= 40
    return np.clip(loud, -1, 1)


def _drop_out(samples: np.ndarray) -> np.ndarray:
    """Digital silence where a microphone would still give its hiss."""
    hiss = samples + np.random.default_rng(0).normal(0, 1e-3, len(samples))
    hiss[AT * SAMPLE_RATE // 25 : (AT + 60) * SAMPLE_RATE // 25] = 0
    return hiss


def _turn_wraps(pose: np.ndarray) -> None:
    """A slow turn about y that passes half a circle between two frames; its axis-angle flips there."""
    angle = np.pi + 0.02 * (np.arange(len(pose)) - AT + 0.5)
    pose[:, :3] = 0
    pose[:, 1] = np.where(angle > np.pi, angle - 2 * np.pi, angle)


PLANTED = {
    "nan": Planted("not_finite", AT, _set("expcode", (AT, 3), np.nan)),
    "infinite_cam": Planted("not_finite", AT, _set("cam", (AT, 0), np.inf)),
    "short_pose": Planted("unequal_frames", FRAMES - 7, _array("posecode", lambda a: a[:-7])),
    "cut_short_file": Planted(
        "unreadable",
        None,
        lambda folder: (folder / "shapecode.npy").write_bytes((folder / "shapecode.npy").read_bytes()[:9000]),
    ),
    "no_expression": Planted("unreadable", None, lambda folder: (folder / "expcode.npy").unlink()),
    "expression_range": Planted("expression_range", AT, _set("expcode", (AT, 7), 14.0)),
    "jaw_range": Planted("jaw_range", AT, _set("posecode", (AT, 5), 0.9)),
    "negative_jaw": Planted("negative_jaw", AT, _set("posecode", (AT, 3), -0.3)),
    "wrap": Planted("wrap", AT, _array("posecode", _turn_wraps)),
    "cut": Planted("cut", AT, lambda folder: join(folder, 5, [AT])),
    "other_face": Planted("identity_change", AT, lambda folder: join(folder, 5, [AT], other_face=True)),
    "stray_frame": Planted("stray_frame", AT, _rows(lambda a: a.__setitem__(AT, a[AT + 80]))),
    "repeated": Planted("repeated_frames", AT, _rows(lambda a: a.__setitem__(slice(AT, AT + 4), a[AT - 1]))),
    "jitter": Planted(
        "identity_jitter",
        None,
        _array("shapecode", lambda a: a + np.random.default_rng(0).normal(0, 0.3, a.shape).astype("f")),
    ),
    "camera_zero": Planted("camera_scale", AT, _set("cam", (AT, 0), 0.0)),
    "dark": Planted("light_energy", AT, _set("lightcode", AT, 0.01)),
    "dropped": Planted("dropped_frames", None, _rows(lambda a: np.delete(a, np.s_[AT : AT + 8], axis=0))),
    "doubled": Planted("doubled_frames", None, _rows(lambda a: np.insert(a, AT, a[AT : AT + 8], axis=0))),
    "silent": Planted("silent", 0, _sound(lambda x: x * 0)),
    "dropout": Planted("dropout", AT, _sound(_drop_out)),
    "clipped": Planted("clipped", AT, _sound(_clip_sound)),
    "no_sound": Planted("no_sound", None, lambda folder: (folder / "audio.wav").unlink()),
    "broken_sound": Planted(
        "no_sound", None, lambda folder: (folder / "audio.wav").write_bytes(b"RIFF....WAVEnothing")
    ),
    "other_envelope": Planted("envelope", None, _array("envelope", lambda a: np.ascontiguousarray(a[::-1]))),
    "late_lips": Planted("lip_lag", None, lambda folder: delay_lips(folder, 6)),
    "early_lips": Planted("lip_lag", None, lambda folder: delay_lips(folder, -6)),
}


def write_faulty_tree(root: Path) -> dict[str, Planted]:
    """One clip a fault below `root`/V0-GRID, named after its fault; and five without faults, named clean0 and so on."""
    for index, (name, planted) in enumerate(PLANTED.items()):
        folder = root / "V0-GRID" / name
        write_3dxtalker_folder(folder, FRAMES, index)
        planted.spoil(folder)
    for index in range(5):
        write_3dxtalker_folder(root / "V2-MEAD" / f"clean{index}", FRAMES, 100 + index)
    return PLANTED
