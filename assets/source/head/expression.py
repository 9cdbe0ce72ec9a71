"""Expression columns: what the muscles of the face do, one named movement each.

The first fifty are the ones that recordings use. A movement's place in the order follows the usual size of that
coefficient in published codes, so that one-sided movements of the lids sit where codes are small.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import lips, rig, rings
from .sculpt import EYE_CENTRE, EYE_RADIUS, Array
from .surface import Handle, Skin

H = Handle
CORNER = (25.0, -49.2, 44.0)
UPPER, LOWER = (0.0, -45.0, 59.0), (0.0, -54.0, 58.0)
UPPER_SIDE, LOWER_SIDE = (13.0, -45.5, 56.0), (13.0, -54.0, 55.0)
CHIN = (0.0, -80.0, 52.0)
APPLE = (37.0, -10.0, 38.0)
WING = (14.5, -20.0, 53.0)
FOLD = (25.0, -33.0, 46.0)
BROW_IN, BROW_MID, BROW_OUT = (11.0, 38.0, 47.0), (27.0, 40.0, 44.0), (45.0, 37.0, 34.0)

# One side's movements: handles on the left side, in millimetres before they are sized (see _size): (centre, radius,
# (x, y, z), lip).
ONE_SIDED: dict[str, list[H]] = {
    "smile": [
        H(CORNER, 7, (4.8, 4.9, -2.4)), H(APPLE, 12, (1.0, 3.6, 2.8)), H(FOLD, 6, (1.7, 2.0, -0.9)),
        H((33, 5, 38), 8, (0.1, 1.3, 0.8)),
        H(UPPER_SIDE, 7, (1.8, 1.4, -1.0), "upper"), H(LOWER_SIDE, 7, (1.8, 1.6, -1.0), "lower"),
        H((32, -55, 37), 9, (2.2, 1.8, -0.8)), H((37, -43, 31), 11, (1.6, 1.8, 0.4)),
    ],
    "frown": [
        H(CORNER, 9, (0.6, -4.8, -0.6)), H((27, -66, 36), 9, (0.6, -2.2, 0.2)),
        H(UPPER_SIDE, 7, (0.2, -1.2, 0), "upper"), H(LOWER_SIDE, 7, (0.2, -1.2, 0), "lower"),
    ],
    "upper_lip_raise": [
        H(UPPER_SIDE, 6, (0.3, 2.1, -0.2), "upper"), H((7, -44, 59), 5, (0.1, 1.7, -0.2), "upper"),
        H((18, -30, 50), 6, (0.5, 1.7, 0.5)), H(WING, 5, (0.3, 0.7, 0)),
    ],
    "lower_lip_depress": [
        H(LOWER_SIDE, 6, (0.4, -2.0, 0.8), "lower"), H((7, -54, 58), 5, (0.1, -1.7, 0.7), "lower"),
        H((14, -66, 47), 7, (0.3, -1.4, 0.2)),
    ],
    "lip_stretch": [
        H(CORNER, 7, (3.0, -0.4, -1.6)), H((31, -57, 36), 8, (2.0, -0.6, -0.6)),
        H(UPPER_SIDE, 6, (1.5, 0, -0.6), "upper"), H(LOWER_SIDE, 6, (1.5, 0, -0.6), "lower"),
    ],
    "lip_corner_tighten": [H(CORNER, 7, (-1.7, 0.2, -1.4)), H((31, -50, 39), 6, (-0.8, 0.2, 1.0))],
    "cheek_puff": [
        H((41, -42, 27), 14, (4.8, 0.2, 4.0)), H((20, -38, 50), 7, (0.6, 0.2, 1.6)),
        H((27, -52, 42), 7, (0.6, 0, 1.2)),
    ],
    "cheek_raise": [
        H(APPLE, 12, (0.7, 2.6, 1.4)), H((33, 3, 39), 8, (0.2, 1.8, 0.9)), H((50, 6, 26), 9, (0.2, 1.5, 0.6)),
    ],
    "nose_sneer": [
        H(WING, 6, (0.8, 2.0, 0.3)), H((9, 4, 50), 7, (0.2, 1.5, 1.0)), H((14, -33, 54), 6, (0.5, 1.7, 0.4), "upper"),
        H(BROW_IN, 7, (-0.4, -1.3, 0.5)),
    ],
    "brow_inner_up": [H(BROW_IN, 9, (0.3, 4.0, 0.3)), H((12, 58, 48), 12, (0, 1.4, 0.4))],
    "brow_outer_up": [
        H(BROW_OUT, 9, (0.2, 3.5, 0.2)), H(BROW_MID, 8, (0, 2.2, 0.2)), H((42, 58, 36), 12, (0, 1.3, 0.2)),
    ],
    "brow_down": [
        H(BROW_IN, 8, (-1.8, -2.9, 1.3)), H(BROW_MID, 8, (-0.9, -2.2, 0.9)),
        H((0, 32, 48), 6, (0, -1.0, 0.6), strength=30),
    ],
    "dimple": [H(CORNER, 7, (1.4, 0.4, -2.0)), H((32, -48, 37), 7, (0.6, 0, -1.5))],
    "nasolabial": [
        H((20, -24, 47), 5, (0.3, 0.8, -0.9)), H(FOLD, 5, (0.3, 0.5, -1.0)), H((29, -24, 43), 7, (0.3, 1.0, 1.4)),
    ],
    "cheek_suck": [H((42, -38, 24), 10, (-2.2, 0, -1.7))],
    "lid_lower_sag": [H((31, 10, 38), 7, (0, -0.8, 0.3)), H((31, 2, 38), 8, (0, -0.9, 0.9))],
}  # fmt: skip

# Movements of the whole face: every handle acts on both sides.
BOTH_SIDED: dict[str, list[H]] = {
    "lips_part": [
        H(UPPER, 8, (0, 1.8, -1.0), "upper"), H(UPPER_SIDE, 8, (0, 1.6, -0.9), "upper"),
        H(LOWER, 8, (0, -3.2, 2.1), "lower"), H(LOWER_SIDE, 8, (0, -2.6, 1.7), "lower"),
        H((0, -66, 50), 7, (0, -0.8, 0)),
    ],
    "lip_pucker": [
        H(CORNER, 9, (-4.5, 0.2, 2.0)), H(UPPER, 6, (0, 0.5, 2.8), "upper"),
        H(UPPER_SIDE, 6, (-1.8, 0.3, 3.0), "upper"), H(LOWER, 6, (0, -0.3, 2.7), "lower"),
        H(LOWER_SIDE, 6, (-1.8, -0.3, 2.9), "lower"), H((34, -47, 36), 10, (-1.9, 0, 0.8)),
    ],
    "lip_funnel": [
        H(CORNER, 7, (-1.8, 0, 1.4)), H(UPPER, 6, (0, 1.2, 2.6), "upper"),
        H(UPPER_SIDE, 6, (-0.9, 1.1, 2.6), "upper"), H(LOWER, 6, (0, -1.5, 2.6), "lower"),
        H(LOWER_SIDE, 6, (-0.9, -1.3, 2.6), "lower"),
    ],
    "chin_raise": [
        H(CHIN, 10, (0, 2.6, 1.0)), H((10, -76, 49), 8, (0.2, 2.2, 0.8)), H(LOWER, 6, (0, 1.0, 1.2), "lower"),
        H(LOWER_SIDE, 6, (0, 0.8, 1.0), "lower"), H(UPPER, 6, (0, 0.9, 0.6), "upper"),
        H(UPPER_SIDE, 6, (0, 0.7, 0.5), "upper"),
    ],
    "nostril_flare": [H(WING, 5, (1.4, 0.2, -0.2)), H((10, -26, 52), 4, (0.9, -0.2, 0))],
    "lip_bite": [
        H(LOWER, 6, (0, 0.8, -2.0), "lower"), H(LOWER_SIDE, 6, (0, 0.6, -1.7), "lower"),
        H((0, -66, 50), 7, (0, 0.9, 0.8)), H(UPPER, 5, (0, 0.5, 0.2), "upper"),
    ],
    "neck_tense": [
        H((34, -118, -28), 12, (2.2, 0, 1.8)), H((20, -150, -16), 10, (1.6, 0, 1.8)),
        H((28, -92, 2), 12, (1.4, -1.2, 0.6)),
    ],
    "swallow": [H((0, -128, -6), 14, (0, 1.3, 1.6)), H((0, -102, 14), 12, (0, -0.2, 0.5))],
    "brow_furrow": [
        H((6, 34, 48), 6, (-1.2, -1.4, 1.4)), H((0, 24, 47), 6, (0, 0.6, 0.8)), H(BROW_IN, 6, (-1.2, -0.8, 0.8)),
    ],
    "upper_lip_lift": [
        H(UPPER, 8, (0, 1.8, 0.7), "upper"), H((0, -34, 56), 6, (0, 1.0, 0.4)), H((0, -22, 66), 6, (0, 0.5, 0)),
    ],
}  # fmt: skip

# Movements with a direction across the face: handles placed explicitly, right side at negative x.
CROSSWISE: dict[str, list[H]] = {
    "mouth_left": [
        H(CORNER, 8, (2.4, 0.4, -1.4)), H((-25, -49.2, 44), 8, (2.6, 0.2, 1.4)), H(UPPER, 9, (2.6, 0, 0)),
        H(LOWER, 9, (2.6, 0, 0)), H(CHIN, 10, (0.8, 0, 0)),
    ],
    "jaw_thrust": [
        H(CHIN, 18, (0, 0.3, 3.0)), H(LOWER, 10, (0, 0.2, 2.6), "lower"),
        H(UPPER, 10, (0, 0, 1.2), "upper"), H((24, -76, 30), 12, (0, 0.2, 2.6)),
        H((-24, -76, 30), 12, (0, 0.2, 2.6)), H((0, -96, 30), 12, (0, 0, 2.4)),
    ],
    "jaw_slide_left": [
        H(CHIN, 18, (2.8, 0, -0.2)), H(LOWER, 10, (2.4, 0, 0), "lower"),
        H(UPPER, 10, (1.4, 0, 0), "upper"), H((24, -76, 30), 12, (2.4, 0, -0.8)),
        H((-24, -76, 30), 12, (2.4, 0, 0.6)), H((0, -96, 30), 12, (2.2, 0, 0)),
    ],
}  # fmt: skip
CROSSWISE["mouth_right"] = [
    H((-h.centre[0], *h.centre[1:]), h.radius, (-h.value[0], *h.value[1:]), h.side) for h in CROSSWISE["mouth_left"]
]

ORDER = [
    "smile_left",
    "smile_right",
    "lip_pucker",
    "lip_funnel",
    "upper_lip_raise_left",
    "upper_lip_raise_right",
    "lower_lip_depress_left",
    "lower_lip_depress_right",
    "lip_stretch_left",
    "lip_stretch_right",
    "brow_inner_up_left",
    "brow_inner_up_right",
    "brow_outer_up_left",
    "brow_outer_up_right",
    "brow_down_left",
    "brow_down_right",
    "frown_left",
    "frown_right",
    "cheek_raise_left",
    "cheek_raise_right",
    "lip_press",
    "chin_raise",
    "mouth_left",
    "mouth_right",
    "jaw_thrust",
    "nose_sneer_left",
    "nose_sneer_right",
    "lip_corner_tighten_left",
    "lip_corner_tighten_right",
    "cheek_puff_left",
    "cheek_puff_right",
    "nostril_flare",
    "dimple_left",
    "dimple_right",
    "squint_left",
    "squint_right",
    "blink_left",
    "blink_right",
    "lip_close",
    "eye_wide_left",
    "eye_wide_right",
    "lips_part",
    "lip_bite",
    "nasolabial_left",
    "nasolabial_right",
    "lip_roll_upper",
    "lip_roll_lower",
    "upper_lip_lift",
    "neck_tense",
    "jaw_slide_left",
    "brow_furrow",
    "lips_thin",
    "cheek_suck_left",
    "cheek_suck_right",
    "lid_lower_sag_left",
    "lid_lower_sag_right",
    "swallow",
]

SEAL_JAW = 0.03  # radians of jaw opening over which lip_close brings the lips together at +2 sigma
FIRST_SIZE, LAST_SIZE = (
    0.72,
    0.42,
)  # of the amounts above: columns that are used less are smaller, as principal components are
PARTING = frozenset({
    "upper_lip_raise", "lower_lip_depress", "lips_part", "lip_funnel", "upper_lip_lift", "lip_close", "lip_bite",
    "nose_sneer",
})  # what moves the lips against each other; all else keeps them together  # fmt: skip
CLOSING = frozenset({"blink", "lip_close"})  # what brings edges together, exactly at a known amount
SIZED = frozenset({
    "blink", "eye_wide", "squint", "lip_close", "lip_press", "lip_roll_upper", "lip_roll_lower", "lips_thin",
})  # whose amounts are exact  # fmt: skip


def _reach(name: str) -> float:
    """Over how many millimetres a movement fades: short round the eyes, so that brows leave the lids alone."""
    return 8.0 if name.startswith(("brow", "cheek_raise", "lid")) else 11.0


def _size(name: str) -> float:
    if name.removesuffix("_left") in SIZED:
        return 1.0
    return FIRST_SIZE * (LAST_SIZE / FIRST_SIZE) ** (ORDER.index(name) / len(ORDER))


def _pins(skin: Skin) -> Array:
    """How firmly each vertex of the skin stays where it is (N,): lids, and the pockets behind the lips, which are grown
    to the jaws' bones.
    """
    pins = np.zeros(len(skin.points))
    template = skin.template
    pins[template.both(template.loops["mouth"][: rings.POCKETS])] = 40.0
    for ring, strength in enumerate((400.0, 400.0, 400.0, 400.0, 40.0, 12.0)):
        pins[template.both(template.loops["eye"][ring])] = strength
    return pins


def _over_ball(skin: Skin, field: Array) -> None:
    """Lets the skin over the eyeballs slide, neither pressed into them nor lifted off."""
    eye = skin.template.loops["eye"]
    for ring, share in enumerate((1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.95, 0.7, 0.4)):
        for ids, flip in ((eye[ring], [1, 1, 1]), (skin.twin[eye[ring]], [-1, 1, 1])):
            out = skin.points[ids] - EYE_CENTRE * flip
            out /= np.linalg.norm(out, axis=1, keepdims=True)
            field[ids] -= share * (field[ids] * out).sum(1, keepdims=True) * out


def _on_ball(aim: Array, radius: Array | float) -> Array:
    return EYE_CENTRE + aim / np.linalg.norm(aim, axis=1, keepdims=True) * np.broadcast_to(radius, len(aim))[:, None]


def _towards_closed(skin: Skin) -> Array:
    """Left lids moved along the eyeball until both edges of one lie about where those of the other do: (N, 3)."""
    eye = skin.template.loops["eye"]
    p = skin.points
    n = rings.EYE_POINTS
    partner = (-np.arange(n)) % n
    is_upper = np.arange(n) <= n // 2
    # The upper lid does most of the way, but not at the corners, where it would fold.
    from_corner = np.minimum(np.arange(n) % (n // 2), -np.arange(n) % (n // 2))
    lower_share = np.interp(from_corner, [1, 3, 6], [0.5, 0.37, 0.3])

    def way(ring: int) -> Array:
        here = p[eye[ring], 1]
        meet_height = lower_share * here + (1 - lower_share) * here[partner]
        return np.where(is_upper, meet_height, meet_height[partner]) - here

    front = np.linalg.norm(p[eye[3]] - EYE_CENTRE, axis=1)
    goal, pull = np.zeros_like(p), np.zeros(len(p))
    for ring, follow in zip(range(1, 9), (1.0, 1.0, 1.0, 0.84, 0.58, 0.28, 0.08, 0.0), strict=True):
        ids = eye[ring]
        here = p[ids]
        radius = np.linalg.norm(here - EYE_CENTRE, axis=1)
        turn = way(max(2, ring)) if ring < 4 else follow * way(3) * radius / front
        aim = here - EYE_CENTRE
        aim[:, 1] += turn
        in_front = np.maximum(radius**2 - aim[:, 0] ** 2 - aim[:, 1] ** 2, 0.0)
        slide = np.abs(turn) > 1e-6
        depth = np.where(slide & (in_front > 9.0), np.sqrt(np.maximum(in_front, 9.0)), aim[:, 2])
        aim[:, 2] = np.where(aim[:, 2] > 4.0, depth, aim[:, 2])
        goal[ids] = _on_ball(aim, radius) - here
        pull[ids] = 3000.0 if ring < 4 else 60.0
    pull[eye[0]] = 30.0
    goal[skin.twin[eye[1:]].ravel()] = 0.0
    return skin.spread(pull, goal, 5.0)


def _clear_of_ball(start: Array, end: Array, clearance: float) -> Array:
    """Ends (N, 3) lifted off the eyeball until the straight ways to them stay `clearance` mm clear of it."""
    t = np.linspace(0, 1, 21)[:, None, None]
    for _ in range(40):
        nearest = np.linalg.norm((1 - t) * start + t * end - EYE_CENTRE, axis=2).min(0)
        lift = np.maximum(EYE_RADIUS + clearance - nearest, 0.0)
        end = _on_ball(end - EYE_CENTRE, np.linalg.norm(end - EYE_CENTRE, axis=1) + lift)
    return end


def _closed(skin: Skin) -> Array:
    """What closes the left eye: both edges of its lids meet on curves over the eyeball, and their ways there are clear
    of it; (N, 3).
    """
    field = _towards_closed(skin)
    eye = skin.template.loops["eye"]
    n = rings.EYE_POINTS
    partner = (-np.arange(n)) % n
    for ring, clearance in ((3, 1.2), (2, 0.32)):
        start = skin.points[eye[ring]]
        end = start + field[eye[ring]]
        end = _clear_of_ball(start, (end + end[partner]) / 2, clearance)
        reach = np.linalg.norm(end - EYE_CENTRE, axis=1)
        field[eye[ring]] = _on_ball(end - EYE_CENTRE, np.maximum(reach, reach[partner])) - start
    return field


def _lids(skin: Skin, closed: Array, upper: float, lower: float, corners: float = 0.0) -> Array:
    """Left lids moved by shares of the ways on which the eye closes: so no sum of such movements meets the ball.

    closed : what closes the eye (N, 3)
    corners : how much of that the corners of the eye take part in
    """
    eye = skin.template.loops["eye"]
    x, y = skin.points[:, 0] - rings.FISSURE[0], skin.points[:, 1] - rings.FISSURE[1]
    above = 1 / (1 + np.exp(-(y - rings.FISSURE[2] * x)))
    above[eye] = np.sin(2 * np.pi * np.arange(rings.EYE_POINTS) / rings.EYE_POINTS) > -1e-9
    taking_part = np.interp(np.abs(x), [8.0, 13.0], [1.0, corners])
    return ((lower + (upper - lower) * above) * taking_part)[:, None] * closed


def _narrow_red(skin: Skin, upper: float, lower: float, press: float = 0.0) -> Array:
    """Takes the red of the lips towards the seam, by the given shares of its height and fullness: rolled inwards, less
    of it shows. `press` also draws the contact back and the corners in, by so many millimetres, and bulges the skin
    round the lips.
    """
    mouth, m = skin.template.loops["mouth"], rings.MOUTH_SEGMENTS
    p = skin.points
    goal, pull = np.zeros_like(p), _pins(skin)
    aside = np.concatenate([rings.STATIONS, rings.STATIONS[-2::-1]]) ** 2  # 0 at the midline, 1 at the corner
    share = (np.where(np.arange(2 * m + 1) <= m, upper, lower) * (1 - 0.85 * aside))[:, None]
    drawn = press * np.stack([-0.5 * aside, 0 * aside, -1 + 0 * aside], 1)
    flat = np.stack([0 * aside, 1 + 0 * aside, 1 - aside], 1)  # round the corner the loops recede for another reason
    followed = {rings.BORDER + 1: 0.75, rings.BORDER + 2: 0.45, rings.BORDER + 3: 0.15}
    for ring in range(rings.POCKETS, rings.MOUTH_LOOPS):
        for side, flip in ((np.arange(len(p)), [1, 1, 1]), (skin.twin, [-1, 1, 1])):
            ids, anchor = side[mouth[ring]], side[mouth[min(ring, rings.BORDER)]]
            inward = (p[side[mouth[rings.SEAM]]] - p[anchor]) * flat * (ring > rings.SEAM)
            follow = followed.get(ring, 1.0)
            bulge = [0, 0, 0.0 if ring <= rings.BORDER else 1.5 * press]
            goal[ids] = follow * (share * inward + drawn * flip) + bulge
            pull[ids] = 1e3 if ring < rings.BORDER else 100.0 * follow**2
    return skin.spread(pull, goal, 6.0)


def _lip_close(skin: Skin) -> Array:
    """Half of what hides the gap that a jaw open by SEAL_JAW leaves: the lower lip slides up behind the upper one."""
    mouth = skin.template.loops["mouth"]
    p, m = skin.points, rings.MOUTH_SEGMENTS
    follow = rig.weights(skin)[: len(p), 2]
    c, s = np.cos(SEAL_JAW), np.sin(SEAL_JAW)
    turned = (p - rig.JOINTS[2]) @ np.array([[1, 0, 0], [0, c, s], [0, -s, c]]) + rig.JOINTS[2]
    height = (p + follow[:, None] * (turned - p))[:, 1]
    gap = height[mouth[rings.SEAM, : m + 1]] - height[mouth[rings.SEAM, : m - 1 : -1]]
    _, _, tangent = lips.contact(skin)
    goal, pull = np.zeros_like(p), _pins(skin)
    firm = (40.0, 1e4, 1e5, 300.0, 40.0, 20.0, 8.0, 4.0)
    for ring, strength in enumerate(firm, rings.POCKETS):
        for loop, flip in ((mouth[ring], [1, 1, 1]), (skin.twin[mouth[ring]], [-1, 1, 1])):
            goal[loop[: m + 1]] = -0.3 * gap[:, None] * tangent * flip
            goal[loop[: m - 1 : -1]] = 0.7 * gap[:, None] * tangent * flip
            pull[loop] = strength
    chin = skin.falloff(H(CHIN, 12, ())) * 3
    goal = np.where((chin > pull)[:, None], np.array([0.0, 1.0, 0.2]), goal)
    return skin.spread(np.maximum(pull, chin), goal, 8.0) / 2.0


def _special(skin: Skin) -> dict[str, Callable[[], Array]]:
    closed = _closed(skin)
    return {
        "blink_left": lambda: _lids(skin, closed, 0.25, 0.25, corners=1.0),
        "eye_wide_left": lambda: _lids(skin, closed, -0.105, -0.075),
        "squint_left": lambda: (
            _lids(skin, closed, 0.03, 0.13) + skin.bend([H((33, 6, 38), 9, (0, 1.3, 0.8))], 9.0, _pins(skin))
        ),
        "lip_press": lambda: _narrow_red(skin, 0.24, 0.24, press=0.55),
        "lip_roll_upper": lambda: _narrow_red(skin, 0.24, 0.0),
        "lip_roll_lower": lambda: _narrow_red(skin, 0.0, 0.26),
        "lips_thin": lambda: _narrow_red(skin, 0.25, 0.25),
        "lip_close": lambda: _lip_close(skin),
    }


def columns(skin: Skin) -> dict[str, Array]:
    """Named displacements (5023, 3) in ORDER, millimetres at one sigma."""
    special = _special(skin)
    pins = _pins(skin)
    slide, seal = lips.Slide(skin), lips.Slide(skin, sealed=True)
    out: dict[str, Array] = {}
    for name in ORDER:
        root, _, side = name.rpartition("_")
        if side == "right" and f"{root}_left" in out and name not in CROSSWISE:
            out[name] = out[f"{root}_left"][skin.template.twin] * [-1, 1, 1]
            continue
        if name in special:
            field = special[name]()
        elif name in CROSSWISE:
            field = skin.bend(CROSSWISE[name], 12.0, pins)
        elif name in BOTH_SIDED:
            field = skin.bend(BOTH_SIDED[name], _reach(name), pins, mirrored=True)
        else:
            field = skin.bend(ONE_SIDED[root], _reach(name), pins)
        if name not in special:
            _over_ball(skin, field)
        field = _size(name) * field
        field = slide(field) if name.removesuffix("_left") in PARTING else seal(field)
        full = np.zeros_like(skin.template.points)
        full[: len(field)] = field
        if name in ("jaw_thrust", "jaw_slide_left"):
            floor = skin.template.both(skin.template.loops["mouth"][: rings.POCKETS, rings.MOUTH_SEGMENTS + 1 :])
            moved = np.concatenate([skin.template.lower_teeth, skin.template.tongue, floor])
            full[moved] = field[skin.template.loops["mouth"][rings.BORDER, -1]]
        out[name] = full
    return out
