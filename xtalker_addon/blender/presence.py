"""Whether a head is seen and heard: ordinary visibility of its objects, and the mute of its sound strip."""

from __future__ import annotations

from .head import REFERENCE, Head, head_of, heads_in


def is_muted(head: Head) -> bool:
    """Whether the face does not show."""
    return head.face.hide_render and head.face.hide_viewport


def mute(head: Head, muted: bool) -> None:
    """Hide the head and all that hangs on it from viewport and render, and silence it; or bring it back."""
    for item in (head.rig, *head.rig.children_recursive):
        item.hide_viewport = item.hide_render = muted
    if head.strip:
        head.strip.mute = muted


def is_solo(head: Head) -> bool:
    """Whether this head alone is seen and heard."""
    others = _others(head)
    return bool(others) and not is_muted(head) and all(is_muted(other) for other in others)


def solo(head: Head, alone: bool) -> None:
    """Mute every other head of the scene, or bring them all back."""
    mute(head, False)
    for other in _others(head):
        mute(other, alone)


def _others(head: Head) -> list[Head]:
    found = (head_of(rig, head.scene) for rig in heads_in(head.scene) if rig != head.rig and REFERENCE not in rig)
    return [other for other in found if other]
