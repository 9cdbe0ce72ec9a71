"""What is in archives is listed once, for all processes; and never taken from an index that is of something else."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

from tests.data.tars import STEMS, pack, write_unpacked
from xtalker_addon.core.dataset import index_tree
from xtalker_addon.core.files import storage
from xtalker_addon.core.formats import find_sequences, read_sequence
from xtalker_addon.errors import UsageError

READ_ELSEWHERE = """
import sys
from pathlib import Path
from xtalker_addon.core.files import storage
from xtalker_addon.core.formats import read_sequence
storage.list_members = None  # whoever lists an archive fails
storage.use_index(Path(sys.argv[1]))
print(read_sequence(Path(sys.argv[2])).labels["transcript"])
"""


@pytest.fixture(scope="module")
def loose(tmp_path_factory):
    return write_unpacked(tmp_path_factory.mktemp("webtalk") / "data")


@pytest.fixture
def packed(loose, tmp_path):
    return pack(loose, tmp_path / "data")


@pytest.fixture
def database(tmp_path):
    return tmp_path / "index.sqlite"


def forget() -> None:
    """As a process that has just begun."""
    storage._listing.cache_clear()


def test_another_process_lists_no_archive(packed, database):
    clip = packed / index_tree(packed, database).clips[0].path
    done = subprocess.run(
        [sys.executable, "-c", READ_ELSEWHERE, str(database), str(clip)], capture_output=True, text=True
    )
    assert done.stdout.strip() == "This is clip 0.", done.stderr


def test_what_an_index_lacks_is_put_there(packed, database, monkeypatch):
    index_tree(packed / "FLAME_coeffs_25", database)
    with sqlite3.connect(database) as connection:
        connection.execute("DELETE FROM archives")
    forget()
    clip = read_sequence(find_sequences(packed)[0])
    forget()
    monkeypatch.setattr(storage, "list_members", None)
    again = read_sequence(find_sequences(packed)[0])
    assert np.array_equal(clip.expression, again.expression)


@pytest.mark.parametrize("index_first", [True, False])
def test_an_archive_that_was_packed_anew_is_listed_anew(packed, loose, database, index_first):
    """Of two clips whose places were exchanged, each must still be itself."""
    index_tree(packed, database)
    archive = packed / "FLAME_coeffs_25.tar"
    with tarfile.open(archive, "w") as members:
        for stem in reversed(STEMS):
            members.add(loose / "FLAME_coeffs_25" / f"{stem}.npz", f"FLAME_coeffs_25/{stem}.npz")
    forget()
    if index_first:
        index_tree(packed, database)
    for stem in STEMS:
        found = read_sequence(packed / "FLAME_coeffs_25" / f"{stem}.npz")
        assert np.array_equal(found.expression, read_sequence(loose / "FLAME_coeffs_25" / f"{stem}.npz").expression)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE archives SET places = x'00'",
        "UPDATE archives SET names = x'41'",
        "UPDATE archives SET places = zeroblob(length(places) - 24) || x'ffffffffffffff7f' || zeroblob(16)",
        "UPDATE archives SET names = 7",
        "DROP TABLE archives",
    ],
)
def test_a_damaged_index_is_not_believed(packed, database, damage):
    index_tree(packed, database)
    with sqlite3.connect(database) as connection:
        connection.execute(damage)
    forget()
    assert [read_sequence(path).name for path in find_sequences(packed)] == [
        path.stem for path in find_sequences(packed)
    ]
    assert len(find_sequences(packed)) == len(STEMS)


def test_an_index_that_cannot_be_written_is_only_read(packed, database):
    index_tree(packed, database)
    with sqlite3.connect(database) as connection:
        connection.execute("DELETE FROM archives")
    database.chmod(0o400)
    before = database.read_bytes()
    forget()
    if os.geteuid():  # root writes everywhere
        read_sequence(find_sequences(packed)[0])
        assert database.read_bytes() == before


def test_an_index_of_an_earlier_version_is_made_anew(packed, database):
    with sqlite3.connect(database) as old:
        old.executescript(
            f"PRAGMA application_id = {0x78746B72}; PRAGMA user_version = 1;"
            "CREATE TABLE folders (root TEXT, path TEXT, changed INTEGER); CREATE TABLE clips (root TEXT, path TEXT);"
        )
    assert index_tree(packed, database).read == len(STEMS)
    assert index_tree(packed, database).read == 0


def test_an_index_of_a_later_version_is_left_alone(packed, database):
    index_tree(packed, database)
    with sqlite3.connect(database) as later:
        later.execute("PRAGMA user_version = 99")
    before = database.read_bytes()
    with pytest.raises(UsageError, match="not an index that this XTalker made"):
        index_tree(packed, database)
    forget()
    assert len(find_sequences(packed)) == len(STEMS)
    assert database.read_bytes() == before


def test_archives_that_are_gone_are_forgotten(packed, database):
    index_tree(packed, database)
    (packed / "transcripts.tar").unlink()
    index_tree(packed, database)
    with sqlite3.connect(database) as connection:
        kept = {Path(os.fsdecode(path)).name for (path,) in connection.execute("SELECT path FROM archives")}
    assert kept == {"FLAME_coeffs_25.tar", "audios.tar", "audios_token_glm.tar"}
