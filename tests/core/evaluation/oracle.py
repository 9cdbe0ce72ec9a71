"""Every metric once more, written from its definition alone, on whole clips in float64."""

from __future__ import annotations

import numpy as np


def oracle_metrics(truth, prediction, lips, upper, inner, still, generic, fps):
    """The metrics of vertices of two clips (T, V, 3) and (F, V, 3) over the frames that both have."""
    n = min(len(truth), len(prediction))
    t, p = truth[:n].astype(np.float64), prediction[:n].astype(np.float64)
    largest = np.array([max(((p[i, v] - t[i, v]) ** 2).sum() for v in lips) for i in range(n)])
    cosines = [
        p[i, lips].ravel() @ t[i, lips].ravel() / np.linalg.norm(p[i, lips]) / np.linalg.norm(t[i, lips])
        for i in range(n)
    ]
    opening = [np.linalg.norm(clip[:, inner[0]] - clip[:, inner[1]], axis=-1) for clip in (t, p)]
    acceleration = [np.linalg.norm(np.diff(clip, 2, axis=0), axis=-1).mean() * fps**2 for clip in (t, p)]
    return {
        "lve_max_squared": largest.mean(),
        "lve_max": np.sqrt(largest).mean(),
        "lve_rms": np.sqrt(largest.mean()),
        "mod_artalk": np.linalg.norm(p[:, lips] - t[:, lips], axis=-1).mean(),
        "mod": np.abs(opening[1] - opening[0]).mean(),
        "mouth_correlation": np.corrcoef(*opening)[0, 1],
        "lvs": np.mean(cosines),
        "mve": np.linalg.norm(p - t, axis=-1).mean(),
        "ufve": np.linalg.norm(p[:, upper] - t[:, upper], axis=-1).mean(),
        "fdd_codetalker": _by_time(t, upper, still, 2) - _by_time(p, upper, still, 2),
        "fdd_3dxtalker": abs(_by_vertices(t, upper, generic) - _by_vertices(p, upper, generic)),
        "fdd_artalk": _by_time(t, upper, still, 1) - _by_time(p, upper, still, 1),
        "velocity_error": np.linalg.norm(np.diff(p, axis=0) - np.diff(t, axis=0), axis=-1).mean() * fps,
        "jitter_error": acceleration[1] - acceleration[0],
    }


def _by_time(vertices, upper, still, power):
    motion = np.abs(vertices[:, upper] - still[upper].astype(np.float64)) ** power
    return np.std(motion.sum(-1), axis=0).mean()


def _by_vertices(vertices, upper, generic):
    motion = np.zeros_like(vertices)
    motion[:, upper] = vertices[:, upper] - generic[upper].astype(np.float64)
    return np.std(motion.sum(2), axis=1, ddof=1).mean()
