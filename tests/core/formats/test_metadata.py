"""metadata.pkl tells where a clip came from, and nothing in it is run."""

from __future__ import annotations

import pickle
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from tests.data.sequences import write_3dxtalker_folder
from xtalker_addon.core.formats import read_sequence

VIDEO = {"fps": "25/1", "width": 512, "height": 640, "num_frames": 376, "bit_rate": "400000"}
SOUND = {"sample_rate": "16000", "sample_fmt": "fltp", "num_frames": 376}


def write_metadata(path: Path, *, video=VIDEO, kind=PurePosixPath, pickles=6, protocol=4, extra=None) -> None:
    frames = [kind("detections") / f"{index:06}_000.png" for index in range(376)]
    content = [3, [kind("videos") / "clip one.mp4"], [video], [None], [frames], [SOUND]]
    with path.open("wb") as file:
        for item in content[:pickles]:
            pickle.dump(item, file, protocol=protocol)
        if extra is not None:
            pickle.dump(extra, file)


@pytest.fixture
def folder(tmp_path):
    write_3dxtalker_folder(tmp_path / "clip", 20)
    return tmp_path / "clip"


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize(("kind", "name"), [(PurePosixPath, "videos/clip one.mp4"), (Path, "videos/clip one.mp4")])
def test_source_video_rate_size_and_sample_rate(folder, kind, name, protocol):
    write_metadata(folder / "metadata.pkl", kind=kind, protocol=protocol)
    clip = read_sequence(folder)
    assert clip.warnings == ()
    assert dict(clip.labels) == {
        "source_video": name,
        "source_fps": "25",
        "source_size": "512 x 640",
        "source_sample_rate": "16000",
    }


@pytest.mark.parametrize("module", [b"pathlib", b"pathlib._local"])
def test_either_module_that_pythons_keep_paths_in(folder, module):
    """As Python 3.13, and as all others, write a path."""
    video = b"\x80\x04]\x8c%c%s\x8c\x09PosixPath\x93\x8c\x05a.mp4\x85Ra." % (len(module), module)
    (folder / "metadata.pkl").write_bytes(pickle.dumps(3) + video)
    assert read_sequence(folder).labels["source_video"] == "a.mp4"


def test_paths_of_another_system_and_rates_that_are_no_whole_number(folder):
    write_metadata(folder / "metadata.pkl", kind=PureWindowsPath, video={**VIDEO, "fps": "30000/1001"})
    labels = read_sequence(folder).labels
    assert labels["source_video"].endswith("clip one.mp4")
    assert labels["source_fps"] == "29.97"


@pytest.mark.parametrize("pickles", [1, 2, 3])
def test_what_is_not_there_is_not_told(folder, pickles):
    write_metadata(folder / "metadata.pkl", pickles=pickles)
    clip = read_sequence(folder)
    assert clip.warnings == ()
    assert "source_sample_rate" not in clip.labels


class Evil:
    def __reduce__(self):
        return (open, ("run", "w"))


@pytest.mark.parametrize(
    "content",
    [pickle.dumps(3) + pickle.dumps(Evil()), b"", b"\x80\x04K", b"nonsense", pickle.dumps(3) + b"\x80\x04]\x94(K\x01"],
)
def test_unreadable_is_a_warning_and_nothing_runs(folder, content, monkeypatch):
    monkeypatch.chdir(folder.parent)
    (folder / "metadata.pkl").write_bytes(content)
    clip = read_sequence(folder)
    assert len(clip.warnings) == 1
    assert "metadata.pkl: cannot be read" in clip.warnings[0]
    assert not (folder.parent / "run").exists()
