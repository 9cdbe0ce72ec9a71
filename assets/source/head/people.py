"""A population: hundreds of plausible people, as amounts of MakeHuman's targets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import product

import numpy as np

from .anatomy import Anatomy, Array

PEOPLE = 800
ORIGINS = ("african", "asian", "caucasian")
ELSEWHERE = ("head-trans", "head-angle", "asymm-")  # what moves the head as a whole, and what is no part of it
OPPOSITES = {"decr": "incr", "in": "out", "down": "up", "backward": "forward", "concave": "convex",
    "compress": "uncompress"}  # fmt: skip
# What the sculptors' units make of a face that is just still, to make of it one at its ease.
AT_EASE = {"mouthSmile": 0.18, "mouthFrown": -0.25, "cheekSquint": 0.12, "browDown": -0.28, "eyeWide": 0.2}
# Ears whose lobes hang freely, and which lie nearer to the head than those of the mesh.
EARS = {"ears/ear-lobe-incr": 0.28, "ears/ear-flap-decr": 0.35, "ears/ear-shape-round": 0.4}
# What years do to a face besides what the body's old targets do: at 90 years.
AGEING = {"head/head-age-incr": 1.0, "eyes/eye-bag-incr": 0.6, "eyes/eye-eyefold-down": 0.3,
    "cheek/cheek-volume-decr": 0.7, "mouth/mouth-upperlip-volume-decr": 0.6, "mouth/mouth-lowerlip-volume-decr": 0.6,
    "mouth/mouth-laugh-lines-in": 0.8, "chin/chin-jaw-drop-incr": 0.6, "nose/nose-point-down": 0.15,
    "ears/ear-scale-vert-incr": 0.5, "ears/ear-lobe-incr": 0.15, "neck/neck-double-incr": 0.4}  # fmt: skip
PAIRED = ("cheek/", "ears/", "eyes/")  # folders of targets that move one side
# Local traits at one sigma, as shares of what the sculptors drew as their extremes.
SPREAD = {"head": 0.10, "forehead": 0.12, "eyebrows": 0.22, "eyes": 0.25, "nose": 0.18, "mouth": 0.2, "cheek": 0.22,
    "chin": 0.16, "ears": 0.16, "asym": 0.14}  # fmt: skip


def macro(sex: float, age: float, muscle: float, weight: float, origin: Array) -> dict[str, float]:
    """How much of each of the targets of the body's build makes a person.

    sex : 0 a woman, 1 a man; age : 0.5 at 25 years, 1 at 90; muscle, weight : 0.5 is the average
    origin : (3,) shares of ORIGINS
    """
    sexes = {"female": 1 - sex, "male": sex}
    ages = {"child": max(0.0, (0.5 - age) / 0.3125), "young": 0.0, "old": max(0.0, (age - 0.5) / 0.5)}
    ages["young"] = 1 - ages["child"] - ages["old"]
    grades = [
        {f"min{what}": max(0.0, 1 - 2 * v), f"average{what}": 1 - abs(2 * v - 1), f"max{what}": max(0.0, 2 * v - 1)}
        for what, v in (("muscle", muscle), ("weight", weight))
    ]
    out: dict[str, float] = {}
    for (s, a), (g, b) in product(sexes.items(), ages.items()):
        for (m, c), (w, d) in product(grades[0].items(), grades[1].items()):
            out[f"macrodetails/universal-{s}-{g}-{m}-{w}"] = a * b * c * d
        for name, share in zip(ORIGINS, origin, strict=True):
            out[f"macrodetails/{name}-{s}-{g}"] = a * b * share
    add(out, AGEING, ages["old"])
    return {name: amount for name, amount in out.items() if amount}


def add(amounts: dict[str, float], others: Mapping[str, float], share: float = 1.0) -> None:
    """Adds a share of other amounts of targets, in place; of those in PAIRED on both sides."""
    for name, amount in others.items():
        for side in [name.replace("/", f"/{side}-") for side in "lr"] if name.startswith(PAIRED) else [name]:
            amounts[side] = amounts.get(side, 0.0) + share * amount


def _opposites(anatomy: Anatomy) -> dict[str, list[tuple[str, float]]]:
    """Local traits: for each the targets of both sides, and the sign of the trait at which they act."""
    traits = defaultdict(list)
    for place in SPREAD:
        for name in anatomy.names(place):
            plain = name.removeprefix("l-").removeprefix("r-")
            if plain.startswith(ELSEWHERE):
                continue
            root, _, end = plain.rpartition("-")
            if place == "asym":  # a trait of its own, towards the left or the right
                traits[root].append((f"{place}/{name}", 1.0 if end == "l" else -1.0))
            elif end in OPPOSITES or end in OPPOSITES.values():
                more = OPPOSITES.get(end, end)
                trait = root if more == "incr" else f"{root}-{more}"
                traits[trait].append((f"{place}/{name}", 1.0 if end == more else -1.0))
            else:  # a form, of which there may be less than in most people as well as more
                traits[plain].append((f"{place}/{name}", 0.0))
    return dict(sorted(traits.items()))


def mean(anatomy: Anatomy, people: list[dict[str, float]]) -> Array:
    """What moves the base mesh to the mean of some people and their mirror images, at their ease: (19158, 3)."""
    total: dict[str, float] = defaultdict(float)
    for amounts in people:
        for name, amount in amounts.items():
            total[name] += amount / len(people)
    total |= {f"{unit}{side}": amount for unit, amount in AT_EASE.items() for side in ("Left", "Right")}
    add(total, EARS)
    field = sum(amount * anatomy.target(name) for name, amount in sorted(total.items()))
    return (field + field[anatomy.mirror()] * [-1, 1, 1]) / 2


def population(anatomy: Anatomy) -> tuple[list[dict[str, float]], dict[str, Array]]:
    """Everybody's amounts of targets, and the traits that they were drawn from: (PEOPLE,) values each."""
    rng, n = np.random.default_rng(2026), PEOPLE
    traits = {
        "sex": np.clip(rng.permutation(np.arange(n) % 2) + rng.normal(0, 0.18, n), 0, 1),
        "age": 0.46 + 0.54 * rng.beta(0.7, 1.7, n),
        "muscle": np.clip(0.5 + 0.2 * rng.normal(size=n), 0.1, 0.95),
        "weight": np.clip(0.48 + 0.28 * rng.normal(size=n), 0.05, 1.0),
    }
    origin = rng.dirichlet(np.full(3, 0.6), n)
    traits |= dict(zip(ORIGINS, origin.T, strict=True))
    local = _opposites(anatomy)
    traits |= {
        name: SPREAD[targets[0][0].partition("/")[0]] * np.clip(rng.normal(size=n), -2.5, 2.5)
        for name, targets in local.items()
    }
    people = []
    for k in range(n):
        amounts = macro(*(float(traits[name][k]) for name in ("sex", "age", "muscle", "weight")), origin[k])
        for name, targets in local.items():
            value = float(traits[name][k])
            for target, sign in targets:
                if sign * value >= 0:
                    amounts[target] = amounts.get(target, 0.0) + (abs(value) if sign else value)
        people.append(amounts)
    return people, traits
