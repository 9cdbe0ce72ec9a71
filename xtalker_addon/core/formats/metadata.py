"""What `metadata.pkl` tells about the video that a 3DXTalker sequence was fitted to.

EMOCA writes six pickles one after the other (emoca:gdl/datasets/FaceVideoDataModule.py, _saveMeta): a version, videos,
what is known of each, annotations, frames, and what is known of their sound. They are read as data; paths become text,
and nothing in them is run.
"""

from __future__ import annotations

import struct
from pathlib import Path, PurePosixPath
from typing import Any, Final, cast

from ..files import storage
from ..files.pickle_machine import Machine, Name, PickleRefusedError

# Python 3.13 names another module than the others.
_PATHS: Final = {
    f"{module}.{kind}{system}Path"
    for module in ("pathlib", "pathlib._local")
    for kind in ("", "Pure")
    for system in ("", "Posix", "Windows")
}
_PICKLES: Final = 6
_VIDEOS, _VIDEO_FACTS, _SOUND_FACTS = 1, 2, 5  # which of the pickles
_SIZE_LIMIT: Final = 64 << 20


class _MetadataMachine(Machine):
    purpose = "metadata of a video"

    def name(self, module: object, name: object) -> None:
        text = f"{module}.{name}"
        if text not in _PATHS and text != "collections.OrderedDict":
            raise PickleRefusedError(f"it refers to {text[:60]!r}, which is not run")
        self.push(Name("path" if text in _PATHS else "dict", text))

    def make(self, keywords: object = None) -> None:
        args, what = self.pop(), self.pop()
        if not isinstance(what, Name) or not isinstance(args, tuple):
            raise PickleRefusedError("it calls something that is no function")
        parts = [str(part) for part in cast(tuple[object, ...], args)]
        self.push(str(PurePosixPath(*parts)) if what.kind == "path" else dict[str, object]())


def read_metadata(path: Path) -> dict[str, str]:
    """`source_video`, `source_fps`, `source_size`, `source_sample_rate` as far as they are there.

    A file that holds its version alone tells nothing. Raises ValueError, which says why it cannot be read.
    """
    try:
        stored = storage.find(path)
        if stored.size > _SIZE_LIMIT:
            raise ValueError("it is absurdly large")
        if not stored.size:
            raise ValueError("it is empty")
        with stored.open() as file:
            pickles: list[object] = []
            while file.tell() < stored.size and len(pickles) < _PICKLES:
                pickles.append(_MetadataMachine().run(file))
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from None
    except (TypeError, IndexError, OverflowError, MemoryError, EOFError, struct.error) as error:
        raise ValueError(str(error) or "it is broken") from None
    videos, video, sound = (_first(pickles, index) for index in (_VIDEOS, _VIDEO_FACTS, _SOUND_FACTS))
    facts = {
        "source_video": videos if isinstance(videos, str) else None,
        "source_fps": _rate(_fact(video, "fps")),
        "source_size": _size(video),
        "source_sample_rate": _fact(sound, "sample_rate"),
    }
    return {name: fact for name, fact in facts.items() if fact}


def _first(pickles: list[object], index: int) -> object:
    """The first item of a pickled list: a sequence is made from one video."""
    items = pickles[index] if index < len(pickles) else None
    return cast(list[Any], items)[0] if isinstance(items, list) and items else None


def _fact(facts: object, name: str) -> str | None:
    value = cast(dict[str, object], facts).get(name) if isinstance(facts, dict) else None
    return str(value) if isinstance(value, (str, int, float)) else None


def _size(facts: object) -> str | None:
    width, height = _fact(facts, "width"), _fact(facts, "height")
    return f"{width} x {height}" if width and height else None


def _rate(text: str | None) -> str | None:
    """'25/1' as '25', '30000/1001' as '29.97'."""
    try:
        numerator, _, denominator = (text or "").partition("/")
        return f"{float(numerator) / float(denominator or 1):.6g}"
    except (ValueError, ZeroDivisionError):
        return text
