"""Thumbnails of reference images: read and shrunk by threads, kept on disk within a limit, shown as previews."""

import hashlib
import os
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import bpy
import bpy.utils.previews
import numpy as np
from numpy.typing import NDArray

from ..core.formats.arrays import open_npy
from ..core.formats.draft import Draft
from ..errors import SequenceError

_FILE = "refimg.npy"
_AT_ONCE = 256  # previews in memory: far more than a list shows
_EVERY_SECONDS = 0.05


class Thumbnails:
    """Icons by clip. An icon that is not there yet is asked for, and `redraw` called when it has come."""

    def __init__(self, folder: Path, size: int, megabytes: int, redraw) -> None:
        self._folder, self._size, self._redraw = folder, size, redraw
        self._folder.mkdir(parents=True, exist_ok=True)
        self._previews = bpy.utils.previews.new()
        self._shown: OrderedDict[str, int] = OrderedDict()  # key: icon, 0 where the clip has no picture
        self._coming: dict[str, Future[NDArray[np.uint8] | None]] = {}
        self._pool = ThreadPoolExecutor(2)
        self._timer = self._collect  # one object: Blender tells timers apart by identity
        self._pool.submit(_trim, folder, megabytes * 1_000_000)

    def icon(self, source: Path, signature: str) -> int:
        """The icon's number, 0 while there is none."""
        key = hashlib.sha1(f"{source}|{signature}|{self._size}".encode(), usedforsecurity=False).hexdigest()
        if key in self._shown:
            self._shown.move_to_end(key)
            return self._shown[key]
        if key not in self._coming:
            self._coming[key] = self._pool.submit(_load, source / _FILE, self._folder / f"{key}.npy", self._size)
            if not bpy.app.timers.is_registered(self._timer):
                bpy.app.timers.register(self._timer, first_interval=_EVERY_SECONDS)
        return 0

    def close(self) -> None:
        """Let go of everything."""
        if bpy.app.timers.is_registered(self._timer):
            bpy.app.timers.unregister(self._timer)
        self._pool.shutdown(wait=False, cancel_futures=True)
        bpy.utils.previews.remove(self._previews)

    def _collect(self) -> float | None:
        """Make previews of what the threads have read; Blender calls this until nothing is coming any more."""
        done = [key for key, future in self._coming.items() if future.done()]
        for key in done:
            picture = self._coming.pop(key).result()
            self._shown[key] = 0 if picture is None else self._preview(key, picture)
            if len(self._shown) > _AT_ONCE:
                oldest, icon = self._shown.popitem(last=False)
                if icon:
                    del self._previews[oldest]
        if done:
            self._redraw()
        return _EVERY_SECONDS if self._coming else None

    def _preview(self, key: str, picture: NDArray[np.uint8]) -> int:
        preview = self._previews.new(key)
        for kind, side in (("image", self._size), ("icon", 32)):
            rgba = np.ones((side, side, 4), np.float32)
            rgba[..., :3] = shrink(picture, side)[::-1] / 255.0
            setattr(preview, f"{kind}_size", (side, side))
            getattr(preview, f"{kind}_pixels_float").foreach_set(rgba.ravel())
        return preview.icon_id


def shrink(picture: NDArray[np.generic], side: int) -> NDArray[np.float32]:
    """(side, side, 3) means over areas of an (H, W, 3) picture; where it is smaller, its nearest pixels."""
    result = np.asarray(picture, np.float32)
    for axis in (0, 1):
        edges = np.linspace(0, result.shape[axis], side + 1).astype(int)
        starts = np.minimum(edges[:-1], result.shape[axis] - 1)
        counts = np.maximum(np.diff(edges), 1).astype(np.float32)
        sums = np.add.reduceat(result, starts, axis=axis)
        result = sums / (counts[:, None, None] if axis == 0 else counts[None, :, None])
    return result


def _load(source: Path, cached: Path, size: int) -> NDArray[np.uint8] | None:
    """The thumbnail (size, size, 3), from the cache or from the clip; None where there is no picture."""
    try:
        picture = np.load(cached, allow_pickle=False)
        os.utime(cached)
        return picture
    except (OSError, ValueError, EOFError):
        pass
    draft = Draft("", source)
    try:
        draft.add("reference_image", open_npy(source), str(source))
        picture = draft.fields["reference_image"]
        if picture.ndim != 3 or picture.shape[2] != 3:
            return None
        small = np.rint(shrink(picture, size) * 255).astype(np.uint8)
    except (SequenceError, ValueError, OSError):
        return None
    partial = cached.with_suffix(".part")
    with partial.open("wb") as file:
        np.save(file, small)
    partial.replace(cached)
    return small


def _trim(folder: Path, limit: int) -> None:
    """Delete the thumbnails that were not looked at for longest, until the rest takes `limit` bytes."""
    files = sorted(((f.stat().st_mtime, f.stat().st_size, f) for f in folder.glob("*.npy")), reverse=True)
    total = 0
    for _, size, file in files:
        total += size
        if total > limit:
            file.unlink(missing_ok=True)
