"""A few people with names: what they look like, and the codes of the default head that show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from . import identity, people
from .anatomy import Anatomy, Array
from .template import Template

RIDGE = 0.02  # of the variance that codes are drawn towards zero with
REACH = 3.0  # standard deviations that no code goes beyond


@dataclass(frozen=True)
class Person:
    """What somebody looks like.

    sex : 0 a woman, 1 a man; age : 0.5 at 25 years, 1 at 90; weight, muscle : 0.5 is the average
    origin : shares of `people.ORIGINS`
    traits : amounts of local targets, on both sides
    skin : standard deviations of columns of the albedo
    """

    sex: float
    age: float
    weight: float
    muscle: float
    origin: tuple[float, float, float]
    skin: Mapping[str, float]
    traits: Mapping[str, float] = field(default_factory=dict[str, float])


_CALM = {"mouth/mouth-angles-up": 0.2}
_OLD = {"mouth/mouth-angles-up": 0.4}
_WOMAN = _CALM | {"mouth/mouth-upperlip-volume-incr": 0.25, "mouth/mouth-lowerlip-volume-incr": 0.2,
    "eyes/eye-scale-incr": 0.2, "chin/chin-width-decr": 0.15}  # fmt: skip
_MAN = _CALM | {"chin/chin-bones-incr": 0.2, "chin/chin-width-incr": 0.15, "eyebrows/eyebrows-trans-down": 0.2}
PEOPLE: Mapping[str, Person] = {
    "amara": Person(-0.2, 0.50, 0.50, 0.5, (1, 0, 0), {"melanin": 3.8, "iris_darkness": 1.6, "sclera_redness": 0.5,
        "lip_darkness": 0.6, "age": -1.0, "scalp_stubble": 3.0, "makeup_eyes": 0.6, "beard_shadow": -0.8},
        _WOMAN | {"cheek/cheek-bones-incr": 0.3, "nose/nose-scale-horiz-decr": 0.2}),
    "anna": Person(-0.2, 0.53, 0.46, 0.5, (0, 0, 1), {"melanin": -0.6, "iris_blue": 2.3, "freckles": 1.3,
        "lip_redness": 1.2, "brow_darkness": -0.8, "age": -0.8, "cheek_blush": 0.9, "makeup_eyes": 0.5,
        "beard_shadow": -0.8, "scalp_stubble": 1.0}, _WOMAN | {"nose/nose-point-up": 0.3}),
    "diego": Person(1.1, 0.62, 0.70, 0.65, (0.1, 0.3, 0.6), {"melanin": 1.6, "yellowness": 0.4, "iris_darkness": 1.0,
        "beard_shadow": 2.6, "moustache": 1.2, "scalp_stubble": 3.4, "brow_thickness": 1.2, "age": 0.4},
        _MAN | {"head/head-square": 0.2, "nose/nose-hump-incr": 0.25}),
    "erik": Person(1.1, 0.54, 0.50, 0.75, (0, 0, 1), {"melanin": -0.3, "iris_blue": 1.9, "beard_shadow": 1.3,
        "redness": 0.6, "scalp_stubble": 2.0, "brow_thickness": 0.6, "brow_darkness": -0.4, "age": -0.2},
        _MAN | {"chin/chin-cleft-incr": 0.3, "head/head-rectangular": 0.25}),
    "hiroshi": Person(1.1, 1.0, 0.5, 0.5, (0, 1, 0), {"melanin": 0.9, "yellowness": 0.8, "iris_darkness": 1.5,
        "age": 2.2, "beard_shadow": 0.6, "scalp_stubble": 0.4},
        _OLD | {"chin/chin-width-incr": 0.2}),
    "kofi": Person(1.1, 0.60, 0.58, 0.8, (1, 0, 0), {"melanin": 4.3, "iris_darkness": 1.8, "sclera_redness": 0.7,
        "beard_shadow": 2.4, "lip_darkness": 0.8, "scalp_stubble": 3.0, "age": 0.5, "brow_thickness": 0.8}, _MAN),
    "margaret": Person(-0.5, 0.92, 0.46, 0.35, (0, 0, 1), {"melanin": -0.6, "iris_blue": 1.8, "age": 2.2,
        "redness": 0.2, "brow_darkness": -1.2, "brow_thickness": -0.8, "lip_redness": 1.5, "cheek_blush": 0.6,
        "makeup_eyes": 0.7, "beard_shadow": -0.8, "nose_redness": -0.5, "ear_redness": -0.5, "scalp_stubble": 1.0},
        _WOMAN | {"mouth/mouth-upperlip-volume-incr": 0.6, "mouth/mouth-lowerlip-volume-incr": 0.5,
        "mouth/mouth-angles-up": 0.5, "head/head-oval": 0.3, "eyebrows/eyebrows-trans-up": 0.2}),
    "mei": Person(-0.2, 0.48, 0.42, 0.45, (0, 1, 0), {"melanin": 0.2, "yellowness": 0.5, "iris_darkness": 1.6,
        "lip_redness": 0.9, "age": -1.2, "redness": -0.3, "scalp_stubble": 3.0, "brow_darkness": 0.3,
        "makeup_eyes": 0.6, "beard_shadow": -0.8, "cheek_blush": 0.6}, _WOMAN),
    "priya": Person(-0.2, 0.60, 0.60, 0.45, (0.2, 0.2, 0.6), {"melanin": 2.3, "yellowness": 0.5, "iris_darkness": 1.5,
        "eye_shadow": 0.7, "brow_thickness": 0.5, "brow_darkness": 0.5, "scalp_stubble": 3.4, "lip_redness": 0.9,
        "makeup_eyes": 0.8, "beard_shadow": -0.8}, _WOMAN | {"head/head-oval": 0.4, "nose/nose-point-down": 0.2}),
    "walter": Person(1.1, 1.05, 0.62, 0.4, (0, 0, 1), {"iris_green": 1.2, "age": 3.0, "nose_redness": 0.9,
        "ear_redness": 0.8, "redness": 0.6, "brow_thickness": 0.8, "beard_shadow": 0.6},
        _OLD | {"nose/nose-volume-incr": 0.15, "chin/chin-bones-incr": 0.2}),
}  # fmt: skip


def shapes(anatomy: Anatomy, head: Template, everybody: list[dict[str, float]], columns: Array) -> Array:
    """Identity codes (P, K) of those in PEOPLE, with which the columns (5023, 3, K) in mm come nearest to them."""
    some = [people.macro(p.sex, p.age, p.muscle, p.weight, np.array(p.origin)) for p in PEOPLE.values()]
    for built, person in zip(some, PEOPLE.values(), strict=True):
        people.add(built, person.traits)
    wanted = identity._deviations(anatomy, head, [*everybody, *some])[len(everybody) :]
    weight = np.repeat(identity._weight(head), 3)
    basis = columns.reshape(len(weight), -1) * weight[:, None]
    normal = basis.T @ basis
    normal += RIDGE * np.trace(normal) / len(normal) * np.eye(len(normal))
    codes = np.linalg.solve(normal, basis.T @ (wanted.reshape(len(wanted), -1) * weight).T).T
    return np.clip(codes, -REACH, REACH)


def textures(names: list[str]) -> Array:
    """Albedo codes (P, K) of those in PEOPLE for the albedo's columns."""
    return np.array([[person.skin.get(name, 0.0) for name in names] for person in PEOPLE.values()])
