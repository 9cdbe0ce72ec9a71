"""An index of thousands of clips: how long each is and what its name tells, without reading a single array.

The first look at a tree reads headers; with a database, later looks only ask the file system what has changed.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..errors import AudioError, SequenceError
from .files import index_file, storage
from .files.lmdb import DATA
from .files.tar import SUFFIX
from .formats import find_sequences, predictions, read_sequence
from .formats.draft import rate_by_sound
from .formats.labels import labels_of
from .formats.layout import Outline, Place, outline_of
from .formats.layouts import file_layout, folder_layout
from .formats.naming import named_place, sound_of
from .formats.threedxtalker import FILES, MARKER
from .sequence import FpsSource
from .speech import audio

LABELS: Final = ("subset", "subject", "emotion")
_PACKED: Final = "packed:"  # begins the signature of a clip in an archive
_THREADS: Final = 8  # what a network file system needs to be quick; one local disk does not mind


@dataclass(frozen=True, slots=True)
class Clip:
    """What is known of a clip before it is read.

    path      : relative to the tree's root, with forward slashes; '.' where the root itself is the clip
    signature : changes when the clip's files do; taken from the file system
    frames    : 0 where the header cannot be read, and then `problem` says why
    fps_source : who tells the rate (see `core.sequence`)
    files, bytes : what the clip takes on disk
    sound     : whether a sound file lies with it
    labels    : subset, subject and emotion as far as the names tell
    """

    path: str
    signature: str
    frames: int
    fps: float
    fps_source: FpsSource
    files: int
    bytes: int
    sound: bool
    labels: Mapping[str, str]
    problem: str = ""

    @property
    def seconds(self) -> float:
        """How long the face is in motion."""
        return self.frames / self.fps


@dataclass(frozen=True, slots=True)
class Dataset:
    """The clips below `root`, in order of their paths. read: how many of them had to be looked into."""

    root: Path
    clips: tuple[Clip, ...]
    read: int


def index_tree(root: Path, database: Path | None = None, watch: Callable[[int, int], None] | None = None) -> Dataset:
    """The clips at or below `root`. With a `database`, what has not changed since the last time is taken from it.

    A root that is a file is a clip of its own, and its folder the root; any file of a 3DXTalker folder stands for it.
    A change is noticed by the times of the folders, and by time and size of each clip's expression or its file. watch:
    called with the number of clips looked into and of all while that goes on; what it raises ends the work, and the
    database stays as it was. An archive is the folder that it stands for (see `files.storage`).
    Raises UsageError where the root is not there, or the database is no index or cannot be written.
    """
    # Links stay: another machine may know a folder only by one. But `..` after a link is not what it looks like.
    root = root.resolve() if ".." in root.parts else root.absolute()
    if root.name in FILES and storage.is_file(root.parent / MARKER):
        root = root.parent
    folder = storage.folder_of(root)
    packed = find_sequences(root) if folder else []
    if packed == [root] or (not packed and storage.is_file(root)):
        return Dataset(root.parent, (_outline(root.parent, root.name),), 1)
    root = folder or root
    if database is None:
        clips, _, read = _look(root, {}, watch)
        return Dataset(root, clips, read)
    storage.use_index(database)
    with index_file.connect(database) as connection:
        connection.text_factory = _restored
        known = {clip.path: clip for clip in _load_clips(connection, root)}
        rows = connection.execute("SELECT path, changed FROM folders WHERE root = CAST(? AS TEXT)", (_stored(root),))
        folders: dict[str, int] = dict(rows)
        if folders and _unchanged(root, folders, known.values()):
            return Dataset(root, tuple(known.values()), 0)
        clips, folders, read = _look(root, known, watch)
        _store(connection, root, clips, folders)
    return Dataset(root, clips, read)


def _look(
    root: Path, known: Mapping[str, Clip], watch: Callable[[int, int], None] | None
) -> tuple[tuple[Clip, ...], dict[str, int], int]:
    """The clips, the folders above them with their times of change, and how many clips are not as `known`."""
    with storage.at_rest():
        sources = [_relative(path, root) for path in find_sequences(root)]
    folders = dict(_folders_above(root, set(sources)))

    def clip_at(path: str) -> Clip:
        clip = known.get(path)
        return clip if clip and clip.signature == _signature(root, path) else _outline(root, path)

    clips: list[Clip] = []
    with storage.at_rest(), ThreadPoolExecutor(_THREADS) as pool:
        try:
            for clip in pool.map(clip_at, sources):
                clips.append(clip)
                if watch:
                    watch(len(clips), len(sources))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return tuple(clips), folders, sum(known.get(clip.path) is not clip for clip in clips)


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _folders_above(root: Path, clips: set[str]) -> Iterator[tuple[str, int]]:
    """Every folder that is not itself a clip, with the time at which something was last put into it or taken out.

    Archives too, with the time at which they were last written.
    """
    pending, seen = ([] if "." in clips else ["."]), set[tuple[int, int]]()
    while pending:
        path = pending.pop()
        try:
            status = (root / path).stat()
            with os.scandir(root / path) as scan:
                entries = [entry for entry in scan if not entry.name.startswith(".")]
            inner = [entry.name for entry in entries if entry.is_dir()]
            archives = [
                (name if path == "." else f"{path}/{name}", entry.stat().st_mtime_ns)
                for entry in entries
                if ((name := entry.name).endswith(SUFFIX) or name == DATA) and entry.is_file()
            ]
        except OSError:
            continue
        if status.st_ino and (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        yield path, status.st_mtime_ns
        yield from archives
        paths = (name if path == "." else f"{path}/{name}" for name in inner)
        pending.extend(below for below in paths if below not in clips)


def _unchanged(root: Path, folders: Mapping[str, int], clips: Iterable[Clip]) -> bool:
    base = os.fspath(root)
    try:
        if any(os.stat(f"{base}/{path}").st_mtime_ns != changed for path, changed in folders.items()):  # noqa: PTH116
            return False
    except OSError:
        return False
    unpacked = (clip for clip in clips if not clip.signature.startswith(_PACKED))  # what archives hold stays as it is
    return all(_signature(root, clip.path) == clip.signature for clip in unpacked)


def _signature(root: Path, path: str) -> str:
    """Time of the clip's folder and time and size of its codes, or those of the file where it is one. '' if gone."""
    place = f"{os.fspath(root)}/{path}"  # plain strings: this runs for every clip at every start
    try:
        own = os.stat(place)  # noqa: PTH116
        for file in (MARKER, *predictions.FILES) if stat.S_ISDIR(own.st_mode) else ():
            try:
                codes = os.stat(f"{place}/{file}")  # noqa: PTH116
            except OSError:
                continue
            return f"{own.st_mtime_ns}:{codes.st_mtime_ns}:{codes.st_size}"
        return f"{own.st_mtime_ns}:{own.st_size}"
    except OSError:
        return _packed_signature(root / path)


