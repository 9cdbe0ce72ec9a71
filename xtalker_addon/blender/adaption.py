"""Rate, range, camera and view of a scene: set without asking only where nobody else's work depends on them."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import Final

import bpy
import numpy as np

from ..core.sequence import Sequence
from ..errors import UsageError
from .copies import make_own, why_not_editable
from .head import COMPARED, REFERENCE, Head, head_of, heads_in
from .timing import set_timing, span_of, timing_of, why_no_timing

_START_UP: Final = {  # objects of a new file, and where they lie
    "Cube": ("MESH", (0.0, 0.0, 0.0)),
    "Light": ("LIGHT", (4.076245, 1.005454, 5.903862)),
    "Camera": ("CAMERA", (7.358891, -6.925791, 4.958309)),
}
_VIEW: Final = {"view_transform": "Standard", "look": "None", "exposure": 0.0, "gamma": 1.0}
_NEW_FILE: Final = (24, 1.0, 1, 250, "AgX", "None", 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Freedom:
    """Which settings of a scene may follow a clip without a word."""

    rate: bool = False
    range: bool = False
    camera: bool = False
    view: bool = False

    @staticmethod
    def all() -> Freedom:
        """In a scene that nobody has touched."""
        return Freedom(True, True, True, True)


def freedom_in(scene: bpy.types.Scene, replaced: Head | None = None) -> Freedom:
    """All of it in an empty or untouched scene, none where there is anything of somebody else's.

    Among heads alone a setting follows where it is as the heads before have set it; the rate only with the last one of
    them, which is to be `replaced` by another clip.
    """
    heads = _heads(scene)
    if _has_others_work(scene):
        return Freedom()
    if not heads:
        return Freedom.all() if not scene.objects or _settings(scene) == _NEW_FILE else Freedom()
    alone = replaced is not None and [head.rig for head in heads] == [replaced.rig]
    return Freedom(
        rate=alone and abs(_rate(scene) - heads[0].rig["xtalker_fps"]) < 1e-3,
        range=(scene.frame_start, scene.frame_end) in (_whole_range(heads, True), _whole_range(heads, False)),
        camera=scene.camera is None or head_of(scene.camera, scene) is not None,
        view=all(getattr(scene.view_settings, name) == value for name, value in _VIEW.items()),
    )


def settle_rate(scene: bpy.types.Scene, sequence: Sequence, free: bool) -> float:
    """Frames a second that the scene has from now on: the clip's where the rate is free."""
    if free:
        _set_rate(scene, sequence.fps)
    return _rate(scene)


def told_rate(scene: bpy.types.Scene, sequence: Sequence) -> list[str]:
    """A warning where the scene's rate is not the sequence's: for now, as the scene's may be changed."""
    rate = _rate(scene)
    if abs(rate - sequence.fps) <= 1e-3:
        return []
    return [
        f"{sequence.name}: has {sequence.fps:g} frames a second and the scene {rate:g}; "
        "its keys lie between frames so that the timing is kept."
    ]


def follow(scene: bpy.types.Scene, free: Freedom, camera: bpy.types.Object | None) -> None:
    """Let range, camera, view and playback follow the heads of the scene as far as they are free."""
    if free.range:
        scene.frame_start, scene.frame_end = _whole_range(_heads(scene), True)
        scene.sync_mode, scene.use_audio_scrub = "AUDIO_SYNC", True
    if free.camera and camera is not None:
        scene.camera = camera
    if free.view:
        _set_view(scene)
    scene.frame_set(scene.frame_start if free.range else scene.frame_current)


def differences(head: Head) -> list[str]:
    """What in the scene is not as the head's clip wants it, one line each."""
    scene, found = head.scene, []
    rate, clip_rate = _rate(scene), float(head.rig["xtalker_fps"])
    if abs(rate - clip_rate) > 1e-3:
        found.append(f"{rate:g} frames a second; the clip has {clip_rate:g}")
    first, last = span_of(head)
    if first < scene.frame_start - 1e-3 or last > scene.frame_end + 1 - 1e-3:
        found.append(f"Frames {scene.frame_start} to {scene.frame_end}; the clip plays from {first:g} to {last:g}")
    if head.camera and (scene.camera is None or head_of(scene.camera, scene) is None):
        found.append(f"The active camera is {scene.camera.name if scene.camera else 'none'}, not the clip's")
    view = scene.view_settings
    if any(getattr(view, name) != value for name, value in _VIEW.items()):
        exposure = f", exposure {view.exposure:g}" if view.exposure else ""
        found.append(f"View transform {view.view_transform}{exposure}; looks are exact in Standard")
    if head.strip and scene.sync_mode != "AUDIO_SYNC":
        found.append("Playback does not keep up with the sound")
    return found


