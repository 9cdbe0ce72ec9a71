"""Importing: keys in bulk against keyframe_insert, imports by length of the clip, and codes fitted to vertices."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np

from tests.bench._timing import best_seconds
from tests.data.clips import talking_clip
from tests.data.models import synthetic_model
from xtalker_addon.blender.importer import ImportOptions, import_sequence
from xtalker_addon.blender.keys import Animation
from xtalker_addon.core.formats import read_sequence
from xtalker_addon.core.model.clip import Clip
from xtalker_addon.core.model.fit import fit_codes
from xtalker_addon.core.model.flame import load_model
from xtalker_addon.core.sequence import Sequence

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
    import_vertices(rng)
    fit_vertices(rng)


def import_vertices(rng: np.random.Generator) -> None:
    """A clip of vertices in a file, as long as the longest of the data set, from reading it to the moving head."""
    head, frames = load_model(), LENGTHS[1]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "clip.npy")
        shape = (frames, head.vertex_count, 3)
        mesh = np.lib.format.open_memmap(path, "w+", np.float32, shape)
        mesh[:] = head.template + rng.normal(0, 0.01, (frames, 1, 3)).astype(np.float32)
        mesh.flush()
        empty()
        options = ImportOptions(vertices=Path(folder, "kept"))
        seconds = best_seconds(lambda: import_sequence(read_sequence(path), head, options), 1)
        print(f"import of vertices, {frames} frames, {head.vertex_count} vertices: {seconds:.2f} s")
        empty()


def fit_vertices(rng: np.random.Generator) -> None:
    """Vertices that the default head made, with a tenth of a millimetre of noise, and codes found for them."""
    head, frames = load_model(), LENGTHS[0]
    codes = replace(talking_clip(rng, frames), neck=None, eyes=None)
    mesh = np.concatenate(list(Clip(codes, head).vertices()))
    mesh += rng.normal(0, 1e-4, mesh.shape).astype(np.float32)
    clip = Sequence("clip", Path("clip"), 25.0, vertices=mesh)
    found = []
    seconds = best_seconds(lambda: found.append(fit_codes(clip, head)), 1)
    off, largest = found[0].mean_mm.mean(), np.abs(found[0].sequence.expression).max()
    print(
        f"fit, {frames} frames of {head.vertex_count} vertices with 0.1 mm of noise: {seconds:.1f} s; {off:.2f} mm are "
        f"left, codes of at most {largest:.1f} (the true ones {np.abs(codes.expression).max():.1f})"
    )
