"""WebTalk-Synthetic as it is shipped: one .tar a modality, and lists of the splits beside them."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np

from tests.data.sequences import write_webtalk_clip

STEMS = ("202008647_0001", "202008647_0002", "Rede-über-alles_" + "x" * 110 + "_0003")  # the last is too long for ustar


def write_unpacked(root: Path, stems: tuple[str, ...] = STEMS, frames: int = 20) -> Path:
    """The data set in folders, with tokens of speech that nobody here reads."""
    for seed, stem in enumerate(stems):
        write_webtalk_clip(root, stem, frames + seed, seed, f"This is clip {seed}.")
        (root / "audios_token_glm").mkdir(exist_ok=True)
        np.save(root / "audios_token_glm" / f"{stem}.npy", np.arange(100, dtype=np.int64))
    (root / "train.txt").write_text("\n".join(stems[:-1]))
    (root / "test.txt").write_text(stems[-1])
    return root


def pack(root: Path, to: Path, form: int = tarfile.GNU_FORMAT, top: bool = True) -> Path:
    """The same with every folder as a .tar in `to`; top: members' names begin with the folder's, else with a point."""
    to.mkdir(parents=True)
    for place in sorted(root.iterdir()):
        if place.is_dir():
            with tarfile.open(to / f"{place.name}.tar", "w", format=form) as archive:
                archive.add(place, place.name if top else ".")
        else:
            (to / place.name).write_bytes(place.read_bytes())
    return to


def tar_of(path: Path, *members: tuple[str, bytes | None, bytes]) -> Path:
    """An archive of (name, content, type); content None for what has none, such as links."""
    with tarfile.open(path, "w") as archive:
        for name, content, kind in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            info.size = len(content or b"")
            archive.addfile(info, io.BytesIO(content or b""))
    return path
