"""Builds `assets/demo/V0-Demo/XTalker_demo` and `assets/demo/phonemes.json` from code, the flite voice and the head.

    python assets/source/build_demo.py

Needs numpy, scipy and the flite synthesiser (Debian: flite). The same flite and head give the same files.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from demo import acting, codes, light, mouth, record, scene  # noqa: E402
from demo.speech import SAMPLE_RATE, Phone, SynthesiserError, synthesise  # noqa: E402

from xtalker_addon.core.formats import read_sequence  # noqa: E402
from xtalker_addon.core.model.flame import FlameModel, load_model  # noqa: E402
from xtalker_addon.core.motion.camera import CROP_SIZE  # noqa: E402
from xtalker_addon.render.settings import RenderSettings  # noqa: E402

LEAD_IN, TAIL = 0.12, 0.5  # seconds of rest before flite's first sample, and after its last sound
STEPS_PER_FRAME = round(1 / record.FPS / mouth.STEP)


def _place(samples: np.ndarray, phones: list[Phone]) -> tuple[np.ndarray, list[Phone], int]:
    """The speech on the clip's own time axis: later by LEAD_IN and as long as a whole number of frames."""
    spoken_end = max(phone.end for phone in phones if phone.word) + LEAD_IN
    frames = int(np.ceil((spoken_end + TAIL) * record.FPS))
    samples, total = np.pad(samples, (round(LEAD_IN * SAMPLE_RATE), 0)), frames * record.SAMPLES_PER_FRAME
    samples = np.pad(samples, (0, max(0, total - len(samples))))[:total]
    moved = [replace(phone, start=phone.start + LEAD_IN, end=phone.end + LEAD_IN) for phone in phones]
    rest = Phone("pau", 0.0, moved[0].end, "", False)
    last = Phone("pau", moved[-1].start, total / SAMPLE_RATE, "", False)
    return samples, [rest, *moved[1:-1], last], frames


def _phoneme_table(phones: list[Phone], shut: list[tuple[float, float] | None]) -> str:
    rows = [
        {"phone": p.name, "start": round(p.start, 3), "end": round(p.end, 3), "word": p.word}
        | ({"closure": [round(c[0], 3), round(c[1], 3)]} if c else {})
        for p, c in zip(phones, shut, strict=True)
    ]
    lines = ",\n  ".join(json.dumps(row) for row in rows)  # one sound a line
    return f'{{"text": {json.dumps(acting.TEXT)},\n "phones": [\n  {lines}\n]}}\n'


def _express(
    model: FlameModel, shape: np.ndarray, paths: dict[str, np.ndarray], gestures: dict[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Expression (T, 50) and jaw (T, 3) of articulators and gestures, with lips that meet where they must."""
    jaw = np.zeros((len(paths["jaw"]), 3))
    jaw[:, 0] = paths["jaw"]
    named = codes.mouth_codes(paths) | acting.yielding(gestures, paths)
    expression = codes.by_name(named, model.expression_names, codes.EXPRESSION_WIDTH)
    column = model.expression_names.index("mouth_close")
    seal = codes.sealing_code(model, shape, expression, jaw, column)
    # All that seals the lips in a closure, half where the lower lip meets teeth.
    expression[:, column] = np.maximum(paths["closure"], 0.5 * paths["bite"]) * seal
    return expression, jaw


def build(out: Path) -> None:
    """Write the demo that the default head acts into the folder `out`."""
    model = load_model()
    samples, phones, frames = _place(*synthesise(acting.TEXT))
    shut = mouth.closures(phones, samples)
    times, paths = mouth.articulate(phones, shut, samples)
    every = slice(None, frames * STEPS_PER_FRAME, STEPS_PER_FRAME)  # frame 0 is the sound's time 0
    times, paths = times[every], {name: path[every] for name, path in paths.items()}

    speech = acting.Speech(phones)
    person = scene.person_codes(model, times)
    shape = person["shapecode"].mean(0)
    expression, jaw = _express(model, shape, paths, acting.gestures(times, speech))
    rotation = acting.head_rotation(times, speech)
    pose = np.hstack([rotation, np.zeros((frames, 3)), jaw, np.zeros((frames, 6))])
    motion = {
        "expcode": expression,
        "posecode": np.hstack([rotation, jaw]),
        "cam": scene.crop_cameras(model.evaluate(shape, expression, pose), model.regions["face"], times),
        "lightcode": light.light_codes(times),
    }
    files = {name: array.astype(np.float32) for name, array in (person | motion).items()}
    folder = out / "V0-Demo" / "XTalker_demo"
    record.write_sequence(folder, files, samples)
    settings = RenderSettings(size=(CROP_SIZE, CROP_SIZE), camera="crop", background=scene.BACKGROUND, samples=16)
    first = scene.first_picture(read_sequence(folder), model, settings)
    np.save(folder / "refimg.npy", first.transpose(2, 0, 1))
    (out / "phonemes.json").write_text(_phoneme_table(phones, shut), encoding="utf-8")


if __name__ == "__main__":
    try:
        build(ROOT / "assets" / "demo")
    except (SynthesiserError, ValueError) as error:
        sys.exit(str(error))
