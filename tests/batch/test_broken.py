"""Clips broken in every way among good ones: exactly the good ones are rendered, and the report says why."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.batch.conftest import half_written
from tests.data.trees import SUBSETS, write_clip

pytest.importorskip("bpy", reason="this Python has no Blender module")


def _cut(folder: Path) -> None:
    content = (folder / "expcode.npy").read_bytes()
    (folder / "expcode.npy").write_bytes(content[: len(content) // 2])


def _change(name: str, change):
    def damage(folder: Path) -> None:
        np.save(folder / name, change(np.load(folder / name)))

    return damage


def _text(name: str, content: bytes):
    return lambda folder: (folder / name).write_bytes(content)


def _with_nan(codes: np.ndarray) -> np.ndarray:
    codes[-1, 3] = np.nan
    return codes


def _objects(folder: Path) -> None:
    np.save(folder / "expcode.npy", np.array([{"exp": 1}, None], dtype=object), allow_pickle=True)


def _folder_for_file(folder: Path) -> None:
    (folder / "posecode.npy").unlink()
    (folder / "posecode.npy").mkdir()


def _dangling(folder: Path) -> None:
    (folder / "expcode.npy").unlink()
    (folder / "expcode.npy").symlink_to(folder / "nowhere.npy")


DAMAGE = {
    "missing": lambda folder: (folder / "expcode.npy").unlink(),
    "dangling": _dangling,
    "empty": _text("expcode.npy", b""),
    "text": _text("expcode.npy", b"<html>404 Not Found</html>"),
    "pickle": _text("posecode.npy", pickle.dumps([1, 2, 3])),
    "cut": _cut,
    "objects": _objects,
    "nan": _change("expcode.npy", _with_nan),
    "infinite": _change("posecode.npy", lambda pose: pose + np.inf),
    "shorter pose": _change("posecode.npy", lambda pose: pose[:-1]),
    "pose of 5": _change("posecode.npy", lambda pose: pose[:, :5]),
    "flat": _change("expcode.npy", lambda codes: codes[0]),
    "text dtype": _change("expcode.npy", lambda codes: codes.astype("U8")),
    "too many codes": _change("expcode.npy", lambda codes: np.tile(codes, (1, 3))),
    "no frames": _change("expcode.npy", lambda codes: codes[:0]),
    "folder for file": _folder_for_file,
}


def write_mixed_tree(root: Path, good: int, broken: int) -> tuple[set[str], set[str]]:
    """Names of the good and the broken ones; the files of good clips are links to one, so that 1,000 are quick."""
    model_clip = write_clip(root.parent / "model_clip", frames=2)
    names: list[set[str]] = [set(), set()]
    for index in range(good + broken):
        kind = int(index >= good)
        damage = list(DAMAGE)[(index - good) % len(DAMAGE)]
        name = f"{SUBSETS[index % 6]}/{damage.replace(' ', '_') if kind else 'good'}_{index:04}"
        names[kind].add(name)
        shutil.copytree(model_clip, root / name, copy_function=shutil.copy if kind else os.link)
        if kind:
            DAMAGE[damage](root / name)
    return names[0], names[1]


def check_mixed_tree(batch, tmp_path, good: int, broken: int) -> None:
    whole, damaged = write_mixed_tree(tmp_path / "mixed", good, broken)
    mixed = replace(batch, input=tmp_path / "mixed")
    done = mixed.run("--size", "32", "--index", tmp_path / "index.db", timeout=3000)
    assert done.returncode == 3, done.stderr
    assert {video.removesuffix(".mp4") for video in mixed.videos()} == whole
    entries = json.loads((mixed.output / "report.json").read_text())["sequences"]
    errors = {entry["name"]: entry["error"] for entry in entries if entry["status"] == "failed"}
    assert errors.keys() == damaged
    assert {entry["name"] for entry in entries if entry["status"] == "done"} == whole
    for name, error in errors.items():
        assert Path(name).name in error  # says which
        assert error.endswith(".")
        assert "\n" not in error
        assert "XTalker failed" not in error
    assert len(set(errors.values())) == broken
    page = (mixed.output / "index.html").read_text()
    assert all(name in page for name in damaged)
    assert half_written(mixed.output) == []


def test_every_kind_of_damage_is_explained(batch, tmp_path):
    check_mixed_tree(batch, tmp_path, good=3, broken=len(DAMAGE))


@pytest.mark.slow
def test_a_thousand_good_and_a_hundred_broken(batch, tmp_path):
    check_mixed_tree(batch, tmp_path, good=1000, broken=100)
