"""What lies in the output folder of batches."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from ..render.settings import VIDEO_SUFFIXES
from .record import Record, output_path, read_record

PREVIEWS: Final = "previews"
_VIDEOS: Final = tuple(VIDEO_SUFFIXES.values())


def rendered_in(output: Path) -> Iterator[str]:
    """Names, subset/sequence, of the videos and the folders of pictures below `output`."""
    for folder, files, pictures in _walk(output):
        place = PurePosixPath(folder.relative_to(output).as_posix())
        yield from ((place / name).as_posix() for name in pictures)
        videos = (PurePosixPath(file) for file in files if file.endswith(_VIDEOS))
        yield from ((place / video.with_suffix("")).as_posix() for video in videos)


def place_of(output: Path, name: str) -> Path | None:
    """The video, or the folder of pictures, of a name below `output`; None where there is none."""
    videos = (output / f"{name}{suffix}" for suffix in _VIDEOS)
    pictures = output / name
    found = next((video for video in videos if video.is_file()), None)
    return found or (pictures if pictures.is_dir() else None)


def records_in(output: Path) -> Iterator[tuple[Record, Path]]:
    """Every record below `output`, with the video or the folder of pictures that it is about."""
    for folder, files, _ in _walk(output):
        for file in files:
            record = read_record(folder / file) if file.endswith(".json") else None
            if record:
                yield record, output_path(record, folder / file)


def _walk(output: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Folders with their files, and with those of their folders that hold pictures, which are not looked into."""
    for folder, folders, files in os.walk(output):
        if Path(folder) == output:
            folders[:] = [name for name in folders if name != PREVIEWS and not name.startswith(".")]
        pictures = [name for name in folders if _holds_pictures(Path(folder, name))]
        folders[:] = [name for name in folders if name not in pictures]
        yield Path(folder), files, pictures


def _holds_pictures(folder: Path) -> bool:
    """Whether the first thing in it is a numbered picture of its name, or the sound: a look at one name is quick."""
    with os.scandir(folder) as items:
        first = next(items, None)
    ours = rf"{re.escape(folder.name)}\.(\d{{4,}}\.(png|exr)|wav)"
    return first is not None and re.fullmatch(ours, first.name) is not None
