"""How VOCA-style scripts render a clip, run in pyrender's own environment: python _pyrender_rival.py CLIP.npz OUT.mp4.

CLIP.npz: vertices (T, V, 3), faces (F, 3), size, fps, view (x, y, height), audio (path). One trimesh and one scene a
frame, OffscreenRenderer with its four samples, pictures piped to ffmpeg with the sound. Prints seconds a frame.
"""

import os
import subprocess
import sys
import time

os.environ["PYOPENGL_PLATFORM"] = "egl"

import imageio_ffmpeg
import numpy as np
import pyrender
import trimesh


def main() -> None:
    clip = np.load(sys.argv[1])
    vertices, faces, size = clip["vertices"], clip["faces"], int(clip["size"])
    x, y, height = clip["view"]
    camera_pose = np.eye(4)
    camera_pose[:3, 3] = (x, y, 1.0)
    camera = pyrender.OrthographicCamera(xmag=height / 2, ymag=height / 2, znear=0.01, zfar=4.0)
    light = pyrender.DirectionalLight(color=np.ones(3), intensity=3.0)
    material = pyrender.MetallicRoughnessMaterial(baseColorFactor=(0.7, 0.7, 0.7, 1.0), roughnessFactor=0.9)
    renderer = pyrender.OffscreenRenderer(size, size)
    command = [
        *(imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error"),
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size}x{size}", "-r", str(clip["fps"]), "-i", "-"),
        *("-i", str(clip["audio"]), "-map", "0:v", "-map", "1:a", "-shortest"),
        *("-c:v", "libx264", "-crf", "18", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac", sys.argv[2]),
    ]
    warm_up(renderer)
    started = time.perf_counter()
    encoder = subprocess.Popen(command, stdin=subprocess.PIPE)
    for frame in vertices:
        scene = pyrender.Scene(ambient_light=(0.2, 0.2, 0.2), bg_color=(237, 237, 235))
        mesh = trimesh.Trimesh(frame, faces, process=False)
        scene.add(pyrender.Mesh.from_trimesh(mesh, material=material, smooth=True))
        scene.add(camera, pose=camera_pose)
        scene.add(light, pose=camera_pose)
        colour, _ = renderer.render(scene)
        encoder.stdin.write(colour.tobytes())
    encoder.stdin.close()
    encoder.wait()
    print((time.perf_counter() - started) / len(vertices))
    renderer.delete()


def warm_up(renderer: pyrender.OffscreenRenderer) -> None:
    """Shaders are compiled once a process, not once a clip."""
    scene = pyrender.Scene()
    scene.add(pyrender.Mesh.from_trimesh(trimesh.creation.box(), smooth=True))
    scene.add(pyrender.PerspectiveCamera(1.0), pose=np.eye(4))
    renderer.render(scene)


main()
