"""Whether a head is seen and heard: ordinary visibility of its objects, and the mute of its sound strip."""

from __future__ import annotations

from typing import Final

from .head import REFERENCE, Head, head_of, heads_in
from .sound import HIDDEN, OFF, silence

_WAS_SHOWN: Final = "xtalker_was_shown"  # on what mute has hidden: viewport and render, as bits


def is_muted(head: Head) -> bool:
    """Whether the face does not show."""
    return head.face.hide_render and head.face.hide_viewport


def mute(head: Head, muted: bool) -> None:
    """Hide the head and all that hangs on it from viewport and render, and silence it; or bring back what was shown."""
    for item in (head.rig, *head.rig.children_recursive):
        if muted and _WAS_SHOWN not in item:
            item[_WAS_SHOWN] = 2 * (not item.hide_viewport) + (not item.hide_render)
            item.hide_viewport = item.hide_render = True
        elif not muted and (_WAS_SHOWN in item or item in (head.rig, head.face)):
            shown = int(item.get(_WAS_SHOWN, 3))
            item.hide_viewport, item.hide_render = not shown & 2, not shown & 1
            if _WAS_SHOWN in item:
                del item[_WAS_SHOWN]
    for strip in head.strips:
        silence(strip, HIDDEN, muted)


def is_heard(head: Head) -> bool:
    """Whether the head's sound plays."""
    return head.strip is not None and not head.strip.mute


def set_heard(head: Head, heard: bool) -> None:
    """Let the sound play or not, whether the head shows or not."""
    for strip in head.strips:
        silence(strip, OFF, not heard)


def is_solo(head: Head) -> bool:
    """Whether this head alone is seen and heard."""
    others = _others(head)
    return bool(others) and not is_muted(head) and all(is_muted(other) for other in others)


def solo(head: Head, alone: bool) -> None:
    """Mute every other head of the scene, or bring them all back. Alone, a head is heard whose sound was off."""
    mute(head, False)
    for other in _others(head):
        mute(other, alone)
    if alone and head.strip and OFF in head.strip:
        set_heard(head, True)


def _others(head: Head) -> list[Head]:
    found = (head_of(rig, head.scene) for rig in heads_in(head.scene) if rig != head.rig and REFERENCE not in rig)
    return [other for other in found if other]
