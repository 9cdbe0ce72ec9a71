"""Expression columns: the units of the face that sculptors of MakeHuman drew, made to keep lips and lids sound.

The first are ARKit's, under its names, and the first fifty are those that recordings use. An amount is the share of
the whole unit that one sigma of its code makes.
"""

from __future__ import annotations

import numpy as np

from . import lips, template
from .anatomy import Anatomy, Array
from .lids import Lids
from .rig import Jaw
from .surface import Skin

ORIGINS = ("african", "asian", "caucasian")

# Name: amount, and targets where those are not ARKit's unit of that name; in the order of use, and so that none at its
# whole is farther off than faces' codes of that number ever are.
UNITS: dict[str, tuple[float, tuple[str, ...]]] = {
    "mouth_smile_left": (0.33, ()), "mouth_smile_right": (0.33, ()),
    "mouth_pucker": (0.45, ()),
    "mouth_funnel": (0.3, ()),
    "mouth_upper_up_left": (0.26, ()), "mouth_upper_up_right": (0.26, ()),
    "mouth_lower_down_left": (0.22, ()), "mouth_lower_down_right": (0.22, ()),
    "mouth_stretch_left": (0.28, ()), "mouth_stretch_right": (0.28, ()),
    "brow_inner_up": (0.36, ()),
    "brow_outer_up_left": (0.30, ()), "brow_outer_up_right": (0.30, ()),
    "brow_down_left": (0.30, ()), "brow_down_right": (0.30, ()),
    "mouth_frown_left": (0.4, ()), "mouth_frown_right": (0.4, ()),
    "cheek_squint_left": (0.28, ()), "cheek_squint_right": (0.28, ()),
    "mouth_press_left": (0.25, ()), "mouth_press_right": (0.25, ()),
    "mouth_shrug_lower": (0.25, ()),
    "mouth_shrug_upper": (0.25, ()),
    "mouth_left": (0.25, ()), "mouth_right": (0.25, ()),
    "nose_sneer_left": (0.25, ()), "nose_sneer_right": (0.25, ()),
    "eye_blink_left": (0.25, ()), "eye_blink_right": (0.25, ()),
    "mouth_roll_lower": (0.2, ()),
    "eye_squint_left": (0.22, ()), "eye_squint_right": (0.22, ()),
    "jaw_left": (0.25, ()),
    "mouth_roll_upper": (0.18, ()),
    "jaw_right": (0.25, ()),
    "mouth_close": (1 / 3, ()),
    "mouth_dimple_left": (0.25, ()), "mouth_dimple_right": (0.25, ()),
    "lips_part": (1.0, ("mouth-parling",)),
    "eye_wide_left": (0.24, ()), "eye_wide_right": (0.24, ()),
    "nostrils_wide": (0.6, ("nose-left-dilatation", "nose-right-dilatation")),
    "cheek_puff": (0.22, ()),
    "nose_compression": (0.5, ("nose-compression",)),
    "mouth_corner_puller": (0.1, ("mouth-corner-puller",)),
    "mouth_compression": (0.12, ("mouth-compression",)),
    "jaw_forward": (0.25, ()),
    "mouth_depression": (0.1, ("mouth-depression",)),
    "mouth_elevation": (0.1, ("mouth-elevation",)),
    "mouth_eversion": (0.12, ("mouth-eversion",)),
    "mouth_protrusion": (0.1, ("mouth-protusion",)),
    "mouth_retraction": (0.12, ("mouth-retraction",)),
    "mouth_upward_retraction": (0.1, ("mouth-upward-retraction",)),
    "mouth_depression_retraction": (0.11, ("mouth-depression-retraction",)),
    "mouth_pursing": (0.12, ("mouth-pursing",)),
    "mouth_parted_late": (0.05, ("mouth-part-later",)),
    "nose_depression": (0.20, ("nose-depression",)),
    "nose_up_left": (0.45, ("nose-left-elevation",)), "nose_up_right": (0.45, ("nose-right-elevation",)),
    "brow_up_left": (0.20, ("eyebrows-left-up",)), "brow_up_right": (0.20, ("eyebrows-right-up",)),
    "neck_platysma": (0.18, ("neck-platysma",)),
    "tongue_out": (0.2, ()),
}  # fmt: skip
# What moves the lips against each other; all else keeps them together.
PARTING = frozenset({
    "mouth_upper_up", "mouth_lower_down", "lips_part", "mouth_eversion", "mouth_depression",
    "mouth_parted_late", "mouth_shrug_upper", "tongue_out", "mouth_depression_retraction",
    "mouth_upward_retraction", "mouth_elevation",
})  # fmt: skip
CLOSING = frozenset({"eye_blink", "mouth_close"})  # what brings edges together, exactly at a known amount
FLOOR = frozenset({"jaw_forward", "jaw_left", "jaw_right", "tongue_out"})  # what moves things in the mouth
SEAL_JAW = 0.03  # radians of jaw opening over which mouth_close brings the lips together at its whole
SQUINT, WIDE = (0.10, 0.42), (-0.42, -0.26)  # shares of the ways on which the lids close, upper and lower


def root(name: str) -> str:
    return name.removesuffix("_left").removesuffix("_right")


def unit(name: str) -> str:
    """ARKit's spelling of a column's name."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def amounts(jaw: Jaw) -> dict[str, float]:
    """The share of its whole unit that each column makes at one sigma, as recordings of ARKit's units are read by it.

    The whole of mouth_close brings together what the whole jawOpen, the jaw open by `jaw.angle`, parts.
    """
    whole = {name: amount for name, (amount, _) in UNITS.items()}
    return whole | {"mouth_close": whole["mouth_close"] * SEAL_JAW / jaw.angle}


def _target(anatomy: Anatomy, name: str) -> Array:
    targets = UNITS[name][1]
    if not targets:
        return anatomy.target(unit(name))
    return sum(anatomy.target(f"expression/units/{o}/{t}") for o in ORIGINS for t in targets) / len(ORIGINS)


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
    slide, seal = lips.Slide(skin), lips.Slide(skin, sealed=True)
    out: dict[str, Array] = {}
    for name, (amount, _) in UNITS.items():
        stem = root(name)
        if name.endswith("_right") and stem not in ("mouth", "jaw"):
            out[name] = out[f"{stem}_left"][head.twin] * [-1, 1, 1]
            continue
        full = np.zeros_like(head.points)
        if stem == "eye_blink":
            full[:n] = lids.closed
        elif name == "mouth_close":
            full[:n] = _mouth_close(skin, jaw)
        else:
            full = head.carry(_target(anatomy, name))
            if not name.endswith(("_left", "_right")):
                full = (full + full[head.twin] * [-1, 1, 1]) / 2
            full[np.concatenate([head.left_eyeball, head.right_eyeball])] = 0.0
            field = lids.kept(full[:n])
            if stem == "eye_squint":
                field = field + lids.share(*SQUINT)
            elif stem == "eye_wide":
                field = field + lids.share(*WIDE)
            if name in FLOOR:
                moved = np.concatenate([head.lower_teeth, head.tongue])
                full[head.upper_teeth] = 0.0
                if name != "tongue_out":
                    full[moved] = full[head.lower_teeth].mean(0)
            else:
                field = _still_inside(skin, field)
                full[n:] = 0.0
            full[:n] = slide(field) if stem in PARTING else seal(field)
        out[name] = amount * full
    return out
