"""Pose correctives: what flesh does when joints turn, beyond skinning. Nine columns a joint, row-major R - I."""

from __future__ import annotations

import numpy as np

from . import rig, rings
from .sculpt import EYE_CENTRE, Array
from .surface import Handle, Skin

H = Handle
GLIDE = 15.0  # millimetres forward per unit sine: an opening jaw does not only turn, its joint slides ahead
# positions of +sin and -sin of a turn about x, y, z within the nine features of a joint
TURNS = {"x": (7, 5), "y": (2, 6), "z": (3, 1)}


def _add(out: Array, joint: int, axis: str, field: Array) -> None:
    """Adds `field` (N, 3), in millimetres at a sine of one, to the columns of a turn of joint 1..4 about an axis."""
    plus, minus = TURNS[axis]
    out[: len(field), :, 9 * (joint - 1) + plus] += field / 2
    out[: len(field), :, 9 * (joint - 1) + minus] -= field / 2


def jaw_field(skin: Skin) -> Array:
    """Per unit sine of jaw opening: cheeks flatten, corners draw in, the floor of the mouth fills."""
    return skin.bend(
        [
            H((25, -49.2, 44), 6, (-5.0, 0.5, -2.0)),
            H((38, -38, 29), 12, (-6.5, 0, -3.5)),
            H((46, -58, -8), 12, (2.5, 0, 1.5)),
            H((0, -101, 8), 14, (0, -4.0, 4.0)),
            H((16, -97, 4), 13, (1.5, -3.0, 3.0)),
            H((0, -36, 56), 7, (0, -2.5, -1.5)),
        ],
        12.0, mirrored=True,
    )  # fmt: skip


def columns(skin: Skin) -> Array:
    """Pose correctives (5023, 3, 36) in millimetres."""
    out = np.zeros((len(skin.template.points), 3, 36))
    _add(out, 2, "x", rig.weights(skin)[:, 2:3] * [0.0, 0.0, GLIDE])
    _add(out, 2, "x", jaw_field(skin))
    nod = [
        H((0, -100, 16), 16, (0, -9.0, 5.0)),
        H((0, -85, -122), 16, (0, 0, -4.0)),
        H((30, -98, 0), 14, (3.0, -5.0, 2.0)),
    ]
    _add(out, 1, "x", skin.bend(nod, 14.0, mirrored=True))
    strain = [H((34, -118, -30), 13, (-4.0, 0, 3.0)), H((-34, -118, -30), 13, (-5.0, 0, 5.0))]
    _add(out, 1, "y", skin.bend(strain, 14.0))
    crease = [H((54, -104, -56), 14, (-5.0, 0, 0)), H((-54, -104, -56), 14, (-5.0, 0, 0))]
    _add(out, 1, "z", skin.bend(crease, 14.0))
    down, across = _lid_follow(skin)
    for joint, turn in ((3, np.arange(len(skin.points))), (4, skin.twin)):
        sign = 1.0 if joint == 3 else -1.0
        flip = np.array([sign, 1, 1])
        _add(out, joint, "x", down[turn] * flip)
        _add(out, joint, "y", across[turn] * flip * sign)
    return out


def _lid_follow(skin: Skin) -> tuple[Array, Array]:
    """Left lids' displacements per unit sine of looking down and of looking to the left."""
    eye = skin.template.loops["eye"]
    p = skin.points
    n = rings.EYE_POINTS
    upper = np.clip(np.sin(np.pi * np.arange(n) / (n / 2)), 0, 1)
    lower = np.clip(-np.sin(np.pi * np.arange(n) / (n / 2)), 0, 1)
    pull, down, across = np.zeros(len(p)), np.zeros_like(p), np.zeros_like(p)
    for ring, follow in zip(range(1, 9), (1.0, 1.0, 1.0, 0.8, 0.45, 0.1, 0, 0), strict=True):
        ids = eye[ring]
        aim = p[ids] - EYE_CENTRE
        share = (0.95 * upper + 0.5 * lower) * follow
        down[ids] = share[:, None] * np.stack([0 * aim[:, 0], -aim[:, 2], aim[:, 1]], 1)
        across[ids] = (0.12 * (upper + lower) * follow)[:, None] * np.stack([aim[:, 2], 0 * aim[:, 1], -aim[:, 0]], 1)
        pull[ids] = 60.0
    pull[eye[0]] = 30.0
    return skin.spread(pull, down, 5.0), skin.spread(pull, across, 5.0)
