"""Pose correctives: what flesh does when joints turn, beyond skinning. Nine columns a joint, row-major R - I."""

from __future__ import annotations

import numpy as np

from .anatomy import Anatomy, Array
from .lids import Lids
from .rig import Jaw
from .surface import Bulge, Skin

FOLLOW = (0.6, -0.6)  # more shares of their closing by which upper and lower lid go down with a look, at a sine of one
# positions of +sin and -sin of a turn about x, y, z within the nine features of a joint
TURNS = {"x": (7, 5), "y": (2, 6), "z": (3, 1)}
# Flesh of the neck that gives way at a sine of one about each axis.
NECK: dict[str, tuple[Bulge, ...]] = {
    "x": (
        ((0, -92, 8), 18, (0, -7, 4)),
        ((0, -85, -110), 18, (0, 0, -4)),
        ((30, -98, -8), 16, (3, -5, 2)),
        ((-30, -98, -8), 16, (-3, -5, 2)),
    ),
    "y": (((34, -112, -30), 15, (-4, 0, 3)), ((-34, -112, -30), 15, (-5, 0, 5))),
    "z": (((54, -104, -56), 16, (-5, 0, 0)), ((-54, -104, -56), 16, (-5, 0, 0))),
}


def _add(out: Array, joint: int, axis: str, field: Array) -> None:
    """Adds `field` (N, 3), in millimetres at a sine of one, to the columns of a turn of joint 1..4 about an axis."""
    plus, minus = TURNS[axis]
    out[: len(field), :, 9 * (joint - 1) + plus] += field / 2
    out[: len(field), :, 9 * (joint - 1) + minus] -= field / 2


def _following(anatomy: Anatomy, skin: Skin, lids: Lids, more: str, less: str) -> Array:
    """How lids and brows follow the left eye from one sculpted look to its opposite: (N, 3) at a sine of one."""
    ids = np.unique(anatomy.quads["helper-l-eye"])
    arm = anatomy.points[ids] - anatomy.points[ids].mean(0)
    field, sine = 0.0, 0.0
    for name, sign in ((more, 0.5), (less, -0.5)):
        target = anatomy.target(f"{name}Left")
        axis = [1.0, 0.0, 0.0] if "Down" in name or "Up" in name else [0.0, 1.0, 0.0]
        tangent = np.cross(axis, arm)
        sine += sign * float((tangent * target[ids]).sum() / (tangent**2).sum())
        field = field + sign * skin.template.carry(target)[: len(skin.points)]
    field = np.where((skin.points[:, 0] > 2)[:, None], field, 0.0)
    return lids.kept(field, moving=True) / (sine if abs(sine) > 0.2 else np.copysign(0.45, sine or 1.0))


def columns(anatomy: Anatomy, skin: Skin, lids: Lids, jaw: Jaw) -> Array:
    """Pose correctives (5023, 3, 36) in millimetres."""
    out = np.zeros((len(skin.template.points), 3, 36))
    _add(out, 2, "x", jaw.corrective)
    for axis, bulges in NECK.items():
        _add(out, 1, axis, skin.bulging(bulges) * np.clip((skin.points[:, 1:2] + 145) / 20, 0, 1))
    down = _following(anatomy, skin, lids, "eyeLookDown", "eyeLookUp") + lids.share(*FOLLOW)
    across = _following(anatomy, skin, lids, "eyeLookOut", "eyeLookIn")
    for joint, turned, side in ((3, np.arange(len(skin.points)), 1), (4, skin.twin, -1)):
        _add(out, joint, "x", down[turned] * [side, 1, 1])
        _add(out, joint, "y", across[turned] * [1, side, side])
    return out
