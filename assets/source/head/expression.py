"""Expression columns: the units of the face that sculptors of MakeHuman drew, made to keep lips and lids sound.

The first are ARKit's, under its names, and the first fifty are those that recordings use. An amount is the share of
the whole unit that one sigma of its code makes.
"""

from __future__ import annotations

import numpy as np

from . import lips, template
from .anatomy import Anatomy, Array
from .lids import Lids
from .rig import CONDYLE, Jaw, smooth, turn
from .surface import Bulge, Skin

ORIGINS = ("african", "asian", "caucasian")

# Name: amount, and how much of which targets the whole is made of; a name that ends in _ is of the left side, and there
# is one of the right. Face Units have ARKit's names; MakeHuman's own units read from afar, and halves of those of both
# sides do for one. In the order of use, and so that none at its whole is farther off than faces' codes of that number
# ever are.
UNITS: dict[str, tuple[float, dict[str, float]]] = {
    "mouth_smile_": (0.18, {"mouthSmileLeft": 0.25, "mouth-corner-puller": 0.9, "mouth-retraction": 0.6}),
    "lips_part": (0.4, {"mouth-parling": 2.2}),
    "mouth_pucker": (0.16, {"mouthPucker": 0.3, "mouth-pursing": 1.2, "mouth-protusion": 0.3}),
    "mouth_funnel": (0.2, {"mouthFunnel": 0.5, "mouth-pursing": 0.9, "mouth-protusion": 0.35,
        "mouthUpperUpLeft": 0.5, "mouthUpperUpRight": 0.5, "mouthLowerDownLeft": 0.6, "mouthLowerDownRight": 0.6}),
    "mouth_upper_up_": (0.17, {"mouthUpperUpLeft": 1.0, "mouth-elevation": 0.8}),
    "mouth_lower_down_": (0.16, {"mouthLowerDownLeft": 1.0, "mouth-depression-retraction": 0.6}),
    "mouth_stretch_": (0.18, {"mouthStretchLeft": 1.2, "neck-platysma": 0.8}),
    "brow_inner_up": (0.18, {"browInnerUp": 1.0, "eyebrows-left-inner-up": 0.9, "eyebrows-right-inner-up": 0.9}),
    "brow_outer_up_": (0.16, {"browOuterUpLeft": 0.5, "eyebrows-left-extern-up": 0.4, "eyebrows-left-up": 0.6}),
    "mouth_frown_": (0.17, {"mouthFrownLeft": 0.5, "mouth-depression": 1.2}),
    "brow_down_": (0.24, {"browDownLeft": 0.4, "eyebrows-left-down": 1.0}),
    "cheek_squint_": (0.25, {"cheekSquintLeft": 1.0}),
    "mouth_press_": (0.19, {"mouthPressLeft": 0.3, "mouthRollLower": 0.5, "mouthRollUpper": 1.3}),
    "mouth_shrug_lower": (0.20, {"mouthShrugLower": 1.3}), "mouth_": (0.20, {"mouthLeft": 1.4}),
    "mouth_shrug_upper": (0.25, {"mouthShrugUpper": 1.3}),
    "nose_sneer_": (0.22, {"noseSneerLeft": 1.5, "nose-left-elevation": 0.9, "eyebrows-left-down": 0.2}),
    "eye_blink_": (0.25, {}), "mouth_roll_lower": (0.16, {"mouthRollLower": 0.9}),
    "mouth_roll_upper": (0.16, {"mouthRollUpper": 1.4}), "eye_squint_": (0.25, {"eyeSquintLeft": 1.0}),
    "mouth_close": (1 / 3, {}), "nose_compression": (0.50, {"nose-compression": 1.0}), "jaw_": (0.25, {}),
    "nostrils_wide": (0.60, {"nose-left-dilatation": 1.0, "nose-right-dilatation": 1.0}),
    "mouth_dimple_": (0.22, {"mouthDimpleLeft": 1.0, "mouth-retraction": 0.5}),
    "mouth_corner_puller": (0.05, {"mouth-corner-puller": 1.0}),
    "cheek_puff": (0.20, {"cheekPuff": 0.6, "mouth-pursing": 0.25}),
    "mouth_compression": (0.06, {"mouth-compression": 1.0}), "mouth_depression": (0.1, {"mouth-depression": 1.0}),
    "mouth_elevation": (0.06, {"mouth-elevation": 1.0}), "jaw_forward": (0.25, {"jawForward": 1.3}),
    "mouth_eversion": (0.11, {"mouth-eversion": 1.0}), "eye_wide_": (0.20, {"eyeWideLeft": 1.0}),
    "mouth_protrusion": (0.05, {"mouth-protusion": 1.0}), "mouth_retraction": (0.06, {"mouth-retraction": 1.0}),
    "mouth_upward_retraction": (0.05, {"mouth-upward-retraction": 1.0}),
    "mouth_depression_retraction": (0.06, {"mouth-depression-retraction": 1.0}),
    "mouth_pursing": (0.05, {"mouth-pursing": 1.0}), "mouth_parted_late": (0.05, {"mouth-part-later": 1.0}),
    "nose_depression": (0.15, {"nose-depression": 1.0}), "nose_up_": (0.25, {"nose-left-elevation": 1.0}),
    "brow_up_": (0.15, {"eyebrows-left-up": 1.0}), "neck_platysma": (0.1, {"neck-platysma": 1.0}),
    "tongue_out": (0.2, {"mouthUpperUpLeft": 0.8, "mouthUpperUpRight": 0.8,
        "mouthLowerDownLeft": 0.6, "mouthLowerDownRight": 0.6}),
}  # fmt: skip
# Flesh that swells or gives way in the whole of a unit: place on the left side and width in millimetres, and the way.
FLESH: dict[str, tuple[Bulge, ...]] = {
    "mouth_smile": (((38, -14, 38), 17, (2.5, 4.5, 4.5)),),
    "cheek_squint": (((38, -8, 38), 15, (1.5, 5.0, 4.0)),),
    "cheek_puff": (((45, -40, 24), 21, (10, 1, 7)), ((-45, -40, 24), 21, (-10, 1, 7))),
    "eye_squint": (((31, 5, 41), 7, (0.0, 2.5, 3.0)), ((50, 16, 30), 9, (-2.5, 0.5, 1.0))),
    "jaw": (((0, -46, 56), 16, (6, 0, 0)),),
    "nose_sneer": (((24, -8, 44), 12, (0.0, 4.0, 2.5)), ((10, -42, 58), 12, (0.0, 2.5, 0.5))),
    "mouth_shrug_lower": (((0, -72, 56), 14, (0, 3.5, 2.5)),),
}
ROLLED = {"mouth_press": 0.85, "mouth_roll_lower": 0.95}  # how flat the lower lip becomes
CREASES = {"mouth_smile": 1.7, "cheek_squint": 0.6, "nose_sneer": 1.4, "mouth_upper_up": 0.8}
# The fold from the wing of the nose past the corner of the mouth: places aside and in height.
NASOLABIAL = ((18.5, -16.0), (22.0, -23.0), (26.5, -32.0), (31.0, -41.0), (33.5, -50.0), (33.0, -58.0))
# What moves the lips against each other; all else keeps them together.
PARTING = frozenset({
    "mouth_upper_up", "mouth_lower_down", "lips_part", "mouth_eversion", "mouth_depression", "mouth_funnel",
    "mouth_parted_late", "mouth_shrug_upper", "tongue_out", "mouth_depression_retraction",
    "mouth_upward_retraction", "mouth_elevation",
})  # fmt: skip
CLOSING = frozenset({"eye_blink", "mouth_close"})  # what brings edges together, exactly at a known amount
FLOOR = frozenset({"jaw_forward", "jaw", "tongue_out"})  # what moves things in the mouth
SEAL_JAW = 0.03  # radians of jaw opening over which mouth_close brings the lips together at its whole
# Shares of the ways on which the lids close, upper and lower.
LIDS = {"eye_squint": (0.22, 1.0), "eye_wide": (-0.54, -0.5), "cheek_squint": (0.0, 0.6), "mouth_smile": (0.0, 0.25)}
# The whole jaw_left turns the jaw so far (radians), about an upright axis through a place behind the ears.
JAW_ASIDE, JAW_PIVOT = 0.105, (0.0, 0.0, -70.0)
# The whole tongue_out: the jaw opens so far (radians), and the tongue's places (z at rest) move forwards and up.
TONGUE_JAW = 0.12
TONGUE_WAY = ((-6, 0, 0), (5, 4, -1), (12, 8, -1), (18, 14, -1), (23, 21, -2), (28, 29, -4), (35, 39, -13))


