"""When things happen in exported files, as readers that are not Blender find it: at every rate, from 0 s on."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import bpy
import numpy as np
import pytest
import soundfile

from tests.data.clips import talking_clip
from tests.data.exchange import KTIME_SECOND, alembic_samplings, alembic_values, fbx_records, read_fbx
from xtalker_addon.blender.evaluated import world_vertices
from xtalker_addon.blender.export import SUFFIXES, can_export, export
from xtalker_addon.blender.head import head_of
from xtalker_addon.blender.importer import ImportOptions, import_sequence
from xtalker_addon.blender.timing import set_timing

RATES = (12.5, 23.976, 24.0, 25.0, 29.476, 29.97, 30.0, 59.94, 60.0, 100.0)
FRAMES = 5
STARTS = (1, 101)  # of every second rate


@pytest.fixture(scope="module")
def audio(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "speech.wav"
    soundfile.write(path, np.sin(np.arange(16000) * 0.1), 16000)
    return path


def head_at(rate, start, model, audio):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    few = {"expression": np.sin(np.arange(4 * FRAMES)).reshape(FRAMES, 4), "shape": np.ones(4)}
    clip = replace(talking_clip(np.random.default_rng(7), frames=FRAMES, audio=audio, **few), fps=rate)
    rig = import_sequence(clip, model, ImportOptions(start_frame=start, camera="NONE")).rig
    scene = bpy.context.scene
    assert (scene.frame_start, scene.render.fps / scene.render.fps_base) == (start, pytest.approx(rate, rel=1e-6))
    return head_of(rig, scene)


@pytest.fixture
def exported(model, audio, tmp_path):
    """Writes a format at all rates; returns (rate, file, vertices of the last frame) of each."""

    def write(kind):
        if not can_export(kind):
            pytest.skip(f"this Blender has no {kind} exporter")
        found = []
        for index, rate in enumerate(RATES):
            start = STARTS[index % 2]
            head = head_at(rate, start, model, audio)
            path = tmp_path / f"{rate}{SUFFIXES[kind]}"
            export(head, path, kind)
            bpy.context.scene.frame_set(start + FRAMES - 1)
            found.append((rate, path, world_vertices(head.face)))
        return found

    return write


def test_gltf(exported):
    pygltflib = pytest.importorskip("pygltflib", reason="reads glTF in this test")
    for rate, path, _ in exported("GLTF"):
        file = pygltflib.GLTF2().load(str(path))
        blob = file.binary_blob()
        assert file.animations
        for sampler in file.animations[0].samplers:
            accessor = file.accessors[sampler.input]
            view = file.bufferViews[accessor.bufferView]
            times = np.frombuffer(blob, "<f4", accessor.count, (view.byteOffset or 0) + (accessor.byteOffset or 0))
            assert times == pytest.approx(np.arange(FRAMES) / rate, rel=1e-6, abs=1e-9), (rate, path.name)
            assert accessor.min == [0.0]
        assert [n.extras["audio_start_seconds"] for n in file.nodes if n.extras.get("audio") == "speech.wav"] == [0.0]


@pytest.mark.filterwarnings("default::DeprecationWarning")  # Blender's exporter is behind its own numpy
def test_fbx(exported):
    for rate, path, _ in exported("FBX"):
        records = read_fbx(path)
        curves = list(fbx_records(records, "KeyTime"))
        assert curves
        for _, (times,), _ in curves:
            assert np.abs(times - np.arange(len(times)) * KTIME_SECOND / rate).max() <= KTIME_SECOND * 1e-6
        assert max(len(times) for _, (times,), _ in curves) == FRAMES
        properties = {p[0]: p[-1] for _, p, _ in fbx_records(records, "P")}
        # Blender writes 23.976 as 24000 / 1001.
        assert properties[b"CustomFrameRate"] == pytest.approx(rate, rel=2e-6)
        assert properties[b"audio_start_seconds"] == 0.0


def test_alembic(exported):
    for rate, path, _ in exported("ALEMBIC"):
        moving = [sampling for sampling in alembic_samplings(path) if sampling != (1.0, [0.0])]
        assert moving
        for step, times in moving:
            assert step == pytest.approx(1 / rate, rel=1e-6)
            assert times == [0.0]
        assert alembic_values(path, "audio_start_seconds") == [0.0]


READ_USD = """
import json, sys
from pxr import Usd, UsdGeom
found = []
for path in json.load(sys.stdin):
    stage = Usd.Stage.Open(path)
    (mesh,) = [UsdGeom.Mesh(p) for p in stage.Traverse() if p.IsA(UsdGeom.Mesh)]
    points = mesh.GetPointsAttr()
    samples = points.GetTimeSamples()
    to_world = UsdGeom.XformCache(samples[-1]).GetLocalToWorldTransform(mesh.GetPrim())
    attributes = [a for p in stage.Traverse() for a in p.GetAttributes()]
    sound = [a.Get() for a in attributes if a.GetName().endswith("audio_start_seconds")]
    found.append({
        "seconds": [t / stage.GetTimeCodesPerSecond() for t in samples],
        "range": [stage.GetStartTimeCode(), stage.GetEndTimeCode()],
        "last": [list(to_world.Transform(p)) for p in points.Get(samples[-1])],
        "sound": sound,
    })
