"""How fast predictions are measured, against a script of the field's kind; and memory over many clips."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.core.evaluation.oracle import oracle_metrics
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
    """Vertices of both clips by the equations as research code writes them, then each metric on the whole arrays."""
    yardstick = yardstick_of(request)
    model, regions = yardstick.model, yardstick.regions
    truth, prediction = (read_sequence(path) for path in (pair.truth, pair.predictions["ours"]))
    vertices = [layer(model, s.shape.mean(0), s.expression, s.pose()) for s in (truth, prediction)]
    still = layer(model, truth.shape.mean(0), np.zeros((1, 50)), np.zeros((1, 15)))[0]
    return oracle_metrics(*vertices, regions.lips, regions.upper_face, regions.inner_lips, still, model.template, 25.0)


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