def root(name: str) -> str:
    return name.removesuffix("_left").removesuffix("_right")


def amounts(jaw: Jaw) -> dict[str, float]:
    """The share of its whole unit that each column makes at one sigma, as recordings of ARKit's units are read by it.

    The whole of mouth_close brings together what the whole jawOpen, the jaw open by `jaw.angle`, parts.
    """
    both = ("left", "right")
    whole = {key + side: share for key, (share, _) in UNITS.items() for side in (both if key.endswith("_") else ("",))}
    return whole | {"mouth_close": whole["mouth_close"] * SEAL_JAW / jaw.angle}


def _sculpted(anatomy: Anatomy, skin: Skin, key: str) -> Array:
    """What its targets make of the whole unit: (5023, 3)."""
    head = skin.template
    full, left = np.zeros_like(head.points), smooth(0.5 + head.points[:, :1] / 24, 0, 1)
    for target, weight in UNITS[key][1].items():
        names = [f"expression/units/{origin}/{target}" for origin in ORIGINS] if "-" in target else [target]
        field = head.carry(sum(anatomy.target(name) for name in names)) * weight / len(names)
        full += field * left if key.endswith("_") and "left" not in target.lower() else field
    return full if key.endswith("_") else (full + full[head.twin] * [-1, 1, 1]) / 2


