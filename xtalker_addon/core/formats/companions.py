"""Finds the sound and the transcript that belong to a file of codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, cast

from ..files import storage
from ..speech.audio import SUFFIXES

# Folders beside the one with the codes: WebTalk-Synthetic, YouTube_Talking and CANDOR; BEAT2; FaceFormer, 3DMEAD.
_AUDIO_FOLDERS: Final = ("audios", "audio", "wave16k", "wav")
_TRANSCRIPT_FOLDER: Final = "transcripts"
_TRANSCRIPT_SUFFIXES: Final = (".txt", ".json", ".lab")
_TRANSCRIPT_BYTES: Final = 1 << 16


def find_audio(folder: Path, stem: str) -> Path | None:
    """The sound of the codes `stem` in `folder`: beside them, or in the dataset's folder of sounds."""
    folders = [folder, *(place for name in _AUDIO_FOLDERS if storage.is_folder(place := folder.parent / name))]
    candidates = (place / f"{stem}{suffix}" for suffix in SUFFIXES for place in folders)
    return next((path for path in candidates if storage.is_file(path)), None)


def overlooked_sounds(source: Path) -> list[str]:
    """Names of sounds in a clip's folder, or beside its file under its name, that are not called as its sound is."""
    folder, stem = (source, "") if storage.is_folder(source) else (source.parent, f"{source.stem}.")
    try:
        names = sorted(name for name in storage.list_folder(folder) if name.startswith(stem))
    except OSError:
        return []
    return [name for name in names if name[name.rfind(".") :].lower() in SUFFIXES]


def find_transcript(folder: Path, stem: str) -> str | None:
    """What is said in the clip `stem`, from the dataset's folder of transcripts."""
    places = (folder.parent / _TRANSCRIPT_FOLDER / f"{stem}{suffix}" for suffix in _TRANSCRIPT_SUFFIXES)
    path = next((path for path in places if storage.is_file(path)), None)
    if path is None:
        return None
    try:
        with storage.open_file(path) as file:
            text = file.read(_TRANSCRIPT_BYTES).decode("utf-8-sig", "replace").strip()
    except OSError:
        return None
    return (_spoken(text) if path.suffix == ".json" else text) or None


def _spoken(text: str) -> str:
    """The words in a JSON transcript: a string, or the usual keys of an object; else the text as it stands."""
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(data, dict):
        values = cast(dict[str, Any], data)
        data = values.get("text", values.get("transcript"))
    return data.strip() if isinstance(data, str) else text