def adapt_scene(head: Head) -> None:
    """Give the scene the clip's rate and camera, a range that holds all heads, the Standard view and sound sync.

    At another rate the keys of all heads are placed anew, so that they keep their time; the rest of the scene plays
    its frames at the new rate.
    """
    scene = head.scene
    ratio = float(head.rig["xtalker_fps"]) / _rate(scene)
    if abs(ratio - 1.0) > 1e-6:
        heads = _heads(scene)
        reasons = (why_not_editable(other) or why_no_timing(other) for other in heads)
        reason = next(filter(None, reasons), "")
        if reason:
            raise UsageError(reason)
        _set_rate(scene, float(head.rig["xtalker_fps"]))
        for other in heads:
            make_own(other)
            _retime(other, ratio)
    first, last = _whole_range(_heads(scene), True)
    scene.frame_start, scene.frame_end = min(scene.frame_start, first), max(scene.frame_end, last)
    if head.camera:
        scene.camera = head.camera
    _set_view(scene)
    if head.strip:
        scene.sync_mode, scene.use_audio_scrub = "AUDIO_SYNC", True
    scene.frame_set(scene.frame_current)


def startup_cube(scene: bpy.types.Scene) -> bpy.types.Object | None:
    """The two-metre cube of a new file, where nobody has touched it but to hide it."""
    cube = scene.objects.get("Cube")
    untouched = (
        cube is not None
        and cube.type == "MESH"
        and len(cube.data.vertices) == 8
        and tuple(cube.dimensions) == (2.0, 2.0, 2.0)
        and cube.matrix_world.is_identity
        and not (cube.modifiers or cube.children or cube.animation_data)
    )
    return cube if untouched else None


def _has_others_work(scene: bpy.types.Scene) -> bool:
    strips = scene.sequence_editor.strips if scene.sequence_editor else ()
    ours = {strip.name for head in _heads(scene) for strip in head.strips}
    return bool(
        any(not (_is_part(item, scene) or _is_start_up(item, scene)) for item in scene.objects)
        or any(strip.name not in ours for strip in strips)
        or scene.timeline_markers
    )


def _is_part(item: bpy.types.Object, scene: bpy.types.Scene) -> bool:
    """Whether an object was made by an import or a comparison; what an artist hung on a head was not."""
    head = head_of(item, scene)
    legends = (item, item.parent) if item.parent else (item,)
    return any(COMPARED in part for part in legends) or bool(
        head and (item in (head.rig, head.face, head.camera) or item in head.lamps)
    )


def _is_start_up(item: bpy.types.Object, scene: bpy.types.Scene) -> bool:
    kind, place = _START_UP.get(item.name, ("", ()))
    if item.type != kind or item.animation_data or item.children:
        return False
    return np.allclose(item.location, place, atol=1e-4) and (kind != "MESH" or item == startup_cube(scene))


def _heads(scene: bpy.types.Scene) -> list[Head]:
    found = (head_of(rig, scene) for rig in heads_in(scene) if REFERENCE not in rig)
    return [head for head in found if head]


def _whole_range(heads: list[Head], timed: bool) -> tuple[int, int]:
    """First and last frame of all heads, with their offsets and speeds or without."""
    spans = [span_of(head) if timed else tuple(head.frames[[0, -1]]) for head in heads]
    return floor(min(first for first, _ in spans)), floor(max(last for _, last in spans) + 1e-4)


def _settings(scene: bpy.types.Scene) -> tuple[object, ...]:
    render, view = scene.render, scene.view_settings
    return (
        *(render.fps, render.fps_base, scene.frame_start, scene.frame_end),
        *(view.view_transform, view.look, view.exposure, view.gamma),
    )


def _rate(scene: bpy.types.Scene) -> float:
    return scene.render.fps / scene.render.fps_base


def _set_rate(scene: bpy.types.Scene, fps: float) -> None:
    scene.render.fps = max(1, ceil(fps - 1e-9))
    scene.render.fps_base = scene.render.fps / fps


def _set_view(scene: bpy.types.Scene) -> None:
    """Looks are display-referred; any other view transform would change their values."""
    for name, value in _VIEW.items():
        setattr(scene.view_settings, name, value)


def _retime(head: Head, ratio: float) -> None:
    """Stretch the head's keys about its first frame, and its offset as much."""
    start, (offset, speed) = float(head.rig["xtalker_start"]), timing_of(head)
    set_timing(head, 0.0, 1.0)
    for owner in head.animated:
        for curve in head.curves_of(owner):
            points = curve.keyframe_points
            places = np.empty(2 * len(points), np.float32)
            points.foreach_get("co", places)
            places[::2] = start + (places[::2] - start) * ratio
            points.foreach_set("co", places)
            curve.update()
    head.rig["xtalker_step"] = float(head.rig["xtalker_step"]) * ratio
    set_timing(head, offset * ratio, speed)
