"""The demo sequence: how closely its mouth follows its sound."""

from __future__ import annotations

import json

import numpy as np

from xtalker_addon.core.assets import asset
from xtalker_addon.core.formats import read_sequence
from xtalker_addon.core.model.flame import load_model

FOLDER = "demo/V0-Demo/XTalker_demo"
TOUCHING = 0.8  # millimetres between lips that look shut


def main() -> None:
    clip, model = read_sequence(asset(FOLDER)), load_model()
    pose = clip.pose()
    pose[:, :6] = 0  # the head held still: up is up
    vertices = model.evaluate(clip.identity("mean"), clip.expression, pose)
    upper, lower = model.regions["upper_seam"], model.regions["lower_seam"]
    middle = np.abs(model.template[upper, 0]) < 0.0125
    gap = 1e3 * (vertices[:, upper, 1] - vertices[:, lower, 1])[:, middle].max(1)
    loudness = np.convolve(clip.envelope.reshape(clip.frames, -1).mean(1), [0.25, 0.5, 0.25], "same")
    for name, opening in (("jaw", clip.jaw[:, 0]), ("lips", gap)):
        print(f"correlation of the {name} with the sound's envelope: {np.corrcoef(loudness, opening)[0, 1]:.2f}")
    phones = json.loads(asset("demo/phonemes.json").read_text(encoding="utf-8"))["phones"]
    closures = [phone["closure"] for phone in phones if "closure" in phone]
    late = [_frames_off(gap, clip.fps * start, clip.fps * end) for start, end in closures]
    print(f"{len(closures)} closures of p, b and m: the lips shut and part within {max(late):.2f} frames of the sound")


def _frames_off(gap: np.ndarray, start: float, end: float) -> float:
    """Frames by which the lips shut before the sound does, or part after it; infinite where they stay open."""
    first, last = int(np.ceil(start - 1e-4)), int(end + 1e-4)
    if gap[first : last + 1].max() > TOUCHING:
        return np.inf
    while gap[first - 1] < TOUCHING:
        first -= 1
    while gap[last + 1] < TOUCHING:
        last += 1
    return max(start - first, last - end, 0.0)
