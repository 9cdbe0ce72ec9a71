"""The default head's file as a model, and measures of how sound a posed face is."""

from __future__ import annotations

from pathlib import Path

import numpy as np

HEAD_FILE = Path(__file__).resolve().parents[2] / "assets" / "default_head.npz"


class Head:
    """The model file with FLAME's equations, in float64."""

    def __init__(self, path: Path = HEAD_FILE) -> None:
        with np.load(path, allow_pickle=False) as file:
            self.arrays = {name: file[name] for name in file.files}
        a = self.arrays
        self.v = a["v_template"].astype(float)
        self.f = a["f"].astype(int)
        self.directions = a["shapedirs"].astype(float)
        self.correctives = a["posedirs"].astype(float)
        self.regressor = a["J_regressor"].astype(float)
        self.weights = a["weights"].astype(float)
        self.column = {str(n): 300 + i for i, n in enumerate(a["expression_names"]) if n}
        self.amount = dict(zip(a["expression_names"].tolist(), a["expression_amounts"].tolist(), strict=True))
        self.trait = {str(n): i for i, n in enumerate(a["shape_names"]) if n}

    def region(self, name: str) -> np.ndarray:
        return self.arrays[f"region_{name}"]

    def code(self, **sigmas: float) -> np.ndarray:
        code = np.zeros(400)
        for name, value in sigmas.items():
            code[self.column[name] if name in self.column else self.trait[name]] = value
        return code

    def whole(self, name: str) -> np.ndarray:
        """The code of a whole unit."""
        return self.code(**{name: 1 / self.amount[name]})

    def pose(
        self, code: np.ndarray | None = None, jaw: float = 0.0, neck: tuple[float, ...] = (0.0, 0.0, 0.0)
    ) -> np.ndarray:
        shaped = self.v if code is None else self.v + self.directions @ code
        joints = self.regressor @ shaped
        turns = np.stack([np.eye(3), _rodrigues(neck), _rodrigues((jaw, 0, 0)), np.eye(3), np.eye(3)])
        v = shaped + self.correctives @ (turns[1:] - np.eye(3)).ravel()
        chain: list[np.ndarray] = []
        for j, parent in enumerate(self.arrays["kintree_table"][0]):
            local = np.eye(4)
            local[:3, :3] = turns[j]
            local[:3, 3] = joints[j] - (joints[parent] if parent >= 0 else 0)
            chain.append(local if parent < 0 else chain[parent] @ local)
        world = np.stack(chain)
        world[:, :3, 3] -= np.einsum("jik,jk->ji", world[:, :3, :3], joints)
        blend = np.einsum("vj,jik->vik", self.weights, world)
        return np.einsum("vik,vk->vi", blend[:, :3, :3], v) + blend[:, :3, 3]


def _rodrigues(axis_angle: tuple[float, ...]) -> np.ndarray:
    r = np.array(axis_angle, float)
    angle = np.linalg.norm(r)
    if angle == 0:
        return np.eye(3)
    x, y, z = r / angle
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k


def normals(v: np.ndarray, f: np.ndarray) -> np.ndarray:
    return np.cross(v[f[:, 1]] - v[f[:, 0]], v[f[:, 2]] - v[f[:, 0]])


def directed_edges(f: np.ndarray) -> np.ndarray:
    return np.vstack([f[:, [0, 1]], f[:, [1, 2]], f[:, [2, 0]]])


def components(f: np.ndarray, count: int) -> np.ndarray:
    label = np.arange(count)
    edges = directed_edges(f)
    while True:
        low = np.minimum(label[edges[:, 0]], label[edges[:, 1]])
        before = label.copy()
        np.minimum.at(label, edges[:, 0], low)
        np.minimum.at(label, edges[:, 1], low)
        label = label[label]
        if (label == before).all():
            return label


def overturned(head: Head, v: np.ndarray) -> int:
    """How many visible triangles face the other way than at rest; not those in the folds where lips and lids touch,
    which turn as they part.
    """
    hidden = np.zeros(len(head.v), bool)
    mouth = np.union1d(head.region("upper_mouth"), head.region("lower_mouth"))
    hidden[np.setdiff1d(mouth, head.region("face"))] = True
    hidden[head.region("eye_sockets")] = True
    hidden[head.region("folds")] = True
    visible = head.f[~hidden[head.f].any(1)]
    return int(((normals(v, visible) * normals(head.v, visible)).sum(1) < 0).sum())


def lid_gaps(head: Head, v: np.ndarray) -> np.ndarray:
    """Heights between the edges of upper and lower lids, metres, both eyes; negative where they have passed each
    other."""
    return np.concatenate(
        [v[head.region(f"{s}_upper_lid"), 1] - v[head.region(f"{s}_lower_lid"), 1] for s in ("left", "right")]
    )


def lip_gaps(head: Head, v: np.ndarray) -> np.ndarray:
    return v[head.region("upper_seam"), 1] - v[head.region("lower_seam"), 1]


