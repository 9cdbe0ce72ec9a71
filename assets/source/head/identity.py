"""Identity columns: how heads differ, one named trait each, in millimetres at one sigma. The commonest differences
come first.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import lips
from .sculpt import EYE_CENTRE, Array
from .surface import Handle, Skin
from .template import Template

H = Handle
EYES_GROW = {"sex": -0.7, "age": -0.5}  # sigmas of eyes_size that come along
RESERVE = 0.74  # the traits below are written as if alone; many at once must still look like one person

TIP, ROOT = (0.0, -17.0, 71.0), (0.0, 25.0, 47.0)
GONION, CHIN, APPLE = (44.0, -62.0, -14.0), (0.0, -80.0, 52.0), (37.0, -10.0, 38.0)
BROW = (25.0, 39.0, 45.0)
CORNER = (25.0, -49.2, 44.0)
MOUTH = (0.0, -49.0, 57.0)


def _scale(
    sx: float, sy: float, sz: float, centre: tuple[float, float, float] = (0.0, 0.0, -50.0)
) -> Callable[[Array], Array]:
    return lambda p: (p - np.array(centre)) * np.array([sx, sy, sz])


def _window(p: Array, centre: tuple[float, ...], sizes: tuple[float, ...]) -> Array:
    q = (p - np.array(centre)) / np.array(sizes)
    return np.exp(-0.5 * (q * q).sum(1))


def _local(
    centre: tuple[float, ...], sizes: tuple[float, ...], move: tuple[float, ...], scale: tuple[float, ...] = (0, 0, 0)
) -> Callable[[Array], Array]:
    """A soft region moved and stretched about its centre, alike on both sides."""

    def field(p: Array) -> Array:
        out = np.zeros_like(p)
        for sign in (1.0, -1.0) if centre[0] else (1.0,):
            mirror = np.array([sign, 1.0, 1.0])
            c = np.array(centre) * mirror
            w = _window(p, tuple(c), sizes)[:, None]
            out += w * (np.array(move) * mirror + (p - c) * np.array(scale))
        return out

    return field


def _sum(*parts: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda p: sum(part(p) for part in parts)  # type: ignore[return-value]


def _times(factor: float, *parts: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda p: factor * _sum(*parts)(p)


def _shear_forehead(p: Array) -> Array:
    t = np.clip((p[:, 1] - 35) / 100, 0, 1)[:, None] * (1 / (1 + np.exp(-(p[:, 2] + 20) / 18)))[:, None]
    return t * np.array([0.0, 0.0, -7.0])


def _ears_out(p: Array) -> Array:
    aside = np.abs(p[:, 0])
    swing = np.clip((aside - 70) / 20, 0, 1.5) * _window(np.column_stack([aside, p[:, 1:]]), (80, 0, -75), (30, 30, 22))
    return np.sign(p[:, :1]) * swing[:, None] * np.array([5.0, 0.0, 0.0])


def _lower_face(p: Array, amount: Array | float) -> Array:
    """Lengthens the face below the eyes; what lies under the chin follows."""
    face = 1 / (1 + np.exp(-(p[:, 2] + 35) / 14))
    t = np.clip((20 - p[:, 1]) / 115, 0, 1)
    return (t * face * amount)[:, None] * np.array([0.0, -1.0, 0.0])


_GLOBAL: dict[str, Callable[[Array], Array]] = {
    "size": _scale(0.022, 0.022, 0.022, (0, -20, -50)),
    "width": _scale(0.045, 0, 0),
    "length": lambda p: _lower_face(p, 5.0),
    "depth": _scale(0, 0, 0.04),
    "sex": _times(
        1.3,
        _local(GONION, (26, 24, 28), (3.1, -2.0, -0.4)),
        _local((0, -86, 50), (22, 17, 22), (0, -2.0, 1.6), (0.12, 0, 0)),
        _local((22, 37, 44), (18, 9, 18), (0, -1.4, 1.4)), _local((0, 35, 48), (13, 10, 14), (0, 0, 0.6)),
        _local((25, 43, 45), (20, 9, 20), (0, -1.4, 0)), _local((0, 72, 40), (50, 30, 40), (0, 0, -1.2)),
        _local((0, -122, -14), (13, 16, 18), (0, 0, 3.8)),
        _local((0, -122, -60), (90, 42, 90), (0, 0, 0), (0.10, 0, 0.06)),
        _local((104, -168, -65), (38, 36, 55), (5.0, 1.0, 0)),
        _local(TIP, (17, 24, 22), (0, -0.9, 1.4), (0.13, 0.06, 0.05)), _local((0, 8, 53), (9, 16, 14), (0, 0, 1.0)),
        _local(MOUTH, (40, 14, 24), (0, -0.6, -0.6)), _local(MOUTH, (24, 11, 18), (0, 0, -0.7), (-0.01, -0.14, 0)),
        _local((38, -22, 36), (16, 16, 20), (-1.0, 0, -2.2)), lambda p: _lower_face(p, 1.4),
    ),
    "weight": _sum(
        _local((46, -42, 16), (25, 34, 32), (5.8, -1.2, 2.0)), _local((0, -101, 10), (36, 16, 28), (0, -7.0, 3.4)),
        _local((38, -90, -14), (28, 22, 30), (3.2, -3.2, 1.8)),
        _local((0, -125, -60), (90, 36, 90), (0, 0, 0), (0.11, 0, 0.11)),
        _local((36, -8, 36), (17, 17, 18), (1.6, -0.3, 2.2)), _local((64, 34, 0), (16, 22, 26), (1.4, 0, 0)),
        _local((24, -70, 40), (15, 13, 18), (1.5, -0.4, 1.6)),
    ),
    "age": _sum(
        _local((36, -66, 22), (11, 11, 16), (1.6, -4.4, 1.0)), _local((25, -79, 34), (9, 9, 14), (-0.4, 0.8, -0.8)),
        _local((24, -30, 46), (4.8, 12, 12), (0, 0, -2.0)), _local((32, -24, 42), (7, 10, 12), (0.6, -2.0, 1.8)),
        _local((26, -61, 38), (4.5, 8, 12), (0, 0, -1.4)), _local((48, -34, 14), (12, 14, 18), (-2.6, 0, -0.8)),
        _local((66, 36, -5), (13, 19, 23), (-3.0, 0, 0)),
        _local((30, 6, 40), (11, 4.2, 10), (0, -1.2, 1.8)), _local((26, -3, 42), (12, 4, 10), (0, -0.4, -1.5)),
        _local((38, 33, 38), (12, 5.5, 12), (0, -2.0, 0.6)), _local((38, 42, 38), (15, 8, 15), (0, -1.4, 0)),
        _local((0, -22, 66), (14, 14, 14), (0, -2.4, 0.7), (0.05, 0, 0)),
        _local(MOUTH, (24, 11, 18), (0, -0.5, -1.2), (0.02, -0.13, 0)),
        _local((0, -36, 52), (14, 6, 12), (0, -0.6, -0.8)),
        _local((76, -8, -70), (14, 32, 26), (0, 0, 0), (0, 0.07, 0)),
        _local((76, -26, -68), (12, 9, 14), (0, -2.2, 0)),
        _local((0, -99, 14), (17, 9, 18), (0, -3.4, 0)),
        _local((11, -114, -14), (5, 20, 14), (0.3, 0, 2.6)), _local((0, -114, -12), (4.5, 18, 14), (0, 0, -1.4)),
    ),
    "jaw_width": _local(GONION, (26, 24, 30), (4.4, 0, 0)),
    "jaw_height": _local(GONION, (26, 22, 26), (0, -5.0, 0)),
    "chin_length": _local((0, -86, 45), (26, 14, 26), (0, -3.6, 0)),
    "chin_forward": _local(CHIN, (22, 14, 26), (0, 0, 3.6)),
    "chin_width": _local((13, -82, 42), (14, 12, 18), (3.0, 0, 0)),
    "cheekbones": _local((52, 2, 18), (16, 13, 22), (3.2, 0.4, 1.4)),
    "cheeks": _local((42, -38, 24), (16, 18, 22), (3.4, 0, 1.6)),
    "forehead_slope": _shear_forehead,
    "forehead_height": _local((0, 100, 0), (70, 34, 60), (0, 5.0, 0)),
    "forehead_width": _local((58, 60, 2), (26, 30, 40), (3.6, 0, 0)),
    "skull_top": _local((0, 135, -50), (60, 32, 70), (0, 5.5, 0)),
    "skull_back": _local((0, 50, -145), (60, 55, 40), (0, 0, -6.0)),
    "temples": _local((66, 34, -2), (14, 18, 26), (2.8, 0, 0)),
    "neck_width": _local((0, -118, -60), (90, 30, 90), (0, 0, 0), (0.075, 0, 0.05)),
    "neck_length": lambda p: (np.clip((-85 - p[:, 1]) / 60, 0, 1) * -5.0)[:, None] * np.array([0.0, 1.0, 0.0]),
    "shoulders": _local((95, -165, -65), (36, 28, 50), (3.0, -4.0, 0)),
    "face_forward": _local((0, -25, 50), (45, 50, 40), (0, 0, 3.4)),
    "midface_length": _local((0, -35, 55), (50, 30, 50), (0, -3.0, 0)),
    "mouth_forward": _local(MOUTH, (26, 17, 22), (0, 0, 2.6)),
    "mouth_width": _local(MOUTH, (26, 14, 30), (0, 0, 0), (0.11, 0, 0)),
    "mouth_height": _local(MOUTH, (30, 16, 28), (0, 2.4, 0)),
    "nose_size": _local((0, -10, 60), (18, 24, 20), (0, 0, 1.0), (0.10, 0.08, 0.10)),
    "nose_length": _local((0, -20, 60), (17, 14, 22), (0, -3.0, 0.4)),
    "nose_width": _local((0, -19, 56), (17, 11, 18), (0, 0, 0), (0.15, 0, 0)),
    "nose_forward": _local((0, -16, 68), (13, 15, 17), (0, 0, 3.4)),
    "nose_bridge": _local((0, 10, 53), (9, 16, 14), (0, 0, 2.2)),
    "nose_hump": _local((0, 3, 57), (7, 6.5, 12), (0, 0, 1.8)),
    "nose_tip_up": _local((0, -20, 67), (11, 8, 13), (0, 2.4, 0.6)),
    "nose_tip_round": _local(TIP, (9, 8, 11), (0, 0, 0.4), (0.17, 0.12, 0.04)),
    "nose_bridge_width": _local((0, 8, 48), (14, 16, 12), (0, 0, 0), (0.13, 0, 0)),
    "nose_root": _local(ROOT, (9, 8, 13), (0, 0, 2.0)),
    "brow_ridge": _local((22, 38, 45), (19, 8.0, 17), (0, -0.3, 2.1)),
    "brow_height": _local((25.0, 41.0, 45.0), (22, 12, 20), (0, 2.2, 0)),
    "brow_tilt": _sum(_local((42, 40, 36), (12, 10, 17), (0, 1.7, 0)), _local((13, 38, 47), (10, 9, 14), (0, -1.2, 0))),
    "ears_size": _local((74, 0, -67), (12, 40, 26), (0, 0, 0), (0.06, 0.11, 0.10)),
    "ears_out": _ears_out,
    "ears_height": _local((76, 0, -67), (16, 34, 26), (0, 3.0, 0)),
    "ears_lobe": _local((70, -27, -61), (12, 9, 14), (0, -3.0, 0)),
}  # fmt: skip

# Traits of lips: bent on the mesh, so that the two lips stay apart; both sides alike.
_BENT: dict[str, list[H]] = {
    "lips_upper_full": [
        H((0, -42.5, 53), 4.5, (0, 1.0, 1.5), "upper"),
        H((12, -43.5, 51), 4.5, (0, 0.7, 1.0), "upper"),
        H((0, -34, 49), 3, (0, 0, 0)),
    ],
    "lips_lower_full": [H((0, -56, 54), 7, (0, -0.8, 1.5), "lower"), H((11, -55.5, 51), 6, (0, -0.4, 0.5), "lower")],
    "lips_bow": [H((5.5, -41.5, 50), 4, (0.4, 1.5, 0.6), "upper"), H((0, -42, 51), 3, (0, -0.9, -0.5), "upper")],
    "lips_corners_up": [H(CORNER, 6, (0, 1.6, 0))],
    "lips_philtrum": [H((0, -35, 48), 3.5, (0, 0, -1.6)), H((5.5, -36, 48), 3.5, (0.3, 0, 1.4))],
    "chin_dimple": [H((0, -80, 53), 4, (0, 0, -1.6), strength=90), H((7, -80, 51), 4, (0.3, 0, 0.7))],
    "eyes_bags": [H((31, 6, 39), 5.5, (0, -0.4, 1.1))],
    "eyes_hollow": [H((20, 9, 38), 6, (0, 0, -1.4)), H((31, 32, 40), 6, (0, 0, -1.2))],
    "asymmetry": [],
}
_UNEVEN = [H((25, -50, 44), 12, (0.3, 0.9, 0)), H((0, -17, 71), 12, (1.2, 0, 0)), H((27, 40, 44), 11, (0, 1.0, 0)),
    H((44, -60, -10), 22, (1.4, 0, 0)),
           H((-36, -8, 38), 14, (-0.9, 0.3, 0.6))]  # fmt: skip

ORDER = [
    "width",
    "length",
    "sex",
    "weight",
    "jaw_width",
    "nose_size",
    "depth",
    "chin_length",
    "nose_width",
    "cheekbones",
    "eyes_spacing",
    "brow_ridge",
    "nose_length",
    "size",
    "age",
    "lips_upper_full",
    "lips_lower_full",
    "mouth_width",
    "chin_forward",
    "nose_forward",
    "forehead_slope",
    "nose_bridge",
    "eyes_tilt",
    "brow_height",
    "cheeks",
    "eyes_size",
    "mouth_height",
    "jaw_height",
    "nose_tip_up",
    "chin_width",
    "forehead_height",
    "eyes_depth",
    "nose_hump",
    "mouth_forward",
    "midface_length",
    "nose_tip_round",
    "face_forward",
    "skull_back",
    "forehead_width",
    "ears_size",
    "ears_out",
    "eyes_height",
    "brow_tilt",
    "lips_bow",
    "temples",
    "nose_bridge_width",
    "neck_width",
    "nose_root",
    "skull_top",
    "ears_height",
    "lips_corners_up",
    "eyes_bags",
    "neck_length",
    "lips_philtrum",
    "chin_dimple",
    "eyes_hollow",
    "ears_lobe",
    "shoulders",
    "asymmetry",
]


def _eye_mask(p: Array, inner: float = 19.0) -> Array:
    d = np.linalg.norm(p - EYE_CENTRE, axis=1)
    return np.exp(-((d / inner) ** 4))


def _eyes(name: str, p: Array) -> Array:
    """Traits of the eyes that move ball and lids together; left eye only."""
    w = _eye_mask(p, 24.0)[:, None]
    r = p - EYE_CENTRE
    if name == "eyes_size":
        return w * r * 0.055
    if name == "eyes_tilt":
        outward = 1 / (1 + np.exp(-(p[:, 2:3] - EYE_CENTRE[2]) / 4))
        return w * outward * np.stack([-r[:, 1], r[:, 0], 0 * r[:, 0]], 1) * 0.07
    shift = {"eyes_spacing": (1.5, 0, 0), "eyes_depth": (0, 0, -1.6), "eyes_height": (0, 1.8, 0)}[name]
    return w * np.array(shift)


def _both_eyes(name: str, template: Template) -> Array:
    left = _eyes(name, template.points)
    if name == "eyes_tilt":
        left[template.left_eyeball] = 0.0
    left[template.points[:, 0] < -8] = 0.0
    return left + left[template.twin] * [-1, 1, 1]


def _keep_eyes_whole(skin: Skin, field: Array) -> Array:
    """Moves each eyeball with the middle of its lids, and the lids with the eyeball: spheres stay spheres under lids
    that fit.
    """
    template = skin.template
    margin = template.loops["eye"][3]
    n = len(template.skin)
    out = field.copy()
    p = template.points
    for ids, ball, flip in (
        (margin, template.left_eyeball, 1.0),
        (template.twin[margin], template.right_eyeball, -1.0),
    ):
        shift = field[ids].mean(0)
        w = _eye_mask(p[:n] * [flip, 1, 1])[:, None]
        out[:n] = out[:n] * (1 - w) + w * shift
        out[ball] = shift
    return out


def columns(skin: Skin) -> dict[str, Array]:
    """Named displacements (5023, 3) in ORDER, millimetres at one sigma."""
    template = skin.template
    p = template.points
    n = len(template.skin)
    seal = lips.Slide(skin, sealed=True)
    out: dict[str, Array] = {}
    for name in ORDER:
        if name.startswith("eyes_") and name not in _BENT:
            out[name] = _both_eyes(name, template)
            continue
        if name in _BENT:
            field = np.zeros_like(p)
            bent = skin.bend(_UNEVEN, 12.0) if name == "asymmetry" else skin.bend(_BENT[name], 5.5, mirrored=True)
            field[:n] = bent
        else:
            field = _GLOBAL[name](p)
        field = _keep_eyes_whole(skin, field)
        field[:n] = seal(field[:n])
        field += EYES_GROW.get(name, 0.0) * _both_eyes("eyes_size", template)
        out[name] = field
    return {name: RESERVE * field for name, field in out.items()}