def _crease(skin: Skin) -> Array:
    """The nasolabial fold of the left side, a millimetre deep: the cheek bulges over it, (N, 3)."""
    knots = np.array(NASOLABIAL)
    run = np.linspace(0, len(knots) - 1, 200)
    way = np.stack([np.interp(run, np.arange(len(knots)), column) for column in knots.T], 1)
    offset = skin.points[:, None, :2] - way
    nearest = np.linalg.norm(offset, axis=2).argmin(1)
    offset, along = offset[np.arange(len(nearest)), nearest], np.gradient(way, axis=0)[nearest]
    across = (along[:, 0] * offset[:, 1] - along[:, 1] * offset[:, 0]) / np.linalg.norm(along, axis=1)
    beyond = np.linalg.norm(offset, axis=1) - np.abs(across)  # its ends
    share = np.sin(np.pi * np.clip(0.12 + 0.88 * nearest / 199, 0, 1)) * np.exp(-((beyond / 3.0) ** 2))
    share = (share * (skin.points[:, 2] > 15))[:, None]
    groove, bulge = (np.exp(-(((across - middle) / width) ** 2))[:, None] for middle, width in ((0, 3.0), (8, 5.0)))
    return share * ((1.2 * bulge - groove) * [0.45, 0.0, 0.9] + bulge * [-0.6, -0.4, 0.0])


def _tongue_out(skin: Skin, jaw: Jaw) -> Array:
    """The jaw opens, and the tongue comes out over the lower lip: (5023, 3)."""
    head, n = skin.template, len(skin.points)
    full = np.zeros_like(head.points)
    full[:n] = jaw.opened(TONGUE_JAW) - skin.points
    full[head.lower_teeth] = (head.points[head.lower_teeth] - CONDYLE) @ (turn(TONGUE_JAW) - np.eye(3)).T
    z, forwards, up = np.array(TONGUE_WAY, float).T
    place = head.points[head.tongue]
    full[head.tongue, 2] = np.interp(place[:, 2], z, forwards)
    full[head.tongue, 1] = np.interp(place[:, 2], z, up) - 0.3 * (place[:, 1] - place[:, 1].mean())
    return full


