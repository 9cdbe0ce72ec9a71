"""Says what a file is when it is not what its name promises, from its first bytes alone."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

HEAD_BYTES: Final = 512
NPY_MAGIC: Final = b"\x93NUMPY"
ZIP_MAGIC: Final = b"PK\x03\x04"
_FIRST_OF_TEXT: Final = 9  # a tab; bytes below it are in every binary file
_ZEROS: Final = bytes(16)


class Foreign(NamedTuple):
    """What a file is, with an article, and what to do about it where FLAME codes were expected."""

    what: str
    advice: str


_PICTURE: Final = Foreign("a picture", "expected arrays of FLAME codes")
_SOUND: Final = Foreign("a sound", "choose the file of codes that belongs to it")
_VIDEO: Final = Foreign("a video", "expected arrays of FLAME codes")
_RESAVE: Final = "save its arrays again with numpy.savez"
_PICKLE: Final = Foreign("a pickle, which is never loaded because it can run code", _RESAVE)
TORCH: Final = Foreign("a PyTorch file, which needs torch and can run code", _RESAVE)

_KINDS: Final = tuple(
    (re.compile(pattern, re.DOTALL), foreign)
    for pattern, foreign in (
        (rb"version https://git-lfs", Foreign("a Git LFS pointer instead of the data", "fetch it with `git lfs pull`")),
        (rb"\x89PNG|\xff\xd8\xff|GIF8|BM.{4}\0\0\0\0|II\*\0|MM\0\*|RIFF.{4}WEBP", _PICTURE),
        (rb"RIFF.{4}WAVE|fLaC|OggS|ID3", _SOUND),
        (rb".{4}ftyp|\x1a\x45\xdf\xa3|RIFF.{4}AVI ", _VIDEO),
        (rb"\x89HDF\r\n", Foreign("an HDF5 file", _RESAVE)),
        (rb"MATLAB ", Foreign("a MATLAB file", _RESAVE)),
        (rb"\x80[\x02-\x05].?\x8a\x0al\xfc\x9c\x46\xf9", TORCH),
        (rb"\x80[\x01-\x05]|\(?[dl]p\d|c[\w.]+\n\w+\n|\(dp|\(lp", _PICKLE),
        (rb"\x1f\x8b|BZh|\xfd7zXZ|7z\xbc\xaf|Rar!", Foreign("a compressed archive", "unpack it first")),
        (
            rb"\s*<(?i:!doctype|html|\?xml)",
            Foreign("a web page, probably the error of a download", "get the file again"),
        ),
        (
            rb"\s*[\[{]\s*[\"\d\[{\]}-]",
            Foreign("JSON text", "expected FLAME codes or ARKit's units, in a form that the README lists"),
        ),
        (re.escape(_ZEROS), Foreign("full of zeros, as an interrupted copy leaves it", "copy it again")),
    )
)


def describe(head: bytes) -> Foreign | None:
    """What a file with these first bytes is; None for numpy's own files, and for the unknown."""
    if not head:
        return Foreign("empty", "copy it again")
    if any(magic.startswith(head) for magic in (NPY_MAGIC, ZIP_MAGIC)):
        return Foreign("cut short", "copy it again")
    if head.startswith((NPY_MAGIC, ZIP_MAGIC)):
        return None
    return next((foreign for pattern, foreign in _KINDS if pattern.match(head)), None)


def is_pickle(head: bytes) -> bool:
    """Whether a file with these first bytes is a pickle, or was written by torch.save before it wrote archives."""
    return describe(head) in (_PICKLE, TORCH)


def is_text(head: bytes) -> bool:
    """Whether a file with these first bytes is text, or empty, and no pickle of the text kind."""
    return min(head, default=_FIRST_OF_TEXT) >= _FIRST_OF_TEXT and not is_pickle(head)


def is_lost(head: bytes) -> bool:
    """Whether a file with these first bytes holds no arrays, whatever its name says: it is empty, text or zeros."""
    return is_text(head) or head.startswith(_ZEROS)


def not_a_pickle(head: bytes) -> str | None:
    """What a file with these first bytes is where a pickle was expected; None for pickles and the unknown."""
    if head.startswith((NPY_MAGIC, ZIP_MAGIC)):
        return "a numpy file or a zip archive"
    foreign = describe(head)
    return None if foreign is None or foreign is _PICKLE else foreign.what
