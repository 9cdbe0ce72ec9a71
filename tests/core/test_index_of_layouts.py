"""An index tells of every layout what reading it will come to: its frames, its rate, and who says so."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from tests.core.formats.test_layouts import ONE_CLIP
from tests.core.formats.test_pickled import WRITTEN
from tests.data import layouts, pickled
from tests.data.sequences import write_3dxtalker_folder, write_all_in_one, write_webtalk_clip
from xtalker_addon import cli
from xtalker_addon.core.dataset import index_tree
from xtalker_addon.core.formats import find_sequences, read_sequence


def _rows(root) -> None:
    np.save(root / "clip.npy", pickled.rows_of("ARTalk")[0])


def _safetensors(root) -> None:
    pickled.write_safetensors(root / "clip.safetensors", {"rows": pickled.rows_of("video")[0]})


def _vertices(root) -> None:
    np.save(root / "clip.npy", np.zeros((9, 5023, 3), np.float32))


def _own_vertices(root) -> None:
    (root / "clip").mkdir()
    np.save(root / "clip" / "vertices.npy", np.zeros((9, 5023, 3), np.float32))
    (root / "clip" / "vertices.json").write_text('{"fps": 50, "sound": null}')


SAMPLES = {
    **ONE_CLIP,
    **{name: write for name, (write, _) in WRITTEN.items()},
    "nersemble": lambda root: layouts.write_nersemble(root / "v_flame2023_tracking.npz"),
    "CAP4D": lambda root: layouts.write_cap4d(root / "fit.npz"),
    "rows": _rows,
    "safetensors": _safetensors,
    "vertices": _vertices,
    "own vertices": _own_vertices,
    "3DXTalker": lambda root: write_3dxtalker_folder(root / "clip", 9),
    "AllInOne": lambda root: write_all_in_one(root, "clip", 9),
    "WebTalk": lambda root: write_webtalk_clip(root, "clip", 9),
    "3DMEAD": lambda root: pickled.write_3dmead(root / "clip"),
}


@pytest.mark.parametrize("sound", [False, True], ids=["alone", "with sound"])
@pytest.mark.parametrize("layout", SAMPLES)
def test_the_index_says_what_reading_comes_to(tmp_path, layout, sound):
    root = tmp_path / "clip"
    root.mkdir()
    SAMPLES[layout](root)
    (found,) = find_sequences(root)
    if sound:  # one that tells of 30 frames a second, under every name that it may have
        frames = read_sequence(found).frames
        layouts.silence(root / "any.wav", frames, 30)
        for place in {root, *found.parents[: len(found.relative_to(root).parts)]}:
            shutil.copy(root / "any.wav", place / f"{read_sequence(found).name}.wav")
    clip = read_sequence(found)
    (outline,) = index_tree(root, tmp_path / "index.sqlite").clips
    told = (outline.frames, outline.fps, outline.fps_source, outline.sound)
    assert told == (clip.frames, clip.fps, clip.fps_source, clip.audio is not None)
    assert index_tree(root, tmp_path / "index.sqlite").clips == (outline,)


def test_the_command_says_where_rates_are_from(tmp_path, capsys):
    layouts.write_flame_param(tmp_path / "heard", 120, sound_fps=30)
    layouts.write_flame_param(tmp_path / "silent", 10)
    write_3dxtalker_folder(tmp_path / "V2-MEAD" / "M003-happy", 15)
    assert cli.main(["index", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "25 frames a second, by its layout: 1 sequence" in told
    assert "30 frames a second, by the length of its sound: 1 sequence" in told
    assert "25 frames a second, assumed: 1 sequence" in told