def _jaw_aside(skin: Skin, jaw: Jaw) -> Array:
    """The jaw swings to the left, and flesh follows as it does when the jaw opens: (5023, 3)."""
    head = skin.template
    share = np.zeros((len(head.points), 1))
    share[: len(jaw.share), 0] = jaw.share
    share[head.lower_teeth] = 1.0
    return JAW_ASIDE * share * np.cross([0.0, 1.0, 0.0], head.points - JAW_PIVOT)


def _still_inside(skin: Skin, field: Array) -> Array:
    """Leaves the pockets behind the lips where they are: they are grown to the jaws' bones."""
    ids = skin.template.both(skin.template.loops["inside"])
    return skin.corrected(field, ids, np.zeros((len(ids), 3)), 2.0, 10.0)


def _mouth_close(skin: Skin, jaw: Jaw) -> Array:
    """What hides the gap that a jaw open by SEAL_JAW leaves: the lower lip slides up behind the upper one."""
    mouth, m = skin.template.loops["mouth"], template.MOUTH_SEGMENTS
    height = jaw.opened(SEAL_JAW)[:, 1]
    gap = height[mouth[template.SEAM, : m + 1]] - height[mouth[template.SEAM, : m - 1 : -1]]
    _, _, tangent = lips.contact(skin)
    goal, pull = np.zeros_like(skin.points), np.zeros(len(skin.points))
    pull[skin.template.both(skin.template.loops["inside"])] = 40.0
    for ring, strength in enumerate((40.0, 1e4, 1e5, 300.0, 40.0, 20.0, 8.0, 4.0), template.POCKETS):
        for loop, flip in ((mouth[ring], [1, 1, 1]), (skin.twin[mouth[ring]], [-1, 1, 1])):
            goal[loop[: m + 1]] = -0.3 * gap[:, None] * tangent * flip
            goal[loop[: m - 1 : -1]] = 0.7 * gap[:, None] * tangent * flip
            pull[loop] = strength
    return skin.spread(pull, goal, 8.0)


def columns(anatomy: Anatomy, skin: Skin, lids: Lids, jaw: Jaw) -> dict[str, Array]:
    """Named displacements (5023, 3) in the order of use, millimetres at one sigma."""
    head, n = skin.template, len(skin.points)
    slide, seal, crease = lips.Slide(skin), lips.Slide(skin, sealed=True), _crease(skin)
    rolled, left = lips.rolled_in(skin), smooth(0.5 + skin.points[:, :1] / 24, 0, 1)
    out: dict[str, Array] = {}
    for key, (amount, _) in UNITS.items():
        stem = key.rstrip("_")
        full = _jaw_aside(skin, jaw) if stem == "jaw" else _sculpted(anatomy, skin, key)
        if stem == "tongue_out":
            full[n:] = 0.0
            full += _tongue_out(skin, jaw)
        if stem == "eye_blink":
            full[:n] = lids.closed
        elif stem == "mouth_close":
            full[:n] = _mouth_close(skin, jaw)
        else:
            full[np.concatenate([head.left_eyeball, head.right_eyeball])] = 0.0
            field = full[:n] + skin.bulging(FLESH.get(stem, ())) + CREASES.get(stem, 0.0) * crease
            field += ROLLED.get(stem, 0.0) * rolled * (left if key.endswith("_") else 1.0)
            field = lids.kept(field) + lids.share(*LIDS.get(stem, (0.0, 0.0)))
            if stem not in FLOOR:
                field = _still_inside(skin, field)
                full[n:] = 0.0
            elif stem != "tongue_out":
                full[head.upper_teeth] = 0.0
                full[np.concatenate([head.lower_teeth, head.tongue])] = full[head.lower_teeth].mean(0)
            full[:n] = slide(field) if stem in PARTING else seal(field)
        if key.endswith("_"):
            out[f"{key}left"], out[f"{key}right"] = amount * full, amount * full[head.twin] * [-1, 1, 1]
        else:
            out[key] = amount * full
    return out
