"""Identity columns: how people differ, as independent directions at one sigma of a population."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import bust, lips
from .anatomy import Anatomy, Array
from .lids import Lids
from .surface import Skin
from .template import Template

COLUMNS = 64
OPENING = 0.5  # of how differently wide people's eyes are open: more would let many differences at once shut them
# Traits that have a column of their own, the first ones.
LED_BY = ("sex", "age", "weight", "african", "asian", "muscle")
WORDS = {"scale-horiz": "width", "scale-vert": "height", "scale-depth": "depth", "trans-": "", "asym-": "uneven-",
    "brown": "brow", "prognathism": "forward", "bones": "bone", "scale": "size", "nubian": "shape"}  # fmt: skip


def _deviations(anatomy: Anatomy, head: Template, everybody: list[dict[str, float]]) -> Array:
    """How each person's head, brought as near as a rigid motion can, differs from the mean: (P, 5023, 3) in mm."""
    names = sorted({name for person in everybody for name in person})
    amounts = np.array([[person.get(name, 0.0) for name in names] for person in everybody])
    amounts -= amounts.mean(0)
    fields = np.stack([head.carry(anatomy.target(name)) for name in names]).astype(np.float32)
    out = np.tensordot(amounts.astype(np.float32), fields, 1).astype(float)
    firm = np.zeros(len(head.points), bool)
    firm[head.skin] = (head.points[head.skin, 1] > -60) & (np.abs(head.points[head.skin, 0]) < 72)
    centre = head.points[firm].mean(0)
    for _ in range(2):
        goal = head.points[firm] + out.mean(0)[firm] - centre
        for person in out:
            here = head.points + person
            middle = here[firm].mean(0)
            u, _, vt = np.linalg.svd((here[firm] - middle).T @ goal)
            turn = u @ np.diag([1, 1, np.sign(np.linalg.det(u @ vt))]) @ vt
            person[:] = (here - middle) @ turn + goal.mean(0) + centre - head.points
    return out - out.mean(0)


def _weight(head: Template) -> Array:
    """How much a difference in each place tells about a person: (5023,)."""
    p = head.points
    face = 1 / (1 + np.exp(-(p[:, 2] + 10) / 15)) / (1 + np.exp(-(p[:, 1] + 90) / 10))
    return np.sqrt((0.05 + face) * np.isin(np.arange(len(p)), head.skin))


def _directions(deviations: Array, weight: Array, traits: dict[str, Array]) -> tuple[Array, Array]:
    """People's uncorrelated scores of variance one (P, COLUMNS), and the columns (COLUMNS, 5023, 3): those nearest to
    the traits in LED_BY, then the principal components of what these leave.
    """
    count = len(deviations)
    wanted = np.stack([_standard(traits[name]) for name in LED_BY], 1)
    left, _, right = np.linalg.svd(wanted, full_matrices=False)
    leading = left @ right
    flat = (deviations * weight[:, None]).reshape(count, -1)
    flat -= leading @ (leading.T @ flat)
    _, rest = np.linalg.eigh(flat @ flat.T)
    scores = np.sqrt(count) * np.hstack([leading, rest[:, : -COLUMNS + len(LED_BY) - 1 : -1]])
    return scores, np.tensordot(scores, deviations, ((0,), (0,))) / count


def _standard(values: Array) -> Array:
    return (values - values.mean()) / values.std()


def _named(scores: Array, traits: dict[str, Array]) -> tuple[list[str], Array]:
    """Names of columns after the traits that they go with most, and the signs with which they do."""
    names = list(traits)
    likeness = np.stack([_standard(traits[name]) for name in names], 1)
    likeness = scores.T @ likeness / len(scores)
    out, signs = [], np.ones(len(scores.T))
    free = np.ones(len(names), bool)
    free[[names.index("caucasian")]] = False
    for column, row in enumerate(likeness):
        best = names.index(LED_BY[column]) if column < len(LED_BY) else int(np.where(free, np.abs(row), -1).argmax())
        free[best] = False
        signs[column] = np.sign(row[best])
        word = names[best]
        for old, new in WORDS.items():
            word = word.replace(old, new)
        out.append(word.strip("-").replace("--", "-").replace("-", "_"))
    return out, signs


def _with_eyes(skin: Skin, lids: Lids, full: Array) -> None:
    """Lids follow eyeballs that move and grow, in place: they only slide over them, and open as far as they may."""
    head, n = skin.template, len(skin.points)
    carried = np.zeros_like(skin.points)
    for ball, flip in ((head.left_eyeball, 1.0), (head.right_eyeball, -1.0)):
        centre = head.eye_centre * [flip, 1, 1]
        arm = head.points[ball] - centre
        shift = full[ball].mean(0)
        growth = (full[ball] * arm).sum() / (arm**2).sum()
        away = skin.points - centre
        near = 1 / (1 + np.exp((np.linalg.norm(away, axis=1) - 26.0) / 2.0))[:, None]
        carried += near * (shift + growth * away)
    full[:n] = lids.kept(full[:n] - carried, OPENING, moving=True) + carried


def _level(skin: Skin, full: Array) -> None:
    """Keeps the edge of the bust in a plane, in place: people differ in how that tilts and how high it lies."""
    loops, p = skin.template.loops, skin.points
    edge = skin.template.both(loops["base0"], loops["base1"], loops["base2"])
    plane = np.column_stack([np.ones(len(edge)), p[edge][:, [0, 2]]])
    lift = full[edge] @ bust.UPWARDS
    off = plane @ np.linalg.lstsq(plane, lift)[0] - lift
    goal = full[edge] + off[:, None] * bust.UPWARDS / (bust.UPWARDS**2).sum()
    full[: len(p)] = skin.corrected(full[: len(p)], edge, goal, 45.0)


def _skull(skin: Skin) -> Callable[[Array], Array]:
    """Takes from fields (N, 3) the dents of the bare skull, which bones do not have."""
    _, y, z = skin.points.T
    bare = np.clip(np.maximum(y - 45, np.minimum(-70 - z, y + 55)) / 25, 0, 1)
    return skin.spreader(1e6 ** (1 - bare), 25.0, rest=0.0)


def columns(
    anatomy: Anatomy, skin: Skin, lids: Lids, everybody: list[dict[str, float]], traits: dict[str, Array]
) -> dict[str, Array]:
    """Named displacements (5023, 3) in the order of their effect, millimetres at one sigma."""
    head, n = skin.template, len(skin.points)
    scores, fields = _directions(_deviations(anatomy, head, everybody), _weight(head), traits)
    names, signs = _named(scores, traits)
    smooth, seal = _skull(skin), lips.Slide(skin, sealed=True)
    out: dict[str, Array] = {}
    for name, sign, field in zip(names, signs, fields, strict=True):
        full = sign * field
        even = (full + full[head.twin] * [-1, 1, 1]) / 2
        share = (even**2).sum() / (full**2).sum()
        full = even if share > 0.8 else full - even if share < 0.2 else full
        full[:n] = smooth(full[:n])
        _level(skin, full)
        _with_eyes(skin, lids, full)
        full[:n] = seal(full[:n])
        out[name] = full
    return out
