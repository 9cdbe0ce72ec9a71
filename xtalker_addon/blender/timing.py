"""When a head speaks: offset and speed as NLA strips over its keys, and its sound with them."""

from __future__ import annotations

import bpy

from . import compat
from .head import Head
from .vertex_clip import cache_of, set_place

_TRACK = "XTalker"


def timing_of(head: Head) -> tuple[float, float]:
    """Offset in scene frames, and speed: 2 is twice as fast. (0, 1) where the keys play as they are."""
    cache = cache_of(head.face)
    if cache:
        start = float(head.rig["xtalker_start"])
        return cache.frame_start / cache.frame_scale - start, cache.frame_scale * float(head.rig["xtalker_step"])
    for owner in head.animated:
        strip = _strip_of(head, owner.animation_data)
        if strip:
            return strip.frame_start - strip.action_frame_start, 1.0 / strip.scale
    return 0.0, 1.0


def set_timing(head: Head, offset: float, speed: float) -> None:
    """Let the head begin `offset` scene frames later than its keys and run at `speed`; the keys stay as they are.

    (0, 1) takes the strips away again. The sound moves along; where this Blender cannot stretch it, it is muted at
    any other speed than 1.
    """
    action, cache = head.action, cache_of(head.face)
    if cache:
        set_place(cache, float(head.rig["xtalker_start"]) + offset, speed / float(head.rig["xtalker_step"]))
    if action is None and cache is None:
        return
    for owner in head.animated:
        data = owner.animation_data
        assert action
        slot = _take_back(head, data, action)
        if (offset, speed) != (0.0, 1.0):
            _lay_strip(data, action, slot, offset, speed)
    if head.strip:
        start = round(float(head.rig["xtalker_start"]) + offset)
        compat.place_sound(head.strip, start, speed)


def _strip_of(head: Head, data: bpy.types.AnimData) -> bpy.types.NlaStrip | None:
    strips = (strip for track in data.nla_tracks for strip in track.strips)
    return next((strip for strip in strips if head.is_ours(strip.action)), None)


def _take_back(head: Head, data: bpy.types.AnimData, action: bpy.types.Action) -> bpy.types.ActionSlot:
    """Plain keys again; returns the slot that they are in."""
    strip = _strip_of(head, data)
    if strip is None:
        assert data.action_slot is not None
        return data.action_slot
    slot = strip.action_slot
    for track in list(data.nla_tracks):
        if any(head.is_ours(item.action) for item in track.strips):
            data.nla_tracks.remove(track)
    data.action, data.action_slot = action, slot
    return slot


def _lay_strip(
    data: bpy.types.AnimData, action: bpy.types.Action, slot: bpy.types.ActionSlot, offset: float, speed: float
) -> None:
    data.action = None
    track = data.nla_tracks.new()
    track.name = _TRACK
    first, last = action.frame_range
    strip = track.strips.new(action.name, int(first), action)
    strip.action_slot = slot
    # In this order: the scale moves the end, the end is kept behind the start.
    strip.action_frame_start, strip.action_frame_end = first, last
    strip.scale = 1.0 / speed
    strip.frame_end = max(strip.frame_end, first + offset + (last - first) / speed)
    strip.frame_start = first + offset
    strip.frame_end = first + offset + (last - first) / speed
    strip.scale = 1.0 / speed
