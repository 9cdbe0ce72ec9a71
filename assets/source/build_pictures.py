"""Draws the README's pictures of the default head and the demo into assets/pictures/.

python assets/source/build_pictures.py        needs the bpy wheel and Pillow; takes a minute
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Collection
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from xtalker_addon.core.arkit.names import NAMES  # noqa: E402
from xtalker_addon.core.formats import read_sequence  # noqa: E402
from xtalker_addon.core.model.flame import FlameModel, load_model  # noqa: E402
from xtalker_addon.core.sequence import Sequence  # noqa: E402
from xtalker_addon.render import render_sequence  # noqa: E402
from xtalker_addon.render.settings import RenderSettings  # noqa: E402

PICTURES = ROOT / "assets" / "pictures"
DEMO = ROOT / "assets" / "demo" / "V0-Demo" / "XTalker_demo"
GAP = 6  # pixels between panels
SEED, PEOPLE = 6, 10
ORIGINS = ((1.9, -0.9, 3.2), (-0.9, 1.9, 0.4), (-0.9, -0.9, -0.3), (0.4, 0.4, 1.5))  # african, asian, melanin
PAPER, INK = (237, 237, 235), (60, 60, 64)
CLOSE_UP = np.float32([7.3, 0.0, -0.012])  # crop camera: 27 cm across
FACE = np.float32([12.4, 0.0, 0.023])  # 16 cm, brow to chin
BUST = np.float32([5.3, 0.0, 0.042])  # 38 cm
SHOWN = (  # named expressions, whole, of both sides at once
    "neutral", "mouth_smile", "mouth_frown", "cheek_puff", "jaw_left",
    "mouth_pucker", "mouth_funnel", "mouth_press", "mouth_stretch", "lips_part",
    "mouth_roll_lower", "mouth_upper_up", "mouth_lower_down", "nose_sneer", "eye_squint",
    "eye_blink", "eye_wide", "brow_inner_up", "brow_outer_up", "brow_down",
)  # fmt: skip


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    model, demo = load_model(), read_sequence(DEMO)
    with tempfile.TemporaryDirectory(prefix="xtalker-") as folder:
        for draw in (hero, animation, turns, expressions, units, identities, people):
            draw(model, demo, Path(folder))
    for path in sorted(PICTURES.iterdir()):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1e3:.0f} kB")


def frames_of(sequence: Sequence, model: FlameModel, scratch: Path, **settings: object) -> list[Image.Image]:
    """Every rendered frame of a sequence."""
    folder = Path(tempfile.mkdtemp(dir=scratch)) / "frames"
    render_sequence(replace(sequence, audio=None), model, RenderSettings(output="png", **settings), folder)
    return [Image.open(path).convert("RGB") for path in sorted(folder.glob("*.png"))]


def hero(model: FlameModel, demo: Sequence, scratch: Path) -> None:
    """The light of the codes, the studio look and a rounded vowel, side by side."""
    loudest = int(np.argmax(demo.jaw[:, 0]))
    panels = []
    for light, frame in (("sh", 0), ("sh", loudest), ("studio", loudest)):
        panels += frames_of(demo, model, scratch, size=(512, 512), light=light, frames=(frame, frame), samples=16)
    sheet(panels, 3, 400).save(PICTURES / "demo.png", optimize=True)


def animation(model: FlameModel, demo: Sequence, scratch: Path) -> None:
    """Three seconds of the demo, every second frame, in one palette: that of the mouth and what is around it."""
    frames = frames_of(demo, model, scratch, size=(560, 560), frames=(0, 74), samples=8)[::2]
    small = [frame.resize((280, 280), Image.Resampling.LANCZOS) for frame in frames]
    mouths = np.concatenate([np.asarray(frame.crop((100, 82, 180, 192))) for frame in small])
    palette = Image.fromarray(mouths).quantize(256, kmeans=8)
    drawn = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in small]
    target = PICTURES / "demo.gif"
    drawn[0].save(target, save_all=True, append_images=drawn[1:], duration=80, loop=0, optimize=True)


def turns(model: FlameModel, demo: Sequence, scratch: Path) -> None:
    """Front, three-quarter and profile, in skin and in grey."""
    pose = np.zeros((3, 3), np.float32)
    pose[:, 1] = np.radians([0, 40, 90])
    still = posed(demo, np.zeros((3, demo.expression.shape[1])), global_rotation=pose)
    panels = []
    for light in ("sh", "studio"):
        panels += frames_of(still, model, scratch, size=(800, 800), light=light, samples=16)
    sheet(panels, 3, 400, 300).save(PICTURES / "head.png", optimize=True)


def expressions(model: FlameModel, demo: Sequence, scratch: Path) -> None:
    """Named expressions, each from close."""
    codes = np.zeros((len(SHOWN), len(model.expression_names)), np.float32)
    for row, shown in zip(codes, SHOWN, strict=True):
        for column, name in enumerate(model.expression_names):
            if shown in (name, name.removesuffix("_left").removesuffix("_right")):
                row[column] = 1 / model.expression_amounts[column]
    still = posed(demo, codes, camera=np.tile(FACE, (len(codes), 1)))
    frames = frames_of(still, model, scratch, size=(480, 480), camera="crop", samples=16)
    labels = [name.replace("_", " ") for name in SHOWN]
    sheet(frames, 5, 224, labels=labels).save(PICTURES / "expressions.png", optimize=True)


def units(model: FlameModel, demo: Sequence, scratch: Path) -> None:
    """ARKit's 52 units, each whole, as a table of them is read."""
    table = scratch / "units.csv"
    rows = [",".join(f"{float(own == name):g}" for own in NAMES) for name in NAMES]
    table.write_text("\n".join([",".join(NAMES), *rows]), encoding="utf-8")
    read = read_sequence(table)
    still = posed(demo, read.expression, jaw=read.jaw, eyes=read.eyes, camera=np.tile(FACE, (len(NAMES), 1)))
    frames = frames_of(still, model, scratch, size=(320, 320), camera="crop", samples=16)
    page = sheet(frames, 9, 140, labels=NAMES)
    page.quantize(200, dither=Image.Dither.NONE).save(PICTURES / "arkit.png", optimize=True)


