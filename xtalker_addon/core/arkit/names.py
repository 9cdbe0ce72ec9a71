"""What ARKit and Live Link Face call the units of a face, in which order, and what their angles turn.

Order and spelling are those of Live Link Face's CSV. Its angles are radians; FLAME's axes are those of ARKit's face
anchor (x to the face's own left, y up, z out of it).

Eyes turn by Rx(pitch) Ry(-yaw) Rz(roll): a positive yaw looks to the face's own right, a positive pitch down. So it is
in the app's own takes, which hold the same look as units too (EyeLookOutRight 1.01 beside RightEyeYaw 0.64,
EyeLookUpLeft 0.50 beside LeftEyePitch -0.27, rolls of atan(sin yaw tan pitch); the takes in
alexdjulin/LiveLinkFace-CSV-Retarget-For-Motionbuilder). The slopes between the two are `LOOK`.

Heads turn by Rx(-pitch) Ry(yaw) Rz(roll): to the own left, up, towards the own right shoulder. In the takes above heads
are still; what else is known of the stream agrees on all three signs:
- a receiver that turns eyes as those takes do turns heads so (three-vrm: neck by yaw and pitch, eyes by -yaw, -pitch);
- one that looks ahead by the head's angles less the eyes' (Blender), so that the two count in opposite ways;
- senders that drive Unreal's MetaHumans by MediaPipe's pose, whose axes are ARKit's: yaw Ry, pitch -Rx, roll Rz
  (JimWest/MeFaMo and others).
The order is taken from the eyes'; at angles as heads turn by it hardly shows. Unreal's own plugin of 2019 is another
matter: it sent shares of half a turn, and pitch down. The signs hold for a phone that stands upright: one on its side
turns yaw and pitch over (nmfisher/blender_livelinkface).
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..motion.rotation import Floats, axis_angle_from_matrix, euler_xyz_from_matrix, matrix_from_euler_xyz

NAMES: Final = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft", "eyeSquintLeft",
    "eyeWideLeft", "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight", "eyeLookOutRight", "eyeLookUpRight",
    "eyeSquintRight", "eyeWideRight", "jawForward", "jawRight", "jawLeft", "jawOpen", "mouthClose", "mouthFunnel",
    "mouthPucker", "mouthRight", "mouthLeft", "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft",
    "mouthFrownRight", "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft", "mouthStretchRight",
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthPressLeft", "mouthPressRight",
    "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight", "browDownLeft",
    "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff", "cheekSquintLeft",
    "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip
ANGLES: Final = tuple(
    f"{part}{angle}" for part in ("head", "leftEye", "rightEye") for angle in ("Yaw", "Pitch", "Roll")
)
LOOKS: Final = tuple(name for name in NAMES if name.startswith("eyeLook"))
JAW_OPEN: Final = "jawOpen"
# What the flesh does, and no joint: these are columns of a model that has them, under the names `column` gives.
FLESH: Final = tuple(name for name in NAMES if name not in LOOKS and name != JAW_OPEN)
LOOK: Final = {"In": 0.6, "Out": 0.6, "Down": 0.6, "Up": 0.45}  # radians of the whole unit

# Others end names in _L and _R.
_SHORT: Final = {re.sub("(L)eft$|(R)ight$", r"\1\2", name): name for name in NAMES}
_PREFIX: Final = re.compile("^(?:arkit|blendshapes?)")
_KNOWN: Final = {spelling.lower(): name for spelling, name in (*_SHORT.items(), *((n, n) for n in (*NAMES, *ANGLES)))}


def known(spelling: str) -> str | None:
    """The unit or angle that a file spells so (JawOpen, jaw_open, head.jawOpen, ARKit_jawOpen, mouthSmile_L)."""
    plain = re.sub(r"[\s_-]", "", re.split(r"[.:|/]", spelling)[-1]).lower()
    return _KNOWN.get(_PREFIX.sub("", plain))


def column(unit: str) -> str:
    """What a model calls the column of a unit: jawForward is jaw_forward."""
    return re.sub("([A-Z])", r"_\1", unit).lower()


def live_link(name: str) -> str:
    """Live Link Face's spelling of a unit or an angle."""
    return name[0].upper() + name[1:]


def head_turn(angles: Floats) -> NDArray[np.float64]:
    """(T, 3) axis-angle of the head's (T, 3) yaw, pitch, roll in radians."""
    return axis_angle_from_matrix(matrix_from_euler_xyz(np.asarray(angles)[:, [1, 0, 2]] * [-1, 1, 1]))


def head_angles(matrix: Floats) -> NDArray[np.float64]:
    """(T, 3) yaw, pitch, roll of the head's rotations (T, 3, 3)."""
    return euler_xyz_from_matrix(matrix)[:, [1, 0, 2]] * [1, -1, 1]


def eye_turn(angles: Floats) -> NDArray[np.float64]:
    """(T, 3) axis-angle of an eye's (T, 3) yaw, pitch, roll in radians."""
    return axis_angle_from_matrix(matrix_from_euler_xyz(np.asarray(angles)[:, [1, 0, 2]] * [1, -1, 1]))


def eye_angles(matrix: Floats) -> NDArray[np.float64]:
    """(T, 3) yaw, pitch, roll of an eye's rotations (T, 3, 3)."""
    return euler_xyz_from_matrix(matrix)[:, [1, 0, 2]] * [-1, 1, 1]


def angles_of_looks(looks: Floats, left: bool) -> NDArray[np.float64]:
    """(T, 3) yaw, pitch, roll of the left or the right eye of its units (T, 4): down, in, out, up."""
    down, inwards, out, up = np.asarray(looks, np.float64).T
    yaw = LOOK["In"] * inwards - LOOK["Out"] * out
    return np.stack([yaw if left else -yaw, LOOK["Down"] * down - LOOK["Up"] * up, np.zeros_like(yaw)], axis=1)


def looks_of_angles(angles: Floats, left: bool) -> NDArray[np.float64]:
    """(T, 4) the units down, in, out, up of an eye's (T, 3) yaw, pitch, roll."""
    inwards = angles[:, 0] if left else -angles[:, 0]
    ways = (angles[:, 1] / LOOK["Down"], inwards / LOOK["In"], -inwards / LOOK["Out"], -angles[:, 1] / LOOK["Up"])
    return np.maximum(np.stack(ways, axis=1), 0.0)