def eyeball_clearance(head: Head, v: np.ndarray) -> float:
    """Metres between the eyeballs and the nearest of the lids and the skin round them; negative inside a ball."""
    nearest = []
    for side in ("left", "right"):
        ball = v[head.region(f"{side}_eyeball")]
        centre = ball.mean(0)
        lids = np.linalg.norm(v[head.region(f"{side}_eye_region")] - centre, axis=1)
        nearest.append(lids.min() - np.linalg.norm(ball - centre, axis=1).max())
    return float(min(nearest))


class Lips:
    """The surfaces of the two lips, outside and inside, and how deep one has got into the other."""

    def __init__(self, head: Head) -> None:
        upper, lower = head.region("upper_mouth").astype(int), head.region("lower_mouth").astype(int)
        corners = np.intersect1d(upper, lower)
        label = components(head.f, len(head.v))
        self.skin = head.f[label[head.f[:, 0]] == label[upper[0]]]
        self.pairs = []
        for own, other in ((lower, upper), (upper, lower)):
            sheet = head.f[np.isin(head.f, other).all(1)]
            edges = directed_edges(sheet)
            keys = edges[:, 0] * 10_000 + edges[:, 1]
            rim = edges[~np.isin(keys, edges[:, 1] * 10_000 + edges[:, 0])]
            front = own[(head.v[own, 2] > 0.036) & ~np.isin(own, corners)]
            self.pairs.append((front, sheet, rim))

    def penetration(self, v: np.ndarray) -> float:
        """Metres by which the deepest vertex of a lip lies inside the other one; 0 where they only touch."""
        return max(self._deepest(v, *pair) for pair in self.pairs)

    def _deepest(self, v: np.ndarray, ids: np.ndarray, sheet: np.ndarray, rim: np.ndarray) -> float:
        p = v[ids]
        apart = np.linalg.norm(p[:, None] - v[sheet].mean(1), axis=-1)
        near = np.argpartition(apart, 30, axis=1)[:, :30]  # the nearest point lies on one of the nearest triangles
        corners = v[sheet[near]]
        nearest = _closest_points(p[:, None], corners)
        away = p[:, None] - nearest
        distance = np.linalg.norm(away, axis=-1)
        least = distance.min(1)
        normal = np.cross(corners[:, :, 1] - corners[:, :, 0], corners[:, :, 2] - corners[:, :, 0])
        height = (away * normal).sum(-1) / np.linalg.norm(normal, axis=-1)
        # Several triangles share an edge that is nearest: the one it lies most squarely before says the side.
        height = np.where(distance < least[:, None] + 1e-7, height, 0.0)
        facing = np.abs(height).argmax(1)
        behind = np.flatnonzero((height[np.arange(len(p)), facing] < 0) & (least > 5e-5) & (least < 0.02))
        # Beyond the sheet's rim there is no side, and whether a point is in the flesh is counted round the whole skin.
        on_rim = _distance_to_edges(nearest[behind, facing[behind]], v[rim]) < 1e-6
        inside = [least[i] for i in behind[~on_rim] if winding(v[self.skin], p[i]) > 1]
        return float(max(inside, default=0.0))


def _closest_points(p: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """The points of triangles (..., 3, 3) that are nearest to points (..., 3)."""
    feet = [_foot_on_edge(p, corners[..., a, :], corners[..., b, :]) for a, b in ((0, 1), (1, 2), (2, 0))]
    distances = [np.linalg.norm(p - foot, axis=-1) for foot in feet]
    best = np.choose(np.argmin(distances, axis=0)[..., None], feet)
    one, two = corners[..., 1, :] - corners[..., 0, :], corners[..., 2, :] - corners[..., 0, :]
    normal = np.cross(one, two)
    area = (normal * normal).sum(-1)
    foot = p - (((p - corners[..., 0, :]) * normal).sum(-1) / area)[..., None] * normal
    inner = foot - corners[..., 0, :]
    u, w = (np.cross(inner, two) * normal).sum(-1) / area, (np.cross(one, inner) * normal).sum(-1) / area
    return np.where(((u >= 0) & (w >= 0) & (u + w <= 1))[..., None], foot, best)


def _foot_on_edge(p: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    along = end - start
    share = np.clip(((p - start) * along).sum(-1) / (along * along).sum(-1), 0, 1)
    return start + share[..., None] * along


def _distance_to_edges(p: np.ndarray, ends: np.ndarray) -> np.ndarray:
    return np.linalg.norm(p[:, None] - _foot_on_edge(p[:, None], ends[:, 0], ends[:, 1]), axis=-1).min(1)


def winding(corners: np.ndarray, point: np.ndarray) -> float:
    a, b, c = np.moveaxis(corners - point, 1, 0)
    la, lb, lc = (np.linalg.norm(x, axis=1) for x in (a, b, c))
    volume = (a * np.cross(b, c)).sum(1)
    angle = 2 * np.arctan2(volume, la * lb * lc + (a * b).sum(1) * lc + (b * c).sum(1) * la + (a * c).sum(1) * lb)
    return float(angle.sum() / (4 * np.pi))