def _packed_signature(source: Path) -> str:
    """The like for a clip in an archive."""
    try:
        if storage.is_folder(source):  # by the whole archive: many files may be the clip's
            return f"{_PACKED}{storage.archive_stamp(source)}"
        codes = storage.find(source)
    except OSError:
        return ""
    return f"{_PACKED}{codes.modified_ns}:{codes.size}"


def has_sound(clip: Path) -> bool:
    """Whether a sound lies with a clip, by its headers alone; False where it is broken."""
    return _outline(clip, ".").sound


def _outline(root: Path, path: str) -> Clip:
    """Look into one clip: headers and sizes, no array."""
    source, signature = root / path, _signature(root, path)
    files, size, sound, problem, known = 1, 0, None, "", Outline(0)
    try:
        storage.as_folder(source)  # or the reason why an archive is refused
        if storage.is_folder(source):
            sizes = [f.size for f in storage.list_folder(source).values() or storage.files_below(source)]
            files, size = len(sizes), sum(sizes)
        else:
            size = storage.find(source).size
        sound = sound_of(source)
        known = _look_into(Place(source))
    except (SequenceError, OSError) as error:
        problem = str(error)
    fps, fps_source = _rate(known, sound)
    named = {**labels_of(source, named_place(source).name), **known.labels}
    labels = {key: text for key, text in named.items() if key in LABELS}
    heard = known.sound if known.sound is not None else sound is not None
    return Clip(path, signature, known.frames, fps, fps_source, files, size, heard, labels, problem)


def _rate(known: Outline, sound: Path | None) -> tuple[float, FpsSource]:
    """The rate that reading the clip will come to, and who tells it."""
    if known.fps:
        return known.fps, known.fps_source
    try:
        seconds = audio.length(sound) if sound and known.frames else 0.0
    except AudioError:
        seconds = 0.0
    rate = rate_by_sound(known.frames, seconds) if seconds else None
    return (rate, "inferred") if rate else (known.usual_fps, "assumed")


def _look_into(place: Place) -> Outline:
    """Frames and rate of the clip at a place. Raises SequenceError where it is broken."""
    layout = folder_layout(place) if storage.is_folder(place.path) else file_layout(place)
    if layout is None:
        read_sequence(place.path)  # says what it is instead
        return Outline(0)
    if layout.outline:
        return layout.outline(place)
    draft = layout.read(place)
    return outline_of(draft, draft.frames)


def _stored(text: object) -> bytes:
    """A name as it is on disk, which may be no text in UTF-8; `CAST(? AS TEXT)` takes it as it is."""
    return str(text).encode("utf-8", "surrogateescape")


def _restored(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")


def _load_clips(connection: sqlite3.Connection, root: Path) -> Iterator[Clip]:
    rows = connection.execute(
        "SELECT path, signature, frames, fps, fps_source, files, bytes, sound, subset, subject, emotion, problem "
        "FROM clips WHERE root = CAST(? AS TEXT) ORDER BY path",
        (_stored(root),),
    )
    for path, signature, frames, fps, fps_source, files, size, sound, *texts, problem in rows:
        labels = {key: text for key, text in zip(LABELS, texts, strict=True) if text}
        yield Clip(path, signature, frames, fps, fps_source, files, size, bool(sound), labels, problem)


def _store(connection: sqlite3.Connection, root: Path, clips: Iterable[Clip], folders: Mapping[str, int]) -> None:
    where = _stored(root)
    index_file.forget_archives(connection)
    connection.execute("DELETE FROM clips WHERE root = CAST(? AS TEXT)", (where,))
    connection.execute("DELETE FROM folders WHERE root = CAST(? AS TEXT)", (where,))
    connection.executemany(
        "INSERT INTO folders VALUES (CAST(? AS TEXT), CAST(? AS TEXT), ?)",
        ((where, _stored(path), changed) for path, changed in folders.items()),
    )
    connection.executemany(
        "INSERT INTO clips VALUES (CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, CAST(? AS TEXT))",
        (
            (
                *(where, _stored(clip.path), clip.signature, clip.frames, clip.fps, clip.fps_source),
                *(clip.files, clip.bytes, clip.sound),
                *(clip.labels.get(key, "") for key in LABELS),
                _stored(clip.problem),
            )
            for clip in clips
        ),
    )
