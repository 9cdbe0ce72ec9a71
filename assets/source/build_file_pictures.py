"""Draws assets/pictures/files.png: what each of the eleven files of a 3DXTalker sequence brings, on the default head.

python assets/source/build_file_pictures.py        needs the bpy wheel, soundfile and Pillow; takes a minute
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np
import soundfile
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from build_pictures import DEMO, INK, PAPER, PICTURES, posed, sheet  # noqa: E402
from demo.scene import first_picture  # noqa: E402

from xtalker_addon.blender.importer import ImportOptions, import_sequence  # noqa: E402
from xtalker_addon.core.formats import read_sequence  # noqa: E402
from xtalker_addon.core.model.flame import load_model  # noqa: E402
from xtalker_addon.core.speech.envelope import envelope_per_frame  # noqa: E402
from xtalker_addon.render.settings import RenderSettings  # noqa: E402

SIZE, MARGIN = 400, 36
ACCENT = (70, 115, 168)
SECONDS = 3.0
# Creases of the right half in texture coordinates: distance from the middle, height; depth in metres, half width.
CREASES = (
    (((0.00, 0.752), (0.09, 0.757), (0.19, 0.752)), 0.6e-3, 0.007),  # forehead
    (((0.00, 0.774), (0.10, 0.779), (0.22, 0.772)), 0.7e-3, 0.007),
    (((0.00, 0.797), (0.10, 0.802), (0.20, 0.796)), 0.5e-3, 0.007),
    (((0.03, 0.735), (0.035, 0.715), (0.028, 0.695)), 0.6e-3, 0.008),  # between the brows
    (((0.285, 0.705), (0.32, 0.724), (0.35, 0.735)), 0.4e-3, 0.006),  # crow's feet
    (((0.290, 0.695), (0.33, 0.700), (0.36, 0.700)), 0.45e-3, 0.006),
    (((0.285, 0.684), (0.32, 0.676), (0.35, 0.664)), 0.4e-3, 0.006),
    (((0.152, 0.576), (0.170, 0.550), (0.190, 0.510), (0.195, 0.465)), 0.9e-3, 0.012),  # nose to mouth
)


class Creases:
    """In place of a licensed decoder: lines that a face gets, the skin beside each slightly raised."""

    mask = np.ones((256, 256), np.float32)

    def inputs(self, sequence):
        return sequence.detail

    def decode(self, codes):
        v, u = np.mgrid[255:-1:-1, 0:256] / 255
        texels = np.float32([np.abs(u - 0.5), v]).transpose(1, 2, 0)
        height = sum(depth * (0.4 * crease(texels, line, 2 * width) - crease(texels, line, width))
                     for line, depth, width in CREASES)  # fmt: skip
        return np.broadcast_to(height, (len(codes), 256, 256))


def crease(texels: np.ndarray, line: tuple, width: float) -> np.ndarray:
    """(256, 256) 1 in the middle of a line that runs out to its ends and sides."""
    steps = np.linspace(0, 1, 90, dtype=np.float32)
    corners = np.linspace(0, 1, len(line))
    points = np.stack([np.interp(steps, corners, axis) for axis in np.transpose(line)], -1)
    near = np.exp(-(((texels[..., None, :] - points) / width) ** 2).sum(-1))
    ends = np.where(points[0, 0] == 0, np.cos(np.pi / 2 * steps), np.sin(np.pi * steps))  # over the middle: one end
    return (np.sqrt(ends.clip(0)) * near).max(-1)


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    model, demo = load_model(), read_sequence(DEMO)
    samples, rate = soundfile.read(demo.audio)
    loudest = int(np.argmax(demo.jaw[:, 0]))
    rng = np.random.default_rng(3)
    plain = np.zeros((1, demo.expression.shape[1]))
    still = posed(demo, plain)
    smile = [[2.0 * name.startswith(("mouth_smile", "brow_outer")) for name in model.expression_names[: plain.size]]]
    turned = np.float32([[0.05, -0.35, 0.1]])
    other = rng.normal(0, 1.7, 100).astype(np.float32)
    skin = rng.normal(0, 0.5, (1, 50)).astype(np.float32)
    skin[0, model.albedo.names.index("melanin")] = 3
    close = still.camera * np.float32([1.55, 1, 1]) + np.float32([0, 0, 0.02])
    wrinkled = replace(still, detail=np.zeros((1, 128)), camera=close)
    tall = still.camera * np.float32([0.55, 1, 1])
    with tempfile.TemporaryDirectory(prefix="xtalker-") as folder:

        def draw(sequence, **options) -> Image.Image:
            return render(sequence, model, Path(folder) / "frame.png", **options)

        tiles = {
            "expcode: expression": draw(posed(demo, np.array(smile))),
            "shapecode: identity": draw(replace(still, shape=other)),
            "posecode: head, jaw": draw(replace(still, global_rotation=turned, jaw=demo.jaw[loudest : loudest + 1])),
            "detailcode: wrinkles": draw(wrinkled, look="STUDIO", detail=Creases()),
            "texcode: skin": draw(replace(still, texture=skin)),
            "lightcode: light for all": draw(replace(still, camera=tall), props=True, look="SCENE", world=True),
            "cam: the crop": draw(replace(still, camera=demo.camera[:1])),
            "refimg: the plate": Image.fromarray(np.round(255 * demo.reference_image).astype(np.uint8)),
            "cam, refimg: overlay": overlaid(demo, model),
            "audio.wav: the strip": plot(samples[: int(SECONDS * rate)], -1.2, 1.2),
            "envelope: a property": loudness(demo),
            "metadata.pkl: the source": facts(demo),
        }
    sheet(list(tiles.values()), 4, 220, labels=list(tiles)).save(PICTURES / "files.png", optimize=True)


def render(sequence, model, path: Path, props: bool = False, **options) -> Image.Image:
    """One frame in Cycles through the crop camera; props: a ball and a monkey beside the head."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.resolution_x = scene.render.resolution_y = SIZE
    import_sequence(sequence, model, ImportOptions(camera="CROP", reference=False, **options))
    if props:
        bpy.ops.mesh.primitive_uv_sphere_add(segments=64, ring_count=32, radius=0.045, location=(-0.135, -0.05, 0.0))
        bpy.ops.object.shade_smooth()
        bpy.ops.mesh.primitive_monkey_add(size=0.085, location=(0.135, -0.05, 0.0))
        bpy.ops.object.shade_smooth()
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = 128 if props else 24, False
    scene.render.film_transparent = True
    scene.render.image_settings.file_format = "PNG"
    scene.render.filepath = str(path)
    scene.frame_set(scene.frame_start)
    bpy.ops.render.render(write_still=True)
    page = Image.new("RGB", (SIZE, SIZE), PAPER)
    with Image.open(path) as picture:
        page.paste(picture, (0, 0), picture)
    return page


