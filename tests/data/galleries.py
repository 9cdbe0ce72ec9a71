"""Outputs of batches, as large as they get, without rendering them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from tests.data.trees import SUBSETS
from xtalker_addon.batch.gallery import write_gallery
from xtalker_addon.batch.inspection import Expected, inspect_video
from xtalker_addon.batch.make import preview_paths
from xtalker_addon.batch.record import Record, record_path, write_record
from xtalker_addon.render.video.writer import VideoWriter

FRAMES = 50
EMOTIONS = ("happy", "sad", "angry", "neutral")


def write_output(
    output: Path,
    count: int,
    settings: dict | None = None,
    metrics: Callable[[int], dict[str, dict[str, float]]] | None = None,
    errors: list[dict] | None = None,
) -> Path:
    """`count` sequences, every tenth of them failed, that share one video of a moving disc with a voice-like sound.

    metrics : of the predictions of the index-th; errors : their curves, the same for all
    """
    output.mkdir(parents=True)
    video, strip = output / ".video.mp4", output / ".strip.jpg"
    wave = _write_video(video, strip)
    for index in range(count):
        subset, subject = SUBSETS[index % len(SUBSETS)], f"M{index % 40:03}"
        name = f"{subset}/{subject}_{EMOTIONS[index % 4]}_{index:05}"
        place = output / f"{name}.mp4"
        place.parent.mkdir(exist_ok=True)
        labels = {"subset": subset, "subject": subject, "emotion": EMOTIONS[index % 4]}
        failed = index % 10 == 9
        facts = {"frames": FRAMES, "fps": 25.0, "size": (128, 128), "sound": True, "timings": {"render": 0.5}}
        record = Record(
            name=name,
            source=f"/data/{name}",
            labels=labels,
            settings={"engine": "review", **(settings or {})},
            model={"sha256": ""},
            made=f"2026-01-01T{index // 3600 % 24:02}:{index // 60 % 60:02}:{index % 60:02}Z",
            warnings=(f"/data/{name}: no sound file was found; the clip is silent.",) if index % 7 == 3 else (),
            failure="input" if failed else "",
            error=f"/data/{name}/expcode.npy: is cut short; copy it again." if failed else "",
            **({} if failed else facts | ({"metrics": metrics(index)} if metrics else {})),
        )
        write_record(record, record_path(place, "h264"), output)
        if not failed:
            picture, details = preview_paths(output, name)
            picture.parent.mkdir(parents=True, exist_ok=True)
            os.link(video, place)
            os.link(strip, picture)
            curves = {"sound": wave, "jaw": [5.0, 12.5, 0.0] * 16, "expression": [2.0, 4.0] * 24}
            curves |= {"errors": errors} if errors else {}
            details.write_text(f"xtalkerPreview({json.dumps([name, curves])});\n")
    write_gallery(output)
    return output


def _write_video(video: Path, strip: Path) -> list[int]:
    time = np.arange(FRAMES * 640) / 16000
    sound = video.with_suffix(".wav")
    soundfile.write(sound, 0.4 * np.sin(2 * np.pi * 180 * time) * np.abs(np.sin(4 * time)), 16000)
    y, x = np.mgrid[:128, :128]
    with VideoWriter(video, (128, 128), 25, FRAMES, audio=sound) as writer:
        for frame in range(FRAMES):
            disc = (x - 64 - 30 * np.sin(frame / 6)) ** 2 + (y - 64) ** 2 < 900
            writer.write(np.ascontiguousarray(np.where(disc[..., None], (210, 120, 60), 235).astype(np.uint8)))
    sound.unlink()
    return inspect_video(video, Expected(FRAMES, 25, True), strip).outline
