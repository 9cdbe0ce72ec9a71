#!/usr/bin/env bash
# Guess: Blender's glTF exporter writes an animation in seconds that last as long as in Blender, at every frame rate that
#     its list of rates offers; what a rate is not exact in would show when the file is read back.
# Really: it divides frames by fps times fps_base, where Blender's rate is fps divided by fps_base. At 24, 25, 30 nothing is
#     wrong; at 29.97 (30 and 1.001) the file is 0.2 % too fast, at 12.5 (25 and 2) four times too fast. The importer errs the
#     same way, so that a round trip through Blender gives back the very frames, and only another reader tells.
# Versions: bpy 5.2.3 and 5.3.0 with the glTF add-on they carry, pygltflib 1.16.5, Python 3.13, Linux x86_64.
# Source: measured; the add-on's sources divide by the product in several places.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3.13}

for release in bpy==5.2.3 bpy==5.3.0; do
    "$python" -m venv --clear "$work/venv"
    "$work/venv/bin/python" -m pip install --quiet "$release" pygltflib==1.16.5
    "$work/venv/bin/python" - "$release" "$work" <<'PY' 2>/dev/null | grep "^bpy=="
import sys
from pathlib import Path

import bpy
from pygltflib import GLTF2

release, folder = sys.argv[1:]
SECONDS = 4


def written_seconds(fps: int, fps_base: float) -> float:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = fps, fps_base
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.object
    last = round(SECONDS * fps / fps_base)
    scene.frame_start, scene.frame_end = 0, last
    for frame in (0, last):
        cube.location.x = frame
        cube.keyframe_insert("location", frame=frame)
    path = str(Path(folder, "cube.glb"))
    bpy.ops.export_scene.gltf(filepath=path, export_format="GLB", export_animations=True)
    gltf = GLTF2().load(path)
    return max(gltf.accessors[sampler.input].max[0] for sampler in gltf.animations[0].samplers)


for fps, fps_base in ((25, 1.0), (30, 1.001), (25, 2.0)):
    true = round(SECONDS * fps / fps_base) * fps_base / fps
    seconds = written_seconds(fps, fps_base)
    print(f"{release}: {fps / fps_base:g} frames a second: {true:.4f} s in Blender, {seconds:.4f} s in the file")
    assert abs(seconds - true / fps_base**2) < 1e-3, "the exporter has changed"
PY
done
