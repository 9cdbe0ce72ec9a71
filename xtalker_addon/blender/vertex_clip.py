"""Vertices that move a mesh: Blender's own Mesh Cache modifier on a .pc2 file; no keys, no handlers."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from math import pi
from pathlib import Path
from typing import Final
from uuid import uuid4

import bpy
import numpy as np

from ..core.formats.vertices import pc2_header
from ..core.model.clip import Clip
from ..core.model.flame import FlameModel
from ..core.sequence import Sequence
from ..errors import ModelError, reason
from .steps import Steps, Watch, beside

_NAME: Final = "Vertices"


def keep_steps(
    sequence: Sequence, model: FlameModel, folder: Path | None, shares: tuple[float, float]
) -> Steps[Path | None]:
    """`keep_clip` of a clip that has vertices; None of one that has codes."""
    if sequence.vertices is None:
        return None
    return (yield from beside(lambda watch: keep_clip(sequence, model, folder, watch), *shares))


def keep_clip(sequence: Sequence, model: FlameModel, folder: Path | None, watch: Watch = lambda _share: None) -> Path:
    """Keep a clip's vertices in `folder` as .pc2: float32, metres, FLAME axes. The file appears whole or not at all.

    Another clip of the same name gets a file of its own. Raises ModelError where they do not fit the model, or no
    folder is named, or it cannot be written to.
    """
    clip = Clip(sequence, model)
    if folder is None:
        raise ModelError(
            f"{sequence.source}: holds vertices, which Blender plays from a file; choose a folder to keep it in."
        )
    digest = hashlib.sha256()
    partial = folder / f".{uuid4().hex[:8]}.pc2"
    done = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with partial.open("xb") as file:
            file.write(pc2_header(model.vertex_count, sequence.frames))
            for vertices in clip.vertices(chunk=128):
                part = np.ascontiguousarray(vertices, "<f4").data
                digest.update(part)
                file.write(part)
                done += len(vertices)
                watch(done / sequence.frames)
        name = re.sub(r"[^\w.-]", "_", sequence.name)
        path = folder / f"{name}-{digest.hexdigest()[:10]}.pc2"
        partial.replace(path)
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written ({reason(error)}); choose another folder.") from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return path


def play_clip(
    head: bpy.types.Object,
    path: Path,
    sequence: Sequence,
    first_frame: float,
    rate: float,
    collection: bpy.types.Collection,
) -> bpy.types.Object:
    """Let the mesh follow the file from scene frame `first_frame` on, at `rate` scene frames a second.

    Returns what carries it in place of bones: an empty, turned so that FLAME's y points up and the face looks along -y.
    Beside or below a saved .blend file the path is relative to that, so that the two can be moved together.
    """
    modifier = head.modifiers.new(_NAME, "MESH_CACHE")
    modifier.cache_format = "PC2"
    modifier.filepath = _path_for_file(path)
    set_place(modifier, first_frame, sequence.fps / rate)
    anchor = bpy.data.objects.new(sequence.name, None)
    anchor.rotation_euler = (pi / 2, 0.0, 0.0)
    anchor.empty_display_size = 0.05
    collection.objects.link(anchor)
    head.parent = anchor
    return anchor


def cache_of(head: bpy.types.Object) -> bpy.types.Modifier | None:
    """The modifier by which vertices move a head; None for a head of keys."""
    return next((m for m in head.modifiers if m.type == "MESH_CACHE"), None)


def set_place(modifier: bpy.types.Modifier, first_frame: float, samples_per_frame: float) -> None:
    """Begin at a scene frame: the modifier shows sample frame * frame_scale - frame_start."""
    modifier.frame_scale = samples_per_frame
    modifier.frame_start = first_frame * samples_per_frame


def _path_for_file(path: Path) -> str:
    beside = Path(bpy.data.filepath).parent if bpy.data.filepath else None
    inside = beside is not None and path.resolve().is_relative_to(beside.resolve())
    return bpy.path.relpath(str(path.resolve())) if inside else str(path.resolve())
