"""The SQLite file that keeps the index of data sets, and where in their archives each file lies.

All of it can be found out anew. So an index of an earlier version is emptied, and what is in an archive counts for the
size and the time of change that the archive had then.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager, suppress
from itertools import starmap
from pathlib import Path
from typing import Final

import numpy as np

from ...errors import UsageError
from .tar import Member

_APPLICATION: Final = 0x78746B72  # marks the file as ours ("xtkr")
_VERSION: Final = 2
_TABLES: Final = ("folders", "clips", "archives")
_SCHEMA: Final = """
CREATE TABLE folders (root TEXT, path TEXT, changed INTEGER, PRIMARY KEY (root, path)) WITHOUT ROWID;
CREATE TABLE clips (root TEXT, path TEXT, signature TEXT, frames INTEGER, fps REAL, fps_source TEXT, files INTEGER,
    bytes INTEGER, sound INTEGER, subset TEXT, subject TEXT, emotion TEXT, problem TEXT, PRIMARY KEY (root, path))
    WITHOUT ROWID;
CREATE TABLE archives (path BLOB PRIMARY KEY, bytes INTEGER, changed INTEGER, names BLOB, places BLOB);
"""
_WAIT_SECONDS: Final = 60.0  # for another process that writes


@contextmanager
def connect(database: Path) -> Generator[sqlite3.Connection]:
    """The open database, made where it is not there. What is done to it happens wholly or not at all.

    Raises UsageError where it is no index, is a newer XTalker's, or cannot be used.
    """
    try:
        with closing(sqlite3.connect(database, timeout=_WAIT_SECONDS)) as connection, connection:
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            application, version = _stamp(connection)
            if tables and (application != _APPLICATION or version > _VERSION):
                raise UsageError(f"{database}: is not an index that this XTalker made; name another file.")
            if version < _VERSION:
                old = "".join(f"DROP TABLE IF EXISTS {table};" for table in _TABLES)
                stamp = f"PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {_VERSION};"
                connection.executescript(f"BEGIN; {stamp} {old} {_SCHEMA} COMMIT")
            yield connection
    except sqlite3.DatabaseError as error:
        raise UsageError(f"{database}: cannot be used as an index ({error}); name another file.") from None


def load_members(database: Path, archive: str, size: int, modified_ns: int) -> dict[str, Member] | None:
    """What is in an archive of this size and time of change; None where the database, if it is one, does not tell."""
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            if _stamp(connection) != (_APPLICATION, _VERSION):
                return None
            row: tuple[bytes, bytes] | None = connection.execute(
                "SELECT names, places FROM archives WHERE path = ? AND bytes = ? AND changed = ?",
                (os.fsencode(archive), size, modified_ns),
            ).fetchone()
        return _members(row[0], row[1], size) if row else None
    except (sqlite3.Error, OSError, ValueError, TypeError, AttributeError):  # something else in its place
        return None


def keep_members(database: Path, archive: str, size: int, modified_ns: int, members: Mapping[str, Member]) -> None:
    """Have what is in an archive at hand for the next process, if the database is there and can be written."""
    names = "\0".join(members).encode("utf-8", "surrogateescape")
    places = np.array(list(members.values()), np.int64).tobytes()
    with (
        suppress(sqlite3.Error, OSError),
        closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=rw", uri=True)) as connection,
        connection,
    ):
        if _stamp(connection) == (_APPLICATION, _VERSION):
            row = (os.fsencode(archive), size, modified_ns, names, places)
            connection.execute("INSERT OR REPLACE INTO archives VALUES (?, ?, ?, ?, ?)", row)


def forget_archives(connection: sqlite3.Connection) -> None:
    """Drop what is known of archives that are no longer there."""
    for (path,) in connection.execute("SELECT path FROM archives").fetchall():
        if not os.path.isfile(path):  # noqa: PTH113  may be no text
            connection.execute("DELETE FROM archives WHERE path = ?", (path,))


def _stamp(connection: sqlite3.Connection) -> tuple[int, int]:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return application, version


def _members(names: bytes, places: bytes, size: int) -> dict[str, Member]:
    """Raises ValueError where they cannot be those of an archive of this size."""
    rows = np.frombuffer(places, np.int64).reshape(-1, 3)
    keys = names.decode("utf-8", "surrogateescape").split("\0") if len(rows) else []
    ends_too_late = (rows[:, 1] > size) | (rows[:, 0] > size - rows[:, 1])
    if len(keys) != len(rows) or (rows < 0).any() or ends_too_late.any():
        raise ValueError("no listing of this archive")
    return dict(zip(keys, starmap(Member, rows.tolist()), strict=True))
