"""A head written to files that other programs read: vertex caches, and Blender's own exporters set for it.

Blender's exporters are given a scene of their own that holds a copy of the head with what it does in every frame as
plain keys from frame 0 on. So time 0 of a file is its first frame, at any rate and start, and what moves the head in
the artist's scene (strips, drivers, parents, modifiers) need not be known to the exporter.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOENT
from pathlib import Path
from typing import Final, Literal
from uuid import uuid4

import bpy
import numpy as np
from numpy.lib import format as npy_format

from ..errors import ModelError
from . import compat
from .bake import moving_rig_steps, moving_vertices_steps, pc2_header
from .evaluated import own_vertices
from .head import Head
from .steps import Steps, finish

Cache = Literal["NPY", "PC2"]
Exchange = Literal["GLTF", "FBX", "ALEMBIC", "USD"]
SUFFIXES: Final[dict[str, str]] = {
    "NPY": ".npy", "PC2": ".pc2", "ARKIT": ".csv", "GLTF": ".glb", "FBX": ".fbx", "ALEMBIC": ".abc", "USD": ".usdc",
}  # fmt: skip


def write_cache(head: Head, path: Path, kind: Cache, frames: range) -> None:
    """Write the exact vertices of scene `frames`: (T, V, 3) float32, metres, FLAME axes and FLAME's vertex order.

    NPY is numpy's format; PC2 is read by Blender's Mesh Cache modifier and others. The file appears whole or not at
    all. Raises OSError where it cannot be written.
    """
    finish(cache_steps(head, path, kind, frames))


def cache_steps(head: Head, path: Path, kind: Cache, frames: range) -> Steps[None]:
    """The same, a step a frame. Where steps are dropped, no file appears and the scene is at its frame again."""
    vertices, now = len(head.face.data.vertices), head.scene.frame_current
    try:
        with _whole(path) as partial, partial.open("xb") as file:
            if kind == "PC2":
                file.write(pc2_header(vertices, len(frames), float(frames[0])))
            else:
                shape = {"descr": "<f4", "fortran_order": False, "shape": (len(frames), vertices, 3)}
                npy_format.write_array_header_1_0(file, shape)
            for count, frame in enumerate(frames, start=1):
                head.scene.frame_set(frame)
                file.write(np.ascontiguousarray(own_vertices(head.face), "<f4").tobytes())
                yield count / len(frames)
    finally:
        head.scene.frame_set(now)


def can_export(kind: Exchange) -> bool:
    """Whether this Blender was built with the exporter and has it switched on."""
    module, name = _OPERATORS[kind]
    return hasattr(getattr(bpy.types, f"{module.upper()}_OT_{name}", None), "bl_rna") or name in dir(
        getattr(bpy.ops, module)
    )


def export(head: Head, path: Path, kind: Exchange) -> None:
    """Write the head with its motion over the scene's frames by Blender's own exporter.

    glTF and FBX carry the rig and the shape keys, Alembic and USD the moving vertices. Time 0 is the scene's first
    frame; where the sound begins, in seconds from there, is a property of the exported object. The file appears whole
    or not at all. Raises ModelError for glTF and FBX of a head of vertices, OSError where no file can be.
    """
    finish(export_steps(head, path, kind))


def export_steps(head: Head, path: Path, kind: Exchange) -> Steps[None]:
    """The same, a step a frame until Blender's exporter takes over, which cannot be interrupted."""
    if kind in ("GLTF", "FBX") and not head.has_codes:
        raise ModelError(f"{head.name}: is moved by vertices, which {kind} cannot hold; choose Alembic or USD.")
    if not path.parent.is_dir():  # which some exporters would make
        raise FileNotFoundError(ENOENT, "no such folder", str(path.parent))
    scene = head.scene
    frames, now = range(scene.frame_start, scene.frame_end + 1), scene.frame_current
    known = {item.session_uid for item in bpy.data.user_map()}
    with tempfile.TemporaryDirectory(prefix="xtalker-") as folder:
        stage = bpy.data.scenes.new("XTalker Export")
        try:
            _set_rate(stage, scene, kind)
            stage.frame_start, stage.frame_end = 0, len(frames) - 1
            if kind in ("GLTF", "FBX"):
                item = yield from moving_rig_steps(head, stage, frames)
            else:
                item = yield from moving_vertices_steps(head, stage, frames, Path(folder) / "head.pc2")
            _note_sound(item, head)
            stage.frame_set(0)
            module, name = _OPERATORS[kind]
            with _whole(path) as partial, bpy.context.temp_override(scene=stage, view_layer=stage.view_layers[0]):
                getattr(getattr(bpy.ops, module), name)(filepath=str(partial), **_settings(kind, stage))
        finally:
            bpy.data.scenes.remove(stage)
            bpy.data.batch_remove([item for item in bpy.data.user_map() if item.session_uid not in known])
            scene.frame_set(now)


