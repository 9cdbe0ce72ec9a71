"""What a clip is called, and where its sound lies, by the place of its files alone."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path, PurePath
from typing import Final, TypeVar

from ..files import storage
from .companions import find_audio

# Files and folders that every clip of a project has, so that the name of the clip stands above them.
_COMMON: Final = re.compile(
    r"(?:tracked_)?flame_params?|verts_seq|vertices|tracked_params|code|transforms\w*|results|checkpoints?|frames"
    r"|(?:EMOCA|EMICA|DECA)(?:_v\d\w*)?|smoothed|optim|fit|optim_tracking_\w+|shape_pose_cam",
    re.IGNORECASE,
)
# An avatar as it was saved while it was trained: its name alone stands for several, the iteration's for all avatars.
_AVATARS_POINTS: Final = "point_cloud"
_ITERATION: Final = re.compile(r"iteration_\d+")
_SUFFIXES: Final = re.compile(
    r"(?:_motions)?\.(?:npz|npy|json|csv|pc2|pkl|pickle|pt|hdf5|h5|safetensors)$", re.IGNORECASE
)
_MOTIONS: Final = "_motions"  # ends the name of ARTalk's files, which begins with that of the sound

_CALIBRATED: Final = re.compile("_(?:cal|raw)$")
_VIDEOS: Final = (".mov", ".mp4")

CONDITION: Final = "_condition_"  # in the names of predictions, before the speaker that they were conditioned on
_TRUTH_TREES: Final = ("testset", "valset", "trainset")
_LEVELS: Final = 4  # above a prediction in which a tree of truths is looked for

P = TypeVar("P", bound=PurePath)


def named_place(path: P) -> P:
    """`path` without its suffix, or the nearest folder above it whose name is the clip's own; `path` where none is.

    Of `AVATAR/point_cloud/iteration_N/...` it is `AVATAR_iteration_N`.
    """
    own = path.with_name(_SUFFIXES.sub("", path.name)) if path.name else path
    places = chain((own,), own.parents)
    named = next((place for place in places if place.name and not _COMMON.fullmatch(place.name)), own)
    avatar = named.parent.parent
    if named.parent.name == _AVATARS_POINTS and _ITERATION.fullmatch(named.name) and avatar.name:
        return avatar.with_name(f"{avatar.name}_{named.name}")
    return named


def _stems(path: Path, stem: str) -> tuple[str, ...]:
    """What the sound may be called: as the clip, or as what comes before the style and the number that ARTalk adds."""
    if not path.stem.endswith(_MOTIONS):
        return (stem,)
    parts = stem.split("_")
    return tuple("_".join(parts[:count]) for count in range(len(parts), 0, -1))


def sound_of(path: Path) -> Path | None:
    """The sound of the clip in the file or folder `path`: called as the clip, from there up to what it is named after.

    In a folder that is a clip of its own, it may be called `audio` as well. The sound of a table may be in its video.
    """
    named = named_place(path)
    stem = _own_stem(named)
    is_folder = storage.is_folder(path)
    folders: list[Path] = []
    for folder in chain((path,) if is_folder else (), path.parents):
        folders.append(folder)
        if folder in (named, named.parent):
            break
    own_folder = is_folder or named in folders
    names = (*_stems(path, stem), "audio") if own_folder else _stems(path, stem)
    beside = () if is_folder else ((path.parent, path.stem),)
    places = [*beside, *((folder, name) for folder in folders for name in names), (named.parent, stem)]
    sounds = (find_audio(folder, name) for folder, name in dict.fromkeys(places))
    found = next((sound for sound in sounds if sound), None) or _truths_sound(named)
    return _takes_sound(path) if found is None and path.suffix.lower() == ".csv" else found


def _takes_sound(table: Path) -> Path | None:
    """Of Live Link Face's take, of which there may be two tables: as a_cal.csv and a_raw.csv beside a.mov."""
    stem = _CALIBRATED.sub("", table.stem)
    videos = (table.with_name(f"{stem}{suffix}") for suffix in _VIDEOS)
    return find_audio(table.parent, stem) or next((video for video in videos if storage.is_file(video)), None)


def sound_in(truth: Path, path: Path) -> Path | None:
    """The sound that a tree of truths has for the clip at `path`: of its subset and sample, else of its sample."""
    named = named_place(path)
    stem = _own_stem(named)
    places = (truth / named.parent.name / stem, truth / stem)
    sounds = (find_audio(*spot) for place in places for spot in ((place, "audio"), (place.parent, stem)))
    return next((sound for sound in sounds if sound), None)


def _own_stem(named: Path) -> str:
    """The clip's own name, without what a format or the conditions of a prediction add to it."""
    return re.sub("-allinone$", "", named.name, flags=re.IGNORECASE).split(CONDITION)[0]


def _truths_sound(sample: Path) -> Path | None:
    """The sound of a prediction `.../<subset>/<sample>`: that of its sample in a tree of truths beside or above."""
    own = Path(sample.parent.name, sample.name)
    trees = (above / name for above in sample.parents[1 : 1 + _LEVELS] for name in _TRUTH_TREES)
    return next((sound for tree in trees if (sound := find_audio(tree / own, "audio"))), None)