def identities(model: FlameModel, demo: Sequence, scratch: Path) -> None:
    """Ten people drawn with a fixed seed: sex, age and origin are spread evenly, and skins go with the latter."""
    rng = np.random.default_rng(SEED)
    used, tones = sum(1 for name in model.identity_names if name), model.albedo.names
    shape = rng.normal(0, 1.0, (PEOPLE, used)).astype(np.float32)
    skin = rng.normal(0, 0.5, (PEOPLE, len(tones)))
    spread = np.linspace(-1, 1, PEOPLE)
    origin = rng.permutation(np.arange(PEOPLE) % len(ORIGINS))
    drawn = {"sex": 1.3 * rng.permutation(np.sign(spread)), "age": 0.3 + 1.7 * rng.permutation(spread)}
    drawn |= {name: np.array([each[k] for each in ORIGINS])[origin] for k, name in enumerate(("african", "asian"))}
    for name, values in drawn.items():
        shape[:, model.identity_names.index(name)] = values
    skin[:, tones.index("melanin")] = np.array([each[2] for each in ORIGINS])[origin] + 0.4 * rng.normal(size=PEOPLE)
    skin[:, tones.index("beard_shadow")] = np.maximum(drawn["sex"], 0) * rng.uniform(0, 1.5, PEOPLE)
    skin[:, tones.index("age")] = 1.2 * drawn["age"]
    skin[:, tones.index("scalp_stubble")] = rng.uniform(0, 4, PEOPLE)
    still, frames = posed(demo, np.zeros((1, 50)), camera=BUST[None]), []
    for codes, texture in zip(shape, skin, strict=True):
        person = replace(still, shape=codes, texture=texture[None])
        frames += frames_of(person, model, scratch, size=(640, 640), camera="crop", samples=16)
    sheet(frames, 5, 320, 220).save(PICTURES / "identities.png", optimize=True)


def people(model: FlameModel, demo: Sequence, scratch: Path) -> None:
    """Those who have names."""
    still = posed(demo, np.zeros((1, 50)), camera=BUST[None])
    frames = [frames_of(still, model, scratch, size=(640, 640), camera="crop", person=name)[0] for name in model.people]
    sheet(frames, 5, 320, 220, [name.title() for name in model.people]).save(PICTURES / "people.png", optimize=True)


def posed(demo: Sequence, expression: np.ndarray, **fields: object) -> Sequence:
    """Still frames in the demo's light with other expressions."""
    count = len(expression)
    nothing = dict.fromkeys(("global_rotation", "neck", "jaw", "eyes", "translation", "detail", "envelope"))
    kept = {name: np.repeat(getattr(demo, name)[:1], count, axis=0) for name in ("light", "texture")}
    values = {**nothing, **kept, "camera": np.tile(CLOSE_UP, (count, 1)), **fields}
    shape = None if demo.shape is None else demo.shape.mean(0)
    return replace(demo, expression=expression, shape=shape, **values)


def sheet(
    panels: list[Image.Image], columns: int, side: int, width: int | None = None, labels: Collection[str] = ()
) -> Image.Image:
    """Panels in rows, their middle `width` pixels, each with its label below where there are some."""
    width, caption = width or side, 22 if labels else 0
    rows = -(-len(panels) // columns)
    page = Image.new("RGB", (columns * (width + GAP) - GAP, rows * (side + caption + GAP) - GAP), PAPER)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(13)
    for index, (panel, label) in enumerate(zip_longest(panels, labels, fillvalue="")):
        x, y = index % columns * (width + GAP), index // columns * (side + caption + GAP)
        small = panel.resize((side, side), Image.Resampling.LANCZOS)
        page.paste(small.crop(((side - width) // 2, 0, (side + width) // 2, side)), (x, y))
        draw.text((x + width / 2, y + side + 3), label, INK, font=font, anchor="ma")
    return page


if __name__ == "__main__":
    main()
