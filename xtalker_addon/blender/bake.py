"""What a head does over frames of its scene, as plain keys or vertices in another scene that begins at frame 0."""

from __future__ import annotations

import struct
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from ..core.motion.rotation import continuous_signs
from .evaluated import world_vertices
from .head import Head
from .keys import Animation
from .steps import Steps
from .subdivision import undivided


def moving_rig_steps(head: Head, stage: bpy.types.Scene, frames: range) -> Steps[bpy.types.Object]:
    """A copy of rig and face in `stage`, keyed with what bones and shape keys do; returns the rig."""
    bones = [bone.name for bone in head.rig.pose.bones]
    keys = head.face.data.shape_keys
    values = np.zeros((len(frames), len(keys.key_blocks)), np.float32)
    poses = np.zeros((len(frames), len(bones), 4, 4))
    places = np.zeros((len(frames), 4, 4))
    for index, frame in enumerate(frames):
        head.scene.frame_set(frame)
        graph = bpy.context.evaluated_depsgraph_get()
        rig = head.rig.evaluated_get(graph)
        keys.evaluated_get(graph).key_blocks.foreach_get("value", values[index])
        places[index] = rig.matrix_world
        for number, name in enumerate(bones):
            bone = rig.pose.bones[name]
            poses[index, number] = rig.convert_space(
                pose_bone=bone, matrix=bone.matrix, from_space="POSE", to_space="LOCAL"
            )
        yield 0.9 * (index + 1) / len(frames)
    rig, face = _copies(head, stage)
    animation = Animation(head.name, np.arange(len(frames), dtype=np.float32))
    for bone, matrices in zip(rig.pose.bones, poses.transpose(1, 0, 2, 3), strict=True):
        _key_transform(animation, rig, bone, matrices, bone.name)
    _key_transform(animation, rig, rig, places, "Object")
    for key, column in zip(face.data.shape_keys.key_blocks[1:], values.T[1:], strict=True):
        column = np.zeros_like(column) if key.mute else column
        key.mute = False
        key.value = float(column[0])
        if np.ptp(column):
            animation.write(face.data.shape_keys, key.path_from_id("value"), column, "Keys")
    return rig


def moving_vertices_steps(head: Head, stage: bpy.types.Scene, frames: range, cache: Path) -> Steps[bpy.types.Object]:
    """The face's mesh in `stage`, moved in world axes by a point cache that is written to `cache`; returns it."""
    mesh: bpy.types.Mesh | None = None
    with undivided(head.face), cache.open("xb") as file:
        for index, frame in enumerate(frames):
            head.scene.frame_set(frame)
            vertices = world_vertices(head.face)
            if mesh is None:
                evaluated = head.face.evaluated_get(bpy.context.evaluated_depsgraph_get())
                mesh = bpy.data.meshes.new_from_object(evaluated)
                file.write(pc2_header(len(vertices), len(frames)))
            file.write(np.ascontiguousarray(vertices, "<f4").tobytes())
            yield 0.8 * (index + 1) / len(frames)
    assert mesh is not None
    mesh.name = head.face.data.name
    for attribute in [a for a in mesh.attributes if not a.is_required and not a.is_internal and a.domain != "CORNER"]:
        mesh.attributes.remove(attribute)
    mesh.materials.clear()
    item = bpy.data.objects.new(head.face.name, mesh)
    stage.collection.objects.link(item)
    modifier = item.modifiers.new("Clip", "MESH_CACHE")
    modifier.cache_format, modifier.filepath, modifier.frame_start = "PC2", str(cache), 0
    return item


def pc2_header(vertices: int, frames: int, first: float = 0.0) -> bytes:
    """What a PC2 file begins with."""
    return struct.pack("<12siiffi", b"POINTCACHE2\0", 1, vertices, first, 1.0, frames)


def _copies(head: Head, stage: bpy.types.Scene) -> tuple[bpy.types.Object, bpy.types.Object]:
    """Rig and face with nothing that moves them but the face's armature modifier."""
    place = head.rig.matrix_world.inverted() @ head.face.matrix_world
    rig, face = head.rig.copy(), head.face.copy()
    face.data = head.face.data.copy()
    face.data.shape_keys.animation_data_clear()
    for item in (rig, face):
        item.animation_data_clear()
        item.parent = None
        item.constraints.clear()
        item.hide_viewport = item.hide_render = False
        stage.collection.objects.link(item)
    for bone in rig.pose.bones:
        for constraint in list(bone.constraints):
            bone.constraints.remove(constraint)
    for modifier in [m for m in face.modifiers if m.type != "ARMATURE" or m.object != head.rig]:
        face.modifiers.remove(modifier)
    for modifier in face.modifiers:
        modifier.object = rig
    face.parent = rig
    face.matrix_parent_inverse = Matrix()
    face.matrix_basis = place
    return rig, face


def _key_transform(
    animation: Animation,
    rig: bpy.types.Object,
    item: bpy.types.Object | bpy.types.PoseBone,
    matrices: NDArray[np.floating],
    group: str,
) -> None:
    """Key (T, 4, 4) transforms of the rig or of one of its bones; what stands still is set."""
    item.rotation_mode = "QUATERNION"
    parts = [Matrix(matrix).decompose() for matrix in matrices]
    columns = {
        "location": np.array([part[0] for part in parts]),
        "rotation_quaternion": continuous_signs(np.array([part[1] for part in parts])),
        "scale": np.array([part[2] for part in parts]),
    }
    prefix = "" if item == rig else f"{item.path_from_id()}."
    for name, values in columns.items():
        setattr(item, name, values[0])
        if np.ptp(values, axis=0).max() > 0:
            animation.write(rig, prefix + name, values, group)
