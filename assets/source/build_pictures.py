"""Draws the README's pictures of the default head and the demo into assets/pictures/.

python assets/source/build_pictures.py        needs the bpy wheel and Pillow; takes a minute
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from xtalker_addon.core.flame import FlameModel, load_model  # noqa: E402
from xtalker_addon.core.formats import read_sequence  # noqa: E402
from xtalker_addon.core.sequence import Sequence  # noqa: E402
from xtalker_addon.render import render_sequence  # noqa: E402
from xtalker_addon.render.encode import find_ffmpeg  # noqa: E402
from xtalker_addon.render.settings import RenderSettings  # noqa: E402

PICTURES = ROOT / "assets" / "pictures"
DEMO = ROOT / "assets" / "demo" / "V0-Demo" / "XTalker_demo"
PAPER, INK = (237, 237, 235), (60, 60, 64)
SIGMA, CLOSED = 3.0, 4.0  # standard deviations shown; a blink is closed at four
CLOSE_UP = np.float32([7.3, 0.0, -0.012])  # crop camera: 27 cm across
SHOWN = (
    "neutral",
    "smile",
    "frown",
    "lip_pucker",
    "lip_funnel",
    "lip_press",
    "lips_part",
    "upper_lip_raise",
    "lower_lip_depress",
    "lip_stretch",
    "lip_roll_lower",
    "cheek_puff",
    "nose_sneer",
    "blink",
    "eye_wide",
    "squint",
    "brow_inner_up",
    "brow_outer_up",
    "brow_down",
    "chin_raise",
)


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    model, demo = load_model(), read_sequence(DEMO)
    with tempfile.TemporaryDirectory(prefix="xtalker-") as folder:
        scratch = Path(folder)
        hero(model, demo, scratch)
        animation(model, demo, scratch)
        turns(model, demo, scratch)
        expressions(model, demo, scratch)
        identities(model, demo, scratch)
    for path in sorted(PICTURES.iterdir()):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1e3:.0f} kB")


def frames_of(sequence: Sequence, model: FlameModel, scratch: Path, **settings: object) -> list[Image.Image]:
    """Every rendered frame of a sequence."""
    video = scratch / "frames.mp4"
    chosen = RenderSettings(**settings)
    render_sequence(replace(sequence, audio=None), model, chosen, video)
    width, height = chosen.size
    raw = [find_ffmpeg(), "-loglevel", "error", "-i", str(video), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    pixels = np.frombuffer(subprocess.run(raw, capture_output=True, check=True).stdout, np.uint8)
    return [Image.fromarray(frame) for frame in pixels.reshape(-1, height, width, 3)]


def hero(model: FlameModel, demo: Sequence, scratch: Path) -> None:
    """The light of the codes, the studio look and a rounded vowel, side by side."""
    loudest = int(np.argmax(demo.jaw[:, 0]))
    panels = []
    for light, frame in (("sh", 0), ("sh", loudest), ("studio", loudest)):
        panels += frames_of(demo, model, scratch, size=(512, 512), light=light, frames=(frame, frame), samples=16)
    sheet([(panel, "") for panel in panels], 3, 400).save(PICTURES / "demo.png", optimize=True)


def animation(model: FlameModel, demo: Sequence, scratch: Path) -> None:
    """Three seconds of the demo, every second frame."""
    frames = frames_of(demo, model, scratch, size=(320, 320), frames=(0, 74), samples=8)[::2]
    small = [frame.resize((240, 240), Image.Resampling.LANCZOS) for frame in frames]
    palette = [frame.quantize(96, dither=Image.Dither.NONE) for frame in small]
    target = PICTURES / "demo.gif"
    palette[0].save(target, save_all=True, append_images=palette[1:], duration=80, loop=0, optimize=True)


def turns(model: FlameModel, demo: Sequence, scratch: Path) -> None:
    """Front, three-quarter and profile, in skin and in grey."""
    angles = np.radians([0, 40, 90])
    pose = np.zeros((3, 3), np.float32)
    pose[:, 1] = angles
    still = posed(demo, np.zeros((3, demo.expression.shape[1])), global_rotation=pose)
    panels = [
        (frame, "")
        for light in ("sh", "studio")
        for frame in frames_of(still, model, scratch, size=(512, 512), light=light, samples=16)
    ]
    sheet(panels, 6, 220).save(PICTURES / "head.png", optimize=True)


def expressions(model: FlameModel, demo: Sequence, scratch: Path) -> None:
    """Named expressions of both sides at once."""
    codes = np.zeros((len(SHOWN), len(model.expression_names)), np.float32)
    for row, shown in zip(codes, SHOWN, strict=True):
        for column, name in enumerate(model.expression_names):
            if name and name.removesuffix("_left").removesuffix("_right") == shown:
                row[column] = CLOSED if shown == "blink" else SIGMA
    frames = frames_of(posed(demo, codes), model, scratch, size=(320, 320), camera="crop", samples=16)
    labelled = [(frame, name.replace("_", " ")) for frame, name in zip(frames, SHOWN, strict=True)]
    sheet(labelled, 5, 200).save(PICTURES / "expressions.png", optimize=True)


def identities(model: FlameModel, demo: Sequence, scratch: Path) -> None:
    """Ten people drawn at random, each with a skin of their own."""
    rng = np.random.default_rng(11)
    used = sum(1 for name in model.identity_names if name)
    frames = []
    for _ in range(10):
        shape = np.zeros(used, np.float32)
        shape[:] = rng.normal(0, 1, used)
        texture = rng.normal(0, 1, (1, len(model.albedo.names) if model.albedo else 1))
        person = replace(posed(demo, np.zeros((1, 50))), shape=shape, texture=texture)
        frames += frames_of(person, model, scratch, size=(320, 320), camera="crop", samples=16)
    sheet([(frame, "") for frame in frames], 5, 200).save(PICTURES / "identities.png", optimize=True)


def posed(demo: Sequence, expression: np.ndarray, **fields: object) -> Sequence:
    """Still frames in the demo's light with other expressions."""
    count = len(expression)
    nothing = dict.fromkeys(("global_rotation", "neck", "jaw", "eyes", "translation", "detail", "envelope"))
    kept = {name: np.repeat(getattr(demo, name)[:1], count, axis=0) for name in ("light", "texture")}
    values = {**nothing, **kept, "camera": np.tile(CLOSE_UP, (count, 1)), **fields}
    shape = None if demo.shape is None else demo.shape.mean(0)
    return replace(demo, expression=expression, shape=shape, **values)


def sheet(panels: list[tuple[Image.Image, str]], columns: int, side: int) -> Image.Image:
    """Panels in rows, with a caption below each that has one."""
    caption = 22 if any(text for _, text in panels) else 0
    rows = -(-len(panels) // columns)
    page = Image.new("RGB", (columns * side, rows * (side + caption)), PAPER)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(13)
    for index, (panel, text) in enumerate(panels):
        x, y = index % columns * side, index // columns * (side + caption)
        page.paste(panel.resize((side, side), Image.Resampling.LANCZOS), (x, y))
        draw.text((x + side / 2, y + side + 2), text, INK, font=font, anchor="ma")
    return page


if __name__ == "__main__":
    main()
