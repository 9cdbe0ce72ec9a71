"""How fast predictions are measured, against a script of the field's kind; and memory over many clips."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.data.sequences import write_3dxtalker_folder
from xtalker_addon.core.evaluation.face import Conditions
from xtalker_addon.core.evaluation.pairing import Pair
from xtalker_addon.core.evaluation.records import Request, evaluate_pairs, yardstick_of
from xtalker_addon.core.evaluation.summary import Summary
from xtalker_addon.core.evaluation.write import write_evaluation
from xtalker_addon.core.formats import read_sequence
from xtalker_addon.core.motion.rotation import matrix_from_axis_angle

CLIPS, FRAMES = 200, 376
MANY = 2000  # of links to the same clips, for memory
BY_SCRIPT = 5  # clips that the script is timed on
JOBS = 2


def main() -> None:
    clips = int(os.environ.get("XTALKER_BENCH_CLIPS", CLIPS))
    with tempfile.TemporaryDirectory(prefix="xtalker-bench-") as folder:
        root = Path(folder)
        for index in range(min(clips, 20)):
            for tree in ("truth", "ours"):
                write_3dxtalker_folder(root / tree / f"clip{index}", FRAMES, index + 100 * (tree == "ours"))
        pairs = [
            Pair(f"V0/{i}", "V0", root / "truth" / f"clip{i % 20}", {"ours": root / "ours" / f"clip{i % 20}"})
            for i in range(max(clips, MANY * clips // CLIPS))
        ]
        request = Request(None, Conditions("own"))
        started = time.perf_counter()
        before = evaluate(pairs[:clips], request, root / "report")
        mine = (time.perf_counter() - started) / clips
        after = evaluate(pairs, request, root / "report")  # before the script, whose arrays stay in this process
        started = time.perf_counter()
        for pair in pairs[:BY_SCRIPT]:
            script(pair, request)
        scripted = (time.perf_counter() - started) / BY_SCRIPT
        print(f"{clips} clips of {FRAMES} frames, every metric but beats, {JOBS} processes: {1e3 * mine:.0f} ms a clip")
        print(f"a script that does one clip after the other, on {BY_SCRIPT} of them: {1e3 * scripted:.0f} ms a clip")
        print(f"ratio {scripted / mine:.1f}")
        print(f"memory of this process after {clips} clips {before:.0f} MB, after {len(pairs)} {after:.0f} MB")


def evaluate(pairs: list[Pair], request: Request, folder: Path) -> float:
    """The resident megabytes at the end."""
    summary = Summary(("ours",))
    for _ in write_evaluation(evaluate_pairs(pairs, request, JOBS), folder, summary, {}, None):
        pass
    return resident_megabytes()


def resident_megabytes() -> float:
    if not sys.platform.startswith("linux"):
        return float("nan")
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def script(pair: Pair, request: Request) -> dict[str, float]:
    """Vertices of both clips by the equations as research code writes them, then each metric on the whole arrays.

    The metrics are in float32 and without a loop in Python, as a careful author of such a script has them.
    """
    yardstick = yardstick_of(request)
    model, regions = yardstick.model, yardstick.regions
    truth, prediction = (read_sequence(path) for path in (pair.truth, pair.predictions["ours"]))
    vertices = [layer(model, s.shape.mean(0), s.expression, s.pose()) for s in (truth, prediction)]
    still = layer(model, truth.shape.mean(0), np.zeros((1, 50)), np.zeros((1, 15)))[0]
    metrics = scripted_metrics(*vertices, regions, still, model.template, 25.0)
    heads = [matrix_from_axis_angle(s.pose()[:, :3]) for s in (truth, prediction)]
    jaws = [matrix_from_axis_angle(s.pose()[:, 6:9]) for s in (truth, prediction)]
    for name, (a, b) in {"head_rotation_error": heads, "jaw_rotation_error": jaws}.items():
        trace = np.trace(a.swapaxes(-1, -2) @ b, axis1=1, axis2=2)
        metrics[name] = np.arccos(np.clip((trace - 1) / 2, -1, 1)).mean()
    return metrics | {"pose_variation": np.var(prediction.pose()[:, :3], axis=0).mean()}


def scripted_metrics(t, p, regions, still, generic, fps) -> dict[str, float]:
    lips, upper, (above, below) = regions.lips, regions.upper_face, regions.inner_lips
    squared = np.square(p[:, lips] - t[:, lips]).sum(-1)
    opening = [np.linalg.norm(clip[:, above] - clip[:, below], axis=-1) for clip in (t, p)]
    flat = [clip[:, lips].reshape(len(clip), -1) for clip in (t, p)]
    cosines = (flat[0] * flat[1]).sum(1) / np.linalg.norm(flat[0], axis=1) / np.linalg.norm(flat[1], axis=1)
    motion = [clip[:, upper] - still[upper] for clip in (t, p)]
    shake = [np.linalg.norm(np.diff(clip, 2, axis=0), axis=-1).mean() * fps**2 for clip in (t, p)]
    spread = []
    for clip in (t, p):
        masked = np.zeros_like(clip)
        masked[:, upper] = clip[:, upper] - generic[upper]
        spread.append(np.std(masked.sum(2), axis=1, ddof=1).mean())
    shifts = [np.corrcoef(opening[0][25 + k : len(t) - 25 + k], opening[1][25:-25])[0, 1] for k in range(-25, 26)]
    return {
        "lve_max_squared": squared.max(1).mean(),
        "lve_max": np.sqrt(squared.max(1)).mean(),
        "lve_rms": np.sqrt(squared.max(1).mean()),
        "mod_artalk": np.sqrt(squared).mean(),
        "mod": np.abs(opening[0] - opening[1]).mean(),
        "mouth_correlation": np.corrcoef(*opening)[0, 1],
        "mouth_lag": 25 - np.argmax(shifts),
        "lvs": cosines.mean(),
        "mve": np.linalg.norm(p - t, axis=-1).mean(),
        "ufve": np.linalg.norm(p[:, upper] - t[:, upper], axis=-1).mean(),
        "fdd_codetalker": np.subtract(*(np.std(np.square(m).sum(-1), axis=0).mean() for m in motion)),
        "fdd_artalk": np.subtract(*(np.std(np.abs(m).sum(-1), axis=0).mean() for m in motion)),
        "fdd_3dxtalker": abs(spread[0] - spread[1]),
        "velocity_error": np.linalg.norm(np.diff(p, axis=0) - np.diff(t, axis=0), axis=-1).mean() * fps,
        "jitter_error": shake[1] - shake[0],
    }


def layer(model, shape, expression, pose) -> np.ndarray:
    """FLAME as its published layers have it: all columns, a 4 x 4 matrix for every vertex of every frame."""
    frames = len(expression)
    codes = np.zeros((frames, len(model.identity_basis) + len(model.expression_basis)), np.float32)
    codes[:, : len(shape)] = shape
    codes[:, len(model.identity_basis) :][:, : expression.shape[1]] = expression
    basis = np.concatenate([model.identity_basis, model.expression_basis])
    shaped = model.template + (codes @ basis.reshape(len(basis), -1)).reshape(frames, -1, 3)
    joints = np.einsum("jv,tvc->tjc", model.joint_regressor, shaped)
    rotations = matrix_from_axis_angle(pose.reshape(frames, 5, 3)).astype(np.float32)
    feature = (rotations[:, 1:] - np.eye(3, dtype=np.float32)).reshape(frames, -1)
    correctives = model.corrective_basis.reshape(len(model.corrective_basis), -1)
    posed = shaped + (feature @ correctives).reshape(frames, -1, 3)
    chain = []
    for joint, parent in enumerate((-1, 0, 1, 1, 1)):
        matrix = np.zeros((frames, 4, 4), np.float32)
        matrix[:, :3, :3], matrix[:, 3, 3] = rotations[:, joint], 1
        matrix[:, :3, 3] = joints[:, joint] - (joints[:, parent] if parent >= 0 else 0)
        chain.append(matrix if parent < 0 else chain[parent] @ matrix)
    transforms = np.stack(chain, 1)
    transforms[:, :, :3, 3] -= np.einsum("tjab,tjb->tja", transforms[:, :, :3, :3], joints)
    every = np.einsum("vj,tjab->tvab", model.weights, transforms)
    homogeneous = np.concatenate([posed, np.ones((*posed.shape[:2], 1), np.float32)], -1)
    return np.einsum("tvab,tvb->tva", every, homogeneous)[..., :3].astype(np.float32)