def sound_start(head: Head) -> float | None:
    """Seconds from the scene's first frame to the sound's first sample; None for a head without sound."""
    if head.strip is None:
        return None
    scene = head.scene
    frames = compat.content_start(head.strip) - scene.frame_start
    return frames * scene.render.fps_base / scene.render.fps + head.strip.sound_offset


def _note_sound(item: bpy.types.Object, head: Head) -> None:
    """Custom properties, which all four formats carry: which sound, and when it begins."""
    for key in list(item.keys()):
        del item[key]
    start = sound_start(head)
    if head.strip and start is not None:
        sound = head.strip.sound
        item["audio"] = sound.name if sound.packed_file else Path(bpy.path.abspath(sound.filepath)).name
        item["audio_start_seconds"] = start


def _set_rate(stage: bpy.types.Scene, scene: bpy.types.Scene, kind: Exchange) -> None:
    """The scene's rate. Blender's glTF exporter multiplies by the base that all others divide by."""
    base = scene.render.fps_base
    stage.render.fps, stage.render.fps_base = scene.render.fps, 1.0 / base if kind == "GLTF" else base


_OPERATORS: Final[dict[Exchange, tuple[str, str]]] = {
    "GLTF": ("export_scene", "gltf"),
    "FBX": ("export_scene", "fbx"),
    "ALEMBIC": ("wm", "alembic_export"),
    "USD": ("wm", "usd_export"),
}
_SETTINGS: Final = {
    "GLTF": {
        "export_format": "GLB",
        "use_active_scene": True,
        "export_animation_mode": "SCENE",
        "export_anim_scene_split_object": False,
        "export_force_sampling": True,
        "export_optimize_animation_size": False,
        "export_morph": True,
        "export_morph_animation": True,
        "export_try_sparse_sk": False,
        "export_all_influences": True,
        "export_extras": True,
    },
    "FBX": {
        "object_types": {"ARMATURE", "MESH"},
        "use_mesh_modifiers": False,
        "add_leaf_bones": False,
        "bake_anim": True,
        "bake_anim_use_all_actions": False,
        "bake_anim_use_nla_strips": False,
        "bake_anim_simplify_factor": 0.0,
        "bake_anim_step": 1.0,
        "use_custom_props": True,
    },
    "ALEMBIC": {"as_background_job": False},
    "USD": {
        "export_animation": True,
        "export_armatures": False,
        "export_shapekeys": False,
        "export_materials": False,
        "evaluation_mode": "VIEWPORT",
    },
}


def _settings(kind: Exchange, stage: bpy.types.Scene) -> dict[str, object]:
    span = {"start": stage.frame_start, "end": stage.frame_end} if kind == "ALEMBIC" else {}
    return {**_SETTINGS[kind], **span}


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A file that appears under its name once everything is in it."""
    partial = path.with_name(f".{uuid4().hex[:8]}{path.suffix}")  # not a temporary one, which only its owner can read
    try:
        yield partial
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
