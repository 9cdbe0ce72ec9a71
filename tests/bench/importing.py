"""Importing: keys in bulk against keyframe_insert, and one whole import by length of the clip."""

from __future__ import annotations

import bpy
import numpy as np

from tests.bench._timing import best_seconds
from tests.data.clips import talking_clip
from tests.data.models import synthetic_model
from xtalker_addon.blender.importer import import_sequence
from xtalker_addon.blender.keys import Animation

CURVES = 10
LENGTHS = (376, 3466)


def empty() -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)


def key_names(owner) -> list[str]:
    owner.shape_key_add(name="Basis")
    return [owner.shape_key_add(name=f"Key {index}").name for index in range(CURVES)]


def bulk(values: np.ndarray) -> None:
    item = bpy.data.objects.new("head", bpy.data.meshes.new("head"))
    names = key_names(item)
    animation = Animation("keys", np.arange(len(values)))
    for name, column in zip(names, values.T, strict=True):
        animation.write(item.data.shape_keys, f'key_blocks["{name}"].value', column, "Expression")


def one_by_one(values: np.ndarray) -> None:
    item = bpy.data.objects.new("head", bpy.data.meshes.new("head"))
    for name, column in zip(key_names(item), values.T, strict=True):
        block = item.data.shape_keys.key_blocks[name]
        for frame, value in enumerate(column):
            block.value = value
            block.keyframe_insert("value", frame=frame)


def main() -> None:
    rng = np.random.default_rng(0)
    print(f"Blender {bpy.app.version_string}")
    for frames in LENGTHS:
        values = rng.random((frames, CURVES))
        empty()
        fast = best_seconds(lambda v=values: bulk(v), 3)
        empty()
        slow = best_seconds(lambda v=values: one_by_one(v), 1)
        print(
            f"keys, {frames} frames x {CURVES} curves: {1e3 * fast:.1f} ms, {slow / fast:.0f} x keyframe_insert's speed"
        )
    model = synthetic_model(60, 83)
    seconds = {}
    for frames in LENGTHS:
        clip = talking_clip(rng, frames)

        def whole(clip=clip) -> None:
            empty()
            import_sequence(clip, model)

        cleared = best_seconds(empty)
        seconds[frames] = best_seconds(whole) - cleared
        print(f"import, {frames} frames, {model.vertex_count} vertices: {seconds[frames]:.3f} s")
    short, long = LENGTHS
    growth = (seconds[long] / seconds[short]) / (long / short)
    print(f"growth from {short} to {long} frames: {growth:.2f} of linear (below 1: a fixed cost is shared)")