print(json.dumps(found))
"""


def test_usd(exported):
    # In a process of its own: Blender brings another USD along.
    if subprocess.run([sys.executable, "-c", "import pxr"], capture_output=True).returncode:
        pytest.skip("usd-core is not installed")
    files = exported("USD")
    paths = json.dumps([str(path) for _, path, _ in files])
    seen = subprocess.run([sys.executable, "-c", READ_USD], input=paths, capture_output=True, text=True)
    assert seen.returncode == 0, seen.stderr
    for (rate, path, vertices), found in zip(files, json.loads(seen.stdout), strict=True):
        assert found["seconds"] == pytest.approx(np.arange(FRAMES) / rate, rel=1e-6, abs=1e-9), path.name
        assert found["range"] == [0, FRAMES - 1]
        assert np.abs(np.array(found["last"]) - vertices).max() < 1e-6
        assert set(found["sound"]) == {0.0}


def sound_start_in(path, kind):
    """Seconds, as a reader that is not Blender finds them."""
    if kind == "GLTF":
        pygltflib = pytest.importorskip("pygltflib", reason="reads glTF in this test")
        nodes = pygltflib.GLTF2().load(str(path)).nodes
        return [node.extras["audio_start_seconds"] for node in nodes if "audio_start_seconds" in node.extras]
    if kind == "FBX":
        found = (values for _, values, _ in fbx_records(read_fbx(path), "P"))
        return [values[-1] for values in found if values[0] == b"audio_start_seconds"]
    if kind == "ALEMBIC":
        return alembic_values(path, "audio_start_seconds")
    seen = subprocess.run(
        [sys.executable, "-c", READ_USD], input=json.dumps([str(path)]), capture_output=True, text=True
    )
    if "No module named 'pxr'" in seen.stderr:
        pytest.skip("usd-core is not installed")
    return json.loads(seen.stdout)[0]["sound"]


@pytest.mark.filterwarnings("default::DeprecationWarning")  # Blender's exporter is behind its own numpy
@pytest.mark.parametrize("kind", ["GLTF", "FBX", "ALEMBIC", "USD"])
@pytest.mark.parametrize(("rate", "start"), [(29.97, 1), (25.0, 101)])
def test_a_head_that_begins_later_takes_its_sound_along(kind, rate, start, model, audio, tmp_path):
    if not can_export(kind):
        pytest.skip(f"this Blender has no {kind} exporter")
    head = head_at(rate, start, model, audio)
    set_timing(head, 2.5, 1.0)
    path = tmp_path / f"late{SUFFIXES[kind]}"
    export(head, path, kind)
    assert sound_start_in(path, kind) == [pytest.approx(2.5 / rate, abs=1e-6)]


@pytest.mark.parametrize("kind", ["GLTF", "ALEMBIC"])
def test_nothing_is_left_of_an_export(model, audio, tmp_path, kind):
    head = head_at(25.0, 1, model, audio)
    bpy.context.scene.frame_set(3)
    before = sorted((type(item).__name__, item.name) for item in bpy.data.user_map())
    export(head, tmp_path / f"head{SUFFIXES[kind]}", kind)
    assert sorted((type(item).__name__, item.name) for item in bpy.data.user_map()) == before
    assert [path.name for path in tmp_path.iterdir()] == [f"head{SUFFIXES[kind]}"]
    assert bpy.context.scene.frame_current == 3
    with pytest.raises(FileNotFoundError):
        export(head, tmp_path / "nowhere" / f"head{SUFFIXES[kind]}", kind)
    assert sorted((type(item).__name__, item.name) for item in bpy.data.user_map()) == before
