"""A head written to files that other programs read: vertex caches, and Blender's own exporters set for it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Literal
from uuid import uuid4

import bpy
import numpy as np
from numpy.lib import format as npy_format

from ..errors import ModelError
from .evaluated import own_vertices
from .head import Head
from .mesh import NORMALS_MODIFIER
from .steps import Steps, finish
from .subdivision import undivided

Cache = Literal["NPY", "PC2"]
Exchange = Literal["GLTF", "FBX", "ALEMBIC", "USD"]
SUFFIXES: Final[dict[str, str]] = {
    "NPY": ".npy", "PC2": ".pc2", "GLTF": ".glb", "FBX": ".fbx", "ALEMBIC": ".abc", "USD": ".usdc",
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
        with _whole(path) as file:
            if kind == "PC2":
                header = struct.pack("<12siiffi", b"POINTCACHE2\0", 1, vertices, float(frames[0]), 1.0, len(frames))
                file.write(header)
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

    glTF and FBX carry the rig and the shape keys, Alembic and USD the moving vertices. Raises RuntimeError where
    Blender's exporter fails, ModelError for glTF and FBX of a head of vertices, which they would make a still.
    """
    if kind in ("GLTF", "FBX") and not head.has_codes:
        raise ModelError(f"{head.name}: is moved by vertices, which {kind} cannot hold; choose Alembic or USD.")
    selected, active = list(bpy.context.selected_objects), bpy.context.view_layer.objects.active
    now = head.scene.frame_current
    for item in selected:
        item.select_set(False)
    try:
        for item in (head.rig, head.face):
            item.select_set(True)
        bpy.context.view_layer.objects.active = head.rig
        module, name = _OPERATORS[kind]
        with undivided(head.face), _without_normals(head.face):
            getattr(getattr(bpy.ops, module), name)(filepath=str(path), **_SETTINGS[kind](head))
    finally:
        for item in {head.rig, head.face, *selected}:
            item.select_set(item in selected)
        bpy.context.view_layer.objects.active = active
        head.scene.frame_set(now)


_OPERATORS: Final[dict[Exchange, tuple[str, str]]] = {
    "GLTF": ("export_scene", "gltf"),
    "FBX": ("export_scene", "fbx"),
    "ALEMBIC": ("wm", "alembic_export"),
    "USD": ("wm", "usd_export"),
}
_SETTINGS: Final = {
    "GLTF": lambda _head: {
        "export_format": "GLB",
        "use_selection": True,
        "export_animation_mode": "SCENE",
        "export_anim_scene_split_object": False,
        "export_force_sampling": True,
        "export_optimize_animation_size": False,
        "export_morph": True,
        "export_morph_animation": True,
        "export_try_sparse_sk": False,
        "export_all_influences": True,
    },
    "FBX": lambda _head: {
        "use_selection": True,
        "object_types": {"ARMATURE", "MESH"},
        "use_mesh_modifiers": False,
        "add_leaf_bones": False,
        "bake_anim": True,
        "bake_anim_use_all_actions": False,
        "bake_anim_use_nla_strips": False,
        "bake_anim_simplify_factor": 0.0,
        "bake_anim_step": 1.0,
    },
    "ALEMBIC": lambda head: {
        "selected": True,
        "start": head.scene.frame_start,
        "end": head.scene.frame_end,
        "as_background_job": False,
    },
    "USD": lambda _head: {
        "selected_objects_only": True,
        "export_animation": True,
        "export_armatures": False,
        "export_shapekeys": False,
        "export_materials": False,
        "evaluation_mode": "VIEWPORT",
    },
}


@contextmanager
def _without_normals(face: bpy.types.Object) -> Iterator[None]:
    """The face without the attribute that only our material reads; Blender 5.3 would write it for every frame."""
    modifier = face.modifiers.get(NORMALS_MODIFIER)
    shown = (modifier.show_viewport, modifier.show_render) if modifier else None
    try:
        if modifier:
            modifier.show_viewport = modifier.show_render = False
        yield
    finally:
        if modifier and shown:
            modifier.show_viewport, modifier.show_render = shown


@contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name once everything is in it."""
    partial = path.with_name(f".{uuid4().hex[:8]}{path.suffix}")  # not a temporary one, which only its owner can read
    try:
        with partial.open("xb") as file:
            yield file
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
