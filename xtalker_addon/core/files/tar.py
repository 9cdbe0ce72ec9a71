"""Lists the files in a .tar without unpacking it: their names, and where in the archive their bytes lie.

An archive with anything that could do harm is refused as a whole: names that are absolute or lead upwards, links,
devices. So is one that is cut short. `tarfile` is twice as slow, which tells with many thousand clips in every process
that renders, and in older versions of Python does not come back from a hostile header. Format: POSIX.1-2001 (pax), with
GNU's long names.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, NamedTuple

from ...errors import SequenceError

SUFFIX: Final = ".tar"
_BLOCK: Final = 512
_END: Final = bytes(_BLOCK)
_FILES: Final = b"0\x007"
_FOLDER, _PAX, _LONG_NAME = b"5", b"x", b"L"
_NOTES: Final = _PAX + _LONG_NAME + b"gKV"  # g, K, V: pax for all, long names of links, label
_REFUSED: Final = {
    b"1": "a link",
    b"2": "a link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a pipe",
    b"S": "a file with holes",
}
_NOTE_LIMIT: Final = 1 << 20  # of a long name or a pax header


class Member(NamedTuple):
    """Where the bytes of one file lie in its archive, and when it was last changed."""

    offset: int
    size: int
    modified_ns: int


def is_tar(path: Path) -> bool:
    """Whether the file begins as a tar does. A checkpoint of PyTorch may be called .tar and is none."""
    try:
        with path.open("rb") as file:
            return _sums_up(file.read(_BLOCK))
    except OSError:
        return False


def list_members(path: Path) -> dict[str, Member]:
    """The files in the archive by their names, with forward slashes; of two with one name the later, as `tar` does.

    Raises SequenceError where the archive is broken, cut short, or holds what is refused.
    """
    try:
        with path.open("rb", buffering=0) as file:
            return dict(_members(file, path))
    except OSError as error:
        raise SequenceError(f"{path}: cannot be read ({error.strerror}).") from None


def _members(file: IO[bytes], path: Path) -> Iterator[tuple[str, Member]]:
    end = file.seek(0, os.SEEK_END)
    position, notes = 0, dict[str, str]()
    while True:
        file.seek(position)
        header = file.read(_BLOCK)
        if header == _END:
            return
        if len(header) < _BLOCK:
            raise SequenceError(f"{path}: is cut short after {position} bytes; copy or download the archive again.")
        kind, start, name = header[156:157], position + _BLOCK, notes.get("path") or _name(header)
        try:
            size, modified_ns = _numbers(header, notes)
        except (ValueError, OverflowError):
            raise SequenceError(f"{path}: is broken at byte {position}; copy or download the archive again.") from None
        if start + size > end:
            raise SequenceError(
                f"{path}: is cut short: {name[:80]!r} in it should end at byte {start + size} and the archive ends at "
                f"{end}; copy or download it again."
            )
        position = start + -(-size // _BLOCK) * _BLOCK
        if kind in _NOTES:
            notes |= _read_notes(file, kind, size, path)
            continue
        _refuse(kind, name, notes, path)
        notes = {}
        if kind in _FILES and not name.endswith("/"):
            yield "/".join(part for part in name.split("/") if part not in ("", ".")), Member(start, size, modified_ns)


def _numbers(header: bytes, notes: dict[str, str]) -> tuple[int, int]:
    """Size and time of change in nanoseconds. Raises ValueError, OverflowError for a header that is none."""
    if not _sums_up(header):
        raise ValueError
    size, changed = notes.get("size"), notes.get("mtime")
    numbers = (
        _number(header[124:136]) if size is None else int(size),
        _number(header[136:148]) * 1_000_000_000 if changed is None else int(float(changed) * 1e9),
    )
    if min(numbers) < 0:
        raise ValueError
    return numbers


def _sums_up(header: bytes) -> bool:
    """Whether a header's checksum, over all bytes with those of the sum as blanks, is right."""
    try:
        return len(header) == _BLOCK and _number(header[148:156]) == sum(header) - sum(header[148:156]) + 8 * 32
    except ValueError:
        return False


def _number(field: bytes) -> int:
    """Octal digits, or from the first bit on the number itself. Raises ValueError for neither."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    return int(field.split(b"\0")[0].strip() or b"0", 8)


def _text(data: bytes) -> str:
    return data.split(b"\0")[0].decode("utf-8", "surrogateescape")


def _name(header: bytes) -> str:
    name, prefix = _text(header[:100]), _text(header[345:500])
    return f"{prefix}/{name}" if prefix and header[257:263] == b"ustar\0" else name


def _read_notes(file: IO[bytes], kind: bytes, size: int, path: Path) -> dict[str, str]:
    """What a header of its own says about the file that follows it."""
    if kind not in (_PAX, _LONG_NAME):
        return {}
    if size > _NOTE_LIMIT:
        raise SequenceError(f"{path}: holds a name of {size} bytes; it was not made by an honest program.")
    data = file.read(size)
    if kind == _LONG_NAME:
        return {"path": _text(data)}
    notes: dict[str, str] = {}
    try:
        while data:
            length = int(data[: data.index(b" ")])
            key, _, value = data[data.index(b" ") + 1 : length - 1].partition(b"=")
            notes[key.decode()] = value.decode("utf-8", "surrogateescape")
            data = data[length:] if length > 0 else b""
    except ValueError:
        raise SequenceError(f"{path}: holds a broken pax header; copy or download the archive again.") from None
    return notes


def _refuse(kind: bytes, name: str, notes: dict[str, str], path: Path) -> None:
    shown = repr(name[:80])
    what = _REFUSED.get(kind)
    if any(key.startswith("GNU.sparse") for key in notes):
        what = _REFUSED[b"S"]
    if what is None and kind not in _FILES + _FOLDER:
        what = "of an unknown kind"
    if what:
        raise SequenceError(
            f"{path}: {shown} in it is {what}; expected files and folders alone, as "
            "`tar --dereference --hard-dereference` packs them."
        )
    if name.startswith("/") or "\\" in name or name[1:2] == ":" or "\0" in name or ".." in name.split("/"):
        raise SequenceError(
            f"{path}: {shown} in it would lie outside of the archive's folder; expected names below it, so the archive "
            "was not opened."
        )