def overlaid(demo, model) -> Image.Image:
    """The mesh over the reference image, as the layout's overlay shows the first frame."""
    settings = RenderSettings(size=(SIZE, SIZE), look="wireframe", layout="overlay", burn_in=False)
    return Image.fromarray(first_picture(demo, model, settings))


def plot(values: np.ndarray, low: float, high: float) -> Image.Image:
    """A curve, its values from `low` at the bottom to `high` at the top."""
    page = Image.new("RGB", (SIZE, SIZE), PAPER)
    x = np.linspace(MARGIN, SIZE - MARGIN, len(values))
    y = SIZE - MARGIN - (SIZE - 2 * MARGIN) * (values - low) / (high - low)
    ImageDraw.Draw(page).line(list(zip(x, y, strict=True)), fill=ACCENT, width=1 if len(values) > SIZE else 4)
    return page


def loudness(demo) -> Image.Image:
    values = envelope_per_frame(demo.envelope, 16000, demo.fps, demo.frames)[: int(SECONDS * demo.fps)]
    return plot(values, -0.3 * values.max(), 1.2 * values.max())


def facts(demo) -> Image.Image:
    page = Image.new("RGB", (SIZE, SIZE), PAPER)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(24)
    for row, name in enumerate(("source_video", "source_fps", "source_size", "source_sample_rate")):
        draw.text((30, 60 + 76 * row), name.replace("_", " ").capitalize(), (130, 130, 134), font=font)
        draw.text((30, 90 + 76 * row), demo.labels[name], INK, font=font)
    return page


if __name__ == "__main__":
    main()
