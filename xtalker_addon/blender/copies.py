"""Copies of heads: what a duplicated head has in common with its original becomes its own when one is changed."""

from __future__ import annotations

import bpy

from .head import Head, every_head


def why_not_editable(head: Head) -> str:
    """Why a head cannot be changed in this file, as a sentence; empty where it can."""
    blocks = [head.rig, head.face, *_shared_kinds(head)]
    if any(block.library for block in blocks):
        what = "an override of one in another file" if head.rig.override_library else "linked from another file"
        return f"This head is {what}, and changes would be lost on saving: make it local first."
    if any(block.override_library for block in blocks):
        return "This head is an override of one in another file, and changes would be lost: make it local first."
    return ""


def make_own(head: Head) -> None:
    """Give the head copies of what it shares with other heads: mesh, keys, rig, material, camera's settings, actions.

    Names, and what other heads have, stay as they are. Nothing happens to a head that shares nothing.
    """
    others = _others(head)
    shared = _shared_kinds(head) & {block for other in others for block in _shared_kinds(other)}
    if not shared:
        return
    same_mesh = [other for other in others if other.face.data == head.face.data]
    owned: list[tuple[bpy.types.Object, str]] = [(head.rig, "data"), (head.face, "data")]
    owned += [(head.camera, "data")] if head.camera else []
    for item, name in owned:
        if getattr(item, name) in shared:
            setattr(item, name, getattr(item, name).copy())
    if head.material and head.material in shared:
        head.face.data.materials[0] = head.material.copy()
    for each in (head, *same_mesh):
        _aim_drivers(each)
    copies: dict[bpy.types.Action, bpy.types.Action] = {}
    for owner in head.animated:
        action = head.action_of(owner)
        if action and action in shared:
            _use_copy(owner.animation_data, action, copies.get(action) or copies.setdefault(action, action.copy()))


def _use_copy(data: bpy.types.AnimData, action: bpy.types.Action, copy: bpy.types.Action) -> None:
    holders = [data, *(strip for track in data.nla_tracks for strip in track.strips)]
    for holder in holders:
        if holder.action == action:
            slot = holder.action_slot.identifier
            holder.action = copy
            holder.action_slot = copy.slots[slot]


def _aim_drivers(head: Head) -> None:
    """Let correctives that followed another head's bones, as those of a shared mesh do, follow this one's."""
    keys = head.face.data.shape_keys
    others = {other.rig for other in _others(head)}
    for driver in keys.animation_data.drivers if keys and keys.animation_data else ():
        for variable in driver.driver.variables:
            for target in variable.targets:
                if variable.type == "TRANSFORMS" and target.id in others:
                    target.id = head.rig


def _shared_kinds(head: Head) -> set[bpy.types.ID]:
    """What two heads can have in common."""
    cameras = [head.camera.data] if head.camera else []
    actions = (head.action_of(owner) for owner in head.animated)
    blocks = (head.rig.data, head.face.data, head.material, *cameras, *actions)
    return {block for block in blocks if block}


def _others(head: Head) -> list[Head]:
    return [other for other in every_head() if other.rig != head.rig]
