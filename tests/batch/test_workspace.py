"""What is half done belongs to a process that lives, or is swept away."""

from __future__ import annotations

import pytest

from xtalker_addon.batch import workspace
from xtalker_addon.batch.workspace import WorkFolder


@pytest.fixture
def locks():
    return pytest.importorskip("fcntl", reason="this system's files cannot be removed while they are open")


def test_a_folder_whose_process_is_gone_is_swept(tmp_path, locks):
    gone = WorkFolder(tmp_path).__enter__()
    gone._lock.close()  # as the system does for a process that was killed
    with WorkFolder(tmp_path) as mine:
        assert not gone.path.exists()
        with WorkFolder(tmp_path):
            assert mine.path.is_dir()
    assert not list(tmp_path.iterdir())


def test_one_who_sweeps_while_a_lock_is_made_leaves_it_known(tmp_path, locks, monkeypatch):
    """Between the making of a lock file and its locking, somebody finds it free and takes it away, twice."""
    really, swept = workspace._try_lock, []

    def late(file):
        if len(swept) < 2:
            swept.extend((tmp_path / ".work").glob("*.lock"))
            swept[-1].unlink()
        return really(file)

    monkeypatch.setattr(workspace, "_try_lock", late)
    mine = WorkFolder(tmp_path).__enter__()
    assert len(swept) == 2
    with WorkFolder(tmp_path):
        assert mine.path.is_dir()  # its lock is found, and held
    mine._lock.close()
    with WorkFolder(tmp_path):
        assert not mine.path.exists()
