"""Puts the parts together into the arrays of the model file: metres, FLAME's names, shapes and layout."""

from __future__ import annotations

import numpy as np

from . import expression, identity, pose, rig, rings, skin, soundness, template, unwrap
from .surface import Skin
from .template import Template

METRE = 1e-3
IDENTITIES, EXPRESSIONS = 300, 100


def _columns(named: dict[str, np.ndarray], count: int) -> tuple[np.ndarray, np.ndarray]:
    names = np.array([*named, *[""] * (count - len(named))])
    fields = np.zeros((template.VERTICES, 3, count), np.float32)
    for k, field in enumerate(named.values()):
        still = np.linalg.norm(field, axis=1) < 0.001
        fields[..., k] = np.where(still[:, None], 0.0, field) * METRE
    return fields, names


def regions(head: Template) -> dict[str, np.ndarray]:
    """Vertex ids of named places. `face` is the front of the skin; linings of mouth, eyes and nostrils belong to
    none of the outer ones.
    """
    p, n = head.points, len(head.skin)
    loops, twin = head.loops, head.twin
    both = head.both
    mouth, m = loops["mouth"], rings.MOUTH_SEGMENTS
    seam, red = rings.SEAM, slice(rings.SEAM, rings.BORDER + 1)
    # The lips' backs are lit as the lips are; what lies behind them is dark.
    lining = np.concatenate([both(mouth[: rings.POCKETS]), both(loops["mouth_pole"])])
    hidden = np.concatenate(
        [
            lining,
            both(mouth[rings.POCKETS : seam]),
            both(loops["eye"][:2]),
            both(loops["eye_pole"]),
            both(loops["nostril"][:2]),
            both(loops["nostril_pole"]),
        ]
    )
    outer = np.ones(n, bool)
    outer[hidden] = False
    x, y, z = p[:n].T
    left_ear = np.concatenate([loops["ear"].ravel(), loops["ear_pole"]])
    ears = both(left_ear)
    no_ear = outer.copy()
    no_ear[ears] = False
    above_hairline = y > 92 - 58 / (1 + np.exp((z + 8) / 9)) - 90 / (1 + np.exp((z + 78) / 9))
    neck = no_ear & (y + 0.55 * z < -72) & ((z < 15) | (y < -99)) & (y < -58)
    scalp = no_ear & above_hairline & ~neck
    face = no_ear & ~neck & ~scalp & (z > -45)
    eye = np.concatenate([loops["eye"][2:].ravel()])
    out = {
        "face": face, "scalp": scalp, "neck": neck,
        "forehead": face & (y > 44) & (z > -5),
        "nose": face & (np.abs(x) < 19) & (y < 26) & (y > -31) & (z > 44),
    }  # fmt: skip
    ids = {name: np.flatnonzero(mask) for name, mask in out.items()}
    ids |= {
        "lips": both(mouth[red]), "upper_lip": both(mouth[red, : m + 1]), "lower_lip": both(mouth[red, m:]),
        "left_eye_region": eye, "right_eye_region": twin[eye], "left_eyeball": head.left_eyeball,
            "right_eyeball": head.right_eyeball,
        "left_ear": left_ear, "right_ear": twin[left_ear], "inner_mouth": lining, "boundary": both(loops["rim"]),
        "eye_sockets": np.concatenate([both(loops["eye"][:3]), both(loops["eye_pole"])]),
            "upper_teeth": head.upper_teeth, "lower_teeth": head.lower_teeth, "tongue": head.tongue,
        "left_upper_lid": loops["eye"][3, :15], "left_lower_lid": np.append(loops["eye"][3, 0], loops["eye"][3,
            :13:-1]),
        "upper_mouth": both(np.append(mouth[:, : m + 1], loops["mouth_pole"])),
        "lower_mouth": both(np.append(mouth[:, m:], loops["mouth_pole"])),
        "upper_seam": np.concatenate([mouth[seam, : m + 1], twin[mouth[seam, :m]]]),
        "lower_seam": np.concatenate([mouth[seam, : m - 1 : -1], twin[mouth[seam, :m:-1]]]),
    }  # fmt: skip
    ids["right_upper_lid"], ids["right_lower_lid"] = twin[ids["left_upper_lid"]], twin[ids["left_lower_lid"]]
    ordered = ("lid", "seam")
    return {
        f"region_{name}": (v if name.endswith(ordered) else np.unique(v)).astype(np.int32) for name, v in ids.items()
    }


def _calm(plate: Skin, named: dict[str, np.ndarray]) -> None:
    """Calms the skin's part of columns (5023, 3) in place."""
    count = len(plate.points)
    calmed = soundness.calm(plate, {name: column[:count] for name, column in named.items()})
    for column, skin_part in zip(named.values(), calmed, strict=True):
        column[:count] = skin_part


def build() -> dict[str, np.ndarray]:
    """Every array of the model file."""
    head = template.build()
    plate = Skin(head)
    vt, ft = unwrap.build(head)
    traits, movements = identity.columns(plate), expression.columns(plate)
    _calm(plate, {**traits, **movements})
    identities, shape_names = _columns(traits, IDENTITIES)
    expressions, expression_names = _columns(movements, EXPRESSIONS)
    return {
        "v_template": (head.points * METRE).astype(np.float32),
        "f": head.faces.astype(np.uint16),
        "shapedirs": np.concatenate([identities, expressions], axis=2).astype(np.float16),
        "posedirs": (pose.columns(plate) * METRE).astype(np.float16),
        "J_regressor": rig.regressor(head).astype(np.float32),
        "weights": rig.weights(plate).astype(np.float32),
        "kintree_table": np.array([rig.PARENTS, np.arange(5)], np.int32),
        "vt": vt.astype(np.float32),
        "ft": ft.astype(np.uint16),
        "shape_names": shape_names,
        "expression_names": expression_names,
        **regions(head),
        **skin.build(head, vt, ft),
        "license": np.array("CC0-1.0"),
    }
