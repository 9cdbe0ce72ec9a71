"""When a head speaks: offset and speed as NLA strips over its keys, and its sound with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import isfinite
from typing import Final

import bpy

from ..errors import UsageError
from .head import Head
from .sound import lay_sound
from .vertex_clip import cache_of, set_place

SPEED_LIMITS: Final = (0.05, 20.0)
_TRACK: Final = "XTalker"


def timing_of(head: Head) -> tuple[float, float]:
    """Offset in scene frames, and speed: 2 is twice as fast. (0, 1) where the keys play as they are."""
    cache = cache_of(head.face)
    if cache:
        start = float(head.rig["xtalker_start"])
        return cache.frame_start / cache.frame_scale - start, cache.frame_scale * float(head.rig["xtalker_step"])
    for owner in head.animated:
        strip = next(iter(_strips_of(head, owner.animation_data)), None)
        if strip:
            return strip.frame_start - strip.action_frame_start, 1.0 / strip.scale
    return 0.0, 1.0


def span_of(head: Head) -> tuple[float, float]:
    """Scene frames of the first and the last array index, offset and speed included."""
    first, last = head.frames[[0, -1]]
    offset, speed = timing_of(head)
    return first + offset, first + offset + (last - first) / speed


def why_no_timing(head: Head) -> str:
    """Why offset and speed cannot be set, as a sentence; empty where they can."""
    for owner in head.animated:
        data = owner.animation_data
        strips = _strips_of(head, data)
        if data.use_tweak_mode and strips:
            return "A strip of this head is open in the NLA's tweak mode: leave that first (Tab in the NLA)."
        if len(strips) > 1 or any(not _is_laid_by_us(data, strip) for strip in strips):
            return "This head's keys lie in NLA strips of your own: move and scale those."
    return ""


def set_timing(head: Head, offset: float, speed: float) -> None:
    """Let the head begin `offset` scene frames later than its keys and run at `speed`; the keys stay as they are.

    (0, 1) takes the strips away again. The sound moves along; where this Blender cannot stretch it, it is muted at
    any other speed than 1. Raises UsageError, before anything is changed, where that makes no sense or the artist has
    arranged the keys in strips.
    """
    lowest, highest = SPEED_LIMITS
    if not (isfinite(offset) and lowest <= speed <= highest):
        raise UsageError(f"{head.name}: speed is {speed:g} and offset {offset:g}; choose {lowest:g} to {highest:g}.")
    reason = why_no_timing(head)
    if reason:
        raise UsageError(reason)
    cache = cache_of(head.face)
    if cache:
        set_place(cache, float(head.rig["xtalker_start"]) + offset, speed / float(head.rig["xtalker_step"]))
    for owner in head.animated:
        action, slot = _take_back(head, owner.animation_data)
        if (offset, speed) != (0.0, 1.0):
            _lay_strip(owner.animation_data, action, slot, offset, speed)
    for user in _pictures_by_frame(head):
        user.frame_start = round(float(head.rig["xtalker_start"]) + offset)
    for strip in head.strips:
        lay_sound(strip, float(head.rig["xtalker_start"]) + offset, speed)


def why_pictures_lag(head: Head) -> str:
    """Why skin or wrinkles of every frame do not keep up with the face, as a sentence; empty where they do."""
    step = float(head.rig["xtalker_step"]) / timing_of(head)[1]
    if abs(step - 1.0) < 1e-6 or not _pictures_by_frame(head):
        return ""
    return "Skin or wrinkles of every frame change once a scene frame, and the face at another pace: they are off."


@contextmanager
def plain_keys(head: Head) -> Iterator[None]:
    """Without offset and speed, which are there again afterwards: for whoever writes keys."""
    timing = timing_of(head)
    if timing != (0.0, 1.0):
        set_timing(head, 0.0, 1.0)
    try:
        yield
    finally:
        if timing != (0.0, 1.0):
            set_timing(head, *timing)


def _pictures_by_frame(head: Head) -> list[bpy.types.ImageUser]:
    nodes = head.material.node_tree.nodes if head.material and head.material.node_tree else ()
    textures = (node for node in nodes if node.type == "TEX_IMAGE" and node.image)
    return [node.image_user for node in textures if node.image.source == "SEQUENCE"]


def _strips_of(head: Head, data: bpy.types.AnimData) -> list[bpy.types.NlaStrip]:
    return [strip for track in data.nla_tracks for strip in track.strips if head.is_ours(strip.action)]


def _is_laid_by_us(data: bpy.types.AnimData, strip: bpy.types.NlaStrip) -> bool:
    return any(track.name.startswith(_TRACK) for track in data.nla_tracks if strip in list(track.strips))


def _take_back(head: Head, data: bpy.types.AnimData) -> tuple[bpy.types.Action, bpy.types.ActionSlot]:
    """Plain keys again; returns the action and the slot that they are in."""
    for track in list(data.nla_tracks):
        for strip in [strip for strip in track.strips if head.is_ours(strip.action)]:
            action, slot = strip.action, strip.action_slot
            track.strips.remove(strip)
            if not track.strips:
                data.nla_tracks.remove(track)
            data.action, data.action_slot = action, slot
            return action, slot
    assert data.action_slot is not None
    return data.action, data.action_slot


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
